//! What a rule needs of a chip and of the neurons that it teaches.

use super::{LearningRule, LearningSettings, RewardSource, Variable};
use crate::chip::{CoreType, Learning};
use crate::diagnostic::Diagnostic;
use crate::neuron::NeuronProgram;

impl LearningRule {
    /// The widths that a kind of core computes the rule in.
    ///
    /// # Errors
    /// Everything that the rule needs and the core has not; who chose the two must act.
    pub fn check_core(&self, core: &CoreType) -> Result<LearningSettings, Vec<Diagnostic>> {
        let Some(learning) = core.learning else {
            let message = format!("cores of type `{}` do not learn", core.name);
            return Err(vec![self.misfit(core, "", message, "choose a chip that learns")]);
        };
        let place = |field| format!("core_types.{}.learning.{field}", core.name);
        let mut found: Vec<Diagnostic> = self
            .demands(&learning)
            .into_iter()
            .filter(|demand| !(demand.low..=demand.high).contains(&demand.value))
            .map(|Demand { field, what, value, low, high }| {
                let message = format!(
                    "{what} of rule `{}` is {value}, but `{}` takes {low} to {high}",
                    self.name(),
                    core.name
                );
                self.misfit(core, &place(field), message, "change the rule, or choose another chip")
            })
            .collect();
        if self.moves_delays() && core.delay_max == 0 {
            let message =
                format!("rule `{}` changes delays, but `{}` stores none", self.name(), core.name);
            let place = format!("core_types.{}.delay_max", core.name);
            found.push(self.misfit(core, &place, message, "drop `dd`, or choose another chip"));
        }
        if !found.is_empty() {
            return Err(found);
        }
        Ok(LearningSettings {
            accumulator_bits: learning.accumulator_bits,
            weight_bits: core.weights.widths.last().copied().unwrap_or(1),
            delay_bits: core.delay_bits().max(1),
            mantissa_bits: learning.mantissa_bits,
            product_bits: learning.product_bits,
        })
    }

    fn misfit(&self, core: &CoreType, place: &str, message: String, help: &str) -> Diagnostic {
        let place =
            if place.is_empty() { format!("core_types.{}", core.name) } else { place.to_owned() };
        Diagnostic::error("QP060", message)
            .at("the chip", &place, format!("for rule `{}`", self.name()))
            .help(help)
    }

    /// Everything that a chip may limit.
    fn demands(&self, learning: &Learning) -> Vec<Demand> {
        let demand = |field, what, value: i64, (low, high): (i64, i64)| Demand {
            field,
            what,
            value,
            low,
            high,
        };
        let mut demands = vec![demand(
            "epoch_max",
            "the epoch",
            self.epoch().into(),
            (1, learning.epoch_max.into()),
        )];
        for trace in self.pre_traces().iter().chain(self.post_traces()).flatten() {
            let limits = (1, learning.trace_bits.into());
            demands.push(demand("trace_bits", "the width of a trace", trace.bits.into(), limits));
        }
        if let Some(bits) = self.tag_bits() {
            demands.push(demand(
                "tag_bits",
                "the width of the tag",
                bits.into(),
                (1, learning.tag_bits.into()),
            ));
        }
        if let Some(products) = learning.products {
            let count = self.terms().len() as i64;
            demands.push(demand("products", "the number of products", count, (1, products.into())));
        }
        let end = 1_i64 << (learning.mantissa_bits - 1);
        let exponents = (learning.exponent_min.into(), learning.exponent_max.into());
        for term in self.terms() {
            demands.push(demand(
                "mantissa_bits",
                "the mantissa of a product",
                term.mantissa,
                (-end, end - 1),
            ));
            demands.push(demand(
                "exponent_min",
                "the exponent of a product",
                term.exponent.into(),
                exponents,
            ));
        }
        demands
    }

    /// Checks that the targets' neuron program has what the rule reads of it.
    ///
    /// # Errors
    /// QP061: the word of `reward ... from compartment WORD` is not there.
    pub fn check_neuron(&self, program: &NeuronProgram) -> Result<(), Diagnostic> {
        let Some(RewardSource::Compartment(word)) = self.reward().map(|reward| &reward.source)
        else {
            return Ok(());
        };
        if program.state_index(word).is_some() || program.parameter_index(word).is_some() {
            return Ok(());
        }
        let state = program.state().iter().map(|word| word.name.as_str());
        let parameters = program.parameters().iter().map(|parameter| parameter.name.as_str());
        let known: Vec<&str> = state.chain(parameters).collect();
        let message = format!(
            "rule `{}` reads `{word}` as its reward, which `{}` has not",
            self.name(),
            program.name()
        );
        Err(Diagnostic::error("QP061", message)
            .at(self.name(), "reward", "read here")
            .help(format!("its words and parameters are {}", known.join(", "))))
    }

    /// Whether a rule keeps the place of a synapse: only delays move it in time.
    #[must_use]
    pub fn moves_delays(&self) -> bool {
        self.changes(Variable::Delay)
    }
}

/// A value of the rule beside a chip's limits.
struct Demand {
    field: &'static str,
    what: &'static str,
    value: i64,
    low: i64,
    high: i64,
}
