//! Neuron programs of random cases, and values for their parameters.

use std::sync::{Arc, LazyLock};

use quarrion_isa::neuron::library::SHIPPED;
use quarrion_isa::neuron::{IdleEvidence, NeuronProgram, ParameterDecl, Scope};

use super::Flavour;
use super::dice::Dice;
use crate::assemble::ParameterSketch;
use crate::engines::parsed;

/// Programs that exist to reach what the shipped ones may not: narrow accumulators, several inputs,
/// graded spikes, draws, initial values from parameters, compartments of a neuron.
const OWN: [&str; 9] = [
    "program narrow_wrap
     input a: s10 wrap
     state v: s16
     group vth: 0..32767 = 40
     active when a != 0
     v = clip(v + a, -32768, 32767)
     spike when v > vth { v = 0 }",
    "program narrow_saturate
     input a: s9 saturate
     state v: s16
     group vth: 0..32767 = 40
     v = clip(v + a, -32768, 32767)
     spike when v > vth { v = v - vth }",
    "program two_inputs
     input a: s20 wrap
     input b: s12 saturate
     state v: s24
     group vth: 0..8388607 = 64
     active when a != 0 or b != 0
     v = clip(v + a - 4 * b, -8388608, 8388607)
     spike when v > vth { v = 0 }",
    "program graded
     input a: s24 wrap
     state v: s24
     compartment start: -1000..1000 = 0
     state w: s12 = start
     group vth: 0..8388607 = 64
     active when a != 0
     v = clip(v + a, -8388608, 8388607)
     w = clip(w + 1, -2048, 2047)
     spike(clip(v >> 6, -100, 100)) when v > vth or v < -vth { v = 0 }",
    "program noisy
     input a: s22 wrap
     state v: s24
     group vth: 0..8388607 = 64
     v = clip(v + a + rand(8) - rand(7), -8388608, 8388607)
     spike when v > vth { v = rand(5) }",
    "program soma
     join d: s24 saturate
     state v: s24
     group vth: 0..8388607 = 64
     active when d != 0
     v = d
     spike when v > vth { v = 0 }",
    "program branch
     input a: s22 wrap
     join d: s12 wrap
     state v: s24
     group vth: 0..8388607 = 64
     compartment bias: -1000..1000 = 0
     active when a != 0 or d != 0 or v != 0 or bias != 0
     idle when a == 0 and d == 0 and v == 0 and bias == 0
     v = clip(v + a + d + bias, -8388607, 8388607)
     output v
     spike when v > vth { v = 0 }",
    "program dendrite
     input a: s22 wrap
     state v: s24
     compartment bias: -1000..1000 = 0
     active when a != 0 or v != 0 or bias != 0
     idle when a == 0 and v == 0 and bias == 0
     v = clip(dec(v, 3000) + a + bias, -8388607, 8388607)
     output v",
    "program gate
     input a: s22 wrap
     state v: s24
     group vth: 0..8388607 = 64
     active when a != 0
     v = clip(v + a, -8388607, 8388607)
     output v > vth
     spike when v > vth { v = 0 }",
];

/// Their names.
const OWN_NAMES: [&str; 9] = [
    "narrow_wrap",
    "narrow_saturate",
    "two_inputs",
    "graded",
    "noisy",
    "soma",
    "branch",
    "dendrite",
    "gate",
];

/// Draws a program for compartments that others join, by position in [`CHOICES`].
pub(super) fn draw_part(dice: &mut Dice) -> usize {
    // A branch joins others in turn; there must be an end.
    let name = dice.pick(&["dendrite", "dendrite", "gate", "gate", "branch"]);
    let named = |choice: &Choice| choice.program.name() == name;
    CHOICES.iter().rposition(named).unwrap_or_default()
}

/// A program that a case may use.
#[derive(Debug)]
pub struct Choice {
    /// Its text.
    pub text: String,
    /// The text, parsed.
    pub program: Arc<NeuronProgram>,
}

/// All of them: those without `idle when`, then those with it, of which each also stands among the
/// first, without it.
pub static CHOICES: LazyLock<Vec<Choice>> = LazyLock::new(|| {
    let texts: Vec<&str> = SHIPPED.iter().map(|shipped| shipped.text).chain(OWN).collect();
    let idle = |line: &str| line.trim_start().starts_with("idle when");
    // The canonical text has one line a declaration.
    let without = |program: &NeuronProgram| -> String {
        program.text().lines().filter(|line| !idle(line)).flat_map(|line| [line, "\n"]).collect()
    };
    let plain = texts.iter().map(|text| without(&parsed(text)));
    let skipping = texts.iter().filter(|text| parsed(text).has_idle());
    let all = plain.chain(skipping.map(|text| (*text).to_owned()));
    all.map(|text| Choice { program: parsed(&text), text }).collect()
});

/// Draws one to three programs, by position in [`CHOICES`].
///
/// Those whose `idle when` is searched and not proved are few, since that takes longer than running
/// them; the plainest come most often.
pub(super) fn draw_choices(dice: &mut Dice, flavour: Flavour) -> Vec<usize> {
    let plain: Vec<usize> =
        (0..CHOICES.len()).filter(|&at| !CHOICES[at].program.has_idle()).collect();
    let skipping: Vec<usize> =
        (0..CHOICES.len()).filter(|&at| CHOICES[at].program.has_idle()).collect();
    let proved: Vec<usize> = skipping
        .iter()
        .copied()
        .filter(|&at| CHOICES[at].program.idle_evidence() == Some(IdleEvidence::Proved))
        .collect();
    let common: Vec<usize> = plain
        .iter()
        .copied()
        .filter(|&at| ["cuba_lif", "if_zero", "if_subtract"].contains(&CHOICES[at].program.name()))
        .collect();
    let own: Vec<usize> = plain
        .iter()
        .copied()
        .filter(|&at| OWN_NAMES.contains(&CHOICES[at].program.name()))
        .collect();
    let mut drawn = Vec::new();
    if flavour == Flavour::Crowded {
        let crowd = ["narrow_saturate", "if_subtract"];
        drawn.extend(plain.iter().filter(|&&at| crowd.contains(&CHOICES[at].program.name())));
        return drawn;
    }
    for _ in 0..dice.count(1, 3) {
        let choice = match dice.below(20) {
            0 | 1 => dice.pick(&skipping),
            2..=5 => dice.pick(&proved),
            6..=9 => dice.pick(&common),
            10..=13 => dice.pick(&own),
            _ => dice.pick(&plain),
        };
        if !drawn.contains(&choice) {
            drawn.push(choice);
        }
    }
    drawn
}

/// Draws a value for each parameter of a program, for a population of `size` neurons.
pub(super) fn draw_parameters(
    dice: &mut Dice,
    (program, size): (&NeuronProgram, u32),
    flavour: Flavour,
) -> Vec<ParameterSketch> {
    let draw = |declared: &ParameterDecl| {
        if flavour == Flavour::Crowded && declared.name == "vth" {
            return ParameterSketch::Shared(dice.range(0, 100));
        }
        let percent = if declared.scope == Scope::Compartment { 60 } else { 25 };
        if dice.chance(percent) {
            ParameterSketch::Each((0..size).map(|_| draw_value(dice, declared)).collect())
        } else {
            ParameterSketch::Shared(draw_value(dice, declared))
        }
    };
    program.parameters().iter().map(draw).collect()
}

/// Draws one value: often the default or a small one, so that networks live, sometimes an end of
/// the range.
pub(super) fn draw_value(dice: &mut Dice, declared: &ParameterDecl) -> i64 {
    let (low, high) = (declared.range.low, declared.range.high);
    let drawn = match (declared.name.as_str(), dice.below(10)) {
        ("vth", 0..=7) => dice.range(0, 3000.min(high / 2)),
        ("bias", 0..=4) => dice.range(-200, 2000),
        ("refractory_delay", 0..=7) => dice.range(1, 4),
        (_, 0..=4) => declared.default.into(),
        (_, 5) => low,
        (_, 6) => high,
        (_, 7) => dice.range(-64, 64),
        _ => dice.range(low, high),
    };
    drawn.clamp(low, high)
}
