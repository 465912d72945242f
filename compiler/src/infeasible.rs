//! Does not fit, as a value: what is asked, of what, how much there is and where that was set.

use std::fmt;

use quarrion_isa::id::PopulationId;
use serde::Serialize;

/// What a chip can run out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Cores of the board.
    Cores,
    /// Compartments of a core.
    Compartments,
    /// State memory of a core.
    StateBits,
    /// Axon-in entries of a core.
    AxonsIn,
    /// Axon-out entries of a core.
    AxonsOut,
    /// Synapse memory of a core.
    SynapseWords,
    /// Synapse memory that one list may own.
    ListWords,
    /// Accumulator slots of a core: its delay rings.
    AccumulatorSlots,
    /// Synapses that may end in one compartment.
    FanIn,
    /// Axon-out entries that one compartment may own.
    FanOut,
    /// Distinct compartment groups of a core.
    Configurations,
    /// Ways between cores that cross nothing dead.
    Ways,
}

/// One named part of a demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// What asks.
    pub name: String,
    /// How much.
    pub amount: u64,
}

/// A change with which the network fits: tried, not guessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lever {
    /// The change in words.
    pub change: String,
    /// The same as values of the chip, as `--set` takes them.
    pub sets: Vec<String>,
    /// Cores that the network then lies on.
    pub cores: u32,
    /// Predicted time of its timestep then.
    ///
    /// # Units
    /// ps.
    pub step_ps: u64,
}

/// The result of a network that a chip cannot hold.
///
/// Not an error of anybody: network and chip are both valid. The demand is the sum of its terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoesNotFit {
    /// What ran out.
    pub resource: Resource,
    /// Where: a population's smallest part, or a core.
    pub place: String,
    /// The population of which one neuron alone is too large, where that is so.
    #[serde(skip)]
    pub population: Option<PopulationId>,
    /// The demand, term by term.
    pub demand: Vec<Term>,
    /// How much there is.
    pub bound: u64,
    /// The chip file's field that sets the bound.
    pub bound_path: String,
    /// The text and line that set it, where the caller knows them.
    pub bound_place: Option<String>,
    /// What the chip would need to spread the demand over cores; `None` where nothing would.
    pub lacks: Option<String>,
    /// Changes with which it fits, where the caller has tried some.
    pub levers: Vec<Lever>,
    /// Kinds of change that were tried and did not help.
    pub in_vain: Vec<String>,
}

impl Resource {
    /// The resource in words, plural, with what is counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cores => "cores",
            Self::Compartments => "compartments",
            Self::StateBits => "state memory bits",
            Self::AxonsIn => "axon-in entries",
            Self::AxonsOut => "axon-out entries",
            Self::SynapseWords => "synapse memory words",
            Self::ListWords => "synapse memory words of one list",
            Self::AccumulatorSlots => "accumulator slots",
            Self::FanIn => "synapses onto one compartment",
            Self::FanOut => "axon-out entries of one compartment",
            Self::Configurations => "distinct configurations",
            Self::Ways => "ways that cross nothing dead",
        }
    }
}

impl Term {
    /// A term.
    #[must_use]
    pub fn new(name: impl Into<String>, amount: u64) -> Self {
        Self { name: name.into(), amount }
    }
}

impl DoesNotFit {
    /// What is short, with the bound and the field that sets it.
    #[must_use]
    pub fn new(
        resource: Resource,
        place: String,
        demand: Vec<Term>,
        (bound, bound_path): (u64, String),
    ) -> Self {
        Self {
            resource,
            place,
            population: None,
            demand,
            bound,
            bound_path,
            bound_place: None,
            lacks: None,
            levers: Vec::new(),
            in_vain: Vec::new(),
        }
    }

    /// The whole demand.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.demand.iter().map(|term| term.amount).sum()
    }

    /// How much is missing.
    #[must_use]
    pub fn gap(&self) -> u64 {
        self.total().saturating_sub(self.bound)
    }

    /// How many times the bound the demand is; for choosing a finer cut.
    pub(crate) fn ratio(&self) -> f64 {
        self.total() as f64 / self.bound.max(1) as f64
    }
}

impl fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "does not fit: {} at {}", self.resource.name(), self.place)?;
        let total = self.total();
        let width = total.max(self.bound).to_string().len();
        writeln!(f, "  demand {total:>width$}")?;
        for term in &self.demand {
            writeln!(f, "    {:>width$}  {}", term.amount, term.name, width = width + 5)?;
        }
        let place = self.bound_place.as_ref().map_or_else(String::new, |p| format!(" ({p})"));
        writeln!(f, "  bound  {:>width$}  set by {}{place}", self.bound, self.bound_path)?;
        write!(f, "  gap    {:>width$}", self.gap())?;
        if let Some(lacks) = &self.lacks {
            write!(f, "\n  lacks  {lacks}")?;
        }
        for lever in &self.levers {
            let plural = if lever.cores == 1 { "" } else { "s" };
            let step = time(lever.step_ps);
            write!(
                f,
                "\n  fits   {} on {} core{plural}, {step} a step",
                lever.change, lever.cores
            )?;
            let sets: Vec<String> = lever.sets.iter().map(|set| format!("--set {set}")).collect();
            if !sets.is_empty() {
                write!(f, ": {}", sets.join(" "))?;
            }
        }
        if !self.in_vain.is_empty() {
            write!(f, "\n  not by {}", self.in_vain.join(", "))?;
        }
        if !self.levers.is_empty() {
            write!(f, "\n  tried by compiling again, for few cores and without search")?;
        }
        Ok(())
    }
}

impl std::error::Error for DoesNotFit {}

/// Picoseconds as nanoseconds or microseconds with one decimal, rounded to nearest.
fn time(ps: u64) -> String {
    let (ps, name) = if ps < 1_000_000 { (ps, "ns") } else { (ps / 1000, "us") };
    let tenths = ps.saturating_add(50) / 100;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}
