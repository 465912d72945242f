//! What a caller may choose of a mapping.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::rates::Rates;
use crate::layout::Mapping;

/// What a mapping is asked to be good at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// The fewest cores; of equals the shorter timestep.
    Cores,
    /// The fewest packets a timestep.
    Traffic,
    /// The shortest predicted timestep; of those within a hundredth the fewest cores.
    #[default]
    Latency,
    /// The least predicted energy a timestep.
    Energy,
    /// The least product of all four, each to the power of its weight.
    Mix(Weights),
}

/// How much each figure counts in a mix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Weights {
    /// Cores.
    pub cores: f64,
    /// Packets a timestep.
    pub traffic: f64,
    /// Predicted time of a timestep.
    pub latency: f64,
    /// Predicted energy of a timestep.
    pub energy: f64,
}

/// A way to make mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Populations in as few boxes as fit, on cores of their own while there are enough.
    Greedy,
    /// The same boxes cut finer where the timestep waits for them.
    Balanced,
    /// Blocks of neurons through the multilevel hypergraph partitioner.
    Multilevel,
    /// What a person or another run has given.
    Given,
}

/// How long mappings are sought, counted in work, never in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// By the size of the network: small ones are done at once.
    #[default]
    Auto,
    /// So many millions of nets looked at; roughly 100 a second.
    Millions(u32),
}

/// What a caller may choose of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannerOptions {
    /// What the mapping is asked to be good at.
    pub objective: Objective,
    /// Strategies that may be used.
    pub strategies: Vec<Strategy>,
    /// Cores that may be used; all of the board without it.
    pub cores: Option<u32>,
    /// How long is searched.
    pub effort: Effort,
    /// How often neurons spike, for the traffic; it changes no spike.
    pub rates: Rates,
    /// An earlier mapping to keep where the network has not changed.
    pub like: Option<Mapping>,
}

impl Default for PlannerOptions {
    fn default() -> Self {
        Self {
            objective: Objective::default(),
            strategies: vec![Strategy::Greedy, Strategy::Balanced, Strategy::Multilevel],
            cores: None,
            effort: Effort::Auto,
            rates: Rates::default(),
            like: None,
        }
    }
}

impl Objective {
    /// The name, as it is given on a command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cores => "cores",
            Self::Traffic => "traffic",
            Self::Latency => "latency",
            Self::Energy => "energy",
            Self::Mix(_) => "mix",
        }
    }
}

impl Strategy {
    /// The name, as it is given on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Greedy => "greedy",
            Self::Balanced => "balanced",
            Self::Multilevel => "multilevel",
            Self::Given => "given",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::Greedy, Self::Balanced, Self::Multilevel];
        let found = known.into_iter().find(|strategy| strategy.name() == text);
        found.ok_or_else(|| format!("`{text}` is not greedy, balanced or multilevel"))
    }
}

impl FromStr for Objective {
    type Err = String;

    /// Reads `latency`, or a mix such as `cores=1,latency=2`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cores" => return Ok(Self::Cores),
            "traffic" => return Ok(Self::Traffic),
            "latency" => return Ok(Self::Latency),
            "energy" => return Ok(Self::Energy),
            _ => {}
        }
        let mut weights = Weights::default();
        let mut named: Vec<&str> = Vec::new();
        for term in text.split(',') {
            let wrong = || {
                format!(
                    "`{term}` is not cores, traffic, latency, energy or a mix cores=1,latency=2"
                )
            };
            let (name, weight) = term.split_once('=').ok_or_else(wrong)?;
            let weight: f64 = weight.parse().map_err(|_| wrong())?;
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(format!("the weight in `{term}` is not a number from 0 up"));
            }
            if named.contains(&name) {
                return Err(format!("`{text}` weighs {name} twice"));
            }
            named.push(name);
            match name {
                "cores" => weights.cores = weight,
                "traffic" => weights.traffic = weight,
                "latency" => weights.latency = weight,
                "energy" => weights.energy = weight,
                _ => return Err(wrong()),
            }
        }
        if weights == Weights::default() {
            return Err(format!("`{text}` weighs nothing: one weight has to be above 0"));
        }
        Ok(Self::Mix(weights))
    }
}
