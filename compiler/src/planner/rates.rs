//! How often neurons spike, as the planner needs it: spikes per step of every neuron.

use quarrion_isa::diagnostic::Diagnostic;

use crate::layout::parse_sum_name;
use crate::passes::codes;
use crate::quantised::{QuantisedNetwork, QuantisedPopulation};

/// Spikes per step of a neuron nobody knows more about.
pub const UNIFORM_RATE: f64 = 0.1;

/// Spikes per step of a partial sum: almost always one of its many sources spikes.
const SUM_RATE: f64 = 1.0;

/// How often neurons spike.
#[derive(Clone, Debug, PartialEq)]
pub enum Rates {
    /// All alike, in spikes per step.
    Uniform(f64),
    /// By population: (name, spikes per step of each of its neurons); others as [`UNIFORM_RATE`].
    Populations(Vec<(String, f64)>),
    /// By population: (name, spikes per step of every neuron); others as [`UNIFORM_RATE`].
    Named(Vec<(String, Vec<f64>)>),
    /// By neuron, population by population as the program numbers them.
    Neurons(Vec<Vec<f64>>),
}

impl Default for Rates {
    fn default() -> Self {
        Self::Uniform(UNIFORM_RATE)
    }
}

impl Rates {
    /// One value a neuron, population by population.
    ///
    /// # Errors
    /// QM003: rates of another network, or beyond 0..=1.
    pub(super) fn resolve(&self, network: &QuantisedNetwork) -> Result<Vec<Vec<f64>>, Diagnostic> {
        let wrong = |what: String| {
            Diagnostic::error(codes::WRONG_RATES, what)
                .at(&network.name, "rates", "these")
                .help("give one rate in 0..=1 for every neuron, from a run of this network")
        };
        let legal = |rate: f64| (0.0..=1.0).contains(&rate);
        let usual = |p: &QuantisedPopulation, rate: f64| {
            if p.sums_for.is_some() { SUM_RATE } else { rate }
        };
        let all = |rate: f64| {
            network.populations.iter().map(move |p| vec![usual(p, rate); p.size as usize])
        };
        let known = |name: &str| network.populations.iter().any(|p| p.name == name);
        let stray = |names: Vec<&String>| {
            // Partial sums of the run that the rates are from need not be those of this mapping.
            let summed = |name: &str| parse_sum_name(name).is_some_and(|(whole, _)| known(whole));
            let stray = names.into_iter().find(|name| !known(name) && !summed(name));
            stray.map(|name| wrong(format!("rates name `{name}`, which is no population")))
        };
        let rates: Vec<Vec<f64>> = match self {
            Self::Uniform(rate) => all(*rate).collect(),
            Self::Populations(given) => {
                let known = |name: &str| given.iter().find(|(known, _)| known == name);
                if let Some(stray) = stray(given.iter().map(|(name, _)| name).collect()) {
                    return Err(stray);
                }
                let of = |population: &QuantisedPopulation| {
                    let unknown = usual(population, UNIFORM_RATE);
                    let rate = known(&population.name).map_or(unknown, |(_, rate)| *rate);
                    vec![rate; population.size as usize]
                };
                network.populations.iter().map(of).collect()
            }
            Self::Named(given) => {
                if let Some(stray) = stray(given.iter().map(|(name, _)| name).collect()) {
                    return Err(stray);
                }
                let mut rates: Vec<Vec<f64>> = all(UNIFORM_RATE).collect();
                for (population, rates) in network.populations.iter().zip(&mut rates) {
                    let own = given.iter().find(|(name, _)| *name == population.name);
                    let Some((name, own)) = own else { continue };
                    if own.len() != rates.len() {
                        let message = format!(
                            "there are {} rates for the {} neurons of `{name}`",
                            own.len(),
                            rates.len()
                        );
                        return Err(wrong(message));
                    }
                    rates.clone_from(own);
                }
                rates
            }
            Self::Neurons(given) => {
                let sizes = network.populations.iter().map(|p| p.size as usize);
                if !given.iter().map(Vec::len).eq(sizes) {
                    return Err(wrong("rates do not have one value for every neuron".into()));
                }
                given.clone()
            }
        };
        match rates.iter().flatten().find(|&&rate| !legal(rate)) {
            Some(rate) => Err(wrong(format!("a rate of {rate} spikes per step is not in 0..=1"))),
            None => Ok(rates),
        }
    }
}
