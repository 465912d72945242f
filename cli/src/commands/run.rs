//! `run`: a network on a chip, with real inputs.

use std::path::Path;
use std::time::Instant;

use quarrion_boards::LoadedChip;
use quarrion_emulator::{Recording, RunOutcome};
use quarrion_isa::activity::encode_activity;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::ledger::FaultCounts;
use quarrion_isa::pricing::Powered;
use quarrion_isa::program::{Program, Role};
use quarrion_isa::stimulus::Stimulus;
use quarrion_report::{
    Assumption, Existing, HostSection, Manifest, Overload, Prices, RUN_FORMAT, RUN_VERSION,
    RunFacts, RunFolder, RunRecord, RunReport, Settings, Source, SpikeRow, draw_mesh, render_html,
};

use super::load_chip_broken;
use crate::args::{Engine, Format, RunArgs};
use crate::counts::encode_counts;
use crate::failure::Failure;
use crate::following::{Tables, following, write_ways};
use crate::learning::encode_learned;
use crate::pipeline::emulate::{Emulation, emulate};
use crate::pipeline::score::{correct, predictions};
use crate::pipeline::workload::{Workload, prepare};
use crate::probes::{NamedProbe, encode_probes, place_probes};
use crate::rates::{CountedRates, RATES_FILE};
use crate::terminal::Terminal;
use crate::texts::{Texts, write_file};

/// Runs a network.
///
/// # Errors
/// Whatever is wrong with network, chip, input or the places to write to.
pub fn run(args: &RunArgs, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    if let Some(out) = &args.out {
        // Said before the work is done; the folder itself is written after it.
        drop(RunFolder::create(out, existing)?);
    }
    let chip = load_chip_broken(&args.chip, args.seed, terminal, texts)?;
    let work = prepare(args, &chip.chip, terminal, texts)?;
    let (program, stimulus) = (&work.program, &work.stimulus);
    let threads = args.threads.unwrap_or_else(all_threads).max(1);
    let tables = if args.out.is_some() { Tables::Written } else { Tables::None };
    let longest = stimulus.samples.iter().map(|sample| program.sample_steps(sample.steps)).max();
    let extent = (stimulus.samples.len() as u32, longest.unwrap_or_default());
    let emulation = Emulation {
        following: following(&args.packets, args.timing, extent, tables)?,
        engine: args.engine,
        timing: args.timing,
        threads,
        seed: args.seed,
        recording: match (args.save_activity, args.spikes || args.save_rates) {
            (true, _) => Recording::Activity,
            (false, true) => Recording::Spikes,
            (false, false) => Recording::Ledger,
        },
    };
    let start = Instant::now();
    let probes = place_probes(&args.probes, program, stimulus)?;
    let outcome = emulate(program, &chip.chip, stimulus, &emulation, &probes, terminal)?;
    let seconds = start.elapsed().as_secs_f64();
    terminal.say(&faults(&outcome.ledger.faults), texts);
    let classes = predictions(&outcome.output_counts);
    let record = record(program, &chip, stimulus, &outcome, &classes);
    terminal.say(&overload(&record), texts);
    let settings = settings(args, program);
    let report = RunReport::new(&record, &settings, &Prices::of(&chip.chip));
    if let Some(path) = &args.counts {
        let labels = stimulus.labels.as_deref();
        let bytes = encode_counts(&outcome.output_counts, &classes, labels)
            .map_err(|error| Failure::Bug(error.to_string()))?;
        write_file(path, &bytes)?;
    }
    write_ways(args.packets.packets.as_deref(), &outcome.ledger.packets)?;
    if let Some(out) = &args.out {
        let host = host_section(args, threads, seconds);
        let manifest = manifest(args, &chip, &work, settings, host)?;
        let folder = RunFolder::create(out, existing)?;
        folder.write_run(&manifest, &record, &report, &chip.text)?;
        folder.write_tables(program, &chip.chip, &outcome.ledger, &record)?;
        let picture = draw_mesh(&chip.chip, &outcome.ledger);
        let page =
            render_html(&report, &picture).map_err(|error| Failure::Bug(error.to_string()))?;
        folder.write_bytes("mesh.svg", picture.as_bytes())?;
        folder.write_bytes("report.html", page.as_bytes())?;
        write_extras(&folder, args, &work, &manifest.program, (&outcome, &probes))?;
        folder.finish()?;
    }
    terminal.result(&match terminal.format {
        Format::Human => report.to_text(),
        Format::Json => report.to_json(),
    })
}

/// Writes what is recorded only where it was asked for, or where something learned.
fn write_extras(
    folder: &RunFolder,
    args: &RunArgs,
    work: &Workload,
    identity: &str,
    (outcome, probes): (&RunOutcome, &[NamedProbe]),
) -> Result<(), Failure> {
    let (program, stimulus) = (&work.program, &work.stimulus);
    if args.spikes {
        folder.write_spikes(program, outcome.spikes.iter().map(spike_row))?;
    }
    if args.save_rates {
        let rates = CountedRates::count(program, stimulus, &outcome.spikes);
        let bytes = rates.encode().map_err(|error| Failure::Bug(error.to_string()))?;
        folder.write_bytes(RATES_FILE, &bytes)?;
    }
    if args.save_activity {
        let populations = program.populations.len() as u32;
        let bytes = encode_activity(identity, populations, &outcome.activity)
            .map_err(|error| Failure::Bug(error.to_string()))?;
        folder.write_activity(&bytes)?;
    }
    if !probes.is_empty() {
        let bytes = encode_probes(probes, &outcome.probes, stimulus.samples.len())
            .map_err(|error| Failure::Bug(error.to_string()))?;
        folder.write_bytes("probes.npz", &bytes)?;
    }
    if !outcome.learned.is_empty() {
        let bytes = encode_learned(program, &outcome.learned)
            .map_err(|error| Failure::Bug(error.to_string()))?;
        folder.write_bytes("learned.npz", &bytes)?;
    }
    Ok(())
}

/// What made the run.
fn manifest(
    args: &RunArgs,
    chip: &LoadedChip,
    work: &Workload,
    settings: Settings,
    host: HostSection,
) -> Result<Manifest, Failure> {
    Ok(Manifest {
        format: RUN_FORMAT.into(),
        version: RUN_VERSION,
        quarrion: env!("CARGO_PKG_VERSION").into(),
        network: source(&args.network, &work.network_bytes),
        chip: Source { name: chip.chip.name.clone(), blake3: digest(chip.text.as_bytes()) },
        input: source(&args.input, &work.input_bytes),
        sets: args.chip.sets.clone(),
        program: work.program.identity().map_err(|error| Failure::Bug(error.to_string()))?,
        settings,
        host,
    })
}

fn host_section(args: &RunArgs, threads: u32, seconds: f64) -> HostSection {
    let engine = match args.engine {
        Engine::Fast => "fast",
        Engine::Reference => "reference",
    };
    HostSection {
        engine: engine.into(),
        threads,
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        seconds,
        command: std::env::args().collect(),
    }
}

fn record(
    program: &Program,
    chip: &LoadedChip,
    stimulus: &Stimulus,
    outcome: &RunOutcome,
    classes: &[u32],
) -> RunRecord {
    let time = outcome.ledger.samples.iter().map(|sample| sample.time).sum();
    let mut window_spikes = outcome.window_spikes.clone();
    count_input_spikes(program, stimulus, &mut window_spikes);
    RunRecord::new(&RunFacts {
        program,
        chip: &chip.chip,
        ledger: &outcome.ledger,
        powered: Powered {
            time,
            cores: outcome.extent.cores.len() as u32,
            chips: outcome.extent.chips,
        },
        window_spikes: &window_spikes,
        input_steps: &stimulus.samples.iter().map(|sample| sample.steps).collect::<Vec<_>>(),
        correct: stimulus.labels.as_ref().map(|labels| correct(classes, labels)),
    })
}

/// What went wrong on the chip, if anything did.
fn faults(faults: &FaultCounts) -> Vec<Diagnostic> {
    if faults.is_empty() {
        return Vec::new();
    }
    let counts = faults.named().map(|(name, count)| format!("{name}: {count}"));
    vec![Diagnostic::warning("QE033", counts.join(", "))]
}

/// That timesteps have more to do than their ticks let them.
fn overload(record: &RunRecord) -> Vec<Diagnostic> {
    let warn = |over: &Overload| {
        Diagnostic::warning("QE034", over.told(record.timesteps)).help(over.advice())
    };
    record.time.overload.iter().map(warn).collect()
}

/// Input populations spike as the stimulus says.
fn count_input_spikes(program: &Program, stimulus: &Stimulus, window_spikes: &mut [u64]) {
    let mut first = 0;
    for (population, spikes) in program.populations.iter().zip(window_spikes) {
        if population.role != Role::Input {
            continue;
        }
        let own = first..first + population.size;
        first += population.size;
        let all = stimulus.samples.iter().flat_map(|sample| &sample.spikes);
        *spikes = all.filter(|spike| own.contains(&spike.neuron)).count() as u64;
    }
}

fn settings(args: &RunArgs, program: &Program) -> Settings {
    // These have places of their own in every report.
    let told = ["network", "chip", "seed"];
    let rest = program.provenance.iter().filter(|(about, _)| !told.contains(&about.as_str()));
    let assumptions =
        rest.map(|(about, value)| Assumption { about: about.clone(), value: value.clone() });
    let outputs = Assumption {
        about: "output spikes".into(),
        value: "counted for the host, without hops on their way to it".into(),
    };
    Settings {
        seed: args.seed.into(),
        timing: format!("{:?}", args.timing).to_lowercase(),
        assumptions: assumptions.chain([outputs]).collect(),
    }
}

fn spike_row(spike: &quarrion_emulator::SpikeRecord) -> SpikeRow {
    SpikeRow {
        sample: spike.sample,
        step: spike.step,
        population: spike.population.0,
        neuron: spike.neuron,
        payload: spike.payload,
    }
}

fn all_threads() -> u32 {
    std::thread::available_parallelism().map_or(1, |threads| threads.get() as u32)
}

fn source(path: &Path, bytes: &[u8]) -> Source {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Source { name, blake3: digest(bytes) }
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
