//! Holds an engine to what a scenario expects.

use quarrion_emulator::{RunOutcome, SpikeRecord};
use quarrion_isa::chip::{Chip, Position};
use quarrion_isa::event::{EventCounts, Phase};
use quarrion_isa::id::{LinkId, PopulationId};
use quarrion_isa::ledger::StepRow;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::quantity::Picoseconds;

use super::build::Scenario;
use super::file::{LinkExpected, TimeExpected};
use crate::bench::load_bench;
use crate::engines::{State, Way, compare_each, probed_states, run_fast, run_reference};

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The reference engine.
    Reference,
    /// The fast engine, in this way.
    Fast(Way),
}

/// What an engine left, in the terms of a scenario.
struct Left {
    spikes: Vec<SpikeRecord>,
    states: Vec<State>,
    output_counts: Vec<Vec<u32>>,
    total: EventCounts,
    /// (link, packets, flits).
    links: Vec<(LinkId, u64, u64)>,
}

/// Runs a scenario on an engine and checks everything that it expects of that engine.
///
/// # Errors
/// Everything that is not as expected, one line each.
pub fn check_scenario(scenario: &Scenario, engine: Engine) -> Result<(), String> {
    let Scenario { chip, program, stimulus, seed, .. } = scenario;
    let (left, fast) = match engine {
        Engine::Reference => {
            let truth = run_reference(program, chip, stimulus, *seed)?;
            let counts = truth.outcome.counts;
            let links =
                counts.links.iter().map(|(link, (packets, flits))| (*link, *packets, *flits));
            let left = Left {
                spikes: truth.spikes,
                states: truth.states,
                output_counts: truth.outcome.output_counts,
                total: counts.total,
                links: links.collect(),
            };
            (left, None)
        }
        Engine::Fast(way) => {
            let fast = run_fast(program, chip, stimulus, (*seed, way))?;
            let rows = fast.ledger.links.iter().map(|row| (row.link, row.packets, row.flits));
            let left = Left {
                spikes: fast.spikes.clone(),
                states: probed_states(program, &fast, fast.activity.len()),
                output_counts: fast.output_counts.clone(),
                total: fast.ledger.total.clone(),
                links: rows.collect(),
            };
            (left, Some((fast, way)))
        }
    };
    let mut wrong = Vec::new();
    wrong.extend(check_spikes(scenario, &left.spikes).err());
    wrong.extend(check_state(scenario, &left.states).err());
    if let Some(expected) = &scenario.expect.output_counts {
        wrong.extend(compare_each("output counts", expected, &left.output_counts).err());
    }
    wrong.extend(check_counts(scenario, &left.total).err());
    wrong.extend(check_links(scenario, &left.links).err());
    if let Some((fast, way)) = fast {
        wrong.extend(check_times(scenario, &fast).err());
        wrong.extend(check_changes(scenario, way).err());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn check_spikes(scenario: &Scenario, found: &[SpikeRecord]) -> Result<(), String> {
    let key = |spike: &SpikeRecord| (spike.sample, spike.step, spike.population, spike.neuron);
    if let Some(expected) = &scenario.expect.spikes {
        let lookup = |(sample, step, population, neuron): &(u32, u32, String, u32)| {
            Ok::<_, String>((*sample, *step, scenario.population(population)?, *neuron))
        };
        let mut expected = expected.iter().map(lookup).collect::<Result<Vec<_>, _>>()?;
        expected.sort_unstable();
        let mut found: Vec<_> = found.iter().map(key).collect();
        found.sort_unstable();
        let line = |(sample, step, population, neuron): &(u32, u32, PopulationId, u32)| {
            let name = &scenario.program.populations[population.index()].name;
            format!("({sample}, {step}, {name:?}, {neuron})")
        };
        let lines = |spikes: &[_]| spikes.iter().map(line).collect::<Vec<_>>().join(", ");
        if expected != found {
            return Err(format!(
                "spikes: expected [{}], found [{}]",
                lines(&expected),
                lines(&found)
            ));
        }
    }
    for (sample, step, population, neuron, payload) in &scenario.expect.payloads {
        let wanted = (*sample, *step, scenario.population(population)?, *neuron);
        let spike = found.iter().find(|spike| key(spike) == wanted);
        if spike.is_none_or(|spike| spike.payload != *payload) {
            return Err(format!("payload of {wanted:?}: expected {payload}, found {spike:?}"));
        }
    }
    Ok(())
}

fn check_state(scenario: &Scenario, states: &[State]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (sample, step, population, neuron, word, expected) in &scenario.expect.state {
        let id = scenario.population(population)?;
        let before = &scenario.stimulus.samples[..*sample as usize];
        let steps = before.iter().map(|sample| scenario.program.sample_steps(sample.steps));
        let at = (steps.sum::<u32>() + step) as usize;
        let position = word_position(scenario, id, word)?;
        let words = states.get(at).and_then(|state| {
            state.iter().find(|(population, found, _)| (*population, *found) == (id, *neuron))
        });
        let found = words.map(|(_, _, words)| words[position]);
        if found != Some(*expected) {
            wrong.push(format!(
                "{word} of {population}[{neuron}] after step {step} of sample {sample}: expected \
                 {expected}, found {found:?}"
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Position of a state word in a population's neuron program.
fn word_position(
    scenario: &Scenario,
    population: PopulationId,
    word: &str,
) -> Result<usize, String> {
    let mut groups = scenario.program.cores.iter().flat_map(|core| &core.groups);
    let group = groups.find(|group| group.population == population).ok_or("no such group")?;
    let text = &scenario.program.neuron_programs[group.neuron_program as usize];
    let parsed = NeuronProgram::parse(text, "scenario").map_err(|_| "does not parse")?;
    parsed.state_index(word).ok_or_else(|| format!("no state word `{word}`"))
}

fn check_counts(scenario: &Scenario, total: &EventCounts) -> Result<(), String> {
    let Some(expected) = &scenario.expect.counts else { return Ok(()) };
    let mut wrong = Vec::new();
    for (kind, found) in total.iter() {
        let expected = expected.get(&kind).copied().unwrap_or(0);
        if expected != found {
            wrong.push(format!("{}: expected {expected}, found {found}", kind.name()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn check_links(scenario: &Scenario, found: &[(LinkId, u64, u64)]) -> Result<(), String> {
    let Some(expected) = &scenario.expect.links else { return Ok(()) };
    let link = |row: &LinkExpected| {
        Ok::<_, String>((link_between(&scenario.chip, row.from, row.to)?, row.packets, row.flits))
    };
    let mut expected = expected.iter().map(link).collect::<Result<Vec<_>, _>>()?;
    expected.sort_unstable();
    compare_each("link", &expected, found)
}

/// The link from one tile to its neighbour.
fn link_between(chip: &Chip, from: (u32, u32), to: (u32, u32)) -> Result<LinkId, String> {
    let mesh = &chip.mesh;
    let tile = |(x, y)| mesh.tile_at(Position { x, y });
    let mut links = Vec::new();
    mesh.route(tile(from), tile(to), |link| links.push(link));
    match links[..] {
        [link] => Ok(link),
        _ => Err(format!("{from:?} and {to:?} are no neighbours")),
    }
}

fn step_row(fast: &RunOutcome, sample: u32, step: u32) -> Result<&StepRow, String> {
    let mut rows = fast.ledger.steps.iter();
    rows.find(|row| (row.sample, row.step) == (sample, step))
        .ok_or_else(|| format!("no step {step} in sample {sample}"))
}

fn check_times(scenario: &Scenario, fast: &RunOutcome) -> Result<(), String> {
    let mut wrong = Vec::new();
    for expected in &scenario.expect.times {
        let TimeExpected { sample, step, .. } = *expected;
        let time = step_row(fast, sample, step)?.time;
        let phases = [
            (Phase::Update, expected.update_ns),
            (Phase::Flush, expected.flush_ns),
            (Phase::Barrier, expected.barrier_ns),
            (Phase::Learning, 0),
            (Phase::Management, expected.management_ns),
            (Phase::Host, expected.host_ns),
        ];
        for (phase, expected_ns) in phases {
            if time.phase(phase) != Picoseconds(expected_ns * 1000) {
                let (name, found) = (phase.name(), time.phase(phase).to_decimal());
                wrong.push(format!(
                    "{name} of step {step}: expected {expected_ns} ns, found {found} ns"
                ));
            }
        }
        if time.bound.to_string() != expected.bound {
            let (bound, found) = (&expected.bound, time.bound);
            wrong.push(format!("bound of step {step}: expected {bound}, found {found}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn check_changes(scenario: &Scenario, way: Way) -> Result<(), String> {
    let Scenario { program, stimulus, seed, .. } = scenario;
    let mut wrong = Vec::new();
    for change in &scenario.expect.changed {
        let sets: Vec<String> = scenario.sets.iter().chain(&change.set).cloned().collect();
        let chip = load_bench(&sets)?.chip;
        let fast = run_fast(program, &chip, stimulus, (*seed, way))?;
        let found = step_row(&fast, change.sample, change.step)?.time.total();
        if found != Picoseconds(change.total_ns * 1000) {
            wrong.push(format!(
                "with {:?} step {} should take {} ns, but takes {} ns",
                change.set,
                change.step,
                change.total_ns,
                found.to_decimal()
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
