//! The manual says what the code does.

use std::path::Path;

use quarrion_isa::neuron::{Instructions, NeuronProgram, library, step_compartment};

fn manual() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("MANUAL.md");
    std::fs::read_to_string(path).expect("the manual")
}

/// The fenced blocks of the manual.
fn blocks(text: &str) -> Vec<&str> {
    text.split("```").skip(1).step_by(2).map(|block| block.trim_start_matches('\n')).collect()
}

fn evaluate(expression: &str) -> i32 {
    let text = format!("program example\nspike {expression} when 1\n");
    let program = NeuronProgram::parse(&text, "example").expect(expression);
    let outcome = step_compartment(&program, &mut [], &[], &[], &mut |_| 0);
    outcome.spike.expect("a spike")
}

#[test]
fn every_example_of_an_instruction_has_the_value_it_claims() {
    let manual = manual();
    let mut checked = 0;
    for line in manual.lines().filter(|line| line.starts_with("| `")) {
        let Some((before, value)) = line.rsplit_once(" is ") else { continue };
        let value = value.trim_end_matches(" |").replace('−', "-");
        let Ok(value) = value.parse::<i32>() else { continue };
        let expression = before.rsplit('`').nth(1).expect("an example in backticks");
        assert_eq!(evaluate(expression), value, "{expression}");
        checked += 1;
    }
    assert!(checked >= 13, "{checked} examples");
}

#[test]
fn the_first_program_costs_what_the_manual_counts() {
    let manual = manual();
    let first = blocks(&manual)[0];
    let program = NeuronProgram::parse(first, "manual").expect("valid");
    assert_eq!(program.warnings(), []);
    assert_eq!(program.instruction_count(), Instructions { update: 7, spike: 2 });
}

#[test]
fn the_tutorial_gives_the_shipped_program() {
    let manual = manual();
    let parts: Vec<&str> = blocks(&manual)
        .into_iter()
        .filter(|block| block.starts_with("program izhikevich") || block.starts_with("let drive"))
        .collect();
    assert_eq!(parts.len(), 2);
    let written = NeuronProgram::parse(&parts.concat(), "tutorial").expect("valid");
    let shipped = library::find("izhikevich").expect("shipped");
    let shipped = NeuronProgram::parse(shipped.text, "shipped").expect("valid");
    assert_eq!(written.text(), shipped.text());
    let Instructions { update, spike } = shipped.instruction_count();
    assert_eq!((shipped.state_bits(), update + spike), (48, 35));
}

#[test]
fn the_list_of_programs_is_complete() {
    let manual = manual();
    let list = manual.split("# Programs that come with").nth(1).expect("the list");
    for shipped in library::SHIPPED {
        assert!(list.contains(&format!("`{}`", shipped.name)), "{} is missing", shipped.name);
    }
}
