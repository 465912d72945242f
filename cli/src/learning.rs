//! `--learn`, and the file of what was learned.

use quarrion_compiler::compile::Taught;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::learning::library::find;
use quarrion_isa::learning::{LearnedProjection, LearningRule};
use quarrion_isa::program::Program;

use crate::counts::ArchiveWriter;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// A shipped rule by name, or one from a file.
///
/// # Errors
/// A file that cannot be read, or a text that is no rule.
pub fn load_rule(
    name: &str,
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<LearningRule, Failure> {
    let shipped = find(name).map(|shipped| (shipped.name, shipped.text));
    let (source, text) = texts.take_shipped(name, shipped)?;
    let rule = LearningRule::parse(&text, &source)?;
    terminal.say(rule.warnings(), texts);
    Ok(rule)
}

/// The projections that learn, as `--learn` names them.
///
/// # Errors
/// QU009: words that are no PROJECTION=RULE; or what [`load_rule`] says.
pub fn read_taught(
    asked: &[String],
    terminal: &Terminal,
    texts: &mut Texts,
) -> Result<Vec<Taught>, Failure> {
    let mut taught = Vec::new();
    for text in asked {
        let Some((projection, rule)) = text.split_once('=') else {
            let message = "what learns is given as PROJECTION=RULE";
            return Err(Diagnostic::error("QU009", message)
                .at("--learn", text, "cannot be read")
                .help("write it such as --learn 'in->lif1=pairwise-stdp'")
                .into());
        };
        let (projection, rule) = (projection.trim(), rule.trim());
        let projection = projection.to_owned();
        taught.push(Taught { projection, rule: load_rule(rule, terminal, texts)? });
    }
    Ok(taught)
}

/// The file of what was learned: for each projection the neurons, weights, delays and tags of its
/// synapses, one entry a synapse in each array.
///
/// # Errors
/// What the archive writer says; this is our bug, as it writes to memory.
pub fn encode_learned(
    program: &Program,
    learned: &[LearnedProjection],
) -> std::io::Result<Vec<u8>> {
    let mut archive = ArchiveWriter::default();
    for LearnedProjection { projection, synapses } in learned {
        let name = &program.projections[projection.index()].name;
        let shape = [synapses.len()];
        let mut add = |what: &str, values: Vec<i64>| {
            archive.add_integers(&format!("{name}.{what}"), &shape, values.into_iter())
        };
        add("source", synapses.iter().map(|one| one.source.into()).collect())?;
        add("target", synapses.iter().map(|one| one.target.into()).collect())?;
        add("weight", synapses.iter().map(|one| one.weight.into()).collect())?;
        add("delay", synapses.iter().map(|one| one.delay.into()).collect())?;
        add("tag", synapses.iter().map(|one| one.tag.into()).collect())?;
    }
    archive.finish()
}
