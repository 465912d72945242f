//! Packets in the network of a chip alone: a curve over loads, or one burst or trace.

use std::num::NonZero;
use std::path::Path;

use quarrion_emulator::mesh::{
    Arrivals, Capacity, CurvePoint, CurveSpec, Destination, Detail, FULL_LOAD, Fidelity, FreeTimes,
    LinkCount, Packet, Pattern, Traffic,
};
use quarrion_emulator::time::{ChipNetwork, Follower, network_ledger};
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::histogram::Histogram;
use quarrion_isa::id::CoreId;
use quarrion_isa::ledger::Ledger;
use quarrion_isa::way::Way;

use crate::args::{MeshArgs, PacketTiming};
use crate::failure::Failure;
use crate::input::read_trace;
use crate::texts::{Texts, read_text};

/// Packets of each core in a burst, where the user gives no number.
const BURST_PACKETS: u32 = 16;
/// Most cores of a board, at some 20 kB each.
const CORES_MAX: usize = 1 << 18;
/// Packets from which the busiest link is found: of all cores, and the most of one.
const SAMPLED_PACKETS: (u32, u32) = (1 << 19, 1 << 10);
/// Packets in a thousand that go to a hot spot.
const HOT_PER_MILLE: u32 = 200;
/// Measured cycles of a small mesh.
const CYCLES: u64 = 5000;
/// Cycles times cores of a measurement on a large one.
const CORE_CYCLES: u64 = 2_000_000;
/// Longest measurement.
const CYCLES_MAX: u64 = 10_000_000;
/// Packets that one measurement can offer.
const PACKETS_MAX: u64 = 1 << 27;
/// Most loads of a curve.
const LOADS_MAX: usize = 1000;
/// Loads that are measured where none are asked for, in parts of a hundred of saturation.
const SWEEP: [u64; 12] = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100, 110];
/// Names of the patterns.
const PATTERNS: &str = "uniform, transpose, bit-complement, hotspot, bursts";

/// What was asked for, with the network it is asked of.
#[derive(Debug)]
pub struct Question {
    /// The network.
    pub network: ChipNetwork,
    /// Length of a cycle.
    pub cycle_ps: u64,
    /// What that is.
    pub cycle: &'static str,
    /// Cores that send and receive.
    pub cores: usize,
    /// Pattern, or name of the trace.
    pub traffic: String,
    /// Flits of a packet; `None` for traces.
    pub flits: Option<u32>,
    load: Load,
    spec: CurveSpec,
}

#[derive(Debug)]
enum Load {
    /// Open loop, at these loads in flits per core and a million cycles.
    Curve(Option<Vec<u64>>),
    Once(Traffic),
}

/// What the network does.
#[derive(Debug)]
pub enum Answer {
    /// Under steady loads.
    Curve(Box<Curve>),
    /// With one burst or trace.
    Once(Box<Once>),
}

/// Latency against load.
#[derive(Debug)]
pub struct Curve {
    /// By offered load.
    pub points: Vec<CurvePoint>,
    /// The largest load that the network carries, in flits per core and cycle.
    pub saturation: f64,
    /// Flits per core and cycle that arrive when much more is offered.
    pub overloaded: f64,
    /// What the busiest link allows.
    pub capacity: Option<Capacity>,
    /// The links between tiles at saturation, where they were asked for.
    pub ledger: Option<Ledger>,
}

/// One burst or trace.
#[derive(Debug)]
pub struct Once {
    /// Packets.
    pub packets: u64,
    /// Their flits.
    pub flits: u64,
    /// When the last packet had arrived.
    pub completion_ps: u64,
    /// Times from readiness to arrival.
    pub latency_ps: Histogram,
    /// What each link did.
    pub links: Vec<LinkCount>,
    /// The last packet's way.
    pub critical: Option<Way>,
    /// Every packet's way, where they were asked for.
    pub ways: Vec<Way>,
    /// The links between tiles.
    pub ledger: Ledger,
}

/// Refuses boards that would not fit into memory.
fn check_size(chip: &Chip) -> Result<(), Failure> {
    let cores = chip.cores.len();
    if cores <= CORES_MAX {
        return Ok(());
    }
    let message = format!("the board has {cores} cores, and `mesh` has room for {CORES_MAX}");
    let found = Diagnostic::error("QU018", message)
        .at(&chip.name, "mesh", "this many tiles")
        .help("take a smaller board, such as --set mesh.width=64 --set mesh.height=64");
    Err(Failure::Limit(found))
}

/// Works out what was asked.
///
/// # Errors
/// The chip's network cannot be timed, or flags or trace are wrong.
pub fn ask(args: &MeshArgs, chip: &Chip, texts: &mut Texts) -> Result<Question, Failure> {
    check_size(chip)?;
    let network = ChipNetwork::new(chip)?;
    let (cycle_ps, cycle) = ChipNetwork::cycle(chip)?;
    if args.flits == 0 || args.flits > 1 << 10 {
        return Err(usage("--flits", &args.flits, "a packet has 1 to 1,024 flits"));
    }
    let terminals = network.terminals(chip);
    if terminals.ports().is_empty() {
        return Err(Diagnostic::error("QU004", "no core of the board works, so nothing is sent")
            .at(&chip.name, "faults", "leaves none")
            .help("break fewer cores")
            .into());
    }
    let pattern = match args.traffic.as_str() {
        "uniform" | "bursts" => Some(Pattern::Uniform),
        "transpose" => Some(Pattern::Transpose),
        "bit-complement" => Some(Pattern::BitComplement),
        "hotspot" => {
            Some(Pattern::Hotspot { ports: terminals.quarters(), per_mille: HOT_PER_MILLE })
        }
        _ => None,
    };
    let measured = args.cycles.unwrap_or_else(|| cycles(chip, cycle_ps));
    if measured == 0 || measured > CYCLES_MAX {
        return Err(usage("--cycles", &measured, "1 to 10,000,000 cycles are measured"));
    }
    let spec = CurveSpec {
        fidelity: match args.timing {
            PacketTiming::Queue => Fidelity::Queue,
            PacketTiming::Cycle => Fidelity::Cycle,
        },
        terminals,
        pattern: pattern.clone().unwrap_or(Pattern::Uniform),
        flits: args.flits,
        cycle_ps,
        warm_up: measured / 2,
        measured,
        seed: args.seed,
    };
    let steady = pattern.is_some() && args.traffic != "bursts";
    check_flags(args, steady)?;
    let load = match &pattern {
        None => Load::Once(trace(args, chip, &network, cycle_ps, texts)?),
        Some(_) if !steady => {
            let packets = args.burst.unwrap_or(BURST_PACKETS);
            let cores = spec.terminals.ports().len() as u64;
            check_number(u64::from(packets) * cores, "--burst", &packets)?;
            Load::Once(spec.traffic(Arrivals::Burst { packets, gap: 0 }))
        }
        Some(_) => Load::Curve(args.rates.as_deref().map(parse_rates).transpose()?),
    };
    let cores = spec.terminals.ports().len();
    let (traffic, flits) = (args.traffic.clone(), pattern.map(|_| args.flits));
    Ok(Question { network, cycle_ps, cycle, cores, traffic, flits, load, spec })
}

/// Flags that belong to steady loads and to bursts.
fn check_flags(args: &MeshArgs, steady: bool) -> Result<(), Failure> {
    let wrong = match (steady, args) {
        (true, MeshArgs { burst: Some(burst), .. }) => ("--burst", burst.to_string()),
        (true, MeshArgs { packets: Some(file), .. }) => ("--packets", file.display().to_string()),
        (false, MeshArgs { rates: Some(rates), .. }) => ("--rates", rates.clone()),
        (false, MeshArgs { cycles: Some(cycles), .. }) => ("--cycles", cycles.to_string()),
        _ => return Ok(()),
    };
    let rule = if steady {
        "--burst and --packets are for bursts and traces; a steady load is given by --rates and --cycles"
    } else {
        "--rates and --cycles are for steady loads, not for bursts and traces"
    };
    Err(usage(wrong.0, &wrong.1, rule))
}

fn usage(flag: &str, value: &dyn std::fmt::Display, rule: &str) -> Failure {
    Diagnostic::error("QU004", rule).at(flag, &value.to_string(), "given here").into()
}

fn check_number(packets: u64, flag: &str, value: &dyn std::fmt::Display) -> Result<(), Failure> {
    match packets {
        1..=PACKETS_MAX => Ok(()),
        _ => Err(usage(flag, value, "one measurement has 1 to 134,217,728 packets")),
    }
}

/// Cycles to measure: a few times what a packet needs across the mesh, more on small ones.
fn cycles(chip: &Chip, cycle_ps: u64) -> u64 {
    let mesh = &chip.mesh;
    let slowest = mesh.links.iter().map(|link| link.latency.0).max().unwrap_or(0);
    let hops = u64::from(mesh.board_width() + mesh.board_height());
    let across = hops * (slowest / cycle_ps + 4);
    CYCLES.min(CORE_CYCLES / (chip.cores.len() as u64).max(1)).max(2 * across)
}

/// Loads as flits per core and a million cycles.
fn parse_rates(text: &str) -> Result<Vec<u64>, Failure> {
    let rule = "loads are flits per core and cycle above 0 and up to 1: a list such as 0.1,0.2 or \
                from:to:step such as 0.05:0.5:0.05";
    let wrong = || usage("--rates", &text, rule);
    let number = |part: &str| {
        let load: f64 = part.trim().parse().map_err(|_| wrong())?;
        let millionths = (load * 1e6).round();
        if (1.0..=1e6).contains(&millionths) { Ok(millionths as u64) } else { Err(wrong()) }
    };
    let loads: Vec<u64> = match text.split(':').collect::<Vec<_>>()[..] {
        [list] => list.split(',').map(number).collect::<Result<_, _>>()?,
        [from, to, step] => {
            let step = number(step)?;
            (number(from)?..=number(to)?).step_by(step as usize).take(LOADS_MAX + 1).collect()
        }
        _ => return Err(wrong()),
    };
    if loads.is_empty() || loads.len() > LOADS_MAX {
        return Err(usage("--rates", &text, "a curve has 1 to 1,000 loads"));
    }
    Ok(loads)
}

/// A trace as traffic of the chip's network.
fn trace(
    args: &MeshArgs,
    chip: &Chip,
    network: &ChipNetwork,
    cycle_ps: u64,
    texts: &mut Texts,
) -> Result<Traffic, Failure> {
    let text = read_text(Path::new(&args.traffic))
        .map_err(|found| found.help(format!("name a file or a pattern: {PATTERNS}")))?;
    texts.add(&args.traffic, &text);
    let cores = chip.cores.len() as u32;
    let packets = read_trace(text.as_bytes(), &args.traffic, cores, cycle_ps)?;
    let mut ends = packets.iter().flat_map(|packet| [packet.source, packet.destination]);
    if let Some(dead) = ends.find(|core| !chip.works(CoreId(*core))) {
        let message = format!("a packet of the trace starts or ends at core {dead}, which is dead");
        return Err(Diagnostic::error("QI020", message)
            .at(&args.traffic, "", "this trace")
            .help("leave the packet out, or the fault")
            .into());
    }
    let packet = |packet: &crate::input::TracePacket| Packet {
        source: network.port(CoreId(packet.source)),
        destination: Destination::Port(network.port(CoreId(packet.destination))),
        plane: 0,
        flits: packet.flits,
        inject_ps: packet.time_ps,
        service_ps: 0,
    };
    Ok(Traffic { packets: packets.iter().map(packet).collect(), ..Traffic::default() })
}

/// What is wanted beside the figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// The links between tiles.
    pub links: bool,
    /// Every packet's way.
    pub ways: bool,
}

/// Answers the question.
///
/// # Errors
/// The network cannot be timed, or its packets wait for each other for ever.
pub fn answer(
    question: &Question,
    extras: Extras,
    threads: NonZero<usize>,
) -> Result<Answer, Failure> {
    match &question.load {
        Load::Curve(rates) => {
            let mut curve = curve(question, rates.as_deref(), threads)?;
            if extras.links {
                let load = (curve.saturation * FULL_LOAD as f64).round() as u64;
                let (traffic, outcome) = question.spec.loaded(&question.network.fabric, load)?;
                curve.ledger = Some(network_ledger(&question.network, &traffic, &outcome));
            }
            Ok(Answer::Curve(Box::new(curve)))
        }
        Load::Once(traffic) => {
            once(question, extras, traffic).map(|once| Answer::Once(Box::new(once)))
        }
    }
}

fn curve(
    question: &Question,
    rates: Option<&[u64]>,
    threads: NonZero<usize>,
) -> Result<Curve, Failure> {
    let (spec, fabric) = (&question.spec, &question.network.fabric);
    let each = (SAMPLED_PACKETS.0 / question.cores as u32).clamp(4, SAMPLED_PACKETS.1);
    let capacity = spec.capacity(fabric, each)?;
    // Twice what the busiest link takes saturates any network; more only makes queues longer.
    let twice = capacity.map_or(FULL_LOAD, |capacity| (capacity.bound * 2e6) as u64);
    let overload = twice.clamp(1, FULL_LOAD);
    let cycles = spec.warm_up + spec.measured;
    let most = rates.into_iter().flatten().copied().max().unwrap_or(0).max(overload);
    let packets = u128::from(most) * u128::from(cycles) * question.cores as u128
        / (u128::from(FULL_LOAD) * u128::from(spec.flits));
    check_number((packets as u64).max(1), "--cycles", &spec.measured)?;
    let saturation = spec.saturation(fabric, overload)?;
    let overloaded = spec.throughput(fabric, overload)?;
    let loads = match rates {
        Some(rates) => rates.to_vec(),
        None => sweep(saturation),
    };
    let points = spec.points(fabric, &loads, threads)?;
    Ok(Curve {
        points,
        saturation: saturation as f64 / FULL_LOAD as f64,
        overloaded,
        capacity,
        ledger: None,
    })
}

/// Loads around saturation.
fn sweep(saturation: u64) -> Vec<u64> {
    let mut loads: Vec<u64> =
        SWEEP.iter().map(|part| (saturation * part / 100).clamp(1, FULL_LOAD)).collect();
    loads.dedup();
    loads
}

fn once(question: &Question, extras: Extras, traffic: &Traffic) -> Result<Once, Failure> {
    let fabric = &question.network.fabric;
    let mut model = question.spec.fidelity.model(fabric)?;
    let outcome = model.run(traffic, Detail::Packets)?;
    if let Some(found) = outcome.deadlock() {
        return Err(found.into());
    }
    let mut latency_ps = Histogram::default();
    for (packet, times) in traffic.packets.iter().zip(&outcome.packets) {
        latency_ps.add(times.eject_ps.saturating_sub(packet.inject_ps));
    }
    let free = FreeTimes::new(fabric)?;
    let follower = Follower { network: &question.network, free };
    let mut follow = |one| follower.ways(model.as_mut(), traffic, (0, 0), one);
    let critical = match outcome.critical {
        Some(last) => follow(Some(last))?.pop(),
        None => None,
    };
    let ways = if extras.ways { follow(None)? } else { Vec::new() };
    Ok(Once {
        packets: traffic.packets.len() as u64,
        flits: traffic.packets.iter().map(|packet| u64::from(packet.flits)).sum(),
        completion_ps: outcome.completion_ps,
        latency_ps,
        ledger: network_ledger(&question.network, traffic, &outcome),
        links: outcome.links,
        critical,
        ways,
    })
}
