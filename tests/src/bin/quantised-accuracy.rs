//! Prints what quantisation costs the example networks: accuracy and spikes per layer.
//!
//! `cargo run --release -p quarrion-tests --bin quantised-accuracy -- [CHIP...]`

use quarrion_boards::load_chip;
use quarrion_compiler::compile::{CompileOptions, compile};
use quarrion_compiler::import::ImportPolicy;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::network::lower_network;
use quarrion_tests::accuracy::{EXAMPLES, example, measure};

fn main() {
    let mut chips: Vec<String> = std::env::args().skip(1).collect();
    if chips.is_empty() {
        chips = vec!["loihi1".into(), "loihi2".into()];
    }
    println!(
        "{:<18} {:<10} {:>9} {:>7} {:>13}  spikes per layer, integer / float",
        "network", "chip", "quantised", "float", "counts equal"
    );
    for name in EXAMPLES {
        let bytes = std::fs::read(example(name).join(format!("{name}.nir"))).expect("the network");
        let graph = read_nir(&bytes, name).expect("a network");
        let network = lower_network(&graph, &ImportPolicy::default(), name).expect("a network");
        for chip in &chips {
            let chip = load_chip(chip, &[]).unwrap_or_else(|error| panic!("{error}")).chip;
            let made = match compile(&network, &chip, &CompileOptions::default()) {
                Ok(made) => made,
                Err(failure) => {
                    println!("{name:<18} {:<10} {failure}", chip.name);
                    continue;
                }
            };
            let found = measure(name, &network, &made, usize::MAX);
            let (integer, float) = found.percent();
            let layers: Vec<String> = found
                .layers
                .iter()
                .map(|layer| format!("{} {} / {}", layer.name, layer.integer, layer.float))
                .collect();
            println!(
                "{name:<18} {:<10} {integer:>8.1}% {float:>6.1}% {:>6} of {:>3}  {}",
                chip.name,
                found.counts_equal,
                found.samples,
                layers.join(", ")
            );
        }
    }
}
