//! The best mapping by every objective asked for, of all that the strategies made.

use std::collections::BTreeMap;

use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use serde::Serialize;

use super::choose::choose;
use super::clear::{Unplaced, dead_way};
use super::cut::{Cut, fits, share_cores, too_few};
use super::like::{self, Kept};
use super::measure::{Measured, Meter};
use super::mend::{Mended, Relieved, mend, mend_apart, relieved};
use super::options::{Objective, PlannerOptions, Strategy};
use super::place::{available, place};
use super::predict::{Prediction, measure_and_predict, predict};
use super::refine::Refiner;
use super::search::Search;
use super::{Candidate, Notes, Part, check_mapping};
use crate::failure::CompileFailure;
use crate::infeasible::DoesNotFit;
use crate::layout::Mapping;
use crate::passes::codes;
use crate::quantised::QuantisedNetwork;

/// Synapses looked at by the balanced cut, beside a multiple of the network's own.
const BALANCE_WORK: (u64, u64) = (2_000_000, 24);

/// Most synapses looked at by the balanced cut.
const BALANCE_MOST: u64 = 4_000_000_000;

/// Most parts that copying neurons may add, in boards full of cores.
const COPIES_MOST: usize = 4;

/// What one objective would have chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The objective.
    pub objective: Objective,
    /// The strategy that made the mapping.
    pub strategy: Strategy,
    /// What the mapping takes.
    pub prediction: Prediction,
    /// What the strategy looked at to make its mappings.
    pub work: Work,
}

/// What a strategy looked at, in counts that no machine changes; nothing for a given mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Layouts that were weighed.
    pub layouts: u64,
    /// Those of them that were placed and measured as whole mappings.
    pub placed: u64,
    /// Synapses looked at that no strategy before had measured in the same slice; the plain cut,
    /// with which all begin, counts for the greedy one.
    pub synapses: u64,
    /// Nets that the partitioner was allowed to look at.
    pub nets: u64,
}

/// The mapping chosen, and what else was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) mapping: Mapping,
    /// The chosen one first, then `latency` and `cores`.
    pub(crate) answers: Vec<Answer>,
    /// The best of every strategy for the objective.
    pub(crate) strategies: Vec<Answer>,
    /// Spikes per step of every neuron.
    pub(crate) rates: Vec<Vec<f64>>,
    /// Cores that no mapping can do without.
    pub(crate) core_bound: u32,
    /// How much of the mapping to be kept was.
    pub(crate) kept: Option<Kept>,
    pub(crate) notes: Notes,
}

/// Makes a mapping, or checks the one that is given.
///
/// # Errors
/// What no mapping of the network onto the chip can have, or what is wrong with the given one.
pub(crate) fn plan(
    network: &QuantisedNetwork,
    chip: &Chip,
    options: &PlannerOptions,
    given: Option<&Mapping>,
    seed: u64,
) -> Result<Plan, CompileFailure> {
    let rates = options.rates.resolve(network)?;
    let meter = Meter::new(network, chip, rates);
    let plan = match given {
        Some(mapping) => {
            let measured = check_mapping(&meter, mapping)?;
            let prediction = predict(&meter, mapping, &measured);
            given_plan(mapping.clone(), prediction, options.objective)
        }
        None => {
            let cores = allowed(chip, options.cores);
            Planner { meter: &meter, options, seed, cores }.plan()?
        }
    };
    let mut plan = plan;
    if let Some(old) = &options.like {
        let kept = Kept::count(network, old, &plan.mapping);
        plan.notes.extend(not_kept(kept, &plan.answers));
        plan.kept = Some(kept);
    }
    Ok(Plan { core_bound: core_bound(&meter), rates: meter.rates, ..plan })
}

/// The plan of a mapping that nothing is compared with.
fn given_plan(mapping: Mapping, prediction: Prediction, objective: Objective) -> Plan {
    let work = Work::default();
    let answer = Answer { objective, strategy: Strategy::Given, prediction, work };
    Plan { mapping, answers: vec![answer.clone()], strategies: vec![answer], ..Plan::default() }
}

/// What a reader should know of an earlier mapping that was not kept.
fn not_kept(kept: Kept, answers: &[Answer]) -> Option<Diagnostic> {
    let made_anew = answers.iter().all(|answer| answer.strategy != Strategy::Given);
    let message = if kept.shared == 0 {
        "the earlier mapping places none of this network's neurons: it was made without it".into()
    } else if made_anew {
        format!(
            "the earlier mapping leaves no cores for the rest, or no ways over what is dead: it was \
             made anew, and {} of {} neurons are where they were",
            kept.stayed, kept.shared
        )
    } else {
        return None;
    };
    let found = Diagnostic::warning(codes::NOT_KEPT, message);
    Some(
        found
            .at("--like", "", "this mapping")
            .help("name a mapping of an earlier state of this network, or leave `--like` out"),
    )
}

/// Cores that no mapping can do without: compartments and state bits over what a core has, kind
/// by kind.
fn core_bound(meter: &Meter<'_>) -> u32 {
    let mut bound = 0;
    for (index, kind) in (0..).zip(&meter.chip.core_types) {
        let (mut compartments, mut state) = (0_u64, 0_u64);
        for population in &meter.network.populations {
            let Some(neurons) = &population.neurons else { continue };
            if neurons.core_type == index {
                let program = meter.network.neuron_program(neurons);
                compartments += u64::from(population.size);
                state += population.state_bits(program, kind, 0..population.size);
            }
        }
        let by_state = kind.state_memory_bits.map_or(0, |bits| state.div_ceil(bits.max(1)));
        bound += compartments.div_ceil(u64::from(kind.compartments.max(1))).max(by_state);
    }
    u32::try_from(bound).unwrap_or(u32::MAX)
}

/// Cores of each kind that may be used.
fn allowed(chip: &Chip, most: Option<u32>) -> Vec<usize> {
    let cores = available(chip).into_iter();
    cores.map(|cores| most.map_or(cores, |most| cores.min(most as usize))).collect()
}

/// What the strategies made.
#[derive(Default)]
struct Found {
    candidates: Vec<Candidate>,
    works: BTreeMap<Strategy, Work>,
    /// What a core was short of once it was known where its ways lead.
    short: Option<Box<DoesNotFit>>,
}

struct Planner<'a> {
    meter: &'a Meter<'a>,
    options: &'a PlannerOptions,
    seed: u64,
    cores: Vec<usize>,
}

impl Planner<'_> {
    fn plan(&self) -> Result<Plan, CompileFailure> {
        let cut = Cut::new(self.meter)?;
        let mut notes = Notes::new();
        if let Some(old) = &self.options.like
            && !old.cores.is_empty()
            && let Some(mapping) = like::keep(self.meter, &cut, old)?
        {
            let (measured, prediction) = measure_and_predict(self.meter, &mapping)?;
            if dead_way(self.meter, &mapping, &measured).is_none() {
                return Ok(given_plan(mapping, prediction, self.options.objective));
            }
        }
        let parts = cut.alone();
        // Copies ask for ways of their own; where they never end, axons out are what is short.
        let most = parts.len() + COPIES_MOST * self.meter.chip.cores.len();
        let alone = mend(self.meter, parts, most)??;
        let Found { candidates, works, short } = self.candidates(&cut, &alone, &mut notes)?;
        let Some(best) = choose(&candidates, &self.options.objective) else {
            return Err(short.map_or_else(|| self.failure(&alone), CompileFailure::from));
        };
        let answer = |objective: Objective, candidate: &Candidate| Answer {
            objective,
            strategy: candidate.strategy,
            prediction: candidate.prediction.clone(),
            work: works.get(&candidate.strategy).copied().unwrap_or_default(),
        };
        let mut answers = vec![answer(self.options.objective, best)];
        for objective in [Objective::Latency, Objective::Cores] {
            if objective != self.options.objective
                && let Some(candidate) = choose(&candidates, &objective)
            {
                answers.push(answer(objective, candidate));
            }
        }
        let mut strategies = Vec::new();
        for &strategy in &self.options.strategies {
            let own: Vec<Candidate> =
                candidates.iter().filter(|c| c.strategy == strategy).cloned().collect();
            let best = choose(&own, &self.options.objective);
            strategies.extend(best.map(|candidate| answer(self.options.objective, candidate)));
        }
        let mapping = best.mapping.clone();
        Ok(Plan { mapping, answers, strategies, notes, ..Plan::default() })
    }

    /// Every mapping that the strategies make and that fits, and what each strategy looked at.
    fn candidates(
        &self,
        cut: &Cut<'_>,
        alone: &Mended,
        notes: &mut Notes,
    ) -> Result<Found, CompileFailure> {
        let mut found = Found::default();
        let shared = share_cores(self.meter, alone);
        let alone = &alone.parts;
        let roomy = fits(alone, &self.cores);
        for &strategy in &self.options.strategies {
            let mut work = Work::default();
            let synapses = if strategy == Strategy::Greedy { 0 } else { self.meter.work() };
            let placed = found.candidates.len() as u64;
            match strategy {
                Strategy::Greedy => {
                    if roomy {
                        self.add(strategy, alone.clone(), &mut found)?;
                    } else if fits(&shared, &self.cores) {
                        notes.push(shared_cores(self.meter.chip, alone.len()));
                    }
                    if shared.len() < alone.len() {
                        self.add(strategy, shared.clone(), &mut found)?;
                    }
                }
                Strategy::Balanced if roomy => {
                    let most = BALANCE_WORK.0 + BALANCE_WORK.1 * synapses;
                    let (weighed, best) = cut.balance(&self.cores, most.min(BALANCE_MOST))?;
                    work.layouts = weighed;
                    for parts in best {
                        self.add(strategy, parts, &mut found)?;
                    }
                }
                Strategy::Multilevel => {
                    let (cores, effort) = (&self.cores, self.options.effort);
                    let search = Search::new(self.meter, cut.cutters(), cores, effort, self.seed)?;
                    for objective in self.searched() {
                        work.nets += search.effort();
                        if let Some(parts) = search.parts(&objective)? {
                            self.add(strategy, parts, &mut found)?;
                        }
                    }
                    work.layouts = self.refine(&mut found.candidates)?;
                }
                Strategy::Balanced | Strategy::Given => {}
            }
            work.placed = found.candidates.len() as u64 - placed;
            work.layouts = work.layouts.max(work.placed);
            work.synapses = self.meter.work() - synapses;
            found.works.insert(strategy, work);
        }
        if found.candidates.is_empty() && found.short.is_some() {
            self.add_apart(cut, &mut found)?;
        }
        Ok(found)
    }

    /// Adds what exact figures make of the best mappings so far, for the objectives that the
    /// partitioner knows in part only; says how many layouts were weighed.
    fn refine(&self, candidates: &mut Vec<Candidate>) -> Result<u64, CompileFailure> {
        if matches!(self.options.objective, Objective::Latency | Objective::Cores) {
            return Ok(0);
        }
        let mut weighed = 0;
        for objective in self.searched() {
            let Some(start) = choose(candidates, &objective) else { continue };
            let mut refiner = Refiner::new(self.meter, objective, self.options.cores, self.seed);
            candidates.extend(refiner.run(start)?);
            weighed += refiner.weighed;
        }
        Ok(weighed)
    }

    /// Cores so filled that it does not matter which ways leave their chip: where traffic alone
    /// decides, parts lie where they have too few axons out.
    fn add_apart(&self, cut: &Cut<'_>, found: &mut Found) -> Result<(), CompileFailure> {
        let cores = self.cores.iter().sum::<usize>();
        let most = cores + COPIES_MOST * self.meter.chip.cores.len();
        if let Ok(apart) = mend_apart(self.meter, cut.alone(), most)? {
            self.add(Strategy::Greedy, share_cores(self.meter, &apart), found)?;
        }
        Ok(())
    }

    /// The objectives that the partitioner is asked for.
    fn searched(&self) -> Vec<Objective> {
        let mut all = vec![Objective::Latency, Objective::Cores];
        match self.options.objective {
            Objective::Latency | Objective::Cores => {}
            Objective::Traffic | Objective::Energy => {
                all.extend([Objective::Traffic, Objective::Energy]);
            }
            Objective::Mix(weights) => all.push(Objective::Mix(weights)),
        }
        all
    }

    /// Mends and places parts and says what they take; nothing where there are too few cores.
    ///
    /// Only on cores it shows which ways leave their chip, and what axons out those take: cores
    /// that are too full then are split, and all is placed again.
    fn add(
        &self,
        strategy: Strategy,
        mut parts: Vec<Part>,
        found: &mut Found,
    ) -> Result<(), CompileFailure> {
        let cores = self.cores.iter().sum();
        let mut last = None;
        loop {
            let mended = mend(self.meter, parts, cores)?.ok();
            let mended = mended.filter(|mended| fits(&mended.parts, &self.cores));
            let placed = mended.and_then(|Mended { parts, measured }| {
                place(self.meter, &parts, &measured, self.seed).ok()
            });
            let Some(mapping) = placed else {
                found.short = last.or(found.short.take());
                return Ok(());
            };
            let measured = Measured::of_cores(self.meter, &mapping.cores)?;
            let seated: Vec<Part> =
                mapping.cores.iter().map(|core| self.meter.part(core)).collect();
            match relieved(self.meter, &seated, &measured) {
                Ok(None) => {
                    let prediction = predict(self.meter, &mapping, &measured);
                    found.candidates.push(Candidate { strategy, mapping, prediction });
                    return Ok(());
                }
                Ok(Some(more)) if more.parts.len() > seated.len() => {
                    (last, parts) = (Some(more.short), more.parts);
                }
                Ok(Some(Relieved { short, .. })) | Err(short) => {
                    found.short = Some(short);
                    return Ok(());
                }
            }
        }
    }

    /// Why there is no mapping.
    fn failure(&self, alone: &Mended) -> CompileFailure {
        let shared = share_cores(self.meter, alone);
        if fits(&shared, &self.cores) {
            let mended = mend(self.meter, shared.clone(), self.cores.iter().sum());
            if let Ok(Ok(Mended { parts, measured })) = mended
                && let Err(Unplaced::Blocked(blocked)) =
                    place(self.meter, &parts, &measured, self.seed)
            {
                return blocked.misfit(self.meter.chip).into();
            }
        }
        let path = self.options.cores.map(|_| "the number of cores that may be used");
        too_few(self.meter, &shared, &self.cores, path).into()
    }
}

/// Says that populations share cores for want of them.
fn shared_cores(chip: &Chip, apart: usize) -> Diagnostic {
    let message =
        format!("parts of different populations share cores: apart they would take {apart} cores");
    Diagnostic::note(codes::SHARED_CORES, message)
        .at(&chip.name, "cores", format!("{} cores", chip.cores.len()))
        .help("a chip with more cores would take shorter timesteps")
}
