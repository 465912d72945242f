//! The codes of this crate's diagnostics, each with its rule and what to do.

use quarrion_isa::diagnostic::CodeEntry;

use crate::passes::codes::CODES as PASSES;

/// Every code that this crate emits: those of the passes, then those of network import, each in
/// ascending order.
pub const CODES: &[CodeEntry] = &joined::<{ PASSES.len() + IMPORT.len() }>(PASSES, IMPORT);

/// One table after the other.
const fn joined<const LENGTH: usize>(
    first: &[CodeEntry],
    then: &[CodeEntry],
) -> [CodeEntry; LENGTH] {
    let mut table = [first[0]; LENGTH];
    let mut at = 1;
    while at < LENGTH {
        table[at] = if at < first.len() { first[at] } else { then[at - first.len()] };
        at += 1;
    }
    table
}

/// The codes of network import.
const IMPORT: &[CodeEntry] = &[
    CodeEntry {
        code: "QN001",
        title: "a NIR file is an HDF5 file",
        explanation: "NIR stores networks in HDF5, recognised by its first bytes. The file has \
                      none of them: it may be a pickled model, a JSON export, an interrupted \
                      download or a web page. Export the network with nir.write().",
    },
    CodeEntry {
        code: "QN002",
        title: "the HDF5 structure must be readable",
        explanation: "A header, an index or a block of the file contradicts itself or uses a \
                      feature that the reader lacks. Read the network in its framework and \
                      write it again with nir.write().",
    },
    CodeEntry {
        code: "QN003",
        title: "compression must be gzip or none",
        explanation: "h5py offers LZF and plug-in filters that only h5py reads. nir.write() takes \
                      compression='gzip', which is its default, or None.",
    },
    CodeEntry {
        code: "QN004",
        title: "sizes must be believable",
        explanation: "Extents, nesting and counts are checked before memory is asked for: against \
                      what a file of this length can hold, and against fixed bounds for what \
                      follows from shapes alone. A file that breaks them is damaged or made to \
                      do harm.",
    },
    CodeEntry {
        code: "QN005",
        title: "a node must have the datasets of its type",
        explanation: "Every node is a group with `type` and the parameters of that type; graphs \
                      have `nodes` and `edges`. Only `v_reset`, `w_in`, `input_shape`, `bias` of \
                      convolutions and the arguments of Flatten may be absent. A node name with \
                      `/` in it makes HDF5 create nested groups, which looks like a missing type.",
    },
    CodeEntry {
        code: "QN006",
        title: "a parameter must hold the right kind of value",
        explanation: "Numbers where numbers are meant, text where text is meant, and as many as \
                      the layer takes.",
    },
    CodeEntry {
        code: "QN007",
        title: "node types must be those of NIR 1.0",
        explanation: "The file names a type that NIR 1.0.8 does not define: a framework's own \
                      extension, or a later version. Replace the layer before exporting.",
    },
    CodeEntry {
        code: "QN008",
        title: "parameters must be finite",
        explanation: "A weight or neuron parameter is NaN or infinite. Training diverged, or a \
                      division by zero happened in the export (beta = 1 makes tau infinite: \
                      export an IF neuron instead).",
    },
    CodeEntry {
        code: "QN010",
        title: "a network must have nodes",
        explanation: "The graph is empty. The exporter found no layer that it knows.",
    },
    CodeEntry {
        code: "QN011",
        title: "edges must join existing nodes",
        explanation: "An edge names a node that its graph does not have. Inside a subgraph only \
                      the subgraph's own nodes count. Some published files have this fault: the \
                      neuron was renamed and its edges were not.",
    },
    CodeEntry {
        code: "QN012",
        title: "an edge is listed twice",
        explanation: "Older versions of NIR allowed duplicates and newer ones refuse them. The \
                      second is ignored; to double a signal, double the weights.",
    },
    CodeEntry {
        code: "QN013",
        title: "what a node puts out must have the shape that the next one takes",
        explanation: "Shapes exclude batch and time; planes are (channels, height, width). Where \
                      only the number of axes differs, a Flatten node is missing.",
    },
    CodeEntry {
        code: "QN014",
        title: "the parameters of a node must have shapes that belong together",
        explanation: "All parameters of a neuron have the shape of its layer (single values \
                      spread over it); a bias has one value an output.",
    },
    CodeEntry {
        code: "QN015",
        title: "every shape must follow from the graph",
        explanation: "Convolution without input_shape, pooling and Flatten take their shape from \
                      what feeds them, and nothing with a known shape does. Add an Input node.",
    },
    CodeEntry {
        code: "QN016",
        title: "window geometry must be possible",
        explanation: "Strides and dilations are at least 1, groups divide the channels, a window \
                      fits its padded input, padding 'same' needs stride 1, and Flatten merges \
                      axes that exist.",
    },
    CodeEntry {
        code: "QN017",
        title: "a subgraph in an edge needs one port on that side",
        explanation: "An edge names a subgraph, not a port of it, so a subgraph with several \
                      Inputs or Outputs (or none) leaves open where the signal goes.",
    },
    CodeEntry {
        code: "QN018",
        title: "nothing may feed an Input",
        explanation: "An Input is where the stimulus enters; an edge into one has no meaning.",
    },
    CodeEntry {
        code: "QN020",
        title: "the import policy must be possible",
        explanation: "The timestep is a positive time in seconds, and a dialect is one of the \
                      known frameworks.",
    },
    CodeEntry {
        code: "QN021",
        title: "time constants must be positive",
        explanation: "A time constant of zero or less has no step equation. A neuron without leak \
                      is an IF, one without memory a Threshold.",
    },
    CodeEntry {
        code: "QN022",
        title: "a time constant is shorter than a timestep",
        explanation: "Under forward Euler the state then changes sign each step, which no \
                      framework intends. The file is probably in milliseconds or steps, or the \
                      timestep is wrong: a file does not say either.",
    },
    CodeEntry {
        code: "QN023",
        title: "the gain of a neuron is far from 1",
        explanation: "Exporters that write r with care make one step of input count once: \
                      r dt/tau = 1. A very different value means another timestep or another \
                      dialect, and the network will be silent or saturated.",
    },
    CodeEntry {
        code: "QN024",
        title: "a cycle needs a neuron",
        explanation: "Linear nodes act within a step, so a cycle of them alone has no order of \
                      evaluation. Only a neuron's output is delayed by a step inside its cycle.",
    },
    CodeEntry {
        code: "QN025",
        title: "a reset potential other than zero must be one that can be shifted away",
        explanation: "Chips reset to zero. Measured from v_reset a membrane does so, which is \
                      exact when it also starts there, as in SpikingJelly. When the threshold is \
                      subtracted, v_reset has no meaning.",
    },
    CodeEntry {
        code: "QN026",
        title: "a delay was rounded to whole steps",
        explanation: "Chips delay by whole timesteps. Train with multiples of dt, or choose a dt \
                      that divides the delays.",
    },
    CodeEntry {
        code: "QN027",
        title: "a delay must be a believable number of steps",
        explanation: "Delays are not negative and not millions of steps long; the timestep or the \
                      measure of time is probably wrong.",
    },
    CodeEntry {
        code: "QN028",
        title: "a constant bias cannot be delayed",
        explanation: "A bias is added at its neuron from the first step on. Behind a Delay it \
                      would have to start later.",
    },
    CodeEntry {
        code: "QN029",
        title: "a network must have neurons",
        explanation: "Only linear nodes were found, so there is nothing to place on a \
                      neuromorphic core.",
    },
    CodeEntry {
        code: "QN030",
        title: "an Output reads a linear layer",
        explanation: "The network ends without a neuron, as classifiers often do whose result is \
                      the sum of the last layer over time. Neurons without leak or threshold \
                      are added that sum it; they are read once, at the end of a sample.",
    },
    CodeEntry {
        code: "QN031",
        title: "linear layers must fold within bounds",
        explanation: "Linear layers between two neurons become one projection. Here that takes \
                      more work or memory than any sensible network: parallel paths that \
                      multiply, or matrices in a row.",
    },
    CodeEntry {
        code: "QN032",
        title: "a threshold lies at or below the reset",
        explanation: "A neuron at rest is then at its threshold and may fire without input.",
    },
    CodeEntry {
        code: "QN033",
        title: "an Input or Output was added",
        explanation: "The graph has none, as files of the first NIR versions often do. Loose ends \
                      were taken for it.",
    },
    CodeEntry {
        code: "QN035",
        title: "folded numbers must be finite",
        explanation: "Gains, weights and biases multiply when layers are folded and when \
                      equations become steps; here the product overflows.",
    },
    CodeEntry {
        code: "QN036",
        title: "shapes differ only in extents of 1",
        explanation: "The official reader refuses this; it is harmless, because the order of the \
                      elements is the same.",
    },
    CodeEntry {
        code: "QN037",
        title: "something must feed every Output",
        explanation: "No path leads to the Output from an Input or a neuron.",
    },
    CodeEntry {
        code: "QN038",
        title: "a kernel was written out as a list of synapses",
        explanation: "A convolution stays a shared kernel as long as one kernel says the same. It \
                      does not when the neurons behind it differ in gain inside a channel, or \
                      when pooling before it drops a row that its padding would reach. The \
                      network is the same, but chips that share kernels need more memory for it.",
    },
    CodeEntry {
        code: "QN040",
        title: "a Lava network file holds layers",
        explanation: "Lava-DL's export_hdf5() writes the groups /layer/0, /layer/1, … This HDF5 \
                      file has no group `layer`: it holds something else.",
    },
    CodeEntry {
        code: "QN041",
        title: "layers are numbered from 0 without gaps",
        explanation: "The order of the layers is the order of their numbers. A number that is \
                      missing means that the export was interrupted or a layer left out.",
    },
    CodeEntry {
        code: "QN042",
        title: "layer types must be those that are read",
        explanation: "Read are input, dense, dense_rec, conv, pool, flatten, average and concat. \
                      Transposed convolutions, unpooling and framework extensions are not.",
    },
    CodeEntry {
        code: "QN043",
        title: "the first layer says what comes in",
        explanation: "A file starts with an input layer and its shape, or with a dense layer, \
                      whose weights say how many inputs it has. A convolution does not say the \
                      size of its planes.",
    },
    CodeEntry {
        code: "QN044",
        title: "layers must fit each other",
        explanation: "What a layer puts out has the shape that the next one takes, and layers \
                      that `concat` joins come before it and have one height and width.",
    },
    CodeEntry {
        code: "QN045",
        title: "neuron types must be those that are read",
        explanation: "Read are LOIHI and CUBA (leaky current and voltage), SDNN (sigma-delta), \
                      RF_PHASE, RF and RF_IZ (resonators).",
    },
    CodeEntry {
        code: "QN046",
        title: "a quantised network holds integers",
        explanation: "Weights, biases and registers of a .net file are the chip's integers, and \
                      are never rounded here. Fractions mean that the layer was exported without \
                      its quantiser, or that the neurons of an average cannot share a weight.",
    },
    CodeEntry {
        code: "QN047",
        title: "something that Lava-DL can write is not built yet",
        explanation: "The file is valid, but uses a part of the format that is not read yet.",
    },
    CodeEntry {
        code: "QN048",
        title: "registers must lie in their ranges",
        explanation: "Decays have 12 bits, thresholds 17, delays at most 62 steps. A periodic \
                      reset is that of Lava's LIFReset, which has no refractory period.",
    },
    CodeEntry {
        code: "QN049",
        title: "a part of a Lava network is left to the reader",
        explanation: "An average over groups of outputs is a readout, which no chip computes; \
                      sigma-delta units and resonators have no periodic reset; and the payload of \
                      a CUBA neuron's spike has a unit that the file does not name. The network \
                      runs without them.",
    },
    CodeEntry {
        code: "QN050",
        title: "neurons of one's own take the place of a layer's",
        explanation: "`--neuron LAYER=PROGRAM` lets a layer compute a neuron program: a name of \
                      `quarrion neuron list` or a file. `scale=X` multiplies the weights into it \
                      before they are rounded to whole numbers, `shift=N` shifts what arrives to \
                      the left, and `NAME=VALUE` sets a parameter of the program, as in \
                      'lif1=my.neuron,scale=64,vth=100'. Biases of the layer go, scaled alike, to the \
                      program's parameter `bias`, which it needs where there are any.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::CODES;

    /// Collects the codes of network import that the sources of a folder mention.
    fn mentioned(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                mentioned(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("src/codes.rs")
            {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let codes = text.split("\"QN").skip(1).filter_map(|rest| rest.get(..4));
                let whole = codes.filter_map(|rest| rest.strip_suffix('"'));
                found.extend(whole.map(|number| format!("QN{number}")));
            }
        }
    }

    #[test]
    fn every_code_is_explained_and_every_explanation_used() {
        let mut found = BTreeSet::new();
        mentioned(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 20, "the search is broken");
        let explained = CODES.iter().map(|entry| entry.code).filter(|code| code.starts_with("QN"));
        let explained: Vec<String> = explained.map(str::to_owned).collect();
        assert_eq!(explained, Vec::from_iter(found), "ascending, each once");
    }
}
