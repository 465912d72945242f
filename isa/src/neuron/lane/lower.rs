//! Checked tree to lane code.

use super::code::{Instruction, LaneCode, Load, Op, Uniform};
use crate::neuron::meaning::{Binary, Unary, WrapShape};
use crate::neuron::program::{Checked, Expression, Kind, Scope, Statement};
use crate::neuron::range::Range;

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// Shared by the group.
    Uniform(usize),
    Narrow(Register),
    Wide(Register),
}

/// A register, before the broadcasts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Register {
    Broadcast(u16),
    Own(u16),
}

/// An instruction, before the broadcasts are counted.
#[derive(Clone, Copy)]
struct Draft {
    op: Op,
    to: u16,
    parts: [Register; 3],
}

struct Lowering<'a> {
    program: &'a Checked,
    code: LaneCode,
    drafts: Vec<Draft>,
    state: Vec<Option<Value>>,
    inputs: Vec<Option<Value>>,
    parameters: Vec<Option<Value>>,
    locals: Vec<Value>,
    /// The range of each uniform.
    ranges: Vec<Range>,
    spike: Option<(Register, Option<Register>)>,
    output: Option<Register>,
    narrow: u16,
    wide: u16,
}

/// Lowers a checked program.
pub(in crate::neuron) fn lower_program(program: &Checked) -> LaneCode {
    let mut lowering = Lowering {
        program,
        code: LaneCode::default(),
        drafts: Vec::new(),
        state: vec![None; program.state.len()],
        inputs: vec![None; program.inputs.len()],
        parameters: vec![None; program.parameters.len()],
        locals: vec![Value::Uniform(0); program.locals.len()],
        ranges: Vec::new(),
        spike: None,
        output: None,
        narrow: 0,
        wide: 0,
    };
    lowering.uniform(Uniform::Constant(0), Range::exactly(0));
    let active = program.active.as_ref().map(|condition| {
        let flag = lowering.truth(condition);
        lowering.narrow_truth(flag)
    });
    lowering.statements(&program.body, None);
    let mut stores = Vec::new();
    for word in 0..program.state.len() {
        let Some(value) = lowering.state[word] else { continue };
        let register = lowering.narrow(value);
        let unchanged = lowering
            .code
            .loads
            .iter()
            .any(|(load, own)| *load == Load::State(word) && Register::Own(*own) == register);
        if !unchanged {
            stores.push((word, register));
        }
    }
    lowering.code.body_length = lowering.drafts.len();
    let rest = program.idle.as_ref().map(|condition| lowering.rest(condition));
    lowering.finish(active, rest, &stores)
}

impl Lowering<'_> {
    /// Numbers the registers: broadcasts first, so that every operand lies below its result.
    fn finish(
        self,
        active: Option<Register>,
        rest: Option<Register>,
        stores: &[(usize, Register)],
    ) -> LaneCode {
        let mut code = self.code;
        // A text has at most 64 KiB, so both files stay far below 2^16 registers.
        let narrow_first = code.narrow_broadcasts.len() as u16;
        let wide_first = code.wide_broadcasts.len() as u16;
        let number = |register: Register, first: u16| match register {
            Register::Broadcast(index) => index,
            Register::Own(index) => first + index,
        };
        let narrow = |register| number(register, narrow_first);
        for draft in &self.drafts {
            let firsts = match draft.op {
                Op::Unary32(_)
                | Op::Binary32(_)
                | Op::ShiftLeft32
                | Op::ShiftRight32
                | Op::DecaySmall32
                | Op::Select32
                | Op::Clip32
                | Op::Widen => [narrow_first; 3],
                Op::Select64 => [narrow_first, wide_first, wide_first],
                _ => [wide_first; 3],
            };
            let to_first = if is_narrow_result(draft.op) { narrow_first } else { wide_first };
            code.instructions.push(Instruction {
                op: draft.op,
                to: to_first + draft.to,
                a: number(draft.parts[0], firsts[0]),
                b: number(draft.parts[1], firsts[1]),
                c: number(draft.parts[2], firsts[2]),
            });
        }
        code.loads.iter_mut().for_each(|(_, register)| *register += narrow_first);
        code.randoms.iter_mut().for_each(|(_, register, _)| *register += wide_first);
        code.active = active.map(narrow);
        code.rest = rest.map(narrow);
        code.spike = self.spike.map(|(flag, payload)| (narrow(flag), payload.map(narrow)));
        code.output = self.output.map(narrow);
        code.stores = stores.iter().map(|(word, register)| (*word, narrow(*register))).collect();
        code.narrow_registers = usize::from(narrow_first + self.narrow);
        code.wide_registers = usize::from(wide_first + self.wide);
        code
    }

    /// The idle condition on the new state, as if no input came.
    fn rest(&mut self, condition: &Expression) -> Register {
        self.inputs.fill(Some(Value::Uniform(0)));
        let flag = self.truth(condition);
        self.narrow_truth(flag)
    }

    fn uniform(&mut self, uniform: Uniform, range: Range) -> Value {
        self.code.uniforms.push(uniform);
        self.ranges.push(range);
        Value::Uniform(self.code.uniforms.len() - 1)
    }

    fn own_narrow(&mut self) -> u16 {
        self.narrow += 1;
        self.narrow - 1
    }

    fn own_wide(&mut self) -> u16 {
        self.wide += 1;
        self.wide - 1
    }

    fn load(&mut self, load: Load) -> Value {
        let register = self.own_narrow();
        self.code.loads.push((load, register));
        Value::Narrow(Register::Own(register))
    }

    fn emit(&mut self, op: Op, parts: [Register; 3]) -> Value {
        if is_narrow_result(op) {
            let to = self.own_narrow();
            self.drafts.push(Draft { op, to, parts });
            Value::Narrow(Register::Own(to))
        } else {
            let to = self.own_wide();
            self.drafts.push(Draft { op, to, parts });
            Value::Wide(Register::Own(to))
        }
    }

    /// The value in a 32-bit register.
    fn narrow(&mut self, value: Value) -> Register {
        match value {
            Value::Narrow(register) => register,
            Value::Wide(register) => match self.emit(Op::Truncate, [register; 3]) {
                Value::Narrow(register) => register,
                Value::Uniform(_) | Value::Wide(_) => register,
            },
            Value::Uniform(uniform) => broadcast(&mut self.code.narrow_broadcasts, uniform),
        }
    }

    /// The value in a 64-bit register.
    fn wide(&mut self, value: Value) -> Register {
        match value {
            Value::Wide(register) => register,
            Value::Narrow(register) => match self.emit(Op::Widen, [register; 3]) {
                Value::Wide(register) => register,
                Value::Uniform(_) | Value::Narrow(_) => register,
            },
            Value::Uniform(uniform) => broadcast(&mut self.code.wide_broadcasts, uniform),
        }
    }

    fn state(&mut self, word: usize) -> Value {
        if let Some(value) = self.state[word] {
            return value;
        }
        let value = self.load(Load::State(word));
        self.state[word] = Some(value);
        value
    }

    /// Statements under `guard`: where it is zero, nothing changes.
    fn statements(&mut self, body: &[Statement], guard: Option<Value>) {
        for statement in body {
            match statement {
                Statement::Let { local, value } => self.locals[*local] = self.expression(value),
                Statement::Output { value } => {
                    let value = self.expression(value);
                    self.output = Some(self.narrow(value));
                }
                Statement::Assign { state, value } => {
                    let mut new = self.expression(value);
                    if let Some(guard) = guard {
                        let old = self.state(*state);
                        let range = self.program.state[*state].width.range();
                        new = self.select(guard, new, old, range);
                    }
                    self.state[*state] = Some(new);
                }
                Statement::When { condition, body, otherwise } => {
                    let condition = self.truth(condition);
                    let taken = self.both(guard, condition);
                    self.statements(body, Some(taken));
                    if !otherwise.is_empty() {
                        let denied = self.unary(Unary::Not, condition, Range::TRUTH);
                        let taken = self.both(guard, denied);
                        self.statements(otherwise, Some(taken));
                    }
                }
                Statement::Spike { payload, condition, body } => {
                    let condition = self.truth(condition);
                    let payload = payload.as_ref().map(|payload| {
                        let payload = self.expression(payload);
                        self.narrow(payload)
                    });
                    self.spike = Some((self.narrow_truth(condition), payload));
                    self.statements(body, Some(condition));
                }
            }
        }
    }

    fn both(&mut self, guard: Option<Value>, condition: Value) -> Value {
        match guard {
            None => condition,
            Some(guard) => self.binary(Binary::And, guard, condition, Range::TRUTH, Range::TRUTH),
        }
    }

    /// A condition in a 32-bit register: wide values must not lose their upper bits first.
    fn narrow_truth(&mut self, condition: Value) -> Register {
        let truth = match condition {
            Value::Wide(_) => {
                let zero = Value::Uniform(0);
                let (a, b) = (self.wide(condition), self.wide(zero));
                self.emit(Op::Truth64(Binary::Unequal), [a, b, b])
            }
            Value::Uniform(uniform) => {
                self.uniform(Uniform::Binary(Binary::Unequal, uniform, 0), Range::TRUTH)
            }
            Value::Narrow(_) => condition,
        };
        self.narrow(truth)
    }

    /// Any value that is zero where the expression is, and only there.
    fn truth(&mut self, expression: &Expression) -> Value {
        let Kind::Binary(op, parts) = &expression.kind else {
            return self.expression(expression);
        };
        let [x, y] = parts.as_ref();
        let against_zero = y.kind == Kind::Constant(0);
        match op {
            Binary::Unequal if against_zero => self.truth(x),
            Binary::Greater if against_zero && x.range.low >= 0 => self.truth(x),
            Binary::Or => {
                let (x, y) = (self.truth(x), self.truth(y));
                let narrow = self.fits_narrow(x) && self.fits_narrow(y);
                let range = Range::of_width(if narrow { 32 } else { 63 }, true);
                self.binary(Binary::BitOr, x, y, range, range)
            }
            _ => self.expression(expression),
        }
    }

    fn expression(&mut self, expression: &Expression) -> Value {
        match &expression.kind {
            Kind::Constant(value) => self.uniform(Uniform::Constant(*value), expression.range),
            Kind::Input(index) => match self.inputs[*index] {
                Some(value) => value,
                None => {
                    let value = self.load(Load::Input(*index));
                    self.inputs[*index] = Some(value);
                    value
                }
            },
            Kind::State(word) => self.state(*word),
            Kind::Parameter(index) => self.parameter(*index),
            Kind::Local(local) => self.locals[*local],
            // Only the lower half of the operand matters.
            Kind::Unary(op @ Unary::Wrap(bits @ 1..=32, WrapShape::Low), part)
                if !part.range.is_narrow() =>
            {
                let low = self.lower_half(part);
                if *bits == 32 { Value::Narrow(low) } else { self.emit(Op::Unary32(*op), [low; 3]) }
            }
            Kind::Unary(op, part) => {
                let value =
                    if *op == Unary::Not { self.truth(part) } else { self.expression(part) };
                self.unary(*op, value, expression.range)
            }
            Kind::Binary(op, parts) => {
                let [x, y] = parts.as_ref();
                let (x_value, y_value) = match op {
                    Binary::And | Binary::Or => (self.truth(x), self.truth(y)),
                    _ => (self.expression(x), self.expression(y)),
                };
                self.binary(*op, x_value, y_value, y.range, expression.range)
            }
            Kind::Select(parts) => {
                let [condition, x, y] = parts.as_ref();
                let condition = self.truth(condition);
                let (x, y) = (self.expression(x), self.expression(y));
                self.select(condition, x, y, expression.range)
            }
            Kind::Clip(parts) => {
                let [x, low, high] = parts.as_ref();
                let parts = [self.expression(x), self.expression(low), self.expression(high)];
                self.clip(parts, expression.range)
            }
            Kind::Random { bits, site } => {
                let register = self.own_wide();
                self.code.randoms.push((*site, register, *bits));
                let value = Value::Wide(Register::Own(register));
                if expression.range.is_narrow() { Value::Narrow(self.narrow(value)) } else { value }
            }
        }
    }

    /// The value modulo 2^32, for which sums, differences and products need no more either.
    fn lower_half(&mut self, expression: &Expression) -> Register {
        let op = match &expression.kind {
            Kind::Binary(Binary::ShiftLeft, parts)
                if (Range { low: 0, high: 31 }).holds(parts[1].range) =>
            {
                Op::ShiftLeft32
            }
            Kind::Binary(op @ (Binary::Add | Binary::Subtract | Binary::Multiply), _) => {
                Op::Binary32(*op)
            }
            _ => {
                let value = self.expression(expression);
                return self.narrow(value);
            }
        };
        let [a, b] = [0, 1].map(|part| self.lower_half(&expression.parts()[part]));
        let value = self.emit(op, [a, b, b]);
        self.narrow(value)
    }

    fn parameter(&mut self, index: usize) -> Value {
        if let Some(value) = self.parameters[index] {
            return value;
        }
        let decl = &self.program.parameters[index];
        let slot = decl.slot;
        let value = match decl.scope {
            Scope::Group => self.uniform(Uniform::Parameter(slot), decl.range),
            Scope::Compartment => self.load(Load::Parameter(slot)),
        };
        self.parameters[index] = Some(value);
        value
    }

    fn unary(&mut self, op: Unary, x: Value, range: Range) -> Value {
        match (op, x) {
            (_, Value::Uniform(x)) => self.uniform(Uniform::Unary(op, x), range),
            (Unary::Not, Value::Wide(x)) => self.emit(Op::Not64, [x; 3]),
            // A narrow value wraps to fewer than 32 bits; to more, it is itself.
            (Unary::Wrap(bits, _), Value::Narrow(_)) if bits > 32 => x,
            (Unary::Wrap(32, _), _) => self.wrapped_64(op, x, range),
            (_, Value::Narrow(x)) if range.is_narrow() => self.emit(Op::Unary32(op), [x; 3]),
            _ => self.wrapped_64(op, x, range),
        }
    }

    fn wrapped_64(&mut self, op: Unary, x: Value, range: Range) -> Value {
        let x = self.wide(x);
        let value = self.emit(Op::Unary64(op), [x; 3]);
        self.settled(value, range)
    }

    /// Keeps a wide value in a narrow register where its range allows it.
    fn settled(&mut self, value: Value, range: Range) -> Value {
        match value {
            Value::Wide(_) if range.is_narrow() => Value::Narrow(self.narrow(value)),
            _ => value,
        }
    }

    fn binary(&mut self, op: Binary, x: Value, y: Value, y_range: Range, range: Range) -> Value {
        if let (Value::Uniform(x), Value::Uniform(y)) = (x, y) {
            return self.uniform(Uniform::Binary(op, x, y), range);
        }
        let narrow = range.is_narrow() && self.fits_narrow(x) && self.fits_narrow(y);
        if narrow {
            let (a, b) = (self.narrow(x), self.narrow(y));
            let op = match op {
                Binary::ShiftLeft if y_range.low >= 0 => Op::ShiftLeft32,
                Binary::ShiftRight if y_range.low >= 0 => Op::ShiftRight32,
                Binary::Decay if y_range.low >= -4096 && y_range.high <= 4096 => Op::DecaySmall32,
                _ => Op::Binary32(op),
            };
            return self.emit(op, [a, b, b]);
        }
        let (a, b) = (self.wide(x), self.wide(y));
        if is_truth(op) {
            return self.emit(Op::Truth64(op), [a, b, b]);
        }
        let value = self.emit(Op::Binary64(op), [a, b, b]);
        self.settled(value, range)
    }

    fn select(&mut self, condition: Value, x: Value, y: Value, range: Range) -> Value {
        if let (Value::Uniform(condition), Value::Uniform(x), Value::Uniform(y)) = (condition, x, y)
        {
            return self.uniform(Uniform::Select(condition, x, y), range);
        }
        let condition = self.narrow_truth(condition);
        if range.is_narrow() {
            let (x, y) = (self.narrow(x), self.narrow(y));
            return self.emit(Op::Select32, [condition, x, y]);
        }
        let (x, y) = (self.wide(x), self.wide(y));
        self.emit(Op::Select64, [condition, x, y])
    }

    fn clip(&mut self, parts: [Value; 3], range: Range) -> Value {
        if let [Value::Uniform(x), Value::Uniform(low), Value::Uniform(high)] = parts {
            return self.uniform(Uniform::Clip(x, low, high), range);
        }
        if parts.iter().all(|part| self.fits_narrow(*part)) {
            let parts = parts.map(|part| self.narrow(part));
            return self.emit(Op::Clip32, parts);
        }
        let parts = parts.map(|part| self.wide(part));
        let value = self.emit(Op::Clip64, parts);
        self.settled(value, range)
    }

    /// Whether a value is, or can be put, in a 32-bit register without loss.
    fn fits_narrow(&self, value: Value) -> bool {
        match value {
            Value::Narrow(_) => true,
            Value::Wide(_) => false,
            Value::Uniform(uniform) => self.ranges[uniform].is_narrow(),
        }
    }
}

fn broadcast(list: &mut Vec<usize>, uniform: usize) -> Register {
    let index = list.iter().position(|known| *known == uniform).unwrap_or_else(|| {
        list.push(uniform);
        list.len() - 1
    });
    Register::Broadcast(index as u16)
}

const fn is_truth(op: Binary) -> bool {
    matches!(
        op,
        Binary::Equal
            | Binary::Unequal
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual
            | Binary::And
            | Binary::Or
    )
}

const fn is_narrow_result(op: Op) -> bool {
    !matches!(op, Op::Unary64(_) | Op::Binary64(_) | Op::Select64 | Op::Clip64 | Op::Widen)
}
