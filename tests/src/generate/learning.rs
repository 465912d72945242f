//! Random learning rules, written as text like any other.

use quarrion_isa::chip::Chip;
use quarrion_isa::learning::LearningSettings;
use quarrion_isa::program::PlasticRule;
use quarrion_isa::stimulus::Reward;

use super::dice::Dice;
use super::neurons::CHOICES;
use crate::assemble::{BlockSketch, Sketch};

/// Lets a rule teach some of the packed projections onto a population, now and then.
pub(super) fn draw_rule_onto(dice: &mut Dice, chip: &Chip, sketch: &mut Sketch, target: usize) {
    if !dice.chance(25) {
        return;
    }
    let text = sketch.populations[target]
        .neuron_program
        .map(|at| sketch.neuron_programs[at].clone())
        .unwrap_or_default();
    let known = CHOICES.iter().find(|choice| choice.text == text);
    let words: Vec<String> = known.map_or(Vec::new(), |choice| {
        let state = choice.program.state().iter().map(|word| word.name.clone());
        state.chain(choice.program.parameters().iter().map(|one| one.name.clone())).collect()
    });
    let rule = sketch.learning.len();
    let mut taught = false;
    for projection in &mut sketch.projections {
        let packed = matches!(projection.block, BlockSketch::Packed { .. });
        if projection.target == target && packed && dice.chance(70) {
            projection.learning = Some(rule);
            taught = true;
        }
    }
    if taught {
        let text = draw_rule(dice, &words);
        let weight_bits = chip.core_types[0].weights.widths.last().copied().unwrap_or(8);
        let settings = LearningSettings {
            accumulator_bits: (weight_bits + dice.count(1, 9)).min(32),
            weight_bits,
            delay_bits: 6,
            mantissa_bits: dice.count(2, 6),
            product_bits: if dice.chance(40) { Some(dice.count(8, 20)) } else { None },
        };
        sketch.learning.push(PlasticRule { text, settings });
    }
}

/// The text of a rule; `words` are those that a target's compartment has.
fn draw_rule(dice: &mut Dice, words: &[String]) -> String {
    let mut text = format!("rule drawn\nepoch {}\n", dice.pick(&[1, 1, 2, 3, 5]));
    let mut factors = vec!["x0".to_owned(), "y0".to_owned(), "w".to_owned(), "d".to_owned()];
    for trace in ["x1", "x2", "y1", "y2", "y3"] {
        if dice.chance(60) {
            let bits = dice.count(3, 8);
            let decay = match dice.below(3) {
                0 => format!(", tau {}", dice.count(1, 20)),
                1 => format!(", decay {}", dice.count(0, 4096)),
                _ => String::new(),
            };
            let impulse = dice.count(1, 7 << 3);
            text.push_str(&format!("trace {trace}: u{bits}, impulse {impulse}*2^-3{decay}\n"));
            factors.push(trace.to_owned());
        }
    }
    let tag = dice.chance(40);
    if tag {
        text.push_str(&format!("tag t: s{}\n", dice.count(2, 9)));
        factors.push("t".to_owned());
    }
    if dice.chance(40) {
        let from = match words.get(dice.below(words.len() + 1)) {
            Some(word) => format!("compartment {word}"),
            None => "host".to_owned(),
        };
        text.push_str(&format!("reward r: s{} from {from}\n", dice.count(2, 9)));
        factors.push("r".to_owned());
    }
    let changes: &[&str] = if tag { &["dw", "dd", "dt"] } else { &["dw", "dd"] };
    let mut written = false;
    for change in changes {
        let last = !written && change == changes.last().unwrap_or(change);
        if last || dice.chance(if *change == "dd" { 30 } else { 85 }) {
            written = true;
            let terms: Vec<String> =
                (0..dice.count(1, 4)).map(|_| draw_term(dice, &factors)).collect();
            text.push_str(&format!("{change} = {}\n", terms.join(dice.pick(&[" + ", " - "]))));
        }
    }
    text
}

fn draw_term(dice: &mut Dice, factors: &[String]) -> String {
    let mut parts = vec![format!("2^{}", dice.range(-6, 1))];
    if dice.chance(30) {
        parts.push(dice.count(1, 9).to_string());
    }
    if dice.chance(25) {
        parts.push(format!("u{}", dice.count(0, 2)));
    }
    for _ in 0..dice.count(0, 3) {
        let factor = &factors[dice.below(factors.len())];
        parts.push(match dice.below(6) {
            0 => format!("sgn({factor} - {})", dice.count(0, 20)),
            1 => format!("({factor} + {})", dice.count(1, 20)),
            2 => format!("({factor} - {})", dice.count(1, 20)),
            _ => factor.clone(),
        });
    }
    dice.shuffle(&mut parts);
    parts.join("*")
}

/// Rewards in a sample of so many steps.
pub(super) fn draw_rewards(dice: &mut Dice, steps: u32) -> Vec<Reward> {
    let mut rewards: Vec<Reward> = (0..dice.count(0, 3))
        .map(|_| Reward {
            step: dice.below(steps.max(1) as usize) as u32,
            value: dice.range(-300, 300) as i32,
        })
        .collect();
    rewards.sort_unstable();
    rewards
}
