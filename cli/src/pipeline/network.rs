//! From a network file to a program for a chip.

use std::path::Path;

use quarrion_compiler::compile::{
    CompileFailure, CompileOptions, Compiled, InputValues, Taught, compile,
};
use quarrion_compiler::import::lava::{INTERVAL_MAX, PeriodicReset, is_lava, read_lava};
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::import::policy::{Integrator, ResetMode};
use quarrion_compiler::import::{Dialect, ImportPolicy};
use quarrion_compiler::network::{Network, lower_network};
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::program::{AxonTable, MAGIC, Program};

use super::layout::Layout;
use super::levers::{LeverSurvey, Trials};
use crate::args::{ChipArgs, ImportArgs, Integration, Reset};
use crate::failure::Failure;
use crate::neurons::read_neurons;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// The policy that the flags ask for.
///
/// # Errors
/// QN020: an unknown dialect or an impossible timestep.
pub fn import_policy(args: &ImportArgs) -> Result<ImportPolicy, Diagnostic> {
    let mut policy = args.dialect.parse::<Dialect>()?.policy();
    if let Some(dt) = args.dt {
        policy.dt_seconds = dt;
    }
    match args.reset {
        Some(Reset::Zero) => policy.reset = ResetMode::Zero,
        Some(Reset::Subtract) => policy.reset = ResetMode::Subtract,
        None => {}
    }
    match args.integrator {
        Some(Integration::Euler) => policy.integrator = Integrator::Euler,
        Some(Integration::Exp) => policy.integrator = Integrator::Exponential,
        None => {}
    }
    policy.check()?;
    Ok(policy)
}

/// A network with the length of a timestep that it was read with.
#[derive(Debug)]
pub struct Imported {
    /// The network.
    pub network: Network,
    /// Seconds of a timestep; `None` where the format counts in steps.
    pub dt_seconds: Option<f64>,
}

/// Reads a network from the bytes of its file and says what is doubtful about it: Lava's format by
/// its ending or its content, anything else as NIR.
///
/// # Errors
/// What is wrong with the file, or a flag that does not fit its format.
pub fn import(
    bytes: &[u8],
    path: &Path,
    args: &ImportArgs,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<Imported, Failure> {
    let source = path.display().to_string();
    let policy = import_policy(args)?;
    let lava = path.extension().is_some_and(|ending| ending == "net") || is_lava(bytes);
    check_flags(args, lava)?;
    let (mut network, dt_seconds) = if lava {
        let interval = args.reset_interval.filter(|&interval| interval > 0);
        let reset = interval.map(|interval| PeriodicReset { interval, offset: args.reset_offset });
        (read_lava(bytes, &source, reset)?, None)
    } else {
        let graph = read_nir(bytes, &source)?;
        (lower_network(&graph, &policy, &source)?, Some(policy.dt_seconds))
    };
    // A file on another machine lies elsewhere; what it is called does not change.
    network.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for own in read_neurons(&args.neurons, terminal, texts)? {
        network.take_own_neurons(own)?;
    }
    terminal.say(&network.warnings, texts);
    Ok(Imported { network, dt_seconds })
}

/// Refuses flags that say how the other format is read.
fn check_flags(args: &ImportArgs, lava: bool) -> Result<(), Diagnostic> {
    let refuse = |flag: &str, message: &str, help: &str| {
        Err(Diagnostic::error("QU004", message)
            .at("the command", flag, "has no meaning")
            .help(help))
    };
    let given = [
        ("--dt", args.dt.is_some()),
        ("--reset", args.reset.is_some()),
        ("--integrator", args.integrator.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) if lava => refuse(
            flag,
            "a .net network counts in steps and integers, and is taken as it is",
            "leave the flag out",
        ),
        _ if args.reset_interval.is_some() && !lava => refuse(
            "--reset-interval",
            "periodic resets are read with .net networks only",
            "leave the flag out: every sample starts from a reset",
        ),
        _ if args.reset_interval.is_some_and(|n| n == 0 || n > INTERVAL_MAX) => refuse(
            "--reset-interval",
            "layers are reset every 1 to 65,536 steps",
            "leave the flag out: every sample starts from a reset",
        ),
        _ => Ok(()),
    }
}

/// What a caller may choose of a mapping.
#[derive(Clone, Debug)]
pub struct MapOptions {
    /// Seed of every random choice.
    pub seed: u32,
    /// How the network is laid onto cores.
    pub layout: Layout,
    /// What the input sends.
    pub input: InputValues,
    /// What learns.
    pub learning: Vec<Taught>,
}

impl MapOptions {
    /// The same for the compiler.
    fn of_compiler(&self) -> CompileOptions {
        CompileOptions {
            seed: self.seed.into(),
            input: self.input,
            mapping: self.layout.given.as_ref().map(|given| given.mapping.clone()),
            planner: self.layout.planner.clone(),
            learning: self.learning.clone(),
            ..CompileOptions::default()
        }
    }
}

/// Maps a network onto a chip and says what is doubtful about that.
///
/// # Errors
/// What the chip cannot hold, as findings or as the result of a network that is too large.
pub fn map(
    network: &Network,
    chip: &Chip,
    options: &MapOptions,
    terminal: &Terminal,
    texts: &Texts,
    asked: &ChipArgs,
) -> Result<Compiled, Failure> {
    let compiled = map_quietly(network, chip, options, asked)?;
    let new = compiled.notes.iter().filter(|found| !network.warnings.contains(found));
    terminal.say(&new.cloned().collect::<Vec<_>>(), texts);
    Ok(compiled)
}

/// Maps a network onto a chip; what is doubtful stays in the result.
///
/// # Errors
/// As [`map`].
pub fn map_quietly(
    network: &Network,
    chip: &Chip,
    options: &MapOptions,
    asked: &ChipArgs,
) -> Result<Compiled, Failure> {
    let given = options.layout.given.as_ref();
    let named = given.into_iter().chain(&options.layout.like);
    let doubts: Vec<Diagnostic> =
        named.filter_map(|mapping| mapping.doubt(&network.name, &chip.name)).collect();
    let seed = options.seed;
    let options = options.of_compiler();
    let locate =
        |found| given.map_or_else(|| Diagnostic::clone(&found), |g| g.locate(found.clone()));
    let made = compile(network, chip, &options).map(|mut made| {
        made.notes.extend(doubts.iter().cloned());
        made
    });
    made.map_err(|failure| match failure {
        CompileFailure::Diagnostics(found) => {
            Failure::Input(doubts.into_iter().chain(found.into_iter().map(locate)).collect())
        }
        CompileFailure::DoesNotFit(mut result) => {
            Trials { network, chip, options: &options, asked, seed }.advise(&mut result);
            Failure::DoesNotFit(result)
        }
    })
}

/// Why a network that fits takes as many cores as it does, and what would make them fewer.
///
/// # Errors
/// Why it does not fit for few cores.
pub fn survey_levers(
    network: &Network,
    chip: &Chip,
    options: &MapOptions,
    asked: &ChipArgs,
) -> Result<LeverSurvey, Failure> {
    let seed = options.seed;
    let options = options.of_compiler();
    let trials = Trials { network, chip, options: &options, asked, seed };
    trials.survey().map_err(|failure| match failure {
        CompileFailure::Diagnostics(found) => Failure::Input(found),
        CompileFailure::DoesNotFit(result) => Failure::DoesNotFit(result),
    })
}

/// Whether the bytes are a compiled program and not a network.
#[must_use]
pub fn is_program(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a compiled program and checks that it was made for the chip.
///
/// # Errors
/// QU005: damaged, or made for another chip.
pub fn read_program(bytes: &[u8], path: &Path, chip: &Chip) -> Result<Program, Diagnostic> {
    let source = path.display().to_string();
    let refuse = |message: String| {
        Diagnostic::error("QU005", message)
            .at(&source, "", "this program")
            .help("compile the network again for this chip")
    };
    let program = Program::decode(bytes).map_err(|error| refuse(error.to_string()))?;
    if program.chip != chip.name {
        let message =
            format!("the program was compiled for {}, not for {}", program.chip, chip.name);
        return Err(refuse(message));
    }
    let known = |table: &AxonTable| {
        table.entries.iter().all(|entry| program.core_position(entry.core).is_some())
    };
    let on_board = program.cores.iter().all(|core| core.core.index() < chip.cores.len());
    if !on_board || !known(&program.inputs) || !program.cores.iter().all(|c| known(&c.axons_out)) {
        return Err(refuse(format!("the program uses cores that {} does not have", chip.name)));
    }
    Ok(program)
}
