//! Verdicts on public files that may not be copied into the project.

use quarrion_compiler::import::ImportPolicy;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::network::lower_network;

use super::counts::reference;

/// What each file must get: the code of its refusal, or none.
const VERDICTS: &[(&str, Option<&str>)] = &[
    ("huggingface_neurocuda/neurocuda_cnn_nmnist.nir", None),
    ("huggingface_neurocuda/neurocuda_mlp_mnist.nir", None),
    ("nir_paper/braille_noDelay_bias_zero.nir", None),
    ("nir_paper/braille_noDelay_bias_zero_subgraph.nir", Some("QN011")),
    ("nir_paper/braille_noDelay_noBias_subtract.nir", None),
    ("nir_paper/braille_noDelay_noBias_subtract_subgraph.nir", Some("QN011")),
    ("nir_paper/cnn_sinabs.nir", None),
    ("nir_paper/lif_norse.nir", None),
    ("nir_paper/lif_rockpool.nir", None),
    ("nir_paper/two_lif_neurons.nir", None),
    ("nir_paper_legacy/Braille_snntorch_2023.nir", Some("QN001")),
    ("nir_paper_legacy/braille_2023.nir", Some("QN013")),
    ("nir_paper_legacy/scnn_mnist_batches.nir", Some("QN013")),
    ("nir_paper_legacy/scnn_mnist_old.nir", Some("QN013")),
    ("synfire/ifsynfire-0.1.0.nir", None),
    ("synfire/swavelet-1.0.0.nir", None),
];

fn verdict(bytes: &[u8], name: &str) -> Option<&'static str> {
    let read = read_nir(bytes, name);
    let lowered =
        read.and_then(|graph| lower_network(&graph, &ImportPolicy::default(), name).map(|_| ()));
    lowered.err().map(|errors| errors[0].code)
}

#[test]
fn public_files_get_their_verdicts() {
    let Some(folder) = reference() else { return };
    let folder = folder.join("nir_graphs");
    for (name, wanted) in VERDICTS {
        let bytes = std::fs::read(folder.join(name)).expect("a reference file");
        assert_eq!(verdict(&bytes, name), *wanted, "{name}");
    }
    let dump = std::fs::read_to_string(folder.join("overflowing_extents.nir.hex"));
    let dump = dump.expect("the hex dump");
    let lines = dump.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines.flat_map(str::bytes).filter(u8::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| {
            let text = std::str::from_utf8(pair).expect("hex digits");
            u8::from_str_radix(text, 16).expect("hex digits")
        })
        .collect();
    assert_eq!(verdict(&bytes, "overflowing_extents"), Some("QN004"));
}
