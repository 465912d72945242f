//! `run`: a network on a chip, with real inputs.

use std::path::Path;
use std::time::Instant;

use quarrion_boards::LoadedChip;
use quarrion_emulator::{Recording, RunOutcome};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::pricing::Powered;
use quarrion_isa::program::{Program, Role};
use quarrion_isa::stimulus::Stimulus;
use quarrion_report::{
    Assumption, Existing, HostSection, Manifest, RUN_FORMAT, RUN_VERSION, RunFacts, RunFolder,
    RunRecord, RunReport, Settings, Source, SpikeRow,
};

use super::load_chip;
use crate::args::{Engine, Format, RunArgs};
use crate::counts::encode_counts;
use crate::failure::Failure;
use crate::input::{Content, Input, InputRules, Payload, read_input};
use crate::pipeline::emulate::{Emulation, emulate};
use crate::pipeline::network::{import, import_policy, is_program, map, read_program};
use crate::pipeline::score::{correct, predictions};
use crate::terminal::Terminal;
use crate::texts::{Texts, read_file, write_file};

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
    let chip = load_chip(&args.chip, terminal, texts)?;
    let network = read_file(&args.network)?;
    let program = obtain_program(args, &network, &chip, terminal, texts)?;
    let input = read_file(&args.input)?;
    let stimulus = obtain_stimulus(args, &input, &program, terminal, texts)?;
    let threads = args.threads.unwrap_or_else(all_threads).max(1);
    let emulation = Emulation {
        engine: args.engine,
        timing: args.timing,
        threads,
        seed: args.seed,
        recording: if args.spikes { Recording::Spikes } else { Recording::Ledger },
    };
    let start = Instant::now();
    let outcome = emulate(&program, &chip.chip, &stimulus, &emulation, terminal)?;
    let seconds = start.elapsed().as_secs_f64();
    let classes = predictions(&outcome.output_counts);
    let record = record(&program, &chip, &stimulus, &outcome, &classes);
    let settings = settings(args, &program);
    let report = RunReport::new(&record, &settings, &chip.chip.prices, &chip.chip.static_power);
    if let Some(path) = &args.counts {
        let labels = stimulus.labels.as_deref();
        let bytes = encode_counts(&outcome.output_counts, &classes, labels)
            .map_err(|error| Failure::Bug(error.to_string()))?;
        write_file(path, &bytes)?;
    }
    if let Some(out) = &args.out {
        let engine = match args.engine {
            Engine::Fast => "fast",
            Engine::Reference => "reference",
        };
        let manifest = Manifest {
            format: RUN_FORMAT.into(),
            version: RUN_VERSION,
            quarrion: env!("CARGO_PKG_VERSION").into(),
            network: source(&args.network, &network),
            chip: Source { name: chip.chip.name.clone(), blake3: digest(chip.text.as_bytes()) },
            input: source(&args.input, &input),
            sets: args.chip.sets.clone(),
            program: program.identity().map_err(|error| Failure::Bug(error.to_string()))?,
            settings,
            host: HostSection {
                engine: engine.into(),
                threads,
                platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                seconds,
                command: std::env::args().collect(),
            },
        };
        let folder = RunFolder::create(out, existing)?;
        folder.write_run(&manifest, &record, &report, &chip.text)?;
        folder.write_tables(&program, &chip.chip, &outcome.ledger, &record)?;
        if args.spikes {
            folder.write_spikes(&program, outcome.spikes.iter().map(spike_row))?;
        }
        folder.finish()?;
    }
    terminal.result(&match terminal.format {
        Format::Human => report.to_text(),
        Format::Json => report.to_json(),
    })
}

/// The program: read, or compiled from a network.
fn obtain_program(
    args: &RunArgs,
    bytes: &[u8],
    chip: &LoadedChip,
    terminal: &Terminal,
    texts: &Texts,
) -> Result<Program, Failure> {
    if is_program(bytes) {
        return Ok(read_program(bytes, &args.network, &chip.chip)?);
    }
    let policy = import_policy(&args.import)?;
    let network = import(bytes, &args.network, &policy, terminal, texts)?;
    Ok(map(&network, &chip.chip, args.seed, terminal, texts)?.program)
}

/// The stimulus, with what is doubtful about it said.
fn obtain_stimulus(
    args: &RunArgs,
    bytes: &[u8],
    program: &Program,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<Stimulus, Failure> {
    let source = args.input.display().to_string();
    if source.ends_with(".csv")
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        texts.add(&source, text);
    }
    let inputs = program.populations.iter().filter(|population| population.role == Role::Input);
    let shape: Vec<u32> = match inputs.map(|population| &population.shape).collect::<Vec<_>>()[..] {
        [shape] => shape.clone(),
        _ => vec![program.input_size()],
    };
    let rules = InputRules {
        source: &source,
        neurons: program.input_size(),
        shape: &shape,
        payload: Payload::Binary,
        steps: args.steps,
        samples: args.samples,
    };
    let input = read_input(bytes, &rules)?;
    terminal.say(&input.warnings, texts);
    terminal.say(&doubts(args, &input, program, &source), texts);
    match input.content {
        Content::Spikes(stimulus) => Ok(stimulus),
        Content::Images(_) => Err(Diagnostic::error("QU006", "images as input are not built yet")
            .at(&source, "bias", "asked for here")
            .into()),
    }
}

/// What the input says that the network does not.
fn doubts(args: &RunArgs, input: &Input, program: &Program, source: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let policy = import_policy(&args.import).ok();
    if let (Some(dt), Some(policy)) = (input.dt, policy)
        && (dt / policy.dt_seconds - 1.0).abs() > 1e-6
    {
        let message = format!(
            "the input was made for timesteps of {dt:e} s, but the network is read with {:e} s",
            policy.dt_seconds
        );
        let help = format!("give --dt {dt:e} if the network was trained with it");
        found.push(Diagnostic::warning("QI013", message).at(source, "dt", "differs").help(help));
    }
    let outputs = program.output_population().size;
    let stray = input.labels.iter().flatten().find(|&&label| label >= outputs);
    if let Some(label) = stray {
        let message = format!("the network has {outputs} outputs, but a label is {label}");
        found.push(
            Diagnostic::warning("QI009", message)
                .at(source, "labels", "this class can never be predicted")
                .help("check that network and input belong together"),
        );
    }
    found
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
    let assumptions = program
        .provenance
        .iter()
        .map(|(about, value)| Assumption { about: about.clone(), value: value.clone() });
    Settings {
        seed: args.seed.into(),
        timing: format!("{:?}", args.timing).to_lowercase(),
        assumptions: assumptions.collect(),
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
