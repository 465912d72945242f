//! Learning rules: what changes a synapse, as text.
//!
//! A rule is read by [`LearningRule::parse`], which checks it completely. It declares an epoch, the
//! traces of sources (`x1`, `x2`) and targets (`y1` to `y3`), perhaps a tag and a third factor, and
//! gives the changes of weight, delay and tag as sums of products. Both engines visit every plastic
//! synapse at the end of an epoch and compute with the functions of [`TraceDecl`], [`TermWidths`]
//! and [`LearningSettings`]; the language is described in `MANUAL.md` beside this crate, the rules
//! that come with it are in [`library`].

mod arithmetic;
mod check;
mod codes;
mod draws;
mod fit;
pub mod library;
mod parse;
mod print;
mod rule;
mod terms;

pub use arithmetic::{LearningSettings, Rounded, Scene, TermWidths, decay};
pub use codes::CODES;
pub use draws::{Draws, RecordedDraws, TraceDraw};
pub use rule::{
    Decay, Factor, Form, Gate, IMPULSE_FRACTION, POST_TRACES, PRE_TRACES, RewardDecl, RewardSource,
    Source, Term, TraceDecl, Variable, WeightSigns,
};

use crate::diagnostic::Diagnostic;
use crate::id::{PopulationId, ProjectionId};
use crate::program::Program;
use rule::Checked;

/// A learning rule, valid by construction.
#[derive(Clone, Debug)]
pub struct LearningRule {
    checked: Checked,
    text: String,
    warnings: Vec<Diagnostic>,
}

impl PartialEq for LearningRule {
    fn eq(&self, other: &Self) -> bool {
        self.checked == other.checked
    }
}

impl Eq for LearningRule {}

impl LearningRule {
    /// Reads and checks a rule's text; `source` names it in messages.
    ///
    /// # Errors
    /// Every rule that the text breaks (and the warnings); its author must act.
    pub fn parse(text: &str, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let tree = parse::parse_rule(text, source).map_err(|diagnostic| vec![diagnostic])?;
        let (checked, warnings) = check::check_rule(&tree, source)?;
        let text = print::print_rule(&checked);
        Ok(Self { checked, text, warnings })
    }

    /// The rule's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.checked.name
    }

    /// The canonical text, without comments; parsing it gives the same rule.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is odd but not wrong: declarations that no term reads.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Steps of an epoch.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.checked.epoch
    }

    /// Place of a timestep in its epoch, from one.
    #[must_use]
    pub fn place_in_epoch(&self, step: u32) -> u32 {
        step % self.checked.epoch + 1
    }

    /// The number of the epoch that a timestep of the sample ends, from one.
    #[must_use]
    pub fn ended_epoch(&self, step: u32) -> Option<u32> {
        (self.place_in_epoch(step) == self.checked.epoch).then(|| step / self.checked.epoch + 1)
    }

    /// Whether the host writes the third factor.
    #[must_use]
    pub fn is_rewarded_by_host(&self) -> bool {
        self.reward().is_some_and(|reward| reward.source == RewardSource::Host)
    }

    /// The declared traces of the source, by number.
    #[must_use]
    pub fn pre_traces(&self) -> &[Option<TraceDecl>; PRE_TRACES] {
        &self.checked.pre
    }

    /// The declared traces of the target, by number.
    #[must_use]
    pub fn post_traces(&self) -> &[Option<TraceDecl>; POST_TRACES] {
        &self.checked.post
    }

    /// Whether it declares a trace of the source, by number: 0 is `x1`.
    #[must_use]
    pub fn declares_pre(&self, trace: usize) -> bool {
        self.checked.pre.get(trace).is_some_and(Option::is_some)
    }

    /// Whether it declares a trace of the target, by number: 0 is `y1`.
    #[must_use]
    pub fn declares_post(&self, trace: usize) -> bool {
        self.checked.post.get(trace).is_some_and(Option::is_some)
    }

    /// Bits of the tag, sign included, where there is one.
    #[must_use]
    pub fn tag_bits(&self) -> Option<u32> {
        self.checked.tag_bits
    }

    /// The third factor, where there is one.
    #[must_use]
    pub fn reward(&self) -> Option<&RewardDecl> {
        self.checked.reward.as_ref()
    }

    /// Which signs learned weights may have.
    #[must_use]
    pub fn signs(&self) -> WeightSigns {
        self.checked.signs
    }

    /// The products, by variable and then as written.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.checked.terms
    }

    /// Whether the rule changes a variable.
    #[must_use]
    pub fn changes(&self, variable: Variable) -> bool {
        self.checked.terms.iter().any(|term| term.variable == variable)
    }

    /// The smallest and largest tag; without a tag only 0.
    #[must_use]
    pub fn tag_range(&self) -> (i32, i32) {
        self.tag_bits().map_or((0, 0), |bits| (-(1 << (bits - 1)), (1 << (bits - 1)) - 1))
    }

    /// Widths and scale of each term under a chip's settings, in the order of the terms.
    #[must_use]
    pub fn term_widths(&self, settings: &LearningSettings) -> Vec<TermWidths> {
        self.terms().iter().map(|term| self.widths_of(term, settings)).collect()
    }

    fn widths_of(&self, term: &Term, settings: &LearningSettings) -> TermWidths {
        let factors: Vec<u32> =
            term.factors.iter().map(|factor| self.factor_bits(*factor, settings)).collect();
        let total = factors.iter().sum::<u32>() + settings.mantissa_bits;
        let cut = settings.product_bits.map_or(0, |bits| total.saturating_sub(bits));
        let shift = term.exponent + settings.fraction_bits() as i32 + cut as i32;
        TermWidths { factors, cut, shift, end: 1 << (settings.accumulator_bits - 1) }
    }

    fn factor_bits(&self, factor: Factor, settings: &LearningSettings) -> u32 {
        match factor.source {
            Source::PreSpike | Source::PostSpike => 1,
            Source::PreTrace(index) => self.checked.pre[index].map_or(0, |trace| trace.bits),
            Source::PostTrace(index) => self.checked.post[index].map_or(0, |trace| trace.bits),
            Source::Variable(Variable::Weight) => settings.weight_bits + 1,
            Source::Variable(Variable::Delay) => settings.delay_bits + 1,
            Source::Variable(Variable::Tag) => self.tag_bits().unwrap_or(0),
            Source::Reward => self.reward().map_or(0, |reward| reward.bits),
        }
    }
}

/// The plastic synapses of a projection as learning left them, by source and target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedProjection {
    /// The projection.
    pub projection: ProjectionId,
    /// Its synapses, sorted.
    pub synapses: Vec<LearnedSynapse>,
}

/// A plastic synapse of a run: projection, ordinals of source and target, weight, delay, tag.
pub type PlasticSynapse = (ProjectionId, [u32; 2], (i32, u32, i32));

impl LearnedProjection {
    /// Sorts the plastic synapses of a run by projection, source and target; ordinals become
    /// neurons of their populations.
    #[must_use]
    pub fn gather(program: &Program, mut synapses: Vec<PlasticSynapse>) -> Vec<Self> {
        synapses.sort_unstable();
        let parts = synapses.chunk_by(|a, b| a.0 == b.0);
        let gather = |part: &[PlasticSynapse]| {
            let projection = part[0].0;
            let row = &program.projections[projection.index()];
            let first = |id: PopulationId| program.populations[id.index()].first_ordinal;
            let (sources, targets) = (first(row.source), first(row.target));
            let learned = |&(_, [source, target], (weight, delay, tag)): &PlasticSynapse| {
                let (source, target) = (source - sources, target - targets);
                LearnedSynapse { source, target, weight, delay, tag }
            };
            Self { projection, synapses: part.iter().map(learned).collect() }
        };
        parts.map(gather).collect()
    }
}

/// A synapse as learning left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LearnedSynapse {
    /// Neuron of the source population.
    pub source: u32,
    /// Neuron of the target population.
    pub target: u32,
    /// Weight.
    pub weight: i32,
    /// Delay beyond the step that every spike takes.
    pub delay: u32,
    /// Tag; 0 where the rule has none.
    pub tag: i32,
}
