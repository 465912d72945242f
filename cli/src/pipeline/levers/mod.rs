//! What would make a network fit, or take fewer cores: changes of the chip, each tried by
//! compiling again, plainly mapped for few cores.

mod knobs;

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileFailure, CompileOptions, Compiled, compile};
use quarrion_compiler::infeasible::{DoesNotFit, Lever, Resource};
use quarrion_compiler::network::Network;
use quarrion_compiler::planner::{Objective, PlannerOptions, Strategy};
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use serde::Serialize;

use crate::args::ChipArgs;
use knobs::{Knob, Step, for_fewer_cores, for_misfit};

/// Synapses of a network up to which levers are tried without being asked for.
const SYNAPSES_MAX: u64 = 20_000_000;

/// A network and a chip, to be tried with changes of the chip.
pub(super) struct Trials<'a> {
    pub(super) network: &'a Network,
    pub(super) chip: &'a Chip,
    pub(super) options: &'a CompileOptions,
    pub(super) asked: &'a ChipArgs,
    pub(super) seed: u32,
}

/// Why a network takes as many cores as it does, and what each lever would give.
#[derive(Clone, Debug, Serialize)]
pub struct LeverSurvey {
    /// The network on the chip as it is, mapped for few cores like all the rest.
    pub now: Lever,
    /// What its cores hold of every resource that adds up over cores, fullest first.
    pub volumes: Vec<Volume>,
    /// Changes with which it takes fewer cores, by kind and size.
    pub levers: Vec<Lever>,
    /// Changes of a kind that gave nothing.
    pub in_vain: Vec<String>,
}

/// How many cores one resource alone would ask for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Volume {
    /// The resource.
    pub resource: Resource,
    /// How much is in use over all cores.
    pub used: u64,
    /// How much a used core has.
    pub a_core: u64,
    /// Cores that hold as much, were it spread at will.
    pub cores: u64,
}

impl Trials<'_> {
    /// Adds to what does not fit where its bound is set, and what would help; levers of a mapping
    /// that was given, and of networks so large that trials take long, are not tried.
    pub(super) fn advise(&self, result: &mut DoesNotFit) {
        result.bound_place = self.place_of(&result.bound_path);
        if self.synapses() > SYNAPSES_MAX || self.options.mapping.is_some() {
            return;
        }
        if self.options.planner.cores.is_some() {
            let change = "without a limit of cores".to_owned();
            let step = Step { change, sets: Vec::new() };
            result.levers.extend(self.attempt(&step).ok());
        }
        for knob in for_misfit(self.chip, result, self.options.planner.cores) {
            match self.smallest(&knob) {
                Ok(lever) => result.levers.push(lever),
                Err(why) => result.in_vain.push(in_vain(&knob, why, result.resource)),
            }
        }
    }

    /// Tries every change that may make the network take fewer cores.
    ///
    /// # Errors
    /// Why it does not fit the chip as it is.
    pub(super) fn survey(&self) -> Result<LeverSurvey, CompileFailure> {
        let step = Step { change: "as it is".into(), sets: Vec::new() };
        let made = compile(self.network, self.chip, &self.plainly(self.options.planner.cores))?;
        let now = lever(&step, &made);
        let (mut levers, mut vain) = (Vec::new(), Vec::new());
        for knob in for_fewer_cores(self.chip) {
            let before = levers.len();
            let mut least = now.cores;
            for step in &knob.steps {
                let Ok(lever) = self.attempt(step) else { continue };
                if lever.cores < least {
                    least = lever.cores;
                    levers.push(lever);
                }
            }
            if levers.len() == before {
                vain.push(knob.what);
            }
        }
        Ok(LeverSurvey { now, volumes: volumes(&made, self.chip), levers, in_vain: vain })
    }

    /// The first step with which the network fits; else why the last one does not help.
    fn smallest(&self, knob: &Knob) -> Result<Lever, Vain> {
        let mut why = Vain::Refused(String::new());
        for step in &knob.steps {
            match self.attempt(step) {
                Ok(lever) => return Ok(lever),
                Err(still) => why = still,
            }
        }
        Err(why)
    }

    /// The network on the changed chip.
    fn attempt(&self, step: &Step) -> Result<Lever, Vain> {
        let mut cores = self.options.planner.cores;
        let changed = if step.sets.is_empty() {
            cores = None;
            None
        } else {
            let all: Vec<String> = self.asked.sets.iter().chain(&step.sets).cloned().collect();
            let changed = load_chip(&self.asked.chip, &all);
            let mut changed = changed.map_err(|error| refused(&error.diagnostics))?.chip;
            changed.draw_faults(self.seed);
            Some(changed)
        };
        let chip = changed.as_ref().unwrap_or(self.chip);
        match compile(self.network, chip, &self.plainly(cores)) {
            Ok(made) => Ok(lever(step, &made)),
            Err(CompileFailure::DoesNotFit(short)) => Err(Vain::Short(short.resource)),
            Err(CompileFailure::Diagnostics(found)) => Err(refused(&found)),
        }
    }

    /// Options of a plain mapping for few cores.
    fn plainly(&self, cores: Option<u32>) -> CompileOptions {
        let planner = PlannerOptions {
            objective: Objective::Cores,
            strategies: vec![Strategy::Greedy],
            cores,
            rates: self.options.planner.rates.clone(),
            ..PlannerOptions::default()
        };
        CompileOptions { planner, mapping: None, ..self.options.clone() }
    }

    fn synapses(&self) -> u64 {
        let each = self.network.projections.iter().map(|p| p.connectivity.synapse_count());
        each.fold(0, u64::saturating_add)
    }

    /// The text and line that set a value of the chip.
    fn place_of(&self, path: &str) -> Option<String> {
        let loaded = load_chip(&self.asked.chip, &self.asked.sets).ok()?;
        let row = loaded.provenance.into_iter().find(|row| row.path == path)?;
        let set_in = row.set_in;
        Some(if set_in == "--set" { set_in } else { format!("{set_in}, line {}", row.line) })
    }
}

/// What a change gave; of narrower weights how far off they are.
fn lever(step: &Step, made: &Compiled) -> Lever {
    let errors = made.program.projections.iter().map(|projection| projection.error);
    let error = errors.fold(0.0, f64::max);
    let change = if step.change.ends_with("-bit weights") {
        format!("{} (errors up to {:.1} %)", step.change, 100.0 * error)
    } else {
        step.change.clone()
    };
    let step_ps = made.answers.first().map_or(0.0, |answer| answer.prediction.step_ps);
    Lever {
        change,
        sets: step.sets.clone(),
        cores: made.program.cores.len() as u32,
        step_ps: step_ps.round() as u64,
    }
}

/// Why a change does not help.
enum Vain {
    /// Something is still short.
    Short(Resource),
    /// Chip or network cannot be so.
    Refused(String),
}

/// The first of findings as a reason.
fn refused(found: &[Diagnostic]) -> Vain {
    Vain::Refused(found.first().map_or_else(String::new, |first| first.message.clone()))
}

/// A kind of change that did not help, with why where that is news.
fn in_vain(knob: &Knob, why: Vain, before: Resource) -> String {
    match why {
        Vain::Short(short) if short != before => {
            format!("{} (then short of {})", knob.what, short.name())
        }
        Vain::Refused(why) if !why.is_empty() => format!("{} ({why})", knob.what),
        _ => knob.what.clone(),
    }
}

/// What the cores hold of every resource that adds up, by the cores that it alone would ask for.
fn volumes(made: &Compiled, chip: &Chip) -> Vec<Volume> {
    let summed = [
        Resource::Compartments,
        Resource::StateBits,
        Resource::AccumulatorSlots,
        Resource::AxonsIn,
        Resource::AxonsOut,
        Resource::SynapseWords,
    ];
    let cores = &made.utilisation.cores;
    let volume = |resource: Resource| {
        let (mut used, mut a_core, mut needed) = (0, 0, 0);
        for kind in (0..).take(chip.core_types.len()) {
            let own = cores.iter().filter(|core| chip.cores[core.core.index()].core_type == kind);
            let uses: Vec<_> = own.filter_map(|core| core.of(resource)).collect();
            let sum: u64 = uses.iter().map(|usage| usage.used).sum();
            let most = uses.first().map_or(0, |usage| usage.available);
            used += sum;
            a_core = a_core.max(most);
            needed += sum.div_ceil(most.max(1));
        }
        (a_core > 0).then_some(Volume { resource, used, a_core, cores: needed })
    };
    let mut volumes: Vec<Volume> = summed.into_iter().filter_map(volume).collect();
    // The fullest first, by share and not only by whole cores.
    let share = |volume: &Volume| volume.used as f64 / volume.a_core as f64;
    volumes.sort_by(|a, b| share(b).total_cmp(&share(a)));
    volumes
}
