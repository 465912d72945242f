//! Spike rates by neuron: counted in a run, written into its folder, read back and checked.

use std::path::Path;

use quarrion_compiler::planner::Rates;
use quarrion_emulator::SpikeRecord;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::{Program, Role};
use quarrion_isa::stimulus::Stimulus;

/// The file's name in a run folder.
pub const RATES_FILE: &str = "rates.csv";

/// The columns of the file.
const COLUMNS: [&str; 4] = ["population", "neuron", "spikes", "timesteps"];

/// Most lines of the file.
const LINES_MAX: usize = 1 << 26;

/// How often every neuron spiked in how many timesteps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedRates {
    timesteps: u64,
    /// Name, and spikes of each neuron.
    populations: Vec<(String, Vec<u64>)>,
}

impl CountedRates {
    /// Counts the spikes of a run, the stimulus's among them.
    #[must_use]
    pub fn count(program: &Program, stimulus: &Stimulus, spikes: &[SpikeRecord]) -> Self {
        let zeros =
            |p: &quarrion_isa::program::Population| (p.name.clone(), vec![0; p.size as usize]);
        let mut populations: Vec<(String, Vec<u64>)> =
            program.populations.iter().map(zeros).collect();
        for spike in spikes {
            populations[spike.population.index()].1[spike.neuron as usize] += 1;
        }
        let all = program.populations.iter().zip(&mut populations);
        let inputs = all.filter(|(population, _)| population.role == Role::Input);
        let mut inputs: Vec<&mut u64> = inputs.flat_map(|(_, own)| own.1.iter_mut()).collect();
        for spike in stimulus.samples.iter().flat_map(|sample| &sample.spikes) {
            if let Some(spikes) = inputs.get_mut(spike.neuron as usize) {
                **spikes += 1;
            }
        }
        let steps = |sample: &quarrion_isa::stimulus::Sample| program.sample_steps(sample.steps);
        let timesteps = stimulus.samples.iter().map(|sample| u64::from(steps(sample))).sum();
        Self { timesteps, populations }
    }

    /// Spikes per timestep, as the planner takes them.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let rate = |&spikes: &u64| spikes as f64 / self.timesteps.max(1) as f64;
        let own =
            |(name, spikes): &(String, Vec<u64>)| (name.clone(), spikes.iter().map(rate).collect());
        Rates::Named(self.populations.iter().map(own).collect())
    }

    /// The file.
    ///
    /// # Errors
    /// What the writer says; this is our bug, as it writes to memory.
    pub fn encode(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS)?;
        for (name, spikes) in &self.populations {
            for (neuron, spikes) in spikes.iter().enumerate() {
                let [neuron, spikes, steps] =
                    [neuron.to_string(), spikes.to_string(), self.timesteps.to_string()];
                table.write_record([name, &neuron, &spikes, &steps])?;
            }
        }
        table.into_inner().map_err(|error| error.into_error().into())
    }
}

/// Reads the file that [`CountedRates::encode`] makes.
///
/// # Errors
/// QU015: a line that is none, neurons out of order, more spikes than timesteps.
pub fn read_rates(text: &str, path: &Path) -> Result<Rates, Diagnostic> {
    let source = path.display().to_string();
    let wrong = |line: usize, what: &str| {
        Diagnostic::error("QU015", format!("line {line} is no rate of a neuron: {what}"))
            .at(&source, &format!("line {line}"), "here")
            .help("write the file again with `run --save-rates`")
    };
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut populations: Vec<(String, Vec<f64>)> = Vec::new();
    for (record, line) in table.records().zip(1..) {
        let record = record.map_err(|_| wrong(line, "it has other columns"))?;
        if line == 1 && record.iter().eq(COLUMNS) {
            continue;
        }
        if line == 1 || line > LINES_MAX {
            return Err(wrong(line, "the file starts or ends otherwise"));
        }
        let number = |column: usize| record.get(column).and_then(|text| text.parse::<u64>().ok());
        let (Some(name), Some(neuron), Some(spikes), Some(timesteps)) =
            (record.get(0), number(1), number(2), number(3))
        else {
            return Err(wrong(line, "neuron, spikes and timesteps are whole numbers"));
        };
        if timesteps == 0 || spikes > timesteps {
            return Err(wrong(line, "a neuron spikes at most once a timestep"));
        }
        if populations.last().is_none_or(|(last, _)| last != name) {
            populations.push((name.to_owned(), Vec::new()));
        }
        let rates = populations.last_mut().map(|(_, rates)| rates);
        match rates.filter(|rates| rates.len() as u64 == neuron) {
            Some(rates) => rates.push(spikes as f64 / timesteps as f64),
            None => {
                return Err(wrong(line, "the neurons of a population follow each other from 0"));
            }
        }
    }
    if populations.is_empty() {
        return Err(wrong(1, "there is none"));
    }
    Ok(Rates::Named(populations))
}
