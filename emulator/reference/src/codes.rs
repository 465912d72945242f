//! Codes of the reference engine's diagnostics.

use quarrion_isa::diagnostic::{CodeEntry, Diagnostic};

const PROGRAM: &str = "QE901";
const STIMULUS: &str = "QE902";

/// The codes of the reference engine with their explanations.
pub const CODES: &[CodeEntry] = &[
    CodeEntry {
        code: PROGRAM,
        title: "a compiled program contradicts itself or the chip",
        explanation: "Tables of a compiled program name each other by position: groups, \
                      parameters, axons, lists, compartments, accumulators. One of them names \
                      something that is not there. The compiler never writes such a program; \
                      compile the network again, and report the fault if it stays.",
    },
    CodeEntry {
        code: STIMULUS,
        title: "the stimulus does not go with the program",
        explanation: "Spikes name an input neuron and a step of their sample; parameter writes \
                      name a neuron, one of its compartment parameters and a value inside that \
                      parameter's range.",
    },
];

/// A program that names something which is not there.
pub(crate) fn bad_program(place: &str, message: String) -> Diagnostic {
    Diagnostic::error(PROGRAM, message)
        .at("program", place, "this entry")
        .help("compile the network again")
}

/// A stimulus that names something which is not there.
pub(crate) fn bad_stimulus(sample: u32, message: String) -> Diagnostic {
    Diagnostic::error(STIMULUS, message)
        .at("stimulus", &format!("samples.{sample}"), "this sample")
        .help("make the stimulus for this network")
}
