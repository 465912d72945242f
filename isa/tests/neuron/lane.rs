//! Lanes, by hand and interpreted, against the reference interpreter, on every shipped program.

use quarrion_isa::neuron::{NeuronProgram, library};

use crate::compare::{Coverage, Dice, Pair};

/// Lengths around the sizes of words and blocks.
const LENGTHS: [usize; 8] = [1, 63, 64, 65, 127, 128, 129, 300];

#[test]
fn lane_equals_compartment_on_every_shipped_program() {
    assert!(!library::SHIPPED.is_empty());
    for shipped in library::SHIPPED {
        let program = NeuronProgram::parse(shipped.text, shipped.name)
            .unwrap_or_else(|errors| panic!("{}: {errors:#?}", shipped.name));
        let mut coverage = Coverage::default();
        for seed in 0..60 {
            let mut dice = Dice::new(seed);
            let mut pair = Pair::new(&program, LENGTHS[seed as usize % LENGTHS.len()], &mut dice);
            for step in 0..12 {
                pair.step(step, &mut dice, &mut coverage);
            }
        }
        println!("{}: {coverage:?}", shipped.name);
        // A program that only hands its output on to another compartment never spikes.
        let fires = !shipped.text.contains("\noutput ");
        assert_eq!(coverage.spikes > 100, fires, "{}: {coverage:?}", shipped.name);
        assert!(coverage.active > 1000, "{}: {coverage:?}", shipped.name);
        if program.has_idle() {
            assert!(coverage.idle > 100, "{}: {coverage:?}", shipped.name);
            assert!(coverage.skipped > 100, "{}: {coverage:?}", shipped.name);
        }
    }
}

#[test]
fn shipped_texts_parse_without_warnings_and_print_stably() {
    for shipped in library::SHIPPED {
        let program = NeuronProgram::parse(shipped.text, shipped.name).expect(shipped.name);
        assert_eq!(program.name(), shipped.name);
        assert_eq!(program.warnings(), [], "{}", shipped.name);
        let again = NeuronProgram::parse(program.text(), "print").expect("the print parses");
        assert!(again == program, "printed otherwise:\n{}", program.text());
        assert_eq!(again.text(), program.text());
        assert_eq!(again.instruction_count(), program.instruction_count());
        println!(
            "{} {:?} {:?}",
            shipped.name,
            program.instruction_count(),
            program.idle_evidence()
        );
    }
}
