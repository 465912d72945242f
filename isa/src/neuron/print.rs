//! The canonical text of a program: what a disassembler would show.

use std::fmt::Write;

use super::meaning::{Binary, Unary, WrapShape};
use super::program::{Checked, Expression, Initial, Kind, Scope, Statement};
use crate::delivery::Overflow;

/// Prints a program; parsing the print gives the same program.
pub(super) fn print_program(program: &Checked) -> String {
    let mut printer = Printer { program, out: String::new() };
    printer.program();
    printer.out
}

struct Printer<'a> {
    program: &'a Checked,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn program(&mut self) {
        let program = self.program;
        self.line(0, &format!("program {}", program.name));
        self.out.push('\n');
        let accumulators = program.inputs.len() - usize::from(program.joins);
        for (index, input) in program.inputs.iter().enumerate() {
            let word = if index < accumulators { "input" } else { "join" };
            let sign = if input.width.signed { 's' } else { 'u' };
            let overflow = match input.overflow {
                Overflow::Wrap => "wrap",
                Overflow::Saturate => "saturate",
            };
            let width = input.width.bits;
            self.line(0, &format!("{word} {}: {sign}{width} {overflow}", input.name));
        }
        for word in &program.state {
            let sign = if word.width.signed { 's' } else { 'u' };
            let mut text = format!("state {}: {sign}{}", word.name, word.width.bits);
            match word.initial {
                Initial::Constant(0) => {}
                // Writing to a string cannot fail.
                Initial::Constant(value) => text.push_str(&format!(" = {value}")),
                Initial::Parameter(index) => {
                    text.push_str(" = ");
                    text.push_str(&program.parameters[index].name);
                }
            }
            self.line(0, &text);
        }
        for parameter in &program.parameters {
            let scope = match parameter.scope {
                Scope::Group => "group",
                Scope::Compartment => "compartment",
            };
            let range = parameter.range;
            let text = format!(
                "{scope} {}: {}..{} = {}",
                parameter.name, range.low, range.high, parameter.default
            );
            self.line(0, &text);
        }
        for (word, condition) in [("active", &program.active), ("idle", &program.idle)] {
            if let Some(condition) = condition {
                let text = format!("{word} when {}", self.expression(condition));
                self.line(0, &text);
            }
        }
        self.out.push('\n');
        self.statements(&program.body, 0);
    }

    fn statements(&mut self, body: &[Statement], depth: usize) {
        for statement in body {
            match statement {
                Statement::Let { local, value } => {
                    let name = &self.program.locals[*local];
                    let text = format!("let {name} = {}", self.expression(value));
                    self.line(depth, &text);
                }
                Statement::Output { value } => {
                    let text = format!("output {}", self.expression(value));
                    self.line(depth, &text);
                }
                Statement::Assign { state, value } => {
                    let name = &self.program.state[*state].name;
                    let text = format!("{name} = {}", self.expression(value));
                    self.line(depth, &text);
                }
                Statement::When { condition, body, otherwise } => {
                    let head = format!("when {}", self.expression(condition));
                    self.block(&head, body, depth);
                    if !otherwise.is_empty() {
                        // After the closing bracket of the first block.
                        self.out.truncate(self.out.trim_end().len());
                        self.out.push_str(" else {\n");
                        self.statements(otherwise, depth + 1);
                        self.line(depth, "}");
                    }
                }
                Statement::Spike { payload, condition, body } => {
                    let mut head = String::from("spike ");
                    if let Some(payload) = payload {
                        head.push_str(&self.expression(payload));
                        head.push(' ');
                    }
                    head.push_str("when ");
                    head.push_str(&self.expression(condition));
                    self.block(&head, body, depth);
                }
            }
        }
    }

    fn block(&mut self, head: &str, body: &[Statement], depth: usize) {
        if body.is_empty() {
            let text = if head.starts_with("spike") { head.into() } else { format!("{head} {{}}") };
            self.line(depth, &text);
            return;
        }
        self.line(depth, &format!("{head} {{"));
        self.statements(body, depth + 1);
        self.line(depth, "}");
    }

    fn expression(&self, expression: &Expression) -> String {
        let mut out = String::new();
        self.write(expression, 0, &mut out);
        out
    }

    /// Writes an expression where operators of at least `rank` may stand without brackets.
    fn write(&self, expression: &Expression, rank: u32, out: &mut String) {
        match &expression.kind {
            Kind::Constant(value) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{value}");
            }
            Kind::Input(index) => out.push_str(&self.program.inputs[*index].name),
            Kind::State(index) => out.push_str(&self.program.state[*index].name),
            Kind::Parameter(index) => out.push_str(&self.program.parameters[*index].name),
            Kind::Local(index) => out.push_str(&self.program.locals[*index]),
            Kind::Unary(op, part) => self.write_unary(*op, part, rank, out),
            Kind::Binary(op, parts) => self.write_binary(*op, parts, rank, out),
            Kind::Select(parts) => self.write_call("sel", parts.as_slice(), out),
            Kind::Clip(parts) => self.write_call("clip", parts.as_slice(), out),
            Kind::Random { bits, .. } => {
                let _ = write!(out, "rand({bits})");
            }
        }
    }

    fn write_call(&self, name: &str, parts: &[Expression], out: &mut String) {
        out.push_str(name);
        out.push('(');
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.write(part, 0, out);
        }
        out.push(')');
    }

    fn write_unary(&self, op: Unary, part: &Expression, rank: u32, out: &mut String) {
        let parts = std::slice::from_ref(part);
        match op {
            Unary::Negate => {
                out.push('-');
                self.write(part, PREFIX, out);
            }
            Unary::Not => {
                let brackets = rank > NOT;
                out.push_str(if brackets { "(not " } else { "not " });
                self.write(part, NOT, out);
                out.push_str(if brackets { ")" } else { "" });
            }
            Unary::Magnitude => self.write_call("abs", parts, out),
            Unary::Sign => self.write_call("sign", parts, out),
            Unary::Wrap(bits, WrapShape::Low) => {
                self.write_call(&format!("wrap{bits}"), parts, out);
            }
            Unary::Wrap(bits, WrapShape::High) => {
                self.write_call(&format!("wraphi{bits}"), parts, out);
            }
        }
    }

    fn write_binary(&self, op: Binary, parts: &[Expression; 2], rank: u32, out: &mut String) {
        let (sign, own) = match op {
            Binary::ShiftToZero => return self.write_call("shr_zero", parts, out),
            Binary::Decay => return self.write_call("dec", parts, out),
            Binary::Least => return self.write_call("min", parts, out),
            Binary::Greatest => return self.write_call("max", parts, out),
            Binary::Or => ("or", 0),
            Binary::And => ("and", 1),
            Binary::Equal => ("==", 2),
            Binary::Unequal => ("!=", 2),
            Binary::Less => ("<", 2),
            Binary::LessEqual => ("<=", 2),
            Binary::Greater => (">", 2),
            Binary::GreaterEqual => (">=", 2),
            Binary::BitOr => ("|", 3),
            Binary::BitAnd => ("&", 4),
            Binary::ShiftLeft => ("<<", 5),
            Binary::ShiftRight => (">>", 5),
            Binary::Add => ("+", 6),
            Binary::Subtract => ("-", 6),
            Binary::Multiply => ("*", 7),
        };
        let brackets = rank > own;
        if brackets {
            out.push('(');
        }
        // Operators group to the left; comparisons do not chain at all; operands of shifts and bit
        // operators get brackets, for few people know their ranks.
        let (left, right) = match own {
            COMPARISON => (own + 1, own + 1),
            3..=5 => (PREFIX, PREFIX),
            _ => (own, own + 1),
        };
        self.write(&parts[0], left, out);
        let _ = write!(out, " {sign} ");
        self.write(&parts[1], right, out);
        if brackets {
            out.push(')');
        }
    }
}

/// Rank of comparisons.
const COMPARISON: u32 = 2;
/// Rank where `not` may stand without brackets.
const NOT: u32 = 2;
/// Rank of an operand of a prefix operator.
const PREFIX: u32 = 8;
