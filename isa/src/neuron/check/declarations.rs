//! Rules of inputs, state words, parameters and the two conditions.

use super::{Checker, Reported, Variable};
use crate::delivery::Overflow;
use crate::neuron::program::{
    Expression, Initial, InputDecl, Kind, ParameterDecl, Scope, StateDecl, Width,
};
use crate::neuron::range::Range;
use crate::neuron::syntax::{Declaration, Name, Node, NodeKind, WidthNode};

/// The `active when` and the `idle when` condition.
type Conditions = (Option<Expression>, Option<Expression>);

impl Checker<'_> {
    /// Checks the declarations; the conditions come last because they may read what follows them.
    pub(super) fn declarations(&mut self, declarations: &[Declaration]) -> Conditions {
        for declaration in declarations {
            match declaration {
                Declaration::Input { name, width, saturate } => self.input(name, *width, *saturate),
                Declaration::Parameter { name, group, low, high, default } => {
                    let scope = if *group { Scope::Group } else { Scope::Compartment };
                    // An error is written down; the name stays known so that it is said once.
                    let decl = self.parameter(name, scope, low, high, default.as_ref());
                    let decl = decl.unwrap_or_else(|Reported| self.stand_in(name, scope));
                    let variable = Variable::Parameter(self.parameters.len());
                    self.environment.set(variable, decl.range);
                    self.declare(name, variable);
                    self.parameters.push(decl);
                }
                Declaration::Join { .. }
                | Declaration::State { .. }
                | Declaration::Active { .. }
                | Declaration::Idle { .. } => {}
            }
        }
        self.joined_value(declarations);
        for declaration in declarations {
            if let Declaration::State { name, width, initial } = declaration {
                self.state_word(name, *width, initial.as_ref());
            }
        }
        self.declared_conditions(declarations)
    }

    /// The conditions, where every name is known.
    pub(super) fn declared_conditions(&mut self, declarations: &[Declaration]) -> Conditions {
        let (mut active, mut idle) = (None, None);
        for declaration in declarations {
            let (kept, span, condition, word) = match declaration {
                Declaration::Active { span, condition } => {
                    (&mut active, *span, condition, "active")
                }
                Declaration::Idle { span, condition } => (&mut idle, *span, condition, "idle"),
                _ => continue,
            };
            if kept.is_some() {
                let message = format!("there is at most one `{word} when`");
                self.error("QP006", message, span, "given again", "join both with `and`");
            }
            let sites = self.sites;
            if let Ok(condition) = self.expression(condition) {
                *kept = Some(condition);
            }
            if self.sites != sites {
                let message = format!("`{word} when` is a plain condition without `rand`");
                self.error("QP016", message, span, "draws at random", "draw in the body instead");
            }
        }
        (active, idle)
    }

    fn stand_in(&self, name: &Name, scope: Scope) -> ParameterDecl {
        let range = Range::exactly(0);
        ParameterDecl { name: name.text.clone(), scope, slot: self.slot(scope), range, default: 0 }
    }

    fn slot(&self, scope: Scope) -> usize {
        self.parameters.iter().filter(|parameter| parameter.scope == scope).count()
    }

    fn width(&mut self, width: WidthNode) -> Width {
        let most = if width.signed { 32 } else { 31 };
        if !(1..=most).contains(&width.bits) {
            let message = format!(
                "a word has 1 to 32 bits (31 if unsigned), but `{}{}` is asked for",
                if width.signed { 's' } else { 'u' },
                width.bits
            );
            let help = "split the value over two state words";
            self.error("QP010", message, width.span, "not such a width", help);
            return Width { bits: most, signed: width.signed };
        }
        Width { bits: width.bits, signed: width.signed }
    }

    fn input(&mut self, name: &Name, width: WidthNode, saturate: bool) {
        let width = self.width(width);
        let variable = Variable::Input(self.inputs.len());
        self.environment.set(variable, width.range());
        self.declare(name, variable);
        let overflow = if saturate { Overflow::Saturate } else { Overflow::Wrap };
        self.inputs.push(InputDecl { name: name.text.clone(), width, overflow });
    }

    /// The joined value stands behind the accumulators.
    fn joined_value(&mut self, declarations: &[Declaration]) {
        for declaration in declarations {
            let Declaration::Join { name, width, saturate } = declaration else { continue };
            if self.joins {
                let message = "there is at most one `join`";
                let help = "the compartment table says which outputs it puts together";
                self.error("QP006", message.into(), name.span, "declared again", help);
                continue;
            }
            self.joins = true;
            self.input(name, *width, *saturate);
        }
    }

    fn state_word(&mut self, name: &Name, width: WidthNode, initial: Option<&Node>) {
        let width = self.width(width);
        let variable = Variable::State(self.state.len());
        self.environment.set(variable, width.range());
        let initial = initial.map_or(Ok(Initial::Constant(0)), |node| self.initial(node, width));
        let initial = initial.unwrap_or(Initial::Constant(0));
        self.declare(name, variable);
        self.state.push(StateDecl { name: name.text.clone(), width, initial });
    }

    fn initial(&mut self, node: &Node, width: Width) -> Result<Initial, Reported> {
        let value = self.expression(node)?;
        let initial = match value.kind {
            // The width is at most 32 bits, so what it holds fits.
            Kind::Constant(value) => Initial::Constant(value as i32),
            Kind::Parameter(index) => Initial::Parameter(index),
            _ => {
                let message = "an initial value is a constant or a parameter".into();
                return Err(self.error(
                    "QP014",
                    message,
                    node.span,
                    "neither",
                    "give the initial value a parameter of its own",
                ));
            }
        };
        if width.range().holds(value.range) {
            return Ok(initial);
        }
        let message = format!(
            "an initial value fits its word ({} to {}), but this is {}",
            width.range().low,
            width.range().high,
            in_words(value.range)
        );
        Err(self.error(
            "QP011",
            message,
            node.span,
            "does not fit",
            "widen the word, or narrow the parameter's range",
        ))
    }

    fn parameter(
        &mut self,
        name: &Name,
        scope: Scope,
        low: &Node,
        high: &Node,
        default: Option<&Node>,
    ) -> Result<ParameterDecl, Reported> {
        let range = Range { low: self.constant(low)?, high: self.constant(high)? };
        if range.low > range.high || !range.is_narrow() {
            let message = format!(
                "a parameter's range goes from small to large inside 32 bits, but this is {} to {}",
                range.low, range.high
            );
            let span = crate::diagnostic::Span { start: low.span.start, end: high.span.end };
            return Err(self.error(
                "QP010",
                message,
                span,
                "not such a range",
                "write the smaller bound first",
            ));
        }
        let default = match default {
            Some(node) => {
                let value = self.constant(node)?;
                if !range.contains(value) {
                    let message = format!(
                        "a default lies in its range ({} to {}), but this is {value}",
                        range.low, range.high
                    );
                    return Err(self.error(
                        "QP011",
                        message,
                        node.span,
                        "out of range",
                        "widen the range, or choose a value in it",
                    ));
                }
                value
            }
            None => 0.clamp(range.low, range.high),
        };
        let slot = self.slot(scope);
        // Inside a narrow range, as was just checked.
        Ok(ParameterDecl { name: name.text.clone(), scope, slot, range, default: default as i32 })
    }

    fn constant(&mut self, node: &Node) -> Result<i64, Reported> {
        if !is_constant(node) {
            let message = "this place takes a constant".into();
            let help = "write a number";
            return Err(self.error("QP014", message, node.span, "not a constant", help));
        }
        match self.expression(node)?.kind {
            Kind::Constant(value) => Ok(value),
            _ => Err(self.error(
                "QP014",
                "this place takes a constant".into(),
                node.span,
                "not a constant",
                "write a number",
            )),
        }
    }
}

/// Whether an expression reads nothing.
fn is_constant(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Number(_) => true,
        NodeKind::Name(_) => false,
        NodeKind::Operator(_, parts) | NodeKind::Call(_, parts) => parts.iter().all(is_constant),
    }
}

/// A range as a message says it.
pub(super) fn in_words(range: Range) -> String {
    if range.is_single() {
        range.low.to_string()
    } else {
        format!("anything from {} to {}", range.low, range.high)
    }
}
