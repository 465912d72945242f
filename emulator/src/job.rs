//! What a run is asked for, and what it answers.

use std::ops::{ControlFlow, Range};

use quarrion_isa::activity::Activity;
use quarrion_isa::chip::Chip;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::{ChipId, CoreId, PopulationId, TileId};
use quarrion_isa::learning::{LearnedProjection, RecordedDraws};
use quarrion_isa::ledger::Ledger;
use quarrion_isa::neuron::LaneOptions;
use quarrion_isa::program::Program;
use quarrion_isa::stimulus::{Sample, Stimulus};

use crate::engine::{self, Moment, Outbox, PrepareError, Shard, Tables};
use crate::probe::{PlacedProbe, Probe, ProbeError, ProbeRecord};
use crate::time::{Following, Timing};
use crate::timer::TimerSpec;

/// What to do beside running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Worker threads; changes no byte of the result.
    pub threads: usize,
    /// Seed of every random draw.
    pub seed: u32,
    /// What to keep beside the ledger.
    pub recording: Recording,
    /// Timing model.
    pub timing: Timing,
    /// Packets that are followed link by link, where contention is timed.
    pub following: Following,
    /// State words to record.
    pub probes: Vec<Probe>,
    /// Random numbers of learning that take the place of the run's own: a recorded run's.
    pub record: Option<RecordedDraws>,
    /// How neurons are computed; changes nothing but [`RunOutcome::skipped_updates`].
    pub lanes: LaneOptions,
}

/// What a run keeps beside the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Nothing.
    #[default]
    Ledger,
    /// Every spike.
    Spikes,
    /// Every spike and every activity record.
    Activity,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Samples finished.
    pub samples: usize,
}

/// Hears of progress, from any thread; `Break` ends the run.
pub type Observer<'a> = &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync);

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutcome {
    /// Spikes of each output neuron in its window, per sample.
    pub output_counts: Vec<Vec<u32>>,
    /// Spikes of each population in its window, over all samples.
    pub window_spikes: Vec<u64>,
    /// Event counts and step times.
    pub ledger: Ledger,
    /// Every spike, if recorded, by sample, step, core and loop position.
    pub spikes: Vec<SpikeRecord>,
    /// Every activity record, if recorded, by sample and step.
    pub activity: Vec<Activity>,
    /// What each probe saw, in the order of [`RunOptions::probes`].
    pub probes: Vec<ProbeRecord>,
    /// What the program occupies.
    pub extent: Extent,
    /// Updates that the engine passed over because the neurons were idle; they are counted like
    /// the others.
    pub skipped_updates: u64,
    /// Plastic synapses as the last sample left them, by projection.
    pub learned: Vec<LearnedProjection>,
}

/// A spike of a compartment, with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpikeRecord {
    /// Sample.
    pub sample: u32,
    /// Timestep in the sample.
    pub step: u32,
    /// Population.
    pub population: PopulationId,
    /// Neuron in the population.
    pub neuron: u32,
    /// Payload; 1 for a binary spike.
    pub payload: i32,
}

/// What a program occupies of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Its cores, ascending.
    pub cores: Vec<CoreId>,
    /// How many tiles they lie on.
    pub tiles: u32,
    /// How many chips they lie on.
    pub chips: u32,
}

/// Why a run did not happen or did not finish.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The program contradicts itself: compile it again.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The stimulus does not fit the program: its maker must act.
    #[error("sample {sample}: {what}")]
    Stimulus {
        /// The sample.
        sample: usize,
        /// The rule and the value.
        what: String,
    },
    /// A probe cannot be placed.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The timing model cannot run the chip's mesh, or the mesh deadlocks.
    #[error(transparent)]
    Timing(#[from] Diagnostic),
    /// The observer ended the run.
    #[error("interrupted")]
    Interrupted,
}

impl Extent {
    /// What `program` occupies of `chip`.
    #[must_use]
    pub fn of(program: &Program, chip: &Chip) -> Self {
        Self::of_cores(program.cores.iter().map(|core| core.core).collect(), chip)
    }

    /// What `cores`, ascending, occupy of `chip`.
    #[must_use]
    pub fn of_cores(cores: Vec<CoreId>, chip: &Chip) -> Self {
        let mut tiles: Vec<TileId> = cores.iter().map(|core| chip.tile_of(*core)).collect();
        tiles.sort_unstable();
        tiles.dedup();
        let mut chips: Vec<ChipId> = tiles.iter().map(|tile| chip.mesh.chip_of(*tile)).collect();
        chips.sort_unstable();
        chips.dedup();
        Self { cores, tiles: tiles.len() as u32, chips: chips.len() as u32 }
    }
}

/// Everything that all threads of a run share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Program,
    pub(crate) chip: &'a Chip,
    pub(crate) tables: &'a Tables,
    pub(crate) extent: &'a Extent,
    pub(crate) stimulus: &'a Stimulus,
    pub(crate) options: &'a RunOptions,
    pub(crate) probes: &'a [PlacedProbe],
}

impl<'a> Job<'a> {
    /// How the run's timesteps are timed and counted.
    pub(crate) fn timer_spec(&self) -> TimerSpec<'a> {
        TimerSpec {
            chip: self.chip,
            extent: self.extent,
            populations: self.program.populations.len(),
            timing: self.options.timing,
            following: &self.options.following,
        }
    }

    /// The state of a contiguous range of cores, at reset.
    pub(crate) fn shard(&self, cores: Range<usize>) -> Shard<'a> {
        let RunOptions { seed, lanes, .. } = *self.options;
        let record = self.options.record.as_ref();
        Shard::new(self.tables, &self.chip.faults, cores, (seed, lanes), record)
    }

    /// Leaves in `outbox` what the host sends at a step of a sample, and in `activity` that it did.
    pub(crate) fn inject(
        &self,
        (number, step): (usize, u32),
        sample: &Sample,
        outbox: &mut Outbox,
        activity: &mut Activity,
    ) {
        let moment = Moment { seed: self.options.seed, sample: number as u32, step };
        engine::inject(self.tables, self.chip, moment, sample, outbox, activity);
    }
}
