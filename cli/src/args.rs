//! Flags and commands.

mod files;
mod network;

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use quarrion_compiler::planner::{Objective, Strategy};

pub(crate) use files::check_files;
pub use network::{MeshArgs, PacketTiming};

/// Maps trained spiking networks onto neuromorphic chips and says what they cost there.
#[derive(Debug, Parser)]
#[command(name = "quarrion", version, about, max_term_width = 100, after_help = EXITS)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How results are written on stdout, and findings on stderr.
    #[arg(long, global = true, value_enum, default_value_t = FormatChoice::Human)]
    pub format: FormatChoice,
    /// No progress bar and no notes on stderr; warnings and errors stay.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

impl CommandLine {
    /// Reads the process's command line.
    ///
    /// # Errors
    /// What clap says of it; also where it asks for help.
    pub fn read() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let mut line = Self::from_arg_matches(&matches)?;
        if let (Command::Run(args), Some((_, own))) = (&mut line.command, matches.subcommand()) {
            let given = |name: &&str| own.value_source(name) == Some(ValueSource::CommandLine);
            args.of_compile = OF_COMPILE.into_iter().filter(given).collect();
        }
        Ok(line)
    }
}

const EXITS: &str = "Exit codes: 0 good, 1 a bug of Quarrion, 2 wrong usage or input, 3 valid but \
does not fit the chip, 4 a limit was reached, 5 a comparison differs, 130 interrupted.\n\
NO_COLOR=1 switches colours off.";

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatChoice {
    /// For people.
    Human,
    /// For programs, with stable keys.
    Json,
    /// As a table, where the result is one: `mesh`.
    Csv,
}

/// How results that are no table, and findings, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// For programs, with stable keys.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a network on a chip: accuracy, time, energy.
    Run(Box<RunArgs>),
    /// Map a network onto a chip: does it fit, on which cores, what is the bottleneck.
    Compile(Box<CompileArgs>),
    /// Compare ways to lay a network onto cores, draw and store them.
    Map(Box<MapArgs>),
    /// Look at chip descriptions.
    #[command(subcommand)]
    Chip(ChipCommand),
    /// Time packets in the network of a chip alone: latency, saturation, the hottest links.
    Mesh(MeshArgs),
    /// Time a finished run again with another chip file, without running it.
    Retime(RetimeArgs),
    /// Price a finished run again, without running it.
    Reprice(RepriceArgs),
    /// Explain the code of a message, such as QC005.
    Explain(ExplainArgs),
    /// Look at neuron programs.
    #[command(subcommand)]
    Neuron(NeuronCommand),
    /// Look at learning rules.
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Which chip.
#[derive(Clone, Debug, Args)]
pub struct ChipArgs {
    /// Chip: a name (see `chip list`) or a chip file.
    #[arg(long, value_name = "NAME|FILE")]
    pub chip: String,
    /// Change a value of the chip, such as mesh.width=16; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// How a network file is read: it does not say this itself.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Framework whose conventions the file follows: snntorch, norse, sinabs, rockpool,
    /// spikingjelly or spyx.
    #[arg(long, value_name = "NAME", default_value = "snntorch")]
    pub dialect: String,
    /// Seconds of a timestep, if not the dialect's.
    #[arg(long, value_name = "SECONDS")]
    pub dt: Option<f64>,
    /// What a spike does to the membrane, if not the dialect's choice.
    #[arg(long, value_enum)]
    pub reset: Option<Reset>,
    /// How a step is integrated, if not the dialect's choice.
    #[arg(long, value_enum)]
    pub integrator: Option<Integration>,
    /// Let a layer compute a neuron program, one of `neuron list` or a file, such as
    /// 'lif1=my.neuron,scale=64,vth=100': weights into it are scaled and rounded, `shift=N` shifts
    /// what arrives, and the rest sets parameters of the program; may be given several times.
    #[arg(id = "neuron", long, value_name = "LAYER=PROGRAM,...")]
    pub neurons: Vec<String>,
    /// Reset every layer of a .net network each N steps, as Lava's `reset_interval` does.
    #[arg(long, value_name = "N")]
    pub reset_interval: Option<u32>,
    /// Steps from a layer's first to its first periodic reset.
    #[arg(long, value_name = "N", requires = "reset_interval", default_value_t = 0)]
    pub reset_offset: u32,
}

/// How the network is laid onto cores.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Mapping")]
pub struct MapperArgs {
    /// What the mapping is good at: latency, cores, traffic, energy, or a mix such as
    /// cores=1,latency=2.
    #[arg(long, value_name = "NAME", default_value = "latency")]
    pub objective: Objective,
    /// Strategies that may be used.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "greedy,balanced,multilevel"
    )]
    pub strategy: Vec<Strategy>,
    /// Cores that may be used [default: the chip's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cores: Option<u32>,
    /// How long to search, in millions of steps of about 10 ns [default: by the network's size].
    #[arg(long, value_name = "N")]
    pub effort: Option<u32>,
    /// How often neurons spike, for the traffic: spikes per step, or the folder of a run.
    #[arg(long, value_name = "RATE|RUN", default_value = "0.1")]
    pub rates: String,
    /// Use this mapping, as `map --out` writes it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["like", "objective", "strategy", "cores"])]
    pub mapping: Option<PathBuf>,
    /// Keep this earlier mapping where the network has not changed.
    #[arg(long, value_name = "FILE")]
    pub like: Option<PathBuf>,
}

/// What a spike does to the membrane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reset {
    /// Sets it to zero.
    Zero,
    /// Subtracts the threshold.
    Subtract,
}

/// How a step is integrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Integration {
    /// Forward Euler: decay 1 - dt/tau.
    Euler,
    /// Exactly: decay exp(-dt/tau).
    Exp,
}

/// Which engine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The fast one, on all threads.
    Fast,
    /// The slow and obvious one, on one thread; gives the same bytes.
    Reference,
}

/// Which timing model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimingChoice {
    /// Sums and maxima; no contention in the mesh.
    Count,
    /// One record per packet, with contention.
    Queue,
    /// Flit by flit.
    Cycle,
}

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Network (.nir), or a program that `compile --out` has written.
    #[arg(value_name = "NET")]
    pub network: PathBuf,
    /// Which chip.
    #[command(flatten)]
    pub chip: ChipArgs,
    /// Input: .npz with `spikes`, events (`sample`, `t`, `i`) or `bias`; or .csv of spikes.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// How the network file is read.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Which projections learn.
    #[command(flatten)]
    pub learning: LearnArgs,
    /// Steps of each sample, where the input does not say.
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// Run only the first samples.
    #[arg(long, value_name = "N")]
    pub samples: Option<u32>,
    /// Timing model.
    #[arg(long, value_enum, default_value_t = TimingChoice::Count)]
    pub timing: TimingChoice,
    /// Engine.
    #[arg(long, value_enum, default_value_t = Engine::Fast)]
    pub engine: Engine,
    /// Packets to follow.
    #[command(flatten)]
    pub packets: PacketArgs,
    /// Worker threads [default: all]; changes no byte of a result.
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// How the network is laid onto cores.
    #[command(flatten)]
    pub mapper: MapperArgs,
    /// Map for the spike rates of a run of the first N samples, which is made before.
    #[arg(long, value_name = "N", conflicts_with_all = ["mapping", "rates"],
        value_parser = clap::value_parser!(u32).range(1..))]
    pub calibrate: Option<u32>,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u32,
    /// Write the run folder here.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an old run folder of that name.
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Write every spike into the run folder (spikes.csv).
    #[arg(long, requires = "out")]
    pub spikes: bool,
    /// Write how often every neuron spiked into the run folder (rates.csv), for `--rates`.
    #[arg(long, requires = "out")]
    pub save_rates: bool,
    /// Write what every core did into the run folder (activity.bin), for `retime`.
    #[arg(long, requires = "out")]
    pub save_activity: bool,
    /// Record a state word or trace into the run folder (probes.npz), such as
    /// lif1.v[0..100]@10..50: population, word, and where wanted neurons and timesteps; may be
    /// given several times.
    #[arg(long = "probe", value_name = "POP.WORD[A..B]@S..E", requires = "out")]
    pub probes: Vec<String>,
    /// Write output spike counts per sample: an .npz with `counts`, `predictions`, `labels`.
    #[arg(long, value_name = "FILE")]
    pub counts: Option<PathBuf>,
    /// Flags of the command line that only say how a network is read and mapped.
    #[arg(skip)]
    pub of_compile: Vec<&'static str>,
}

/// Names of the arguments that a compiled program leaves nothing to do for.
const OF_COMPILE: [&str; 15] = [
    "neuron",
    "dialect",
    "dt",
    "reset",
    "integrator",
    "reset_interval",
    "learn",
    "objective",
    "strategy",
    "cores",
    "effort",
    "rates",
    "mapping",
    "like",
    "calibrate",
];

/// Packets to follow link by link.
#[derive(Clone, Debug, Args)]
pub struct PacketArgs {
    /// Write packets link by link here, as a table (.csv): ready, let onto each link, taken.
    #[arg(long, value_name = "FILE")]
    pub packets: Option<PathBuf>,
    /// Samples and timesteps whose packets are written [default: 0, the first sample].
    #[arg(long, value_name = "SAMPLES@STEPS", requires = "packets")]
    pub at: Option<String>,
}

/// The seed where none is given.
pub const SEED: u32 = 1;

/// Arguments of `compile`.
#[derive(Clone, Debug, Args)]
pub struct CompileArgs {
    /// Network (.nir).
    #[arg(value_name = "NET")]
    pub network: PathBuf,
    /// Which chip.
    #[command(flatten)]
    pub chip: ChipArgs,
    /// How the network file is read.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Which projections learn.
    #[command(flatten)]
    pub learning: LearnArgs,
    /// How the network is laid onto cores.
    #[command(flatten)]
    pub mapper: MapperArgs,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u32,
    /// Write the program here; `run` takes it in place of the network.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `map`.
#[derive(Clone, Debug, Args)]
pub struct MapArgs {
    /// Network (.nir).
    #[arg(value_name = "NET")]
    pub network: PathBuf,
    /// Which chip.
    #[command(flatten)]
    pub chip: ChipArgs,
    /// How the network file is read.
    #[command(flatten)]
    pub import: ImportArgs,
    /// How the network is laid onto cores.
    #[command(flatten)]
    pub mapper: MapperArgs,
    /// Show these strategies side by side.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub compare: Vec<Strategy>,
    /// Say what asks for so many cores, and try changes of the chip that would make them fewer.
    #[arg(long)]
    pub levers: bool,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u32,
    /// Write the mapping here; it may be edited and used with `--mapping`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write a picture of the placement here (SVG).
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
}

/// The commands on chips.
#[derive(Clone, Debug, Subcommand)]
pub enum ChipCommand {
    /// List the chips that come with Quarrion.
    List,
    /// Check a chip file and say what is wrong or doubtful.
    Check(ChipOnly),
    /// Show every value of a chip with its source and standing.
    Show(ShowArgs),
    /// Show in what two chips differ; exits with 5 if they do.
    Diff(DiffArgs),
}

/// A chip alone.
#[derive(Clone, Debug, Args)]
pub struct ChipOnly {
    /// A name (see `chip list`) or a chip file.
    #[arg(value_name = "NAME|FILE")]
    pub chip: String,
    /// Change a value of the chip, such as mesh.width=16; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// Arguments of `chip show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// Which chip.
    #[command(flatten)]
    pub chip: ChipOnly,
    /// Show values whose path starts so, such as prices.
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Print the whole description as a chip file, with what it extends and all changes.
    #[arg(long, conflicts_with = "path")]
    pub resolved: bool,
}

/// Two chips.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// One chip.
    #[arg(value_name = "NAME|FILE")]
    pub left: String,
    /// The other.
    #[arg(value_name = "NAME|FILE")]
    pub right: String,
    /// Change a value of the second chip; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// Arguments of `reprice`.
#[derive(Clone, Debug, Args)]
#[command(group(clap::ArgGroup::new("prices_from").required(true).multiple(true)))]
pub struct RepriceArgs {
    /// Run folder.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Prices: a file with `prices` and `static_power` alone, which is laid over the run's chip.
    #[arg(long, value_name = "FILE", group = "prices_from", conflicts_with = "chip")]
    pub prices: Option<PathBuf>,
    /// Prices of another chip: a name or a chip file.
    #[arg(long, value_name = "NAME|FILE", group = "prices_from")]
    pub chip: Option<String>,
    /// Change a price, such as prices.hop_tile.energy_pj=3; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE", group = "prices_from")]
    pub sets: Vec<String>,
    /// Write the run folder of the result here.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an old run folder of that name.
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// Arguments of `retime`.
#[derive(Clone, Debug, Args)]
pub struct RetimeArgs {
    /// Run folder that `run --save-activity` has written.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Chip to time it on, which may differ in times and prices: a name or a chip file [default:
    /// the run's own].
    #[arg(long, value_name = "NAME|FILE")]
    pub chip: Option<String>,
    /// Change a value of the chip, such as mesh.links.east_west.latency_ns=2; may be given several
    /// times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// Timing model [default: the run's own].
    #[arg(long, value_enum)]
    pub timing: Option<TimingChoice>,
    /// Packets to follow.
    #[command(flatten)]
    pub packets: PacketArgs,
    /// Worker threads [default: all]; changes no byte of a result.
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Write the run folder of the result here.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an old run folder of that name.
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// A code such as QC005; without one, all codes are listed.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// The commands on neuron programs.
#[derive(Clone, Debug, Subcommand)]
pub enum NeuronCommand {
    /// List the neuron programs that come with Quarrion.
    List,
    /// Check a neuron program.
    Check(NeuronOnly),
    /// Show a neuron program with its words, parameters and instruction count.
    Show(NeuronOnly),
    /// Run one compartment and show its state step by step.
    Trace(TraceArgs),
}

/// A neuron program alone.
#[derive(Clone, Debug, Args)]
pub struct NeuronOnly {
    /// A name (see `neuron list`) or a file.
    #[arg(value_name = "NAME|FILE")]
    pub program: String,
}

/// The commands on learning rules.
#[derive(Clone, Debug, Subcommand)]
pub enum RuleCommand {
    /// List the learning rules that come with Quarrion.
    List,
    /// Check a learning rule.
    Check(RuleOnly),
    /// Show a learning rule as it is read.
    Show(RuleOnly),
}

/// A learning rule alone.
#[derive(Clone, Debug, Args)]
pub struct RuleOnly {
    /// A name (see `rule list`) or a file.
    #[arg(value_name = "NAME|FILE")]
    pub rule: String,
}

/// Which projections learn.
#[derive(Clone, Debug, Args)]
pub struct LearnArgs {
    /// Let a projection learn by a rule (see `rule list`) or a rule file, such as
    /// 'in->lif1=pairwise-stdp'; may be given several times.
    #[arg(long, value_name = "PROJECTION=RULE")]
    pub learn: Vec<String>,
}

/// Arguments of `neuron trace`.
#[derive(Clone, Debug, Args)]
pub struct TraceArgs {
    /// The neuron program.
    #[command(flatten)]
    pub program: NeuronOnly,
    /// Input of each step, such as 0,640,0,0; a second input follows after a colon: 640:1.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub input: String,
    /// Give a parameter, such as vth=100; may be given several times.
    #[arg(long = "parameter", short, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub parameters: Vec<String>,
    /// Seed of random draws.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u32,
}

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
