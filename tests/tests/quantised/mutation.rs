//! Corrupted programs: every changed bit is found by the verifier, or changes nothing.

use std::collections::BTreeMap;

use quarrion_compiler::compile::Compiled;
use quarrion_compiler::network::{Connectivity, Network};
use quarrion_compiler::verify::verify;
use quarrion_isa::chip::{Chip, SynapseFormatKind};
use quarrion_isa::program::Program;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::random::{Dice, networks, subtracting};
use super::shared::{Ends, chip, compiled, logical_view};

/// Corruptions of each victim that leave a program.
const TRIES: u32 = 2_500;

/// Random networks of few synapses, some of them in sparse lists.
fn small_networks(most: u64) -> impl Iterator<Item = Network> {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let any = move || networks().new_tree(&mut runner).expect("a network").current();
    std::iter::repeat_with(any).filter(move |network| {
        let sparse = |kind: &Connectivity| matches!(kind, Connectivity::Sparse { .. });
        network.projections.iter().map(|p| p.connectivity.synapse_count()).sum::<u64>() < most
            && network.projections.iter().any(|p| sparse(&p.connectivity))
    })
}

/// Small programs that have every kind of block, on small cores: one with neurons of two
/// compartments, one with copies of neurons.
fn victims() -> Vec<(Compiled, Chip)> {
    let victim = |(at, network): (usize, Network)| {
        let mut sets = vec!["core_types.neuro.compartments=11"];
        let network = if at == 0 { subtracting(network) } else { network };
        if at == 1 {
            sets.push("core_types.neuro.fan_out=6");
        }
        let chip = chip("loihi1", &sets);
        let made = compiled(&network, &chip);
        let copies: u64 = made.utilisation.layers.iter().map(|layer| layer.copies).sum();
        assert_eq!(copies > 0, at == 1, "{copies} copies in victim {at}");
        (made, chip)
    };
    let victims: Vec<(Compiled, Chip)> =
        small_networks(4_000).take(4).enumerate().map(victim).collect();
    for kind in [
        SynapseFormatKind::Dense,
        SynapseFormatKind::Sparse,
        SynapseFormatKind::RunLength,
        SynapseFormatKind::Kernel,
    ] {
        let cores = victims.iter().flat_map(|(made, _)| &made.program.cores);
        let mut blocks = cores.flat_map(|core| &core.blocks);
        assert!(blocks.any(|block| block.synapses.format().kind == kind), "no {kind:?} block");
    }
    victims
}

/// Paths of all numbers of a stored program; whether they are words of synapse memory.
fn numbers(value: &Value, path: &str, found: &mut Vec<(String, bool)>) {
    match value {
        Value::Number(_) => found.push((path.to_owned(), path.contains("/words/"))),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                numbers(item, &format!("{path}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                numbers(field, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// The number with one bit changed; `None` where the result is no number of its kind.
fn flipped(number: &Number, word: bool, dice: &mut Dice) -> Option<Number> {
    if word {
        return number.as_u64().map(|value| (value ^ 1 << dice.below(64)).into());
    }
    if let Some(value) = number.as_i64() {
        let bit = 1 << dice.below(32);
        let changed = if value < 0 {
            i64::from(i32::try_from(value).ok()? ^ bit)
        } else {
            i64::from(u32::try_from(value).ok()? ^ bit as u32)
        };
        return Some(changed.into());
    }
    let value = number.as_f64()?;
    Number::from_f64(f64::from_bits(value.to_bits() ^ 1 << dice.below(64)))
}

/// What a program means: its logical synapses, and every number but those that only say where they
/// are stored: bits of words, and the choice between lists that say the same.
fn meaning(program: &Program) -> (Value, BTreeMap<Ends, Vec<i32>>) {
    let chooses = |path: &str| path.contains("/axons_in/") && path.ends_with("/list");
    let mut value = serde_json::to_value(program).expect("writes");
    let mut all = Vec::new();
    numbers(&value, "", &mut all);
    for (path, _) in all.iter().filter(|(path, word)| *word || chooses(path)) {
        *value.pointer_mut(path).expect("just found") = Value::Null;
    }
    (value, logical_view(program))
}

#[test]
fn single_bit_corruptions_are_found_or_harmless() {
    let mut dice = Dice(7);
    let (mut found, mut harmless, mut ill_typed) = (0, 0, 0);
    let mut missed = Vec::new();
    for (made, chip) in victims() {
        let stored = serde_json::to_value(&made.program).expect("writes");
        let read = Program::deserialize(&stored).expect("reads");
        assert_eq!(read, made.program);
        verify(&read, &made.quantised, &chip).expect("sound before");
        let mut all = Vec::new();
        numbers(&stored, "", &mut all);
        let words = all.iter().filter(|(_, word)| *word).count();
        let meant = meaning(&made.program);
        let mut corrupt = stored;
        let mut tried = 0;
        while tried < TRIES {
            // Half of the tries hit words, which are fewer than other numbers here.
            let (path, word) = loop {
                let pick = &all[dice.below(all.len() as u64) as usize];
                if pick.1 || dice.below(all.len() as u64) < words as u64 * 2 {
                    break pick;
                }
            };
            let place = corrupt.pointer_mut(path).expect("just found");
            let sound = place.clone();
            let Some(number) = place.as_number().and_then(|n| flipped(n, *word, &mut dice)) else {
                ill_typed += 1;
                continue;
            };
            *place = Value::Number(number);
            let read = Program::deserialize(&corrupt);
            *corrupt.pointer_mut(path).expect("just found") = sound;
            let Ok(read) = read else {
                ill_typed += 1;
                continue;
            };
            tried += 1;
            if verify(&read, &made.quantised, &chip).is_err() {
                found += 1;
            } else if meaning(&read) == meant {
                harmless += 1;
            } else {
                missed.push(path.clone());
            }
        }
    }
    println!("{found} found, {harmless} harmless, {} missed, {ill_typed} no program", missed.len());
    assert!(found > 5_000 && harmless > 50, "too few corruptions to say anything");
    assert_eq!(missed, Vec::<String>::new());
}

/// Every two route entries of a program exchanged: within a core's table, between cores, and with
/// the inputs'.
#[test]
fn swapped_routes_are_found_or_harmless() {
    let (mut found, mut harmless, mut missed) = (0, 0, Vec::new());
    for network in small_networks(1_200).take(1) {
        let board = ["mesh.width=2", "mesh.height=1", "mesh.cores_per_tile=2"];
        let chip = chip("loihi1", &board);
        let made = compiled(&network, &chip);
        let meant = logical_view(&made.program);
        let mut program = made.program.clone();
        assert!(program.cores.len() > 1);
        let routes: Vec<(usize, usize)> = (0..=program.cores.len())
            .flat_map(|table| {
                let length = entries(&mut program, table).len();
                (0..length).map(move |entry| (table, entry))
            })
            .collect();
        for (at, &one) in routes.iter().enumerate() {
            for &other in &routes[at + 1..] {
                swap(&mut program, one, other);
                if verify(&program, &made.quantised, &chip).is_err() {
                    found += 1;
                } else if logical_view(&program) == meant {
                    // Two sources may have the same synapses.
                    harmless += 1;
                } else {
                    missed.push((one, other));
                }
                swap(&mut program, one, other);
            }
        }
        assert!(program == made.program);
    }
    println!("{found} found, {harmless} harmless, {} missed", missed.len());
    assert!(found > 10_000, "too few swaps to say anything");
    assert_eq!(missed, Vec::new());
}

/// Exchanges two entries of axon-out tables.
fn swap(program: &mut Program, one: (usize, usize), other: (usize, usize)) {
    let first = entries(program, one.0)[one.1];
    let second = std::mem::replace(&mut entries(program, other.0)[other.1], first);
    entries(program, one.0)[one.1] = second;
}

/// Axon-out entries of one core, or of the inputs.
fn entries(program: &mut Program, table: usize) -> &mut Vec<quarrion_isa::program::AxonOut> {
    match table.checked_sub(1) {
        None => &mut program.inputs.entries,
        Some(core) => &mut program.cores[core].axons_out.entries,
    }
}
