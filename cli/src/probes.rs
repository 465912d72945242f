//! Probes on the command line: `POPULATION.WORD[NEURONS]@STEPS`, and the file of what they saw.
//!
//! A population's name may hold dots, so the word is what follows the last one. `[NEURONS]` and
//! `@STEPS` may be left out; both are a number or a range `a..b` without its end, of which either
//! side may be left out too.

use std::ops::Range;

use quarrion_emulator::{Probe, ProbeRecord};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::PopulationId;
use quarrion_isa::learning::LearningRule;
use quarrion_isa::near;
use quarrion_isa::neuron::NeuronProgram;
use quarrion_isa::program::{Program, Role};
use quarrion_isa::stimulus::Stimulus;

use crate::bounds::Bounds;
use crate::counts::ArchiveWriter;

/// Most values that all probes of a run record together: 1 GiB.
const VALUES_MAX: u64 = 1 << 28;

/// A probe that was asked for, with its place in the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedProbe {
    /// Name of its array: population, word and neurons, and the steps where they were given.
    pub name: String,
    /// The probe.
    pub probe: Probe,
}

/// Places the probes of the command line in a program that runs the stimulus.
///
/// # Errors
/// QU007: words that are no probe; QU008: nothing of that name or number, or too much to record.
pub fn place_probes(
    asked: &[String],
    program: &Program,
    stimulus: &Stimulus,
) -> Result<Vec<NamedProbe>, Diagnostic> {
    let longest = stimulus.samples.iter().map(|sample| program.sample_steps(sample.steps)).max();
    let steps = longest.unwrap_or_default();
    let mut placed: Vec<NamedProbe> = Vec::new();
    for text in asked {
        let probe = place(text, program, steps)?;
        if placed.iter().any(|other| other.name == probe.name) {
            return Err(refuse("QU008", text, "a probe is asked for twice".into(), "again here")
                .help("drop one of them"));
        }
        placed.push(probe);
    }
    let rows = |probe: &Probe| probe.steps.len() as u64 * probe.neurons.len() as u64;
    let values = placed.iter().map(|named| rows(&named.probe)).sum::<u64>();
    let values = values.saturating_mul(stimulus.samples.len() as u64);
    if let Some(last) = asked.last().filter(|_| values > VALUES_MAX) {
        let message = format!("probes record at most {VALUES_MAX} values, these ask for {values}");
        let help = "probe fewer neurons or steps, or run fewer samples with --samples";
        return Err(refuse("QU008", last, message, "too much with this one").help(help));
    }
    Ok(placed)
}

/// The words of a probe, taken apart.
struct Parts<'a> {
    population: &'a str,
    word: &'a str,
    neurons: Option<Bounds>,
    steps: Option<Bounds>,
}

fn take_apart(text: &str) -> Option<Parts<'_>> {
    let (rest, steps) = match text.rsplit_once('@') {
        Some((rest, steps)) => (rest, Some(Bounds::parse(steps)?)),
        None => (text, None),
    };
    let (rest, neurons) = match rest.strip_suffix(']') {
        Some(open) => {
            let (rest, neurons) = open.rsplit_once('[')?;
            (rest, Some(Bounds::parse(neurons)?))
        }
        None => (rest, None),
    };
    let (population, word) = rest.rsplit_once('.')?;
    let named = !population.is_empty() && !word.is_empty() && !word.contains(['[', ']']);
    named.then_some(Parts { population, word, neurons, steps })
}

fn place(text: &str, program: &Program, steps: u32) -> Result<NamedProbe, Diagnostic> {
    let Some(parts) = take_apart(text) else {
        let message = "a probe is POPULATION.WORD, with [NEURONS] and @STEPS where wanted";
        return Err(refuse("QU007", text, message.into(), "cannot be read")
            .help("write it such as --probe lif1.v[0..100]@10..50"));
    };
    let words_of = |position: usize| {
        let population = PopulationId::from_index(position);
        let mut words = state_words(program, population);
        words.extend(traces(program, population));
        words
    };
    let position = program.populations.iter().position(|p| p.name == parts.population);
    let words = position.map(words_of).unwrap_or_default();
    let Some(position) = position.filter(|_| !words.is_empty()) else {
        let name = parts.population;
        let message = match position {
            Some(_) => format!("`{name}` has no state, and no traces of learning, to probe"),
            None => format!("the network has no population `{name}` to probe"),
        };
        let all = program.populations.iter().enumerate();
        let known = all.filter(|(_, one)| one.role == Role::Neurons);
        let known: Vec<&str> = known.map(|(_, one)| one.name.as_str()).collect();
        let help = near::help(parts.population, &known);
        return Err(refuse("QU008", text, message, "cannot be probed").help(help));
    };
    let population = PopulationId::from_index(position);
    if !words.iter().any(|word| word == parts.word) {
        let message = format!(
            "the neurons of `{}` have no state word or trace `{}`",
            parts.population, parts.word
        );
        let known: Vec<&str> = words.iter().map(String::as_str).collect();
        return Err(
            refuse("QU008", text, message, "no such word").help(near::help(parts.word, &known))
        );
    }
    let size = program.populations[position].size;
    let neurons = within(text, parts.neurons, size, "neurons")?;
    let asked = within(text, parts.steps, steps, "timesteps")?;
    let mut name =
        format!("{}.{}[{}..{}]", parts.population, parts.word, neurons.start, neurons.end);
    if parts.steps.is_some() {
        name += &format!("@{}..{}", asked.start, asked.end);
    }
    let word = parts.word.to_owned();
    Ok(NamedProbe { name, probe: Probe { population, neurons, word, steps: asked } })
}

/// State words that all neurons of a population have.
fn state_words(program: &Program, population: PopulationId) -> Vec<String> {
    let mut groups: Vec<u32> = program
        .cores
        .iter()
        .flat_map(|core| &core.groups)
        .filter(|group| group.population == population)
        .map(|group| group.neuron_program)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let texts = groups.iter().filter_map(|&at| program.neuron_programs.get(at as usize));
    let parsed = texts.filter_map(|text| NeuronProgram::parse(text, "program").ok());
    let words = |program: NeuronProgram| -> Vec<String> {
        program.state().iter().map(|word| word.name.clone()).collect()
    };
    let shared = |one: Vec<String>, other: Vec<String>| {
        one.into_iter().filter(|word| other.contains(word)).collect()
    };
    parsed.map(words).reduce(shared).unwrap_or_default()
}

/// Traces that rules keep of a population's neurons: as sources by the first of the rules that
/// teach what they reach, as targets by the one that teaches what ends in them.
fn traces(program: &Program, population: PopulationId) -> Vec<String> {
    let cores = &program.cores;
    let blocks = cores.iter().flat_map(|core| &core.blocks);
    let own =
        blocks.filter(|block| program.projections[block.projection.index()].source == population);
    let mut groups = cores.iter().flat_map(|core| &core.groups);
    let own_group = groups.find(|group| group.population == population);
    let rule = |at: Option<u32>| {
        LearningRule::parse(&program.learning.get(at? as usize)?.text, "program").ok()
    };
    let pre = rule(own.filter_map(|block| block.learning).min());
    let post = rule(own_group.and_then(|group| group.learning));
    let pre = pre.iter().flat_map(|rule| (1..).zip(rule.pre_traces()).map(|(n, t)| ('x', n, t)));
    let post = post.iter().flat_map(|rule| (1..).zip(rule.post_traces()).map(|(n, t)| ('y', n, t)));
    let declared = pre.chain(post).filter(|(_, _, trace)| trace.is_some());
    declared.map(|(letter, number, _): (_, u32, _)| format!("{letter}{number}")).collect()
}

/// The range that was asked for, if it is one of `size` things.
fn within(
    text: &str,
    asked: Option<Bounds>,
    size: u32,
    what: &str,
) -> Result<Range<u32>, Diagnostic> {
    let asked = asked.unwrap_or(Bounds::ALL);
    asked
        .within(size, what)
        .map_err(|(message, help)| refuse("QU008", text, message, "out of range").help(help))
}

fn refuse(code: &'static str, text: &str, message: String, label: &str) -> Diagnostic {
    Diagnostic::error(code, message).at("--probe", text, label)
}

/// The file of what the probes saw: an array of 32-bit integers by (sample, step, neuron) for each.
///
/// # Errors
/// What the archive writer says; this is our bug, as it writes to memory.
pub fn encode_probes(
    probes: &[NamedProbe],
    records: &[ProbeRecord],
    samples: usize,
) -> std::io::Result<Vec<u8>> {
    let mut archive = ArchiveWriter::default();
    for (NamedProbe { name, probe }, record) in probes.iter().zip(records) {
        let data: Vec<u8> = record.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let shape = [samples, probe.steps.len(), probe.neurons.len()];
        if shape.iter().product::<usize>() != record.values.len() {
            return Err(std::io::Error::other("samples of unlike length"));
        }
        archive.add_bytes(name, "<i4", &shape, &data)?;
    }
    archive.finish()
}
