//! Syntax tree to checked program: every rule of the language is decided here.

mod declarations;
mod environment;
mod expressions;
mod idle;
mod statements;

use std::collections::BTreeMap;

use super::idle::IdleRanges;
use super::program::{
    Checked, Expression, InputDecl, ParameterDecl, StateDecl, Statement, count_instructions,
};
use super::syntax::{Name, Text};
use crate::diagnostic::{Diagnostic, Severity, Span};
use environment::Environment;

/// Longest program that is read, whatever the chip: its registers stay countable in 16 bits.
const LONGEST: u32 = 4096;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    Input(usize),
    State(usize),
    Parameter(usize),
    Local(usize),
}

/// An error has been written down; the part that it is about has no meaning.
pub(super) struct Reported;

/// What a name stands for, where it was declared and what was done with it.
struct Symbol {
    variable: Variable,
    span: Span,
    read: bool,
    written: bool,
}

/// The state of a check.
pub(super) struct Checker<'a> {
    source: &'a str,
    diagnostics: Vec<Diagnostic>,
    symbols: BTreeMap<String, Symbol>,
    environment: Environment,
    inputs: Vec<InputDecl>,
    joins: bool,
    state: Vec<StateDecl>,
    parameters: Vec<ParameterDecl>,
    locals: Vec<String>,
    sites: u32,
    spikes: u32,
    outputs: u32,
}

/// What a text without errors gives.
pub(super) struct Findings {
    pub(super) checked: Checked,
    pub(super) warnings: Vec<Diagnostic>,
    /// What is known where `idle when` holds.
    pub(super) idle: Option<IdleRanges>,
}

/// Checks a text and returns the program with the warnings.
///
/// # Errors
/// Every broken rule (and the warnings); the author of the text acts.
pub(super) fn check_text(text: &Text, source: &str) -> Result<Findings, Vec<Diagnostic>> {
    let mut checker = Checker::new(source);
    let (active, idle) = checker.declarations(&text.declarations);
    let body = checker.statements(&text.body, statements::Place::Top);
    if text.body.is_empty() {
        let diagnostic = Diagnostic::error("QP012", "a program has at least one statement")
            .at_span(source, text.name.span, "this one has none")
            .help("add an assignment such as `v = wrap24(v + a)`");
        checker.diagnostics.push(diagnostic);
    }
    checker.length(text.name.span, &active, &idle, &body);
    if checker.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        // What looks unused may be so because of an error.
        checker.diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
        return Err(checker.diagnostics);
    }
    checker.warn_of_unused();
    let Checker { diagnostics, inputs, joins, state, parameters, locals, sites, .. } = checker;
    let name = text.name.text.clone();
    let checked =
        Checked { name, inputs, joins, state, parameters, locals, active, idle, body, sites };
    let idle = idle::idle_ranges(text, &checked, source);
    Ok(Findings { checked, warnings: diagnostics, idle })
}

impl<'a> Checker<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            diagnostics: Vec::new(),
            symbols: BTreeMap::new(),
            environment: Environment::default(),
            inputs: Vec::new(),
            joins: false,
            state: Vec::new(),
            parameters: Vec::new(),
            locals: Vec::new(),
            sites: 0,
            spikes: 0,
            outputs: 0,
        }
    }
}

impl Checker<'_> {
    fn error(
        &mut self,
        code: &'static str,
        message: String,
        span: Span,
        label: &str,
        help: &str,
    ) -> Reported {
        let diagnostic = Diagnostic::error(code, message).at_span(self.source, span, label);
        self.diagnostics.push(diagnostic.help(help));
        Reported
    }

    fn length(
        &mut self,
        span: Span,
        active: &Option<Expression>,
        idle: &Option<Expression>,
        body: &[Statement],
    ) {
        let conditions = [active, idle].into_iter().flatten().map(Expression::instructions);
        let total = count_instructions(body);
        let length = conditions.sum::<u32>() + total.update + total.spike;
        if length > LONGEST {
            let message =
                format!("a program has at most {LONGEST} instructions, but this has {length}");
            let help = "split the model over two compartments";
            self.error("QP004", message, span, "too long", help);
        }
    }

    /// Gives a name its meaning, once.
    fn declare(&mut self, name: &Name, variable: Variable) {
        if let Some(first) = self.symbols.get(&name.text) {
            let first = first.span;
            let diagnostic = Diagnostic::error(
                "QP006",
                format!("a name has one meaning, but `{}` is declared twice", name.text),
            )
            .at_span(self.source, name.span, "declared again")
            .at_span(self.source, first, "first declared here")
            .help("choose another name");
            self.diagnostics.push(diagnostic);
            return;
        }
        let symbol = Symbol { variable, span: name.span, read: false, written: false };
        self.symbols.insert(name.text.clone(), symbol);
    }

    /// Names with a note on their kind, for the help of a message about an unknown one.
    fn known_names(&self) -> String {
        let names: Vec<String> = self.symbols.keys().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "nothing is declared".into() } else { names.join(", ") }
    }

    /// Forgets the values named since `first_local`: a block's names end with it.
    fn leave_scope(&mut self, first_local: usize) {
        let inner = |symbol: &Symbol| match symbol.variable {
            Variable::Local(local) => local >= first_local,
            _ => false,
        };
        let outer = std::mem::take(&mut self.symbols);
        let (ended, outer) = outer.into_iter().partition(|(_, symbol)| inner(symbol));
        self.symbols = ended;
        self.warn_of_unused();
        self.symbols = outer;
    }

    fn warn_of_unused(&mut self) {
        for (name, symbol) in &self.symbols {
            let text = match symbol.variable {
                Variable::State(_) if !symbol.written && !symbol.read => "is never used",
                Variable::State(_) if !symbol.written => "is never assigned, so it never changes",
                _ if !symbol.read => "is never read",
                _ => continue,
            };
            let diagnostic = Diagnostic::warning("QP017", format!("`{name}` {text}"))
                .at_span(self.source, symbol.span, "declared here")
                .help("remove the declaration");
            self.diagnostics.push(diagnostic);
        }
    }
}
