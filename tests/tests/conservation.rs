//! Conservation: in every timestep the ledger's tables tell the same story, and the tables of a run
//! are the sums of its timesteps.

use std::num::NonZero;

use quarrion_emulator::time::Timing;
use quarrion_emulator::{Retiming, retime};
use quarrion_isa::activity::Activity;
use quarrion_isa::chip::{LinkClass, Multicast};
use quarrion_isa::event::{Category, EventCounts, EventKind};
use quarrion_isa::ledger::Ledger;
use quarrion_isa::quantity::Picoseconds;
use quarrion_tests::engines::{Way, compare_counts, run_fast};
use quarrion_tests::generate::Case;

const CASES: u64 = 400;
/// Seeds of the cases, apart from those of the other tests.
const FIRST: u64 = 0x00C0_5E4E;

/// Fails with both values where they differ.
fn equal<T: std::fmt::Debug + PartialEq + Copy>(
    what: &str,
    left: T,
    right: T,
) -> Result<(), String> {
    if left == right { Ok(()) } else { Err(format!("{what}: {left:?} and {right:?}")) }
}

fn sum<'a>(rows: impl Iterator<Item = &'a EventCounts>) -> EventCounts {
    let mut total = EventCounts::default();
    rows.for_each(|row| total.merge(row));
    total
}

/// The counts whose kinds are of one of the categories.
fn only(counts: &EventCounts, categories: &[Category]) -> EventCounts {
    let mut kept = EventCounts::default();
    for (kind, events) in counts.iter().filter(|(kind, _)| categories.contains(&kind.category())) {
        kept.add(kind, events);
    }
    kept
}

/// What must hold of the ledger of one timestep.
fn check_step(case: &Case, record: &Activity, ledger: &Ledger) -> Result<(), String> {
    let total = |kind| ledger.total.get(kind);
    let [row] = &ledger.steps[..] else { return Err("one timestep, one row".into()) };
    // Marginals.
    let on_cores = [Category::Neuron, Category::Synapse, Category::Axon, Category::Learning];
    let cores = sum(ledger.cores.iter().map(|core| &core.counts));
    compare_counts("cores", &only(&ledger.total, &on_cores), &cores)?;
    let by_population = [Category::Neuron, Category::Synapse, Category::Axon, Category::Mesh];
    let populations = sum(ledger.populations.iter());
    compare_counts("populations", &only(&ledger.total, &by_population), &populations)?;
    compare_counts("samples", &ledger.total, &sum(ledger.samples.iter().map(|s| &s.counts)))?;
    check_hops(case, record, ledger)?;
    // Flows: every compartment is updated once, everything that is sent is served.
    let updates = [EventKind::NeuronInactive, EventKind::NeuronActive, EventKind::NeuronSpiking];
    let compartments: u32 = case.program.cores.iter().map(|core| core.compartments).sum();
    equal("updates", updates.map(total).iter().sum(), u64::from(compartments))?;
    equal("spikes of the row", row.spikes, total(EventKind::NeuronSpiking))?;
    equal("host spikes of the row", row.host_spikes, total(EventKind::HostSpikeIn))?;
    let served = record.destinations.len() as u64;
    equal("lists served and packets in", served, total(EventKind::AxonIn))?;
    let operations = [
        EventKind::SynapticOpDense,
        EventKind::SynapticOpSparse,
        EventKind::SynapticOpKernel,
        EventKind::SynapticOpRunLength,
    ];
    equal("operations of the row", row.synaptic_ops, operations.map(total).iter().sum())?;
    let host = &record.host.spikes_in;
    let from_host = match case.chip.mesh.multicast {
        Multicast::Copies => host.iter().map(|spike| u64::from(spike.destinations)).sum::<u64>(),
        _ => host.iter().filter(|spike| spike.destinations > 0).count() as u64,
    };
    equal("packets out", row.packets, from_host + total(EventKind::AxonOut))?;
    if case.chip.mesh.multicast == Multicast::Copies {
        equal("a copy for each list", row.packets, served)?;
    }
    equal("time of the sample", ledger.samples[0].time, row.time.total())
}

/// Links and hops: a packet crosses its links, and counts once for each binary spike that it is as
/// long as.
fn check_hops(case: &Case, record: &Activity, ledger: &Ledger) -> Result<(), String> {
    let mesh = &case.chip.mesh;
    let total = |kind| ledger.total.get(kind);
    let crossed: u64 = ledger.links.iter().map(|row| row.packets).sum();
    equal("hops of the row", ledger.steps[0].hops, crossed)?;
    for (class, hops) in [
        (LinkClass::EastWest, total(EventKind::HopEastWest)),
        (LinkClass::NorthSouth, total(EventKind::HopNorthSouth)),
        (LinkClass::ChipEdge, total(EventKind::HopChipEdge)),
    ] {
        let rows = || ledger.links.iter().filter(|row| mesh.link_class(row.link) == class);
        let flits: u64 = rows().map(|row| row.flits).sum();
        let packets: u64 = rows().map(|row| row.packets).sum();
        let spike = u64::from(mesh.flits(class, 0));
        if spike == 1 {
            equal("flits on links and hops", flits, hops)?;
        } else if hops < packets || hops * spike < flits || flits < packets * spike {
            return Err(format!("{packets} packets of {flits} flits make {hops} hops"));
        }
    }
    let host = record.host.spikes_in.iter().map(|spike| (spike.destinations, spike.payload_bits));
    let own = record.segments.iter().map(|one| (one.destinations, one.payload_bits));
    let lengths = host.chain(own).map(|(destinations, bits)| {
        let width = mesh.link(LinkClass::Tile).width_bits.max(1);
        let flits = |bits: u32| (mesh.packet_bits + bits).div_ceil(width).max(1);
        u64::from(destinations) * u64::from(flits(bits).div_ceil(flits(0)))
    });
    equal("passages through routers", lengths.sum(), total(EventKind::HopTile))
}

/// Adds the tables of a later timestep.
fn append(whole: &mut Ledger, part: Ledger) {
    whole.total.merge(&part.total);
    for (row, other) in whole.cores.iter_mut().zip(part.cores) {
        row.counts.merge(&other.counts);
        row.update_time += other.update_time;
        row.synapse_time += other.synapse_time;
    }
    for (row, other) in whole.populations.iter_mut().zip(&part.populations) {
        row.merge(other);
    }
    for link in part.links {
        match whole.links.binary_search_by_key(&link.link, |row| row.link) {
            Ok(at) => {
                let row = &mut whole.links[at];
                row.packets += link.packets;
                row.flits += link.flits;
                row.busy += link.busy;
            }
            Err(at) => whole.links.insert(at, link),
        }
    }
    whole.steps.extend(part.steps);
    whole.faults.merge(&part.faults);
}

/// Runs one case; returns its timesteps.
fn run_case(case: &Case) -> Result<usize, String> {
    let Case { chip, program, stimulus, .. } = case;
    let fast = run_fast(program, chip, stimulus, (case.run_seed(), Way::usual(2)))?;
    let populations = program.populations.len();
    let retiming = Retiming::by(Timing::Count, NonZero::<usize>::MIN);
    let timed = |records: &[Activity]| {
        let again = retime(records, chip, populations, &retiming);
        again.map(|(ledger, _)| ledger).map_err(|error| error.to_string())
    };
    let mut whole: Option<Ledger> = None;
    for record in &fast.activity {
        let ledger = timed(std::slice::from_ref(record))?;
        let place = |error| format!("sample {}, step {}: {error}", record.sample, record.step);
        check_step(case, record, &ledger).map_err(place)?;
        match &mut whole {
            Some(whole) => append(whole, ledger),
            None => whole = Some(ledger),
        }
    }
    let Some(mut whole) = whole else { return Ok(0) };
    whole.samples.clone_from(&fast.ledger.samples);
    equal("sum of the timesteps and the run", &whole, &fast.ledger)?;
    compare_counts(
        "sum of the samples",
        &whole.total,
        &sum(whole.samples.iter().map(|sample| &sample.counts)),
    )?;
    for (number, sample) in (0..).zip(&whole.samples) {
        let own = whole.steps.iter().filter(|row| row.sample == number);
        let (mut steps, mut time) = (0, Picoseconds::ZERO);
        own.for_each(|row| {
            steps += 1;
            time += row.time.total();
        });
        equal("steps and time of a sample", (steps, time), (sample.steps, sample.time))?;
    }
    Ok(fast.activity.len())
}

#[test]
fn the_tables_of_every_timestep_agree() {
    let (mut failures, mut steps) = (Vec::new(), 0);
    for seed in FIRST..FIRST + CASES {
        match run_case(&Case::draw(seed)) {
            Ok(checked) => steps += checked,
            Err(error) => failures.push(format!("seed {seed}: {error}")),
        }
    }
    println!("{CASES} random cases, {steps} timesteps");
    let shown = failures.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {CASES} cases differ:\n{shown}", failures.len());
    assert!(steps > 10 * CASES as usize, "{steps} timesteps are too few");
}
