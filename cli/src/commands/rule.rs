//! `rule list|check|show`: looking at learning rules.

use quarrion_isa::learning::LearningRule;
use quarrion_isa::learning::library::SHIPPED;
use serde_json::json;

use super::show_checked;
use crate::args::{Format, RuleCommand};
use crate::failure::Failure;
use crate::learning::load_rule;
use crate::render::chip::pretty;
use crate::terminal::Terminal;
use crate::texts::Texts;

/// Carries out a command on learning rules.
///
/// # Errors
/// A text that is no learning rule.
pub fn run(command: &RuleCommand, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    match command {
        RuleCommand::List => terminal.result(&list(terminal.format)),
        RuleCommand::Check(args) => {
            let rule = load_rule(&args.rule, terminal, texts)?;
            terminal.result(&verdict(&rule, terminal.format))
        }
        RuleCommand::Show(args) => {
            let rule = load_rule(&args.rule, terminal, texts)?;
            terminal.result(&show(&rule, terminal.format))
        }
    }
}

fn list(format: Format) -> String {
    match format {
        Format::Human => SHIPPED.iter().map(|shipped| format!("{}\n", shipped.name)).collect(),
        Format::Json => {
            let names: Vec<&str> = SHIPPED.iter().map(|shipped| shipped.name).collect();
            pretty(&names.into())
        }
    }
}

fn verdict(rule: &LearningRule, format: Format) -> String {
    let count = |steps: u32| if steps == 1 { "step".to_owned() } else { format!("{steps} steps") };
    match format {
        Format::Human => format!(
            "{}: a valid learning rule; {} products, {} traces, an epoch every {}\n",
            rule.name(),
            rule.terms().len(),
            traces(rule),
            count(rule.epoch())
        ),
        Format::Json => pretty(&in_json(rule)),
    }
}

fn traces(rule: &LearningRule) -> usize {
    rule.pre_traces().iter().chain(rule.post_traces()).flatten().count()
}

fn show(rule: &LearningRule, format: Format) -> String {
    show_checked(rule.text(), &verdict(rule, Format::Human), in_json(rule), format)
}

fn in_json(rule: &LearningRule) -> serde_json::Value {
    json!({
        "name": rule.name(),
        "epoch_steps": rule.epoch(),
        "products": rule.terms().len(),
        "traces": traces(rule),
        "tag_bits": rule.tag_bits(),
        "reward": rule.reward().is_some(),
    })
}
