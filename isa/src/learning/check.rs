//! From a syntax tree to a rule: declarations.

use super::parse::{Line, RuleText, TraceLine};
use super::rule::{
    Checked, Decay, IMPULSE_FRACTION, POST_TRACES, PRE_TRACES, RewardDecl, RewardSource, Source,
    Term, TraceDecl, Variable, WeightSigns,
};
use super::terms::{constant, lower_sum};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::neuron::syntax::{Name, Node, WidthNode};

/// Longest epoch, time constant and their like: what 16 bits hold.
const LONGEST: i64 = 65_535;
/// Widest trace, tag or reward in bits.
const WIDEST: u32 = 16;

/// A rule being checked, and everything found so far.
pub(super) struct Checker<'a> {
    pub(super) source: &'a str,
    pub(super) found: Vec<Diagnostic>,
    pub(super) rule: Checked,
    /// Where each declaration stands.
    declared: Vec<(Source, Span)>,
    epoch: Option<Span>,
    changed: Vec<(Variable, Span)>,
}

/// Checks a text.
///
/// # Errors
/// Every rule that the text breaks (and the warnings); its author must act.
pub(super) fn check_rule(
    text: &RuleText,
    source: &str,
) -> Result<(Checked, Vec<Diagnostic>), Vec<Diagnostic>> {
    let rule = Checked {
        name: text.name.text.clone(),
        epoch: 1,
        pre: [None; PRE_TRACES],
        post: [None; POST_TRACES],
        tag_bits: None,
        reward: None,
        signs: WeightSigns::AsCompiled,
        terms: Vec::new(),
    };
    let (found, declared, changed) = (Vec::new(), Vec::new(), Vec::new());
    let mut checker = Checker { source, found, rule, declared, epoch: None, changed };
    for line in &text.lines {
        checker.declaration(line);
    }
    for line in &text.lines {
        if let Line::Change { name, value } = line {
            checker.change(name, value);
        }
    }
    checker.rule.terms.sort_by_key(|term| term.variable);
    checker.finish(text.name.span)
}

impl Checker<'_> {
    pub(super) fn error(
        &mut self,
        code: &'static str,
        message: String,
        (span, label): (Span, &str),
        help: &str,
    ) {
        let diagnostic = Diagnostic::error(code, message).at_span(self.source, span, label);
        self.found.push(diagnostic.help(help));
    }

    fn finish(mut self, name: Span) -> Result<(Checked, Vec<Diagnostic>), Vec<Diagnostic>> {
        if self.changed.is_empty() {
            let message = format!("rule `{}` changes nothing", self.rule.name);
            let help = "give at least one of `dw = ...`, `dd = ...` and `dt = ...`";
            self.error("QP056", message, (name, "this rule"), help);
        }
        let wrong = self.found.iter().any(|found| found.severity == Severity::Error);
        if wrong {
            return Err(self.found);
        }
        for (source, span) in std::mem::take(&mut self.declared) {
            if !self.rule.terms.iter().any(|term| term.reads(source)) {
                let name = super::print::source_text(source);
                let message = format!("`{name}` is declared, but no term reads it");
                let warning = Diagnostic::warning("QP057", message)
                    .at_span(self.source, span, "declared here")
                    .help("remove the declaration");
                self.found.push(warning);
            }
        }
        Ok((self.rule, self.found))
    }

    /// Whether the text declares what a factor reads; spikes, weight and delay always are.
    pub(super) fn is_declared(&self, source: Source) -> bool {
        let free = [
            Source::PreSpike,
            Source::PostSpike,
            Source::Variable(Variable::Weight),
            Source::Variable(Variable::Delay),
        ];
        free.contains(&source) || self.declared.iter().any(|(known, _)| *known == source)
    }

    fn declaration(&mut self, line: &Line) {
        match line {
            Line::Epoch { span, steps } => self.epoch(*span, steps),
            Line::Trace(line) => self.trace(line),
            Line::Tag { name, width } => self.tag(name, *width),
            Line::Reward { name, width, word } => self.reward(name, *width, word.as_ref()),
            Line::Mixed => self.rule.signs = WeightSigns::Mixed,
            Line::Change { .. } => {}
        }
    }

    fn epoch(&mut self, span: Span, steps: &Node) {
        if let Some(first) = self.epoch.replace(span) {
            self.twice("epoch", span, first);
        }
        if let Some(steps) = self.number(steps, "an epoch", "step", 1, LONGEST) {
            self.rule.epoch = steps as u32;
        }
    }

    fn twice(&mut self, what: &str, span: Span, first: Span) {
        let message = format!("`{what}` is given twice");
        let diagnostic = Diagnostic::error("QP054", message)
            .at_span(self.source, span, "again here")
            .at_span(self.source, first, "first here")
            .help("keep one of the two");
        self.found.push(diagnostic);
    }

    /// Notes where something is declared, once.
    fn declare(&mut self, name: &Name, source: Source) {
        match self.declared.iter().find(|(known, _)| *known == source) {
            Some(&(_, first)) => self.twice(&name.text, name.span, first),
            None => self.declared.push((source, name.span)),
        }
    }

    fn trace(&mut self, line: &TraceLine) {
        let source = match line.name.text.as_str() {
            "x1" => Source::PreTrace(0),
            "x2" => Source::PreTrace(1),
            "y1" => Source::PostTrace(0),
            "y2" => Source::PostTrace(1),
            "y3" => Source::PostTrace(2),
            other => {
                let message = format!("there is no trace `{other}`");
                let help = "the traces are x1 and x2 of the source, y1, y2 and y3 of the target";
                return self.error("QP050", message, (line.name.span, "unknown"), help);
            }
        };
        self.declare(&line.name, source);
        let Some(bits) = self.width(line.width, Sign::Unsigned, "a trace") else { return };
        let Some(impulse) = self.impulse(&line.impulse, bits) else { return };
        let decay = match (&line.tau, &line.decay) {
            (Some(tau), _) => self.number(tau, "tau", "step", 1, LONGEST).map(Decay::of_tau),
            (None, Some(register)) => {
                self.number(register, "decay", "part", 0, 4096).map(Decay::of_register)
            }
            (None, None) => Some(Decay::None),
        };
        let Some(decay) = decay else { return };
        let trace = Some(TraceDecl { bits, impulse, decay });
        match source {
            Source::PreTrace(index) => self.rule.pre[index] = trace,
            Source::PostTrace(index) => self.rule.post[index] = trace,
            _ => {}
        }
    }

    /// An impulse in parts of its fraction.
    fn impulse(&mut self, node: &Node, bits: u32) -> Option<u32> {
        let value = constant(node).and_then(|(mantissa, exponent)| {
            let shift = exponent + IMPULSE_FRACTION as i32;
            let fits = (0..=30).contains(&shift) && mantissa.abs() < 1 << 30;
            fits.then(|| mantissa << shift)
        });
        let largest = ((1_i64 << bits) - 1) << IMPULSE_FRACTION;
        let legal = value.filter(|value| (0..=largest).contains(value));
        if legal.is_none() {
            let message = format!(
                "an impulse into {bits} bits is 0 to {} in steps of 2^-{IMPULSE_FRACTION}",
                (1_i64 << bits) - 1
            );
            let help = "write an integer, or a fraction such as 33*2^-1";
            self.error("QP055", message, (node.span, "not such a value"), help);
        }
        legal.map(|value| value as u32)
    }

    fn tag(&mut self, name: &Name, width: WidthNode) {
        self.expect_name(name, "t", "the tag");
        self.declare(name, Source::Variable(Variable::Tag));
        self.rule.tag_bits = self.width(width, Sign::Signed, "a tag").or(Some(WIDEST));
    }

    fn reward(&mut self, name: &Name, width: WidthNode, word: Option<&Name>) {
        self.expect_name(name, "r", "the reward");
        self.declare(name, Source::Reward);
        let bits = self.width(width, Sign::Signed, "a reward").unwrap_or(WIDEST);
        let source = match word {
            None => RewardSource::Host,
            Some(word) => RewardSource::Compartment(word.text.clone()),
        };
        self.rule.reward = Some(RewardDecl { bits, source });
    }

    fn expect_name(&mut self, name: &Name, expected: &str, what: &str) {
        if name.text != expected {
            let message = format!("{what} is called `{expected}`, not `{}`", name.text);
            let help = format!("write `{expected}`");
            self.error("QP050", message, (name.span, "unknown"), &help);
        }
    }

    fn width(&mut self, width: WidthNode, sign: Sign, what: &str) -> Option<u32> {
        let (letter, least) = match sign {
            Sign::Signed => ('s', 2),
            Sign::Unsigned => ('u', 1),
        };
        let right = width.signed == (sign == Sign::Signed);
        if right && (least..=WIDEST).contains(&width.bits) {
            return Some(width.bits);
        }
        let message = format!("{what} has a width of {letter}{least} to {letter}{WIDEST}");
        let help = format!("write such as {letter}8");
        self.error("QP055", message, (width.span, "not such a width"), &help);
        None
    }

    /// An integer constant in a range.
    fn number(
        &mut self,
        node: &Node,
        what: &str,
        measure: &str,
        low: i64,
        high: i64,
    ) -> Option<i64> {
        let value = constant(node).and_then(|(mantissa, exponent)| match exponent {
            0..=16 => mantissa.checked_shl(exponent as u32),
            _ => None,
        });
        let legal = value.filter(|value| (low..=high).contains(value));
        if legal.is_none() {
            let message = format!("{what} has {low} to {high} {measure}s");
            let help = format!("write an integer from {low} to {high}");
            self.error("QP055", message, (node.span, "not such a number"), &help);
        }
        legal
    }

    /// One of `dw`, `dd`, `dt`.
    fn change(&mut self, name: &Name, value: &Node) {
        let known = Variable::ALL
            .into_iter()
            .find(|variable| name.text.strip_prefix('d') == Some(variable.name()));
        let Some(variable) = known else {
            let message = format!("a rule changes dw, dd or dt, not `{}`", name.text);
            let help = "traces change by themselves, at spikes and with time";
            return self.error("QP050", message, (name.span, "unknown"), help);
        };
        if let Some(&(_, first)) = self.changed.iter().find(|(known, _)| *known == variable) {
            return self.twice(&name.text, name.span, first);
        }
        self.changed.push((variable, name.span));
        if variable == Variable::Tag && self.rule.tag_bits.is_none() {
            let message = "`dt` changes the tag, which is not declared".to_owned();
            self.error("QP050", message, (name.span, "no tag"), "declare it: `tag t: s9`");
        }
        lower_sum(self, variable, value);
    }
}

/// Whether a declared width has a sign.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Signed,
    Unsigned,
}

impl Decay {
    fn of_tau(tau: i64) -> Self {
        Self::Tau(tau as u32)
    }

    fn of_register(register: i64) -> Self {
        Self::Register(register as u32)
    }
}

impl Term {
    /// Whether a factor reads `source`; the variable that a term changes counts as read.
    pub(super) fn reads(&self, source: Source) -> bool {
        source == Source::Variable(self.variable)
            || self.factors.iter().any(|factor| factor.source == source)
    }
}
