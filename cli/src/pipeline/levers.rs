//! What would make a network fit: changes of the chip, each tried by compiling again.

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, compile};
use quarrion_compiler::infeasible::{Lever, Resource};
use quarrion_compiler::network::Network;
use quarrion_compiler::planner::{Objective, PlannerOptions, Strategy};
use quarrion_isa::chip::{Chip, CoreType};

use crate::args::ChipArgs;

/// Synapses of a network up to which levers are tried at once.
const SYNAPSES_MAX: u64 = 20_000_000;

/// Factors that a limit is multiplied by, in halves: the first that fits is told.
const HALVES: [u64; 5] = [3, 4, 8, 16, 32];

/// One change of the chip, in growing steps.
struct Knob {
    /// For every step: what it is in words, and the values that make it.
    steps: Vec<(String, Vec<String>)>,
}

/// Tries changes of the chip, each in growing steps; returns those with which the network fits,
/// each with its smallest step.
pub(super) fn try_levers(
    network: &Network,
    chip: &Chip,
    options: &CompileOptions,
    (asked, seed): (&ChipArgs, u32),
    short: Resource,
) -> Vec<Lever> {
    let synapses =
        network.projections.iter().map(|projection| projection.connectivity.synapse_count());
    if synapses.fold(0, u64::saturating_add) > SYNAPSES_MAX || options.mapping.is_some() {
        return Vec::new();
    }
    let mut levers = Vec::new();
    if options.planner.cores.is_some() {
        levers.extend(fits(network, chip, options, "without a limit of cores", &[]));
    }
    for knob in knobs(chip, short) {
        let lever = knob.steps.into_iter().find_map(|(change, sets)| {
            let all: Vec<String> = asked.sets.iter().chain(&sets).cloned().collect();
            let mut changed = load_chip(&asked.chip, &all).ok()?.chip;
            changed.draw_faults(seed);
            fits(network, &changed, options, &change, &sets)
        });
        levers.extend(lever);
    }
    levers
}

/// Whether the network fits a changed chip, plainly mapped for few cores.
fn fits(
    network: &Network,
    chip: &Chip,
    options: &CompileOptions,
    change: &str,
    sets: &[String],
) -> Option<Lever> {
    let planner = PlannerOptions {
        objective: Objective::Cores,
        strategies: vec![Strategy::Greedy],
        cores: options.planner.cores.filter(|_| !sets.is_empty()),
        ..PlannerOptions::default()
    };
    let options = CompileOptions { planner, ..options.clone() };
    let made = compile(network, chip, &options).ok()?;
    let cores = made.program.cores.len() as u32;
    Some(Lever { change: change.to_owned(), sets: sets.to_vec(), cores })
}

/// The changes that are worth a try when a resource is short.
fn knobs(chip: &Chip, short: Resource) -> Vec<Knob> {
    let mut knobs = Vec::new();
    for core in &chip.core_types {
        if matches!(short, Resource::SynapseWords | Resource::ListWords | Resource::Cores) {
            knobs.push(narrower_weights(core));
            let words = |bits: u64| format!("with {} KiB of synapse memory", kib(bits));
            knobs.push(larger(core, "synapse_memory_bits", core.synapse_memory_bits, words));
        }
        let counted = |field: &'static str, what: &'static str, now: Option<u64>| {
            now.map(|now| larger(core, field, now, |n| format!("with {n} {what}")))
        };
        let compartments = Some(core.compartments.into());
        knobs.extend(match short {
            Resource::Compartments | Resource::Cores => {
                counted("compartments", "compartments a core", compartments)
            }
            Resource::StateBits => {
                counted("state_memory_bits", "bits of state memory", core.state_memory_bits)
            }
            Resource::AxonsIn => counted("axons_in", "axons in", Some(core.axons_in.into())),
            Resource::AxonsOut => counted("axons_out", "axons out", Some(core.axons_out.into())),
            Resource::ListWords => {
                counted("list_words", "words a list", core.list_words.map(u64::from))
            }
            Resource::AccumulatorSlots => {
                let now = core.accumulator_slots.map(u64::from);
                counted("accumulator_slots", "accumulator slots", now)
            }
            Resource::FanIn => {
                counted("fan_in", "synapses a compartment", core.fan_in.map(u64::from))
            }
            Resource::FanOut => {
                counted("fan_out", "axons out a compartment", core.fan_out.map(u64::from))
            }
            Resource::Configurations => {
                let now = core.configurations.map(u64::from);
                counted("configurations", "configurations", now)
            }
            Resource::SynapseWords => None,
        });
    }
    if short == Resource::Cores {
        let chips = u64::from(chip.mesh.chips_x * chip.mesh.chips_y);
        let step = |factor: u32| {
            let set = format!("mesh.chips_x={}", chip.mesh.chips_x * factor);
            (format!("on {} chips as it is", chips * u64::from(factor)), vec![set])
        };
        knobs.push(Knob { steps: [2, 4, 8].map(step).into() });
    }
    knobs
}

/// A limit in growing steps.
fn larger(core: &CoreType, field: &str, now: u64, words: impl Fn(u64) -> String) -> Knob {
    let step = |halves: &u64| {
        let amount = (now * halves).div_ceil(2).max(now + 1);
        (words(amount), vec![format!("core_types.{}.{field}={amount}", core.name)])
    };
    Knob { steps: HALVES.iter().map(step).collect() }
}

/// Weights of fewer bits, two at a time.
fn narrower_weights(core: &CoreType) -> Knob {
    let widths = &core.weights.widths;
    let most = widths.last().copied().unwrap_or(0);
    let narrower = widths.iter().rev().filter(|&&bits| bits < most && bits >= 2).step_by(2);
    let step = |&bits: &u32| {
        let kept = widths.iter().filter(|&&width| width <= bits).map(u32::to_string);
        let list = kept.collect::<Vec<_>>().join(", ");
        let set = format!("core_types.{}.weights.widths=[{list}]", core.name);
        (format!("with {bits}-bit weights"), vec![set])
    };
    Knob { steps: narrower.map(step).collect() }
}

/// Bits as KiB, to a tenth where that is needed.
fn kib(bits: u64) -> String {
    let tenths = bits * 10 / 8192;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}
