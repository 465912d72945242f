//! Input data: bytes of an `.npz` or a spike table in, a stimulus out.
//!
//! An archive holds one of three things: `spikes` (dense: sample, step, then the neurons in
//! row-major order), events (`sample`, `t`, `i`: one spike each, with its `payload` where the chip
//! carries one), or `bias` (an image per sample, given as constant input). Beside them `labels`,
//! `dt` (seconds), `reward` (for learning rules), `steps` and `samples` are read. A table has the
//! columns `sample,step,neuron` and perhaps `payload`. Dense spikes are 0 or 1, or payloads.
//! Nothing here opens a file, and every size is checked before memory is asked for.

mod archive;
mod array;
mod bias;
mod dense;
mod events;
mod labels;
mod rewards;
mod table;
mod trace;

use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::stimulus::{InputSpike, Reward, Sample, Stimulus};

use archive::Archive;
use array::Number;

pub use bias::Images;
pub use trace::{TracePacket, read_trace};

/// Most samples of one input; each keeps counts of its own, of a few KiB, until the run ends.
const SAMPLES_MAX: u64 = 1 << 20;
/// Most timesteps of one sample.
const STEPS_MAX: u64 = 1 << 24;
/// Most spikes of one input.
const SPIKES_MAX: usize = 1 << 28;

/// What the network and the user ask of an input.
#[derive(Clone, Copy, Debug)]
pub struct InputRules<'a> {
    /// The input as the user named it.
    pub source: &'a str,
    /// Neurons of all input populations.
    pub neurons: u32,
    /// Shape of the input population, for messages.
    pub shape: &'a [u32],
    /// Which payloads the chip carries.
    pub payload: Payload,
    /// Steps of each sample, where the user gives them.
    pub steps: Option<u32>,
    /// Read only so many samples.
    pub samples: Option<u32>,
}

/// Which payloads a spike can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A spike is there or not.
    Binary,
    /// A spike carries a signed integer.
    Graded {
        /// Bits of it, sign included.
        bits: u32,
    },
}

/// What an input holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Spikes or images.
    pub content: Content,
    /// Label of each sample, where the input has them.
    pub labels: Option<Vec<u32>>,
    /// What the host writes as reward in each sample; empty where the input has none.
    pub rewards: Vec<Vec<Reward>>,
    /// Seconds per timestep, where the input says.
    pub dt: Option<f64>,
    /// What a reader should know.
    pub warnings: Vec<Diagnostic>,
}

/// Spikes or images.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Spikes, sample by sample.
    Spikes(Stimulus),
    /// Images, to be written as constant input.
    Images(Images),
}

/// Reads an input.
///
/// # Errors
/// What is wrong with the data, as one finding with its array; who made the data must act.
pub fn read_input(bytes: &[u8], rules: &InputRules<'_>) -> Result<Input, Diagnostic> {
    let mut input = if rules.source.ends_with(".csv") {
        table::read_table(bytes, rules)?
    } else {
        read_archive(Archive::open(bytes, rules.source)?, rules)?
    };
    let samples = match &input.content {
        Content::Spikes(stimulus) => stimulus.samples.len(),
        Content::Images(images) => images.values.len(),
    };
    if samples == 0 {
        return Err(Diagnostic::error(
            "QI006",
            "an input needs at least one sample, this has none",
        )
        .at(rules.source, "", "zero samples")
        .help("give at least one sample, and at least 1 to `--samples`"));
    }
    if let Some(labels) = &mut input.labels {
        labels.truncate(samples);
    }
    if let Content::Spikes(stimulus) = &mut input.content {
        stimulus.labels.clone_from(&input.labels);
        if stimulus.samples.iter().all(|sample| sample.spikes.is_empty()) {
            input.warnings.push(
                Diagnostic::warning("QI016", "the input has no spike at all")
                    .at(rules.source, "", "all zero")
                    .help("check how the spikes were written"),
            );
        }
    }
    Ok(input)
}

/// Reads whichever of the three kinds the archive holds.
fn read_archive(mut archive: Archive<'_>, rules: &InputRules<'_>) -> Result<Input, Diagnostic> {
    let events = ["sample", "t", "i"];
    let has_events = events.iter().any(|array| archive.has(array));
    let kinds = [archive.has("spikes"), has_events, archive.has("bias")];
    let found = kinds.iter().filter(|&&kind| kind).count();
    if found != 1 {
        let (code, message) = if found == 0 {
            ("QI003", "the input has none of `spikes`, `sample` with `t` and `i`, or `bias`")
        } else {
            ("QI014", "an input holds spikes, events or images, but this has more than one of them")
        };
        let names = archive.names().join(", ");
        return Err(Diagnostic::error(code, message)
            .at(rules.source, "", format!("arrays: {names}"))
            .help("write spikes of shape (samples, steps, neurons) under the name `spikes`"));
    }
    if let Some(missing) = events.iter().find(|array| has_events && !archive.has(array)) {
        let message =
            format!("events need the arrays `sample`, `t` and `i`, but `{missing}` is missing");
        return Err(Diagnostic::error("QI003", message)
            .at(rules.source, missing, "no such array")
            .help("write one entry per spike in each of the three"));
    }
    let content = match kinds {
        [true, ..] => Content::Spikes(dense::read_dense(&mut archive, rules)?),
        [_, true, _] => Content::Spikes(events::read_events(&mut archive, rules)?),
        _ => Content::Images(bias::read_bias(&mut archive, rules)?),
    };
    let (samples, steps) = match &content {
        Content::Spikes(stimulus) => {
            (stimulus.samples.len(), stimulus.samples.first().map_or(0, |sample| sample.steps))
        }
        Content::Images(images) => (images.values.len(), images.steps),
    };
    let labels = labels::read_labels(&mut archive, samples, rules)?;
    let rewards = rewards::read_rewards(&mut archive, samples, steps, rules)?;
    let dt = labels::read_dt(&mut archive, rules)?;
    Ok(Input { content, labels, rewards, dt, warnings: Vec::new() })
}

/// Samples of `steps` steps from spikes that are sorted by sample, step and neuron.
///
/// # Errors
/// Two spikes of one neuron in one step.
fn collect_samples(
    spikes: &[(u32, InputSpike)],
    samples: u32,
    steps: u32,
    rules: &InputRules<'_>,
    array: &str,
) -> Result<Stimulus, Diagnostic> {
    let same = |pair: &[(u32, InputSpike)]| {
        let [(s0, a), (s1, b)] = pair else { return false };
        (s0, a.step, a.neuron) == (s1, b.step, b.neuron)
    };
    if let Some([(sample, spike), ..]) = spikes.windows(2).find(|pair| same(pair)) {
        let message = format!(
            "a neuron spikes at most once a step, but neuron {} has two spikes in step {} of sample \
             {sample}",
            spike.neuron, spike.step
        );
        return Err(Diagnostic::error("QI007", message)
            .at(rules.source, array, "listed twice")
            .help("write each spike once"));
    }
    let mut rest = spikes;
    let mut all = Vec::with_capacity(samples as usize);
    for sample in 0..samples {
        let count = rest.partition_point(|&(of, _)| of == sample);
        let (mine, others) = rest.split_at(count);
        rest = others;
        let spikes = mine.iter().map(|&(_, spike)| spike).collect();
        all.push(Sample { steps, spikes, writes: Vec::new(), rewards: Vec::new() });
    }
    Ok(Stimulus { samples: all, labels: None })
}

/// The number of samples to read: what there is, unless the user wants fewer.
fn samples_to_read(there: u64, rules: &InputRules<'_>, array: &str) -> Result<u32, Diagnostic> {
    let wanted = rules.samples.map_or(there, |samples| there.min(u64::from(samples)));
    bounded(wanted, SAMPLES_MAX, "samples", rules, array)
}

impl Payload {
    /// What every chip of these payload bits carries.
    #[must_use]
    pub fn of_bits(bits: u32) -> Self {
        if bits == 0 { Self::Binary } else { Self::Graded { bits } }
    }

    /// A number as the payload of a spike, if it is one here.
    fn take(self, value: Number) -> Option<i32> {
        let whole = value.whole()?;
        let taken = match self {
            Self::Binary => whole == 1,
            Self::Graded { bits } => {
                let half = 1_i64 << (bits.clamp(1, i32::BITS) - 1);
                whole != 0 && (-half..half).contains(&whole)
            }
        };
        i32::try_from(whole).ok().filter(|_| taken)
    }

    /// The finding about a number that is no payload here.
    fn refuse(self, value: Number, rules: &InputRules<'_>, array: &str, at: String) -> Diagnostic {
        let (rule, help) = match self {
            Self::Binary => (
                "a spike is 1 on this chip, which carries no payload".to_owned(),
                "repeat the spike in later steps, or use a chip with graded spikes (payload_bits)",
            ),
            Self::Graded { bits } => (
                format!("a spike's payload is an integer of {bits} bits with sign, and not 0"),
                "scale and round the values",
            ),
        };
        Diagnostic::error("QI007", format!("{rule}, but an element of `{array}` is {value}"))
            .at(rules.source, array, at)
            .help(help)
    }
}

/// A count of steps, from the user or the data.
fn steps_to_run(there: u64, rules: &InputRules<'_>, array: &str) -> Result<u32, Diagnostic> {
    let steps = rules.steps.map_or(there, u64::from);
    if steps == 0 {
        return Err(Diagnostic::error("QI011", "a sample needs at least one timestep, not zero")
            .at(rules.source, array, "zero steps")
            .help("give `--steps`, or store spikes as (samples, steps, neurons)"));
    }
    bounded(steps, STEPS_MAX, "timesteps", rules, array)
}

fn bounded(
    count: u64,
    most: u64,
    what: &str,
    rules: &InputRules<'_>,
    array: &str,
) -> Result<u32, Diagnostic> {
    if count > most {
        let message = format!("an input has at most {most} {what}, not {count}");
        return Err(Diagnostic::error("QI010", message)
            .at(rules.source, array, format!("{count} {what}"))
            .help("split the input over several files"));
    }
    Ok(count as u32)
}

fn too_many_spikes(rules: &InputRules<'_>, array: &str) -> Diagnostic {
    Diagnostic::error("QI010", format!("an input has at most {SPIKES_MAX} spikes, this has more"))
        .at(rules.source, array, "too many spikes")
        .help("split the samples over several files, or read fewer with `--samples`")
}

#[cfg(test)]
mod tests;
