//! The changes of a chip that are worth a try: each a kind, in growing steps.

use quarrion_compiler::infeasible::{DoesNotFit, Resource};
use quarrion_isa::chip::{Chip, CoreType, Routing};

/// Factors that a limit is multiplied by, in halves.
const HALVES: [u64; 5] = [3, 4, 8, 16, 32];

/// Factors by which there are more cores.
const TIMES: [u32; 3] = [2, 4, 8];

/// One kind of change, in growing steps.
pub(super) struct Knob {
    /// What is changed, and how far, for saying that it did not help.
    pub(super) what: String,
    pub(super) steps: Vec<Step>,
}

/// One change.
#[derive(Clone)]
pub(super) struct Step {
    /// In words.
    pub(super) change: String,
    /// The values that make it.
    pub(super) sets: Vec<String>,
}

/// A limit of a core: the field, its name in words, and its value.
struct Limit {
    resource: Resource,
    field: &'static str,
    what: &'static str,
    now: Option<u64>,
}

/// What may make a network fit that is short of something: that limit, first by as much as is
/// missing; where cores are short every limit, and more cores unless their number was asked for.
pub(super) fn for_misfit(chip: &Chip, short: &DoesNotFit, cores_asked: Option<u32>) -> Vec<Knob> {
    let cores = short.resource == Resource::Cores;
    let mut knobs = Vec::new();
    for core in &chip.core_types {
        if cores || matches!(short.resource, Resource::SynapseWords | Resource::ListWords) {
            knobs.push(narrower_weights(core));
        }
        for limit in limits(core) {
            if cores || limit.resource == short.resource {
                let own = short.bound_path == path(core, limit.field);
                knobs.extend(larger(core, &limit, own.then(|| short.total())));
            }
        }
    }
    if cores && cores_asked.is_none() {
        knobs.extend(more_cores(chip));
    }
    if short.resource == Resource::Ways && chip.mesh.routing != Routing::Table {
        knobs.push(routes_by_table());
    }
    knobs.retain(|knob| !knob.steps.is_empty());
    knobs
}

/// What may make a network take fewer cores.
pub(super) fn for_fewer_cores(chip: &Chip) -> Vec<Knob> {
    let own = |core: &CoreType| {
        let limits = limits(core);
        let larger: Vec<Knob> = limits.iter().filter_map(|l| larger(core, l, None)).collect();
        std::iter::once(narrower_weights(core)).chain(larger).collect::<Vec<Knob>>()
    };
    let mut knobs: Vec<Knob> = chip.core_types.iter().flat_map(own).collect();
    knobs.retain(|knob| !knob.steps.is_empty());
    knobs
}

/// Every limit of a core that a network can reach.
fn limits(core: &CoreType) -> [Limit; 10] {
    let limit = |resource, field, what, now| Limit { resource, field, what, now };
    let some = |now: u32| Some(u64::from(now));
    let memory = Some(core.synapse_memory_bits);
    [
        limit(Resource::SynapseWords, "synapse_memory_bits", "synapse memory", memory),
        limit(Resource::Compartments, "compartments", "compartments", some(core.compartments)),
        limit(
            Resource::StateBits,
            "state_memory_bits",
            "state memory bits",
            core.state_memory_bits,
        ),
        limit(Resource::AxonsIn, "axons_in", "axons in", some(core.axons_in)),
        limit(Resource::AxonsOut, "axons_out", "axons out", some(core.axons_out)),
        limit(Resource::FanIn, "fan_in", "synapses a compartment", core.fan_in.map(u64::from)),
        limit(Resource::FanOut, "fan_out", "axons out a compartment", core.fan_out.map(u64::from)),
        limit(Resource::ListWords, "list_words", "words a list", core.list_words.map(u64::from)),
        limit(
            Resource::AccumulatorSlots,
            "accumulator_slots",
            "accumulator slots",
            core.accumulator_slots.map(u64::from),
        ),
        limit(
            Resource::Configurations,
            "configurations",
            "configurations",
            core.configurations.map(u64::from),
        ),
    ]
}

/// Where a core's field stands in the chip file.
fn path(core: &CoreType, field: &str) -> String {
    format!("core_types.{}.{field}", core.name)
}

/// A limit in growing steps, first as much as is wanted; `None` where there is no limit.
fn larger(core: &CoreType, limit: &Limit, wanted: Option<u64>) -> Option<Knob> {
    let now = limit.now?;
    let bits = limit.resource == Resource::SynapseWords;
    let word = if bits { u64::from(core.word_bits) } else { 1 };
    let wanted = wanted.map(|amount| amount.saturating_mul(word));
    let grown = |halves: &u64| now.saturating_mul(*halves).div_ceil(2).max(now + 1);
    let times = HALVES.iter().map(|halves| grown(halves).next_multiple_of(word));
    let step = |amount: u64| {
        let change = match limit.resource {
            Resource::SynapseWords => format!("with {} KiB of synapse memory", kib(amount)),
            _ => format!("with {amount} {}", limit.what),
        };
        Step { change, sets: vec![format!("{}={amount}", path(core, limit.field))] }
    };
    let steps = wanted.into_iter().chain(times).map(step).collect();
    let most = HALVES.iter().max().map_or(1, |halves| halves / 2);
    Some(Knob { what: format!("{most}-fold {}", limit.what), steps })
}

/// More tiles, and more chips, in growing steps.
fn more_cores(chip: &Chip) -> [Knob; 2] {
    let mesh = &chip.mesh;
    let wider = |times: u32| {
        let (width, height) = (mesh.width.saturating_mul(times), mesh.height);
        let change = format!("on a mesh of {width} x {height} tiles");
        Step { change, sets: vec![format!("mesh.width={width}")] }
    };
    let chips = |times: u32| {
        let across = mesh.chips_x.saturating_mul(times);
        let change = format!("on {} chips as it is", across.saturating_mul(mesh.chips_y));
        Step { change, sets: vec![format!("mesh.chips_x={across}")] }
    };
    let most = TIMES.iter().max().copied().unwrap_or(1);
    [
        Knob { what: format!("{most}-fold tiles"), steps: TIMES.map(wider).into() },
        Knob { what: format!("{most}-fold chips"), steps: TIMES.map(chips).into() },
    ]
}

/// Routes that go around what is dead.
fn routes_by_table() -> Knob {
    let change = "with routes by table, which go around what is dead".to_owned();
    let step = Step { change, sets: vec!["mesh.routing=table".to_owned()] };
    Knob { what: "routes by table".to_owned(), steps: vec![step] }
}

/// Weights of fewer bits, two at a time.
fn narrower_weights(core: &CoreType) -> Knob {
    let widths = &core.weights.widths;
    let most = widths.last().copied().unwrap_or(0);
    let narrower = widths.iter().rev().filter(|&&bits| bits < most && bits >= 2).step_by(2);
    let step = |&bits: &u32| {
        let kept = widths.iter().filter(|&&width| width <= bits).map(u32::to_string);
        let list = kept.collect::<Vec<_>>().join(",");
        let set = format!("core_types.{}.weights.widths=[{list}]", core.name);
        Step { change: format!("with {bits}-bit weights"), sets: vec![set] }
    };
    let steps: Vec<Step> = narrower.map(step).collect();
    let least = steps.last().map_or_else(String::new, |step| step.change.replace("with ", ""));
    Knob { what: least, steps }
}

/// Bits as KiB, to a tenth where that is needed.
fn kib(bits: u64) -> String {
    let tenths = (bits * 10).div_ceil(8192);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}
