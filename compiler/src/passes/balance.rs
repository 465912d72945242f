//! Balance: a phase for every population, a delay for every projection.
//!
//! A spike takes one step on a chip, in the framework `total_delay` steps. With phases that keep
//! `phase(target) >= phase(source) + 1 - total_delay` for every projection, the difference is a
//! delay of zero or more, and spikes of one input step meet. The phases are the smallest such: the
//! longest path from the inputs. A delay lies in the synapses, or in the source's axon where that
//! can carry it and the synapses store too few. A cycle whose projections are all recurrent costs
//! as many steps on the chip as in the framework, so its populations share one phase.

use quarrion_isa::diagnostic::Diagnostic;

use super::axon_delays::split_waits;
use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::layout::Sums;
use crate::network::{Network, Population, Projection, Role};

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let network = draft.network;
    let steps = steps_onto(draft, &draft.sums);
    let phases = find_phases(network, &steps);
    let limit = |projection: &Projection| {
        let choice = draft.choices[projection.target.index()].as_ref();
        choice.map_or(0, |choice| draft.chip.core_types[choice.core_type as usize].delay_max)
    };
    let limits: Vec<u32> = network.projections.iter().map(limit).collect();
    let mut wanted: Vec<i64> = wanted_delays(network, &phases, &steps);
    draft.waits = split_waits(draft, &mut wanted, &limits);
    let mut delays = Vec::with_capacity(network.projections.len());
    for ((projection, wanted), limit) in network.projections.iter().zip(wanted).zip(limits) {
        let given = wanted.clamp(0, i64::from(limit));
        if given != wanted {
            draft.notes.push(unbalanced(network, projection, wanted, given));
        }
        delays.push(given as u32);
    }
    (draft.phases, draft.delays) = (phases, delays);
    Ok(())
}

/// Steps that a spike takes onto each population of the network: one, and one over partial sums.
pub(super) fn steps_onto(draft: &Draft<'_>, sums: &Sums) -> Vec<u32> {
    draft.ids.iter().map(|&id| 1 + u32::from(sums.parts_of(id).is_some())).collect()
}

/// Checks that nothing but time changes when a spike takes `after` steps onto each population
/// instead of `before`.
///
/// # Errors
/// What would change, as the end of a sentence.
pub(super) fn shifted_by(draft: &Draft<'_>, before: &[u32], after: &[u32]) -> Result<(), String> {
    let network = draft.network;
    let (old, new) = (find_phases(network, before), find_phases(network, after));
    let slack = |projection: &Projection, phases: &[u32], steps: &[u32]| {
        let (source, target) = (projection.source.index(), projection.target.index());
        i64::from(phases[target]) - i64::from(phases[source]) - i64::from(steps[target])
    };
    for projection in &network.projections {
        let name = &projection.name;
        let (was, is) = (slack(projection, &old, before), slack(projection, &new, after));
        if projection.given.is_some() && is != was {
            return Err(format!("`{name}` would meet the layer's spikes in another step"));
        }
        let choice = draft.choices[projection.target.index()].as_ref();
        let limit = choice.map_or(0, |one| draft.chip.core_types[one.core_type as usize].delay_max);
        let (was, is) =
            (was + i64::from(projection.total_delay()), is + i64::from(projection.total_delay()));
        if projection.given.is_none() && is != was && !(0..=i64::from(limit)).contains(&is) {
            return Err(if is < 0 {
                format!("`{name}` is part of a loop, which would take a step longer")
            } else {
                format!("`{name}` would wait {is} steps, and synapses store {limit}")
            });
        }
    }
    Ok(())
}

/// The delays at which the spikes of all projections arrive as the framework has them.
fn wanted_delays(network: &Network, phases: &[u32], steps: &[u32]) -> Vec<i64> {
    let wanted = |projection: &Projection| {
        wanted_delay(projection, phases, steps[projection.target.index()])
    };
    network.projections.iter().map(wanted).collect()
}

/// The delay at which a projection's spikes arrive as the framework has them.
///
/// A network of given integers was made for the chip: a layer is a step there too, and spikes that
/// skip layers arrive early on purpose.
fn wanted_delay(projection: &Projection, phases: &[u32], steps: u32) -> i64 {
    if projection.given.is_some() {
        return i64::from(projection.delay_steps);
    }
    let phase = |index: usize| i64::from(phases[index]);
    phase(projection.target.index()) - phase(projection.source.index()) - i64::from(steps)
        + i64::from(projection.total_delay())
}

/// The smallest phases: 0 for inputs, at least 1 for neurons, and room on every projection.
///
/// A loop with fewer framework steps than populations could never be satisfied: the projection
/// that closes it is left out, and shows up with a negative delay.
///
/// # Complexity
/// Populations times projections for each projection that is left out, and once more.
fn find_phases(network: &Network, steps: &[u32]) -> Vec<u32> {
    let mut kept = vec![true; network.projections.len()];
    loop {
        match settle(network, &kept, steps) {
            Ok(phases) => return phases.into_iter().map(|phase| phase as u32).collect(),
            Err(endless) => kept[endless] = false,
        }
    }
}

/// Longest paths over the kept projections; the one to leave out where there is no end to them.
fn settle(network: &Network, kept: &[bool], steps: &[u32]) -> Result<Vec<i64>, usize> {
    let first = |(p, &steps): (&Population, &u32)| {
        if p.role == Role::Input { 0 } else { i64::from(steps) }
    };
    let least = network.populations.iter().zip(steps).map(first);
    let mut phases: Vec<i64> = least.collect();
    let mut pushed_by: Vec<Option<usize>> = vec![None; phases.len()];
    let mut last = None;
    for _ in 0..=phases.len() {
        last = None;
        for (index, projection) in network.projections.iter().enumerate() {
            let (source, target) = (projection.source.index(), projection.target.index());
            let least =
                phases[source] + i64::from(steps[target]) - i64::from(framework_delay(projection));
            if kept[index] && phases[target] < least {
                phases[target] = least;
                pushed_by[target] = Some(index);
                last = Some(index);
            }
        }
        if last.is_none() {
            return Ok(phases);
        }
    }
    Err(closing_edge(network, &pushed_by, last.unwrap_or_default()))
}

/// Steps that bring a projection's target nearer to its source; given delays make no layer later.
fn framework_delay(projection: &Projection) -> u32 {
    match projection.given {
        Some(_) => u32::from(projection.recurrent),
        None => projection.total_delay(),
    }
}

/// The projection that closes the loop behind the endless growth of `last`'s target.
fn closing_edge(network: &Network, pushed_by: &[Option<usize>], last: usize) -> usize {
    let before = |edge: usize| pushed_by[network.projections[edge].source.index()].unwrap_or(edge);
    // So many steps back lead into the loop, wherever its growth was noticed.
    let inside = (0..pushed_by.len()).fold(last, |edge, _| before(edge));
    let mut closing = inside;
    let mut edge = before(inside);
    while edge != inside {
        if network.projections[edge].recurrent && !network.projections[closing].recurrent {
            closing = edge;
        }
        edge = before(edge);
    }
    closing
}

/// The warning about a projection whose spikes come too early or too late.
fn unbalanced(network: &Network, projection: &Projection, wanted: i64, given: i64) -> Diagnostic {
    let name = |id| &network.population(id).name;
    let (source, target) = (name(projection.source), name(projection.target));
    let (steps, when) = if given < wanted {
        (wanted - given, "early: the chip stores no longer delay")
    } else {
        (given - wanted, "late: its loop leaves no room for the steps that it costs")
    };
    let message = format!(
        "the edge `{source}` -> `{target}` cannot be balanced: its spikes arrive {steps} steps {when}"
    );
    Diagnostic::warning(codes::UNBALANCED, message)
        .at(&network.name, &projection.name, format!("wants a delay of {wanted}, gets {given}"))
        .help("the output will differ from the trained network's: change the edge or its path")
}

#[cfg(test)]
mod tests {
    use super::{find_phases, wanted_delays};
    use crate::passes::test_networks::{Edge, chain};

    #[test]
    fn skip_connections_wait_and_cycles_share_a_phase() {
        // 0 -> 1 -> 2 -> 3 with a skip 0 -> 3, a cycle between 1 and 2, and 2 onto itself.
        let recurrent = |source, target| Edge { source, target, delay_steps: 0, recurrent: true };
        let forward = |source, target| Edge { source, target, delay_steps: 0, recurrent: false };
        let network = chain(
            4,
            &[
                forward(0, 1),
                recurrent(1, 2),
                recurrent(2, 1),
                recurrent(2, 2),
                forward(2, 3),
                forward(0, 3),
            ],
        );
        let phases = find_phases(&network, &[1; 4]);
        assert_eq!(phases, [0, 1, 1, 2]);
        let delays = wanted_delays(&network, &phases, &[1; 4]);
        assert_eq!(delays, [0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_loop_without_room_is_late_on_one_edge() {
        // Two populations in a loop of one framework step: the chip needs two.
        let edge = |source, target, recurrent| Edge { source, target, delay_steps: 0, recurrent };
        let network = chain(3, &[edge(0, 1, false), edge(1, 2, false), edge(2, 1, true)]);
        let phases = find_phases(&network, &[1; 3]);
        let delays = wanted_delays(&network, &phases, &[1; 3]);
        assert_eq!(delays.iter().filter(|&&delay| delay < 0).count(), 1);
        assert_eq!(delays.iter().sum::<i64>(), -1);
    }
}
