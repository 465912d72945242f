//! The canonical text of a rule.

use std::fmt::Write;

use super::rule::{
    Checked, Decay, Factor, Form, Gate, IMPULSE_FRACTION, RewardSource, Source, Term, TraceDecl,
    Variable, WeightSigns,
};

/// Prints a rule; parsing the print gives the same rule.
pub(super) fn print_rule(rule: &Checked) -> String {
    let mut out = format!("rule {}\n\nepoch {}\n", rule.name, rule.epoch);
    // Writing to a string cannot fail.
    for (letter, traces) in [('x', &rule.pre[..]), ('y', &rule.post[..])] {
        for (number, trace) in (1..).zip(traces) {
            if let Some(trace) = trace {
                let _ = writeln!(out, "trace {letter}{number}: {}", trace_text(trace));
            }
        }
    }
    if let Some(bits) = rule.tag_bits {
        let _ = writeln!(out, "tag t: s{bits}");
    }
    if let Some(reward) = &rule.reward {
        let _ = match &reward.source {
            RewardSource::Host => writeln!(out, "reward r: s{} from host", reward.bits),
            RewardSource::Compartment(word) => {
                writeln!(out, "reward r: s{} from compartment {word}", reward.bits)
            }
        };
    }
    if rule.signs == WeightSigns::Mixed {
        out.push_str("weights mixed\n");
    }
    out.push('\n');
    for variable in Variable::ALL {
        let terms: Vec<&Term> = rule.terms.iter().filter(|t| t.variable == variable).collect();
        if !terms.is_empty() {
            let _ = writeln!(out, "d{} = {}", variable.name(), sum_text(&terms));
        }
    }
    out
}

fn trace_text(trace: &TraceDecl) -> String {
    let fraction = trace.impulse.trailing_zeros().min(IMPULSE_FRACTION);
    let impulse = match (trace.impulse >> fraction, IMPULSE_FRACTION - fraction) {
        (0, _) => "0".to_owned(),
        (whole, 0) => whole.to_string(),
        (whole, places) => format!("{whole}*2^-{places}"),
    };
    let decay = match trace.decay {
        Decay::None => String::new(),
        Decay::Tau(tau) => format!(", tau {tau}"),
        Decay::Register(register) => format!(", decay {register}"),
    };
    format!("u{}, impulse {impulse}{decay}", trace.bits)
}

fn sum_text(terms: &[&Term]) -> String {
    let mut out = String::new();
    for (position, term) in terms.iter().enumerate() {
        out.push_str(match (position, term.mantissa < 0) {
            (0, false) => "",
            (0, true) => "-",
            (_, false) => " + ",
            (_, true) => " - ",
        });
        out.push_str(&product_text(term));
    }
    out
}

fn product_text(term: &Term) -> String {
    let mut parts = Vec::new();
    if term.mantissa.unsigned_abs() != 1 {
        parts.push(term.mantissa.unsigned_abs().to_string());
    }
    if term.exponent != 0 {
        parts.push(format!("2^{}", term.exponent));
    }
    if term.period > 0 {
        parts.push(format!("u{}", term.period));
    }
    match term.gate {
        Gate::Pre => parts.push("x0".to_owned()),
        Gate::Post => parts.push("y0".to_owned()),
        Gate::Epoch => {}
    }
    parts.extend(term.factors.iter().map(factor_text));
    if parts.is_empty() { "1".to_owned() } else { parts.join("*") }
}

fn factor_text(factor: &Factor) -> String {
    let name = source_text(factor.source);
    let sum = match factor.offset {
        0 => name,
        offset if offset < 0 => format!("{name} - {}", offset.unsigned_abs()),
        offset => format!("{name} + {offset}"),
    };
    match factor.form {
        Form::Sign => format!("sgn({sum})"),
        Form::Value if factor.offset != 0 => format!("({sum})"),
        Form::Value => sum,
    }
}

/// How a rule writes what a factor reads.
pub(super) fn source_text(source: Source) -> String {
    match source {
        Source::PreSpike => "x0".to_owned(),
        Source::PostSpike => "y0".to_owned(),
        Source::PreTrace(index) => format!("x{}", index + 1),
        Source::PostTrace(index) => format!("y{}", index + 1),
        Source::Variable(variable) => variable.name().to_owned(),
        Source::Reward => "r".to_owned(),
    }
}
