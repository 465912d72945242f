//! From expressions to sums of products.

use super::check::Checker;
use super::rule::{Factor, Form, Gate, Source, Term, Variable};
use crate::diagnostic::Span;
use crate::neuron::syntax::{Node, NodeKind};

/// Largest power of two, up or down.
const POWER_MAX: i32 = 32;
/// Longest period of a term: 2^15 epochs.
const PERIOD_MAX: u32 = 15;
/// Bits of the largest constant.
const CONSTANT_BITS: u32 = 16;
/// Bits that the factors of a product may have together.
const PRODUCT_BITS: u32 = 60;
/// Bits that are taken for weights, delays: more than any format stores.
const VARIABLE_BITS: u32 = 17;

/// Mantissa and exponent of a constant product such as `3*2^-2`; `None` for anything else.
pub(super) fn constant(node: &Node) -> Option<(i64, i32)> {
    match &node.kind {
        NodeKind::Number(value) => Some((*value, 0)),
        NodeKind::Operator("-", parts) if parts.len() == 1 => {
            constant(&parts[0]).map(|(mantissa, exponent)| (-mantissa, exponent))
        }
        NodeKind::Operator("*", parts) => {
            let (left, right) = (constant(&parts[0])?, constant(&parts[1])?);
            Some((left.0.checked_mul(right.0)?, left.1 + right.1))
        }
        NodeKind::Operator("^", parts) => power(parts),
        _ => None,
    }
}

/// Sign and exponent of `2^k` or `-2^k`.
fn power(parts: &[Node]) -> Option<(i64, i32)> {
    let integer = |node: &Node| match &node.kind {
        NodeKind::Number(value) => Some(*value),
        NodeKind::Operator("-", parts) if parts.len() == 1 => match parts[0].kind {
            NodeKind::Number(value) => Some(-value),
            _ => None,
        },
        _ => None,
    };
    let sign = match integer(&parts[0])? {
        2 => 1,
        -2 => -1,
        _ => return None,
    };
    let exponent = i32::try_from(integer(&parts[1])?).ok()?;
    (exponent.abs() <= POWER_MAX).then_some((sign, exponent))
}

/// A product on its way to a term.
struct Product {
    mantissa: i64,
    exponent: i32,
    period: u32,
    factors: Vec<Factor>,
}

/// Adds the terms of a sum to the rule.
pub(super) fn lower_sum(checker: &mut Checker<'_>, variable: Variable, node: &Node) {
    add_sum(checker, variable, node, 1);
}

fn add_sum(checker: &mut Checker<'_>, variable: Variable, node: &Node, sign: i64) {
    match &node.kind {
        NodeKind::Operator("+", parts) => {
            add_sum(checker, variable, &parts[0], sign);
            add_sum(checker, variable, &parts[1], sign);
        }
        NodeKind::Operator("-", parts) if parts.len() == 2 => {
            add_sum(checker, variable, &parts[0], sign);
            add_sum(checker, variable, &parts[1], -sign);
        }
        NodeKind::Operator("-", parts) => add_sum(checker, variable, &parts[0], -sign),
        _ => {
            let mut product =
                Product { mantissa: sign, exponent: 0, period: 0, factors: Vec::new() };
            if multiply(checker, &mut product, node).is_some() {
                push_term(checker, variable, product, node.span);
            }
        }
    }
}

/// Multiplies a factor, or a product of them, in; `None` where something was wrong.
fn multiply(checker: &mut Checker<'_>, product: &mut Product, node: &Node) -> Option<()> {
    match &node.kind {
        NodeKind::Number(value) => {
            product.mantissa = product.mantissa.checked_mul(*value).or_else(|| {
                constant_too_large(checker, node.span);
                None
            })?;
        }
        NodeKind::Operator("*", parts) => {
            multiply(checker, product, &parts[0])?;
            multiply(checker, product, &parts[1])?;
        }
        NodeKind::Operator("-", parts) if parts.len() == 1 => {
            product.mantissa = -product.mantissa;
            multiply(checker, product, &parts[0])?;
        }
        NodeKind::Operator("^", parts) => {
            let Some((sign, exponent)) = power(parts) else {
                let message = format!("a power is 2^k with k from -{POWER_MAX} to {POWER_MAX}");
                let help = "write such as 2^-4";
                checker.error("QP051", message, (node.span, "not such a power"), help);
                return None;
            };
            product.mantissa *= sign;
            product.exponent += exponent;
        }
        NodeKind::Call(name, parts) if name.text == "sgn" && parts.len() == 1 => {
            let (source, offset) = offset_source(checker, &parts[0])?;
            product.factors.push(Factor { source, offset, form: Form::Sign });
        }
        NodeKind::Name(name) if period(name).is_some() => {
            product.period = product.period.max(period(name).unwrap_or(0));
        }
        _ => {
            let (source, offset) = offset_source(checker, node)?;
            product.factors.push(Factor { source, offset, form: Form::Value });
        }
    }
    Some(())
}

fn constant_too_large(checker: &mut Checker<'_>, span: Span) {
    let message = format!("a constant in a term has at most {CONSTANT_BITS} bits");
    let help = "write a power of two beside a smaller constant, such as 3*2^20";
    checker.error("QP055", message, (span, "too large"), help);
}

/// The k of `uk`.
fn period(name: &str) -> Option<u32> {
    let period = name.strip_prefix('u')?.parse().ok()?;
    (period <= PERIOD_MAX).then_some(period)
}

/// A name, or a name with a constant added.
fn offset_source(checker: &mut Checker<'_>, node: &Node) -> Option<(Source, i32)> {
    let constant_of = |node: &Node| match node.kind {
        NodeKind::Number(value) => i32::try_from(value).ok().filter(|v| *v < 1 << CONSTANT_BITS),
        _ => None,
    };
    match &node.kind {
        NodeKind::Name(name) => source(checker, name, node.span).map(|source| (source, 0)),
        NodeKind::Operator(sign @ ("+" | "-"), parts) if parts.len() == 2 => {
            let (left, right) = (&parts[0], &parts[1]);
            let (named, constant) = match (&left.kind, &right.kind, *sign) {
                (NodeKind::Name(name), _, "+") => (name, constant_of(right)),
                (NodeKind::Name(name), _, _) => (name, constant_of(right).map(|value| -value)),
                (_, NodeKind::Name(name), "+") => (name, constant_of(left)),
                _ => return not_a_product(checker, node.span),
            };
            match constant {
                Some(constant) => {
                    source(checker, named, node.span).map(|source| (source, constant))
                }
                None => not_a_product(checker, node.span),
            }
        }
        _ => not_a_product(checker, node.span),
    }
}

fn not_a_product<T>(checker: &mut Checker<'_>, span: Span) -> Option<T> {
    let message = "a change is a sum of products of factors, and this is no factor".to_owned();
    let help = "multiply the bracket out, or add a constant to one factor: (w - 64)";
    checker.error("QP052", message, (span, "no factor"), help);
    None
}

/// What a name reads.
fn source(checker: &mut Checker<'_>, name: &str, span: Span) -> Option<Source> {
    let source = match name {
        "x0" => Source::PreSpike,
        "y0" => Source::PostSpike,
        "x1" => Source::PreTrace(0),
        "x2" => Source::PreTrace(1),
        "y1" => Source::PostTrace(0),
        "y2" => Source::PostTrace(1),
        "y3" => Source::PostTrace(2),
        "w" => Source::Variable(Variable::Weight),
        "d" => Source::Variable(Variable::Delay),
        "t" => Source::Variable(Variable::Tag),
        "r" => Source::Reward,
        _ => {
            let message = format!("there is no factor `{name}`");
            let help = "factors are x0 to x2, y0 to y3, w, d, t, r, u0 to u15, integers and 2^k";
            checker.error("QP050", message, (span, "unknown"), help);
            return None;
        }
    };
    if !checker.is_declared(source) {
        let message = format!("the factor `{name}` is not declared");
        let form = match name {
            "t" => "tag t: s9".to_owned(),
            "r" => "reward r: s9 from host".to_owned(),
            name => format!("trace {name}: u7, impulse 16, tau 10"),
        };
        checker.error("QP050", message, (span, "not declared"), &format!("declare it: `{form}`"));
        return None;
    }
    Some(source)
}

/// Finishes a product: mantissa odd, the first spike taken as its gate.
fn push_term(checker: &mut Checker<'_>, variable: Variable, product: Product, span: Span) {
    let Product { mut mantissa, mut exponent, period, mut factors } = product;
    if mantissa == 0 {
        let message = "a term with the factor 0 changes nothing".to_owned();
        return checker.error("QP053", message, (span, "always zero"), "remove the term");
    }
    let shift = mantissa.trailing_zeros();
    mantissa >>= shift;
    exponent += shift as i32;
    if mantissa.unsigned_abs() >= 1 << CONSTANT_BITS {
        return constant_too_large(checker, span);
    }
    if exponent.abs() > POWER_MAX {
        let message =
            format!("the powers of a term together are 2^{exponent}, beyond 2^{POWER_MAX}");
        let help = "bring the powers closer to 2^0";
        return checker.error("QP051", message, (span, "this term"), help);
    }
    let spike = |factor: &Factor| {
        let spikes = matches!(factor.source, Source::PreSpike | Source::PostSpike);
        spikes && factor.offset == 0
    };
    let gate = match factors.iter().find(|factor| spike(factor)).map(|factor| factor.source) {
        Some(Source::PreSpike) => Gate::Pre,
        Some(_) => Gate::Post,
        None => Gate::Epoch,
    };
    let own = if gate == Gate::Pre { Source::PreSpike } else { Source::PostSpike };
    factors.retain(|factor| gate == Gate::Epoch || !(spike(factor) && factor.source == own));
    let widths = factors.iter().map(|factor| width(checker, *factor)).sum::<u32>();
    let total = widths + (64 - mantissa.unsigned_abs().leading_zeros());
    if total > PRODUCT_BITS {
        let message =
            format!("the factors of a product have at most {PRODUCT_BITS} bits, these {total}");
        let help = "drop a factor, or declare narrower traces";
        return checker.error("QP058", message, (span, "too wide"), help);
    }
    checker.rule.terms.push(Term { variable, gate, period, mantissa, exponent, factors });
}

/// Bits of a factor for the check of products.
fn width(checker: &Checker<'_>, factor: Factor) -> u32 {
    let rule = &checker.rule;
    if factor.form == Form::Sign {
        return 1;
    }
    match factor.source {
        Source::PreSpike | Source::PostSpike => 1,
        Source::PreTrace(index) => rule.pre[index].map_or(0, |trace| trace.bits),
        Source::PostTrace(index) => rule.post[index].map_or(0, |trace| trace.bits),
        Source::Variable(Variable::Tag) => rule.tag_bits.unwrap_or(0),
        Source::Variable(_) => VARIABLE_BITS,
        Source::Reward => rule.reward.as_ref().map_or(0, |reward| reward.bits),
    }
}
