//! Rules of expressions, and the range of each.

use super::declarations::in_words;
use super::{Checker, Reported, Variable};
use crate::diagnostic::Span;
use crate::neuron::meaning::{self, Binary, Unary, WrapShape};
use crate::neuron::program::{Expression, Kind};
use crate::neuron::range::{Range, TooWide};
use crate::neuron::syntax::{Name, Node, NodeKind};

type Checked = Result<Expression, Reported>;

impl Checker<'_> {
    /// Resolves an expression and finds its range.
    pub(super) fn expression(&mut self, node: &Node) -> Checked {
        match &node.kind {
            NodeKind::Number(value) => Ok(constant(*value)),
            NodeKind::Name(name) => self.variable(name, node.span),
            NodeKind::Operator(sign, operands) => match operands.as_slice() {
                [x] => {
                    let op = if *sign == "not" { Unary::Not } else { Unary::Negate };
                    let x = self.expression(x)?;
                    self.unary(op, x, node.span)
                }
                [x, y] => {
                    let (x, y) = (self.expression(x), self.expression(y));
                    self.binary(operator(sign), x?, y?, node.span)
                }
                _ => Err(Reported),
            },
            NodeKind::Call(name, arguments) => self.call(name, arguments, node.span),
        }
    }

    fn variable(&mut self, name: &str, span: Span) -> Checked {
        let Some(symbol) = self.symbols.get_mut(name) else {
            let message = format!("`{name}` is read but never declared");
            let help = format!("known here: {}", self.known_names());
            return Err(self.error("QP005", message, span, "unknown", &help));
        };
        symbol.read = true;
        let variable = symbol.variable;
        let kind = match variable {
            Variable::Input(index) => Kind::Input(index),
            Variable::State(index) => Kind::State(index),
            Variable::Parameter(index) => Kind::Parameter(index),
            Variable::Local(index) => Kind::Local(index),
        };
        Ok(Expression { kind, range: self.environment.range(variable) })
    }

    fn too_wide(&mut self, wide: &TooWide, span: Span) -> Reported {
        let message = format!(
            "a value stays within 63 bits and a sign, but this can reach {} to {}",
            wide.low, wide.high
        );
        let help = "narrow an operand first, with clip or wrapN";
        self.error("QP015", message, span, "too large", help)
    }

    fn unary(&mut self, op: Unary, x: Expression, span: Span) -> Checked {
        let range = match op {
            Unary::Negate => Range::exactly(0).difference(x.range),
            Unary::Not => Ok(Range::of_truth(x.range.truth().map(|truth| !truth))),
            Unary::Magnitude => Ok(x.range.magnitude()),
            Unary::Sign => Ok(x.range.sign()),
            Unary::Wrap(bits, shape) => Ok(x.range.wrapped(bits, shape)),
        };
        let range = range.map_err(|wide| self.too_wide(&wide, span))?;
        Ok(match x.kind {
            Kind::Constant(value) => constant(meaning::unary(op, value)),
            _ => Expression { kind: Kind::Unary(op, Box::new(x)), range },
        })
    }

    fn binary(&mut self, op: Binary, x: Expression, y: Expression, span: Span) -> Checked {
        self.shift_amount(op, &y, span)?;
        let range = binary_range(op, x.range, y.range);
        let range = range.map_err(|wide| self.too_wide(&wide, span))?;
        Ok(match (&x.kind, &y.kind) {
            (Kind::Constant(x), Kind::Constant(y)) => constant(meaning::binary(op, *x, *y)),
            _ => Expression { kind: Kind::Binary(op, Box::new([x, y])), range },
        })
    }

    fn shift_amount(&mut self, op: Binary, by: &Expression, span: Span) -> Result<(), Reported> {
        let low = match op {
            Binary::ShiftLeft | Binary::ShiftRight => -63,
            Binary::ShiftToZero => 0,
            _ => return Ok(()),
        };
        if (Range { low, high: 63 }).holds(by.range) {
            return Ok(());
        }
        let message = format!(
            "a shift goes by {low} to 63 places, but this one can go by {}",
            in_words(by.range)
        );
        let help = "narrow the amount with clip, or the parameter's range";
        Err(self.error("QP016", message, span, "shifted too far", help))
    }

    fn call(&mut self, name: &Name, arguments: &[Node], span: Span) -> Checked {
        let Some((function, count)) = function(&name.text) else {
            let message = format!("there is no function `{}`", name.text);
            let help = "functions: dec, wrapN, wraphiN, clip, sel, min, max, abs, sign, shr_zero, \
                        rand";
            return Err(self.error("QP018", message, name.span, "unknown", help));
        };
        if arguments.len() != count {
            let message = format!(
                "`{}` takes {count} argument{}, but {} are given",
                name.text,
                if count == 1 { "" } else { "s" },
                arguments.len()
            );
            return Err(self.error(
                "QP019",
                message,
                span,
                "wrong number of arguments",
                "the manual lists the arguments of each function",
            ));
        }
        match (function, arguments) {
            (Function::Random, [bits]) => self.random(bits),
            (Function::Unary(op), [x]) => {
                if let Unary::Wrap(bits, _) = op
                    && !(1..=63).contains(&bits)
                {
                    let message = format!("a value is wrapped to 1 to 63 bits, not {bits}");
                    return Err(self.error(
                        "QP010",
                        message,
                        name.span,
                        "not such a width",
                        "choose a width in the range",
                    ));
                }
                let x = self.expression(x)?;
                self.unary(op, x, span)
            }
            (Function::Binary(op), [x, y]) => {
                let (x, y) = (self.expression(x), self.expression(y));
                self.binary(op, x?, y?, span)
            }
            (Function::Clip, [x, low, high]) => {
                let (x, low, high) =
                    (self.expression(x), self.expression(low), self.expression(high));
                Ok(clip(x?, low?, high?))
            }
            (Function::Select, [condition, x, y]) => self.select(condition, x, y),
            _ => Err(Reported),
        }
    }

    fn select(&mut self, condition: &Node, x: &Node, y: &Node) -> Checked {
        let condition = self.expression(condition)?;
        let before = self.environment.clone();
        self.environment = before.given(&condition, true);
        let x = self.expression(x);
        self.environment = before.given(&condition, false);
        let y = self.expression(y);
        self.environment = before;
        let (x, y) = (x?, y?);
        let range = match condition.range.truth() {
            Some(true) => x.range,
            Some(false) => y.range,
            None => x.range.union(y.range),
        };
        Ok(Expression { kind: Kind::Select(Box::new([condition, x, y])), range })
    }

    fn random(&mut self, bits: &Node) -> Checked {
        let value = self.expression(bits)?;
        match value.kind {
            Kind::Constant(bits @ 1..=32) => {
                let site = self.sites;
                self.sites += 1;
                let range = Range { low: 0, high: (1 << bits) - 1 };
                Ok(Expression { kind: Kind::Random { bits: bits as u32, site }, range })
            }
            _ => {
                let message = "`rand` takes a constant number of bits, 1 to 32".into();
                Err(self.error(
                    "QP014",
                    message,
                    bits.span,
                    "not such a number",
                    "draw the widest and shift it",
                ))
            }
        }
    }
}

fn constant(value: i64) -> Expression {
    Expression { kind: Kind::Constant(value), range: Range::exactly(value) }
}

fn clip(x: Expression, low: Expression, high: Expression) -> Expression {
    // Monotone in all three.
    let range = x.range.greatest(low.range).least(high.range);
    Expression { kind: Kind::Clip(Box::new([x, low, high])), range }
}

/// The range of an operator of two operands.
pub(in crate::neuron) fn binary_range(op: Binary, x: Range, y: Range) -> Result<Range, TooWide> {
    Ok(match op {
        Binary::Add => x.sum(y)?,
        Binary::Subtract => x.difference(y)?,
        Binary::Multiply => x.product(y)?,
        Binary::ShiftLeft => x.shifted_left(y)?,
        Binary::ShiftRight => x.shifted_right(y)?,
        Binary::ShiftToZero => x.shifted_to_zero(y)?,
        Binary::Decay => x.decayed(y)?,
        Binary::Least => x.least(y),
        Binary::Greatest => x.greatest(y),
        Binary::BitAnd => x.bit_and(y),
        Binary::BitOr => x.bit_or(y),
        Binary::Equal => Range::of_truth(x.same(y)),
        Binary::Unequal => Range::of_truth(x.same(y).map(|same| !same)),
        Binary::Less => Range::of_truth(x.below(y)),
        Binary::LessEqual => Range::of_truth(y.below(x).map(|below| !below)),
        Binary::Greater => Range::of_truth(y.below(x)),
        Binary::GreaterEqual => Range::of_truth(x.below(y).map(|below| !below)),
        Binary::And => Range::of_truth(match (x.truth(), y.truth()) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }),
        Binary::Or => Range::of_truth(match (x.truth(), y.truth()) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }),
    })
}

fn operator(sign: &str) -> Binary {
    match sign {
        "+" => Binary::Add,
        "-" => Binary::Subtract,
        "*" => Binary::Multiply,
        "<<" => Binary::ShiftLeft,
        ">>" => Binary::ShiftRight,
        "&" => Binary::BitAnd,
        "|" => Binary::BitOr,
        "==" => Binary::Equal,
        "!=" => Binary::Unequal,
        "<" => Binary::Less,
        "<=" => Binary::LessEqual,
        ">" => Binary::Greater,
        ">=" => Binary::GreaterEqual,
        "and" => Binary::And,
        // The parser makes no other sign.
        _ => Binary::Or,
    }
}

/// What a function's name stands for.
#[derive(Clone, Copy)]
enum Function {
    Unary(Unary),
    Binary(Binary),
    Clip,
    Select,
    Random,
}

/// The function of a name and how many arguments it takes.
fn function(name: &str) -> Option<(Function, usize)> {
    Some(match name {
        "dec" => (Function::Binary(Binary::Decay), 2),
        "min" => (Function::Binary(Binary::Least), 2),
        "max" => (Function::Binary(Binary::Greatest), 2),
        "shr_zero" => (Function::Binary(Binary::ShiftToZero), 2),
        "abs" => (Function::Unary(Unary::Magnitude), 1),
        "sign" => (Function::Unary(Unary::Sign), 1),
        "clip" => (Function::Clip, 3),
        "sel" => (Function::Select, 3),
        "rand" => (Function::Random, 1),
        _ => {
            let (digits, shape) = match name.strip_prefix("wraphi") {
                Some(digits) => (digits, WrapShape::High),
                None => (name.strip_prefix("wrap")?, WrapShape::Low),
            };
            let bits = digits.parse().ok()?;
            (Function::Unary(Unary::Wrap(bits, shape)), 1)
        }
    })
}
