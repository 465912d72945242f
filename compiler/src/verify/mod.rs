//! The verifier: proves that a program is the quantised network and keeps the chip's limits.
//!
//! It shares nothing with the passes: it reads the program as an engine would, through `decode`,
//! takes the limits from the chip itself, and accounts for every logical synapse exactly once (once
//! for every compartment that computes its target). A corrupt program gives violations, never a
//! panic.

mod formats;
mod layout;
mod limits;
mod synapses;

use std::fmt;

use quarrion_isa::chip::Chip;
use quarrion_isa::program::{Program, Role};

pub use limits::{Count, count_core};

use crate::quantised::QuantisedNetwork;

/// One thing that a program has wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where in the program.
    pub place: String,
    /// What is wrong, with the numbers.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What has been found so far; a reader needs the first few, not a million.
#[derive(Debug, Default)]
struct Findings {
    violations: Vec<Violation>,
}

/// Most violations that are kept.
const MOST: usize = 32;

impl Findings {
    fn add(&mut self, place: impl Into<String>, what: impl Into<String>) {
        if self.violations.len() < MOST {
            self.violations.push(Violation { place: place.into(), what: what.into() });
        }
    }

    fn demand(&mut self, holds: bool, place: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.add(place, what());
        }
    }

    fn result(self) -> Result<(), Vec<Violation>> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }
}

/// Proves that `program` computes `network` within the limits of `chip`.
///
/// # Errors
/// The first violations found.
///
/// # Complexity
/// Proportional to the logical synapses, and a sort of each core's.
pub fn verify(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
) -> Result<(), Vec<Violation>> {
    let mut findings = Findings::default();
    check_description(program, network, chip, &mut findings);
    let seats = layout::check(program, network, chip, &mut findings);
    // What follows indexes by what was just checked.
    findings.result()?;
    let mut findings = Findings::default();
    formats::check(program, network, chip, &seats, &mut findings);
    findings.result()?;
    let mut findings = Findings::default();
    synapses::check_tables(program, chip, &mut findings);
    findings.result()?;
    let mut findings = Findings::default();
    limits::check(program, network, chip, &mut findings);
    synapses::check(program, network, chip, &seats, &mut findings);
    findings.result()
}

/// What lets a person read results says what the network says.
fn check_description(
    program: &Program,
    network: &QuantisedNetwork,
    chip: &Chip,
    findings: &mut Findings,
) {
    let same = |findings: &mut Findings, place: &str, holds: bool| {
        findings.demand(holds, place, || "differs from the network's".into());
    };
    same(findings, "name", program.name == network.name);
    same(findings, "output", program.output == network.output);
    findings.demand(program.chip == chip.name, "chip", || "is another chip's name".into());
    let texts = network.neuron_programs.iter().map(|neuron_program| neuron_program.text());
    same(findings, "neuron_programs", program.neuron_programs.iter().eq(texts));
    same(findings, "learning", program.learning == network.learning);
    same(findings, "populations", program.populations.len() == network.populations.len());
    for (stated, meant) in program.populations.iter().zip(&network.populations) {
        let role = if meant.neurons.is_some() { Role::Neurons } else { Role::Input };
        let holds = stated.name == meant.name
            && stated.shape == meant.shape
            && stated.size == meant.size
            && stated.first_ordinal == meant.first_ordinal
            && stated.role == role
            && stated.phase == meant.phase
            && stated.part_of == meant.part_of
            && stated.scale.to_bits() == meant.scale.to_bits();
        same(findings, &format!("population `{}`", meant.name), holds);
    }
    same(findings, "projections", program.projections.len() == network.projections.len());
    for (stated, meant) in program.projections.iter().zip(&network.projections) {
        let holds = stated.name == meant.name
            && stated.source == meant.source
            && stated.target == meant.target
            && stated.synapses == meant.connections.synapse_count()
            && stated.delay == meant.delay
            && stated.exponent == meant.exponent
            && stated.error.to_bits() == meant.error.to_bits();
        same(findings, &format!("projection `{}`", meant.name), holds);
    }
}
