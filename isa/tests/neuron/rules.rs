//! Learning rules: messages, canonical texts, arithmetic, damaged texts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use quarrion_isa::learning::{
    CODES, Decay, Draws, LearningRule, LearningSettings, Scene, TraceDraw, Variable, decay, library,
};

use super::messages::render;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rule")
}

fn good() -> String {
    std::fs::read_to_string(folder().join("good.rule")).expect("good.rule")
}

/// Loihi's widths.
pub(super) const LOIHI: LearningSettings = LearningSettings {
    accumulator_bits: 16,
    weight_bits: 8,
    delay_bits: 6,
    mantissa_bits: 4,
    product_bits: None,
};

/// Name, code, what of the good rule is replaced, by what.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("a program instead of a rule", "QP003", "rule good", "program good"),
    ("no decay after the comma", "QP003", "tau 10", "time 10"),
    ("a reward from nowhere", "QP003", "from host", "from above"),
    ("a bracket that was never opened", "QP003", "+ d)", "+ d}"),
    ("an unknown factor", "QP050", "*y1*x0", "*y4*x0"),
    ("a trace that is not declared", "QP050", "*y1*x0", "*y2*x0"),
    ("a trace that there is not", "QP050", "trace x2", "trace x3"),
    ("a change of a trace", "QP050", "dd =", "dx1 ="),
    ("a tag of another name", "QP050", "tag t", "tag e"),
    ("an exponent out of range", "QP051", "2^-3", "2^-33"),
    ("a power of three", "QP051", "2^-3", "3^3"),
    ("powers that add up", "QP051", "*2^-8", "*2^-20*2^-20"),
    ("a sum inside a product", "QP052", "(4 + d)", "(x1 + d)"),
    ("a comparison", "QP052", "r*t*2^-8", "r > t"),
    ("a term of zero", "QP053", "2^-2*x1", "0*x1"),
    ("two epochs", "QP054", "weights mixed", "epoch 8"),
    ("a trace declared twice", "QP054", "trace x2: u5", "trace x1: u5"),
    ("two sums for the weight", "QP054", "dd =", "dw ="),
    ("an epoch of nothing", "QP055", "epoch 4", "epoch 0"),
    ("an impulse beyond the trace", "QP055", "impulse 3\n", "impulse 32\n"),
    ("an impulse finer than its parts", "QP055", "33*2^-1", "33*2^-8"),
    ("a signed trace", "QP055", "x2: u5", "x2: s5"),
    ("a decay beyond all", "QP055", "decay 400", "decay 4097"),
    ("a constant too large", "QP055", "3*2^-3", "99999*2^-3"),
    ("a trace that nothing reads", "QP057", "(x2 + 1)", "2"),
    ("a product too wide", "QP058", "r*t*2^-8", "r*t*t*w*w*d"),
];

#[test]
fn every_message_equals_its_golden_text() {
    let good = good();
    let rule = LearningRule::parse(&good, "good.rule").expect("the good rule is good");
    assert_eq!(rule.warnings(), []);
    let (mut seen, mut rendered) = (BTreeSet::new(), String::new());
    let empty = ("nothing changes", "QP056", &good[good.find("dw").expect("dw")..], "\n");
    for (name, code, replace, by) in CASES.iter().copied().chain([empty]) {
        assert_eq!(good.matches(replace).count(), 1, "{name}: `{replace}`");
        let text = good.replacen(replace, by, 1);
        let found = match LearningRule::parse(&text, "rule") {
            Ok(rule) => rule.warnings().to_vec(),
            Err(found) => found,
        };
        assert!(found.iter().any(|each| each.code == code), "{name}: {found:#?}");
        seen.extend(found.iter().map(|each| each.code));
        rendered.push_str(&format!("== {name}\n{}\n", render(&text, &found)));
    }
    let golden = folder().join("messages.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &rendered).expect("the golden text is written");
    }
    assert_eq!(rendered, std::fs::read_to_string(golden).expect("a golden text"));
    // Those from 60 on are about chips and neurons and are shown where these are.
    let own = CODES.iter().map(|entry| entry.code).filter(|code| *code < "QP060");
    assert!(own.into_iter().all(|code| seen.contains(code)), "{seen:?}");
}

#[test]
fn the_print_of_a_rule_is_the_rule() {
    let texts = library::SHIPPED.iter().map(|shipped| shipped.text.to_owned()).chain([good()]);
    for text in texts {
        let rule = LearningRule::parse(&text, "rule").expect("a good rule");
        assert_eq!(rule.warnings(), []);
        let again = LearningRule::parse(rule.text(), "print").expect("its print is good");
        assert_eq!((&again, again.text()), (&rule, rule.text()));
    }
}

#[test]
fn shipped_rules_are_found_by_either_spelling() {
    for shipped in library::SHIPPED {
        let rule = LearningRule::parse(shipped.text, shipped.name).expect("valid");
        assert_eq!(rule.name(), shipped.name);
        assert!(shipped.text.contains("# Source:"), "{}", shipped.name);
        let hyphens = shipped.name.replace('_', "-");
        assert_eq!(library::find(&hyphens).map(|found| found.name), Some(shipped.name));
    }
}

/// exp(-1 / tau) to 2^-32, from tables.
#[test]
fn decay_factors_are_the_exponential() {
    let factor = |tau| Decay::Tau(tau).factor();
    // 0.367879441171, 0.904837418036, 0.999984741211 times 2^32.
    assert_eq!([factor(1), factor(10)], [1_580_030_169, 3_886_247_119]);
    assert_eq!(factor(65_535), 4_294_901_759);
    assert_eq!(Decay::None.factor(), 1 << 32);
    assert_eq!(Decay::Register(4096).factor(), 0);
    assert_eq!(Decay::Register(1024).factor(), 3 << 30);
    // 16 x 0.9048 = 14.477: up where the draw lies below 0.477.
    let at = |share: f64| decay(16, factor(10), (share * 4_294_967_296.0) as u32);
    assert_eq!([at(0.47), at(0.48)], [15, 14]);
}

#[test]
fn a_change_is_rounded_between_its_neighbours_and_stops_at_the_ends() {
    let accumulator = LOIHI.accumulate(LOIHI.widen(40), 100);
    let round = |share: u32, step| LOIHI.round(accumulator, step, (0, 255), || share << 24);
    // 40 + 100/128: up in 100 of 128 cases; to even weights, 40 + 100/256 of the way to 42.
    assert_eq!([round(199, 0).value, round(200, 0).value], [41, 40]);
    assert_eq!([round(99, 1).value, round(100, 1).value], [42, 40]);
    let top = LOIHI.round(LOIHI.accumulate(0, 1 << 40), 0, (0, 200), || 0);
    assert_eq!((top.value, top.saturated), (200, true));
    assert_eq!(LOIHI.accumulate(0, -(1 << 40)), -(1 << 15));
}

/// The term 3*2^-3*x1*(w - 100) by hand: 3 x 20 x (40 - 100) / 8 = -450 weights, in parts of 2^7.
#[test]
fn a_term_is_its_product() {
    let text = "rule one\ntrace x1: u7, impulse 1\ndw = 3*2^-3*x1*(w - 100)\n";
    let rule = LearningRule::parse(text, "one").expect("valid");
    let wide = LearningSettings { accumulator_bits: 24, weight_bits: 16, ..LOIHI };
    let contribution = |settings, trace| {
        let scene = Scene { pre: [trace, 0], variables: [40, 0, 0], ..Scene::default() };
        rule.terms()[0].contribution(&rule.term_widths(settings)[0], &scene)
    };
    assert_eq!(contribution(&wide, 20), -450 << 7);
    assert_eq!(contribution(&LOIHI, 20), -(1 << 15));
    assert_eq!(contribution(&LOIHI, 2), -45 << 7);
    // 7 bits of x1, 9 of w and 4 of the mantissa are 20: 5 low bits go, rounding down.
    let cut = LearningSettings { product_bits: Some(15), ..LOIHI };
    assert_eq!(contribution(&cut, 2), (-360 >> 5) << (5 + 7 - 3));
}

#[test]
fn periods_count_epochs_from_one() {
    let rule = LearningRule::parse("rule p\ndw = u2*1 + 1\n", "p").expect("valid");
    let due: Vec<u32> = (1..=9).filter(|&epoch| rule.terms()[0].is_due(epoch)).collect();
    assert_eq!(due, [4, 8]);
    assert!((1..=9).all(|epoch| rule.terms()[1].is_due(epoch)));
    assert!(rule.changes(Variable::Weight) && !rule.changes(Variable::Delay));
}

#[test]
fn a_history_holds_the_spike_at_its_step() {
    let text = "rule h\nepoch 3\ntrace x1: u7, impulse 100, decay 2048\ndw = x1\n";
    let rule = LearningRule::parse(text, "h").expect("valid");
    let trace = rule.pre_traces()[0].expect("declared");
    let mut history = [80, 0, 0, 0];
    trace.fill_history(2, trace.decay.factor(), TraceDraw::default(), &mut history);
    assert_eq!(history, [80, 40, 120, 60]);
    trace.fill_history(0, trace.decay.factor(), TraceDraw::default(), &mut history);
    assert_eq!(history, [80, 40, 20, 10]);
    assert_eq!(trace.add_impulse(40, 0), 127);
}

#[test]
fn draws_differ_by_neuron_trace_step_and_sample() {
    let draws = |sample, step| Draws { seed: 1, sample, step, record: None };
    let mut seen = BTreeSet::new();
    for sample in 0..3 {
        for step in 0..3 {
            for ordinal in 0..3 {
                let draws = draws(sample, step);
                (0..2).for_each(|trace| assert!(seen.insert(draws.pre(ordinal, trace).decay)));
                (0..3).for_each(|trace| assert!(seen.insert(draws.post(ordinal, trace).decay)));
                for target in 0..3 {
                    assert!(draws.synapse(ordinal, target, 1).iter().all(|&one| seen.insert(one)));
                }
            }
        }
    }
}

/// Texts like rules, most of them damaged.
fn texts() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "rule",
        "r",
        "epoch",
        "4",
        "trace",
        "x1",
        ":",
        "u7",
        ",",
        "impulse",
        "16",
        "tau",
        "decay",
        "tag",
        "t",
        "s9",
        "reward",
        "from",
        "host",
        "compartment",
        "weights",
        "mixed",
        "dw",
        "dd",
        "=",
        "2",
        "^",
        "-",
        "*",
        "+",
        "(",
        ")",
        "sgn",
        "w",
        "y0",
        "x0",
        "u2",
        "\n",
        "\n",
        "0",
        "99999999999",
        "}",
        "{",
        "1",
    ]);
    let cuts = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), words.clone());
    let damaged = prop::collection::vec(cuts, 1..5).prop_map(|cuts| {
        let mut text = good();
        for (from, length, word) in cuts {
            let from = from.index(text.len());
            let to = (from + length.index(12)).min(text.len());
            text.replace_range(from..to, word);
        }
        text
    });
    let made = prop::collection::vec(words, 0..40)
        .prop_map(|words| format!("rule r\n{}\n", words.join(" ")));
    proptest::prop_oneof![damaged, made]
}

proptest! {
    #[test]
    fn any_text_is_a_rule_or_has_a_message(text in texts()) {
        match LearningRule::parse(&text, "text") {
            Ok(rule) => {
                let again = LearningRule::parse(rule.text(), "print").expect("its print is good");
                prop_assert_eq!(&again, &rule);
                let end = i32::from(i16::MAX);
                let (pre, post) = ([end; 2], [end; 3]);
                let (spikes, variables, reward) = ([1, 1], [-end; 3], end);
                let scene = Scene { spikes, pre, post, variables, reward };
                for (term, widths) in rule.terms().iter().zip(rule.term_widths(&LOIHI)) {
                    let size = term.contribution(&widths, &scene).abs();
                    prop_assert!(size <= 1 << 15);
                }
            }
            Err(found) => prop_assert!(!found.is_empty()),
        }
    }
}
