//! The work of a run: a program for the chip and a stimulus for the program.

use std::path::Path;

use quarrion_compiler::bias_images::lower_bias_images;
use quarrion_compiler::compile::{Compiled, InputValues};
use quarrion_compiler::network::Network;
use quarrion_compiler::planner::Rates;
use quarrion_emulator::Recording;
use quarrion_emulator::time::Following;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::learning::LearningRule;
use quarrion_isa::program::{Program, Role};
use quarrion_isa::stimulus::{Reward, Sample, Stimulus};

use super::emulate::{Emulation, emulate};
use super::layout::read_layout;
use super::network::{Imported, MapOptions, import, is_program, map, map_quietly, read_program};
use crate::args::{RunArgs, TimingChoice};
use crate::failure::Failure;
use crate::input::{Content, Images, Input, InputRules, Payload, read_input};
use crate::learning::read_taught;
use crate::rates::CountedRates;
use crate::terminal::Terminal;
use crate::texts::{Texts, read_file};

/// What a run works on.
#[derive(Debug)]
pub struct Workload {
    /// The program.
    pub program: Program,
    /// The stimulus.
    pub stimulus: Stimulus,
    /// Bytes of the network file.
    pub network_bytes: Vec<u8>,
    /// Bytes of the input file.
    pub input_bytes: Vec<u8>,
}

/// Reads network and input, and compiles the network unless it is a program already.
///
/// # Errors
/// What is wrong with either, or that the network does not fit the chip.
pub fn prepare(
    args: &RunArgs,
    chip: &Chip,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<Workload, Failure> {
    let network_bytes = read_file(&args.network)?;
    let (program, mut stimulus, rewards, input_bytes) = if is_program(&network_bytes) {
        if let Some(flag) = args.of_compile.first() {
            return Err(compiled_already(&args.network, flag).into());
        }
        let program = read_program(&network_bytes, &args.network, chip)?;
        let inputs = program.populations.iter().filter(|p| p.role == Role::Input);
        let shapes: Vec<Vec<u32>> = inputs.map(|population| population.shape.clone()).collect();
        let (input, input_bytes) = take_input(args, chip, &shapes, terminal, texts)?;
        let Content::Spikes(stimulus) = input.content else {
            return Err(needs_network(&args.input).into());
        };
        (program, stimulus, input.rewards, input_bytes)
    } else {
        let Imported { network, dt_seconds } =
            import(&network_bytes, &args.network, &args.import, terminal, texts)?;
        let (input, input_bytes) =
            take_input(args, chip, &input_shapes(&network), terminal, texts)?;
        terminal.say(&doubts(&input, &network, dt_seconds, &args.input), texts);
        let values = match &input.content {
            Content::Spikes(stimulus) => payloads(stimulus),
            Content::Images(images) => InputValues::Images { largest: largest(images) },
        };
        let layout = read_layout(&args.mapper, &network, texts)?;
        let learning = read_taught(&args.learning.learn, terminal, texts)?;
        let mut options = MapOptions { seed: args.seed, layout, input: values, learning };
        if let Some(samples) = args.calibrate {
            let trial = map_quietly(&network, chip, &options, &args.chip)?;
            let first = stimulus(&network, &trial, chip, first(&input.content, samples))?;
            let rates = calibrate(&trial.program, chip, &first, args, terminal)?;
            options.layout.planner.rates = rates;
        }
        let compiled = map(&network, chip, &options, terminal, texts, &args.chip)?;
        let mut stimulus = stimulus(&network, &compiled, chip, input.content)?;
        stimulus.labels = stimulus.labels.or(input.labels);
        (compiled.program, stimulus, input.rewards, input_bytes)
    };
    terminal.say(&check_rewards(&program, &rewards, &args.input), texts);
    for (sample, rewards) in stimulus.samples.iter_mut().zip(rewards) {
        sample.rewards = rewards;
    }
    Ok(Workload { program, stimulus, network_bytes, input_bytes })
}

/// The input as a compiled network takes it.
fn stimulus(
    network: &Network,
    compiled: &Compiled,
    chip: &Chip,
    content: Content,
) -> Result<Stimulus, Failure> {
    match content {
        Content::Spikes(stimulus) => Ok(stimulus),
        Content::Images(images) => {
            let writes = lower_bias_images(network, compiled, chip, &images.values)?;
            let sample = |writes| Sample { steps: images.steps, writes, ..Sample::default() };
            Ok(Stimulus { samples: writes.into_iter().map(sample).collect(), labels: None })
        }
    }
}

/// The first samples of an input.
fn first(content: &Content, samples: u32) -> Content {
    match content {
        Content::Spikes(stimulus) => {
            let samples = stimulus.samples.iter().take(samples as usize).cloned().collect();
            Content::Spikes(Stimulus { samples, labels: None })
        }
        Content::Images(images) => {
            let values = images.values.iter().take(samples as usize).cloned().collect();
            Content::Images(Images { values, ..*images })
        }
    }
}

/// How often neurons spike in a run of some samples.
fn calibrate(
    program: &Program,
    chip: &Chip,
    stimulus: &Stimulus,
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<Rates, Failure> {
    let emulation = Emulation {
        following: Following::default(),
        engine: args.engine,
        timing: TimingChoice::Count,
        threads: args.threads.unwrap_or(1).max(1),
        seed: args.seed,
        recording: Recording::Spikes,
    };
    let outcome = emulate(program, chip, stimulus, &emulation, &[], terminal)?;
    Ok(CountedRates::count(program, stimulus, &outcome.spikes).rates())
}

/// Rewards without a rule that reads them, or the other way round.
fn check_rewards(program: &Program, rewards: &[Vec<Reward>], path: &Path) -> Vec<Diagnostic> {
    let rules = program.learning.iter();
    let rules = rules.filter_map(|rule| LearningRule::parse(&rule.text, "program").ok());
    let waiting = rules.into_iter().find(LearningRule::is_rewarded_by_host);
    let (message, help) = match (&waiting, rewards.is_empty()) {
        (Some(rule), true) => (
            format!("rule `{}` waits for rewards, and the input has none", rule.name()),
            "give the input an array `reward` of shape (samples, steps)",
        ),
        (None, false) => (
            "the input has rewards, but no rule of the program reads any".to_owned(),
            "give a rule with `reward r: s8 from host` to --learn",
        ),
        _ => return Vec::new(),
    };
    let source = path.display().to_string();
    let found = Diagnostic::warning("QI019", message).at(&source, "reward", "the third factor");
    vec![found.help(help)]
}

/// Reads the input file.
fn take_input(
    args: &RunArgs,
    chip: &Chip,
    shapes: &[Vec<u32>],
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<(Input, Vec<u8>), Failure> {
    let bytes = read_file(&args.input)?;
    let source = args.input.display().to_string();
    if source.ends_with(".csv")
        && let Ok(text) = std::str::from_utf8(&bytes)
    {
        texts.add(&source, text);
    }
    let size = |shape: &Vec<u32>| shape.iter().fold(1, |size: u32, &d| size.saturating_mul(d));
    let neurons = shapes.iter().map(size).fold(0, u32::saturating_add);
    let shape = match shapes {
        [shape] => shape.clone(),
        _ => vec![neurons],
    };
    let rules = InputRules {
        source: &source,
        neurons,
        shape: &shape,
        payload: Payload::of_bits(chip.payload_bits()),
        steps: args.steps,
        samples: args.samples,
    };
    let input = read_input(&bytes, &rules)?;
    terminal.say(&input.warnings, texts);
    Ok((input, bytes))
}

/// Shapes of the input populations, in order.
fn input_shapes(network: &Network) -> Vec<Vec<u32>> {
    let shape = |extents: &[usize]| {
        extents.iter().map(|&extent| u32::try_from(extent).unwrap_or(u32::MAX)).collect()
    };
    network.inputs().map(|(_, population)| shape(&population.shape)).collect()
}

/// What the input says that the network does not.
fn doubts(
    input: &Input,
    network: &Network,
    network_dt: Option<f64>,
    path: &Path,
) -> Vec<Diagnostic> {
    let source = path.display().to_string();
    let mut found = Vec::new();
    if let Some((dt, policy_dt)) = input.dt.zip(network_dt)
        && (dt / policy_dt - 1.0).abs() > 1e-6
    {
        let message = format!(
            "the input was made for timesteps of {dt:e} s, but the network is read with \
             {policy_dt:e} s"
        );
        let help = format!("give --dt {dt:e} if the network was trained with it");
        found.push(Diagnostic::warning("QI013", message).at(&source, "dt", "differs").help(help));
    }
    let outputs = network.populations.iter().filter(|population| population.is_output);
    let outputs: usize = outputs.map(|population| population.len()).sum();
    let stray = input.labels.iter().flatten().find(|&&label| label as usize >= outputs);
    if let Some(label) = stray {
        let message = format!("the network has {outputs} outputs, but a label is {label}");
        found.push(
            Diagnostic::warning("QI009", message)
                .at(&source, "labels", "this class can never be predicted")
                .help("check that network and input belong together"),
        );
    }
    found
}

/// The largest magnitude of the images.
fn largest(images: &Images) -> f64 {
    images.values.iter().flatten().fold(0.0, |most, value| value.abs().max(most))
}

/// The range of the payloads of all spikes.
fn payloads(stimulus: &Stimulus) -> InputValues {
    let all = || stimulus.samples.iter().flat_map(|sample| &sample.spikes).map(|s| s.payload);
    match (all().min(), all().max()) {
        (Some(low), Some(high)) if (low, high) != (1, 1) => InputValues::Payloads { low, high },
        _ => InputValues::Binary,
    }
}

fn needs_network(input: &Path) -> Diagnostic {
    let message = "images are written as biases, which a compiled program has no scale for";
    Diagnostic::error("QU004", message)
        .at(&input.display().to_string(), "bias", "images")
        .help("give the network file in place of the program")
}

/// A flag that says how a network is read or mapped, beside one that has been.
fn compiled_already(program: &Path, flag: &str) -> Diagnostic {
    let flag = flag.replace('_', "-");
    let message = format!("`--{flag}` comes too late: the network is a compiled program");
    Diagnostic::error("QU012", message)
        .at(&program.display().to_string(), "", "a program, read and mapped already")
        .help(format!("leave it out, or run the network file with `--{flag}`"))
}
