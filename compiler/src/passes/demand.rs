//! What a slice asks of a core, and whether cores can give it.

use std::collections::BTreeSet;

use quarrion_isa::chip::{Chip, CoreType, SynapseFormatKind};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::{PopulationId, ProjectionId};

use super::codes;
use super::lists::{ListPlan, ListWork, NoFormat, plan_lists};
use crate::failure::CompileFailure;
use crate::infeasible::{DoesNotFit, Resource, Term};
use crate::layout::Slice;
use crate::quantised::{QuantisedNetwork, QuantisedNeurons, QuantisedProjection};

/// A configuration: a neuron program with the parameters that a group of compartments shares.
pub(crate) type Configuration = (u32, Vec<i64>);

/// What one slice asks of its core.
#[derive(Clone, Debug)]
pub(crate) struct SliceDemand {
    /// The slice, for messages.
    name: String,
    /// Compartments, all those of a neuron counted.
    pub(crate) compartments: u64,
    state_bits: u64,
    /// Longest delay of the synapses onto the slice.
    delay: u64,
    configurations: BTreeSet<Configuration>,
    /// (projection, lists, words) of every projection onto the slice.
    lists: Vec<(String, u64, u64)>,
    longest: (String, u64),
    fan_in: u64,
    /// Instructions of one update.
    pub(crate) instructions: u32,
    /// The blocks that sources reach the slice through.
    pub(crate) reached_by: Vec<Reach>,
    /// Synapses looked at to find this out.
    pub(crate) synapses: u64,
}

/// The sources of one block with what their spikes cost at the slice.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) source: PopulationId,
    pub(crate) kind: SynapseFormatKind,
    /// Ascending.
    pub(crate) neurons: Vec<u32>,
    pub(crate) work: Vec<ListWork>,
}

/// A slice on a core with the axon-out entries of each of its neurons there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) demand: &'a SliceDemand,
    /// Empty where the targets' cores are not known yet.
    pub(crate) axons_out: &'a [u64],
    /// Entries beyond those that each neuron takes for its ways to other chips; empty where the
    /// cores have no numbers yet.
    pub(crate) other_chip: &'a [u64],
}

impl<'a> Held<'a> {
    /// A slice whose axons out are not looked at.
    pub(crate) fn inward(demand: &'a SliceDemand) -> Self {
        Self { demand, axons_out: &[], other_chip: &[] }
    }
}

/// The limits of one kind of core: amount and the chip file's path.
struct Limit {
    bound: u64,
    path: String,
}

impl SliceDemand {
    /// Measures the compartments of one population on the kind of core that it was quantised for.
    fn measure_part(
        network: &QuantisedNetwork,
        chip: &Chip,
        slice: &Slice,
        neurons: &QuantisedNeurons,
    ) -> Result<Self, CompileFailure> {
        let population = network.population(slice.population);
        let core = &chip.core_types[neurons.core_type as usize];
        let name = if slice.size() == population.size {
            format!("`{}`", population.name)
        } else {
            let first = slice.runs.first().map_or(0, |run| run.first);
            format!(
                "{} of {} neurons of `{}`, from {first}",
                slice.size(),
                population.size,
                population.name
            )
        };
        let mut demand = Self {
            name,
            compartments: slice.size().into(),
            state_bits: population.state_bits(
                network.neuron_program(neurons),
                core,
                slice.neurons(),
            ),
            delay: network
                .projections_onto(slice.population)
                .map(|(_, projection)| u64::from(projection.longest_delay()))
                .max()
                .unwrap_or(0),
            configurations: configurations(network, neurons, slice),
            lists: Vec::new(),
            longest: (String::new(), 0),
            fan_in: 0,
            instructions: network.neuron_program(neurons).instruction_count().update,
            reached_by: Vec::new(),
            synapses: 0,
        };
        if slice.size() > core.compartments {
            // Far too large whatever its lists: nobody needs to look at them.
            return Ok(demand);
        }
        let mut fan_in = vec![0_u64; slice.size() as usize];
        for (id, projection) in network.projections_onto(slice.population) {
            let plan = plan_lists(projection, slice, core)
                .map_err(|why| no_format(network, id, core, why))?;
            for (sum, &synapses) in fan_in.iter_mut().zip(&plan.fan_in) {
                *sum += u64::from(synapses);
            }
            demand.add(projection, plan);
        }
        demand.synapses = fan_in.iter().sum();
        demand.fan_in = fan_in.into_iter().max().unwrap_or(0);
        Ok(demand)
    }

    /// Measures a slice on the kind of core that its population was quantised for: its neurons with
    /// all their compartments.
    pub(crate) fn measure(
        network: &QuantisedNetwork,
        chip: &Chip,
        slice: &Slice,
    ) -> Result<Self, CompileFailure> {
        let mut demands = Vec::new();
        for part in network.parts(slice.population) {
            let slice = Slice { population: part, ..slice.clone() };
            if let Some(neurons) = &network.population(part).neurons {
                demands.push(Self::measure_part(network, chip, &slice, neurons)?);
            }
        }
        // The outermost comes last and gives the name; inputs lie on no core.
        let Some(mut whole) = demands.pop() else {
            return Err(CompileFailure::Diagnostics(Vec::new()));
        };
        for part in demands {
            whole.compartments += part.compartments;
            whole.state_bits += part.state_bits;
            whole.delay = whole.delay.max(part.delay);
            whole.configurations.extend(part.configurations);
            whole.lists.extend(part.lists);
            if part.longest.1 > whole.longest.1 {
                whole.longest = part.longest;
            }
            whole.fan_in = whole.fan_in.max(part.fan_in);
            whole.instructions += part.instructions;
            whole.reached_by.extend(part.reached_by);
            whole.synapses += part.synapses;
        }
        Ok(whole)
    }

    fn add(&mut self, projection: &QuantisedProjection, plan: ListPlan) {
        self.lists.push((projection.name.clone(), plan.lists(), plan.words()));
        if plan.longest > self.longest.1 {
            self.longest = (projection.name.clone(), plan.longest);
        }
        let reached = plan.blocks.into_iter().map(|block| Reach {
            source: projection.source,
            kind: block.format.kind,
            neurons: block.sources,
            work: block.work,
        });
        self.reached_by.extend(reached);
    }

    /// The slice in words.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Words of synapse memory.
    pub(crate) fn words(&self) -> u64 {
        self.lists.iter().map(|list| list.2).sum()
    }

    /// Axon-in entries.
    pub(crate) fn axons_in(&self) -> u64 {
        self.lists.iter().map(|list| list.1).sum()
    }
}

/// Distinct configurations among a slice's neurons.
fn configurations(
    network: &QuantisedNetwork,
    neurons: &QuantisedNeurons,
    slice: &Slice,
) -> BTreeSet<Configuration> {
    let program = network.neuron_program(neurons);
    let of = |neuron| (neurons.neuron_program, neurons.configuration(program, neuron));
    if neurons.is_uniform(program) {
        return slice.neurons().take(1).map(of).collect();
    }
    slice.neurons().map(of).collect()
}

/// What is said when no format of the core holds a projection's lists.
fn no_format(
    network: &QuantisedNetwork,
    id: ProjectionId,
    core: &CoreType,
    why: NoFormat,
) -> CompileFailure {
    let projection = &network.projections[id.index()];
    let (what, help) = match why {
        NoFormat::Weights => ("its weights", "widen `weights.widths` or add sign modes"),
        NoFormat::Fields => ("its delay and targets", "widen `delay_widths` or `index_widths`"),
    };
    let message = format!(
        "no synapse format of core type `{}` can store {what}: projection `{}`",
        core.name, projection.name
    );
    let path = format!("core_types.{}.formats", core.name);
    CompileFailure::from(
        Diagnostic::error(codes::NO_FORMAT, message).at("chip", &path, "these").help(help),
    )
}

/// Whether a core of type `core` holds the slices together.
///
/// # Errors
/// The resource that is short by the largest ratio.
pub(crate) fn check_core(
    core: &CoreType,
    place: &str,
    held: &[Held<'_>],
) -> Result<(), Box<DoesNotFit>> {
    let demands: Vec<&SliceDemand> = held.iter().map(|held| held.demand).collect();
    let limit = |bound: Option<u64>, field: &str| {
        bound.map(|bound| Limit { bound, path: format!("core_types.{}.{field}", core.name) })
    };
    let each = |amount: fn(&SliceDemand) -> u64| -> Vec<Term> {
        let terms = demands.iter().map(|demand| Term::new(&*demand.name, amount(demand)));
        terms.filter(|term| term.amount > 0).collect()
    };
    let most = |amount: fn(&SliceDemand) -> u64| -> Vec<Term> {
        let most = demands.iter().max_by_key(|demand| amount(demand));
        most.map(|demand| Term::new(&*demand.name, amount(demand))).into_iter().collect()
    };
    let lists = |amount: fn(&(String, u64, u64)) -> u64| -> Vec<Term> {
        let lists = demands.iter().flat_map(|demand| &demand.lists);
        lists.map(|list| Term::new(&*list.0, amount(list))).filter(|t| t.amount > 0).collect()
    };
    let longest = demands.iter().map(|demand| &demand.longest).max_by_key(|list| list.1);
    let longest = longest.map(|(name, words)| Term::new(format!("one list of {name}"), *words));
    let rows = [
        (
            Resource::Compartments,
            limit(Some(core.compartments.into()), "compartments"),
            each(|d| d.compartments),
        ),
        (
            Resource::StateBits,
            limit(core.state_memory_bits, "state_memory_bits"),
            each(|d| d.state_bits),
        ),
        (
            Resource::AccumulatorSlots,
            limit(core.accumulator_slots.map(u64::from), "accumulator_slots"),
            ring_terms(&demands),
        ),
        (Resource::AxonsIn, limit(Some(core.axons_in.into()), "axons_in"), lists(|list| list.1)),
        (
            Resource::SynapseWords,
            limit(Some(core.synapse_words()), "synapse_memory_bits"),
            lists(|list| list.2),
        ),
        (
            Resource::ListWords,
            limit(core.list_words.map(u64::from), "list_words"),
            longest.into_iter().collect(),
        ),
        (Resource::FanIn, limit(core.fan_in.map(u64::from), "fan_in"), most(|d| d.fan_in)),
        (Resource::AxonsOut, limit(Some(core.axons_out.into()), "axons_out"), axon_terms(held)),
        (Resource::FanOut, limit(core.fan_out.map(u64::from), "fan_out"), most_edges(held)),
        (
            Resource::Configurations,
            limit(core.configurations.map(u64::from), "configurations"),
            configuration_terms(&demands),
        ),
    ];
    let short = rows.into_iter().filter_map(|(resource, limit, demand)| {
        let Limit { bound, path } = limit?;
        let place = place.to_owned();
        let short = DoesNotFit::new(resource, place, demand, (bound, path));
        (short.gap() > 0).then_some(short)
    });
    let worst = short.max_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    worst.map_or(Ok(()), |short| Err(Box::new(short)))
}

/// Accumulator slots: all compartments of a core have rings for its longest delay.
fn ring_terms(demands: &[&SliceDemand]) -> Vec<Term> {
    let slots = demands.iter().map(|demand| demand.delay).max().unwrap_or(0) + 2;
    demands.iter().map(|d| Term::new(&*d.name, d.compartments * slots)).collect()
}

/// Axon-out entries slice by slice, and what ways to other chips take beyond.
fn axon_terms(held: &[Held<'_>]) -> Vec<Term> {
    let mut terms = edge_terms(held, |axons| axons.iter().sum());
    let beyond = held.iter().map(|held| {
        let name = format!("{}, its ways to other chips once more", held.demand.name);
        Term::new(name, held.other_chip.iter().sum())
    });
    terms.extend(beyond.filter(|term| term.amount > 0));
    terms
}

/// Axon-out entries of ways, slice by slice.
fn edge_terms(held: &[Held<'_>], amount: fn(&[u64]) -> u64) -> Vec<Term> {
    let terms = held.iter().map(|h| Term::new(&*h.demand.name, amount(h.axons_out)));
    terms.filter(|term| term.amount > 0).collect()
}

/// The slice with the neuron that owns most axon-out entries.
fn most_edges(held: &[Held<'_>]) -> Vec<Term> {
    let terms = edge_terms(held, |axons| axons.iter().copied().max().unwrap_or(0));
    terms.into_iter().max_by_key(|term| term.amount).into_iter().collect()
}

/// Distinct configurations, each counted with the first slice that brings it.
fn configuration_terms(demands: &[&SliceDemand]) -> Vec<Term> {
    let mut seen = BTreeSet::new();
    let mut terms = Vec::new();
    for demand in demands {
        let new = demand.configurations.iter().filter(|one| seen.insert(*one)).count() as u64;
        if new > 0 {
            terms.push(Term::new(&*demand.name, new));
        }
    }
    terms
}
