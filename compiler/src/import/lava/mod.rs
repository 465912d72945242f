//! Reads Lava-DL's network exchange files (`.net`, HDF5): networks quantised for Loihi.
//!
//! A file is a list of layers, each with its synapses and neurons in the chip's integers. They are
//! taken as they are: nothing is scaled or rounded again. What the file leaves open follows
//! Lava-DL's own importer and its training library:
//!
//! * a layer costs one timestep; what skips layers (`concat`) arrives early, as on the chip;
//! * kernels are oriented as PyTorch's; planes are (channels, height, width);
//! * `CUBA`/`LOIHI`: `u = dec(u, iDecay) + 64 sum(w s)`, `v = dec(v, vDecay) + u + 64 bias`, and a
//!   spike above `64 vThMant` clears v; `SDNN`: sigma-delta units with 6 bits of fraction in spikes
//!   and 6 more in state; `RF_PHASE`, `RF`, `RF_IZ`: resonators, real and imaginary weights;
//! * `average` in front of another layer counts nothing itself: each neuron of a group counts an
//!   n-th of the weight behind it, which has to be whole;
//! * `gradedSpike` of `CUBA`/`LOIHI` is ignored with a warning, as Lava-DL's importer does: the
//!   file does not say in which unit the voltage would be sent;
//! * `delay` belongs to the axons of the layer that has it.
//!
//! # Source
//! lava-dl, `netx/hdf5.py`, `slayer/block/base.py` and `slayer/neuron/` (BSD-3-Clause), read for
//! their meaning; the arithmetic of the neurons is that of the neuron programs named here.

mod geometry;
mod layer;
mod neuron;
mod signal;
mod values;

use quarrion_isa::diagnostic::Diagnostic;

use self::layer::Builder;
use super::archive::{Archive, Folder, Wording};
use crate::network::Network;

/// How a periodic reset is asked for, which the file itself does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodicReset {
    /// Steps between two resets of a layer.
    pub interval: u32,
    /// Steps of the first reset behind the layer's first step.
    pub offset: u32,
}

/// Longest interval between two resets, as the neuron program `lif_reset` counts it.
pub const INTERVAL_MAX: u32 = 1 << 16;

const WORDING: Wording = Wording {
    file: "a Lava network file",
    export: "export with the network's export_hdf5()",
    rewrite: "read the network in Lava-DL and write it again with export_hdf5()",
    complete: "write the file again with export_hdf5()",
};

/// Most layers of a file.
const LAYERS_MAX: usize = 1 << 12;

/// Whether the bytes are an HDF5 file with layers, as Lava-DL writes them.
#[must_use]
pub fn is_lava(bytes: &[u8]) -> bool {
    let archive = Archive::new("", bytes.len(), WORDING);
    let listing = archive.open(bytes).and_then(|root| root.list());
    listing.is_ok_and(|listing| {
        let has = |wanted: &str| listing.folders.iter().any(|name| name == wanted);
        has("layer") && !has("node")
    })
}

/// Reads a file that the user knows as `source`.
///
/// # Errors
/// Everything that is wrong with the file, each with its place inside the file and a way out.
pub fn read_lava(
    bytes: &[u8],
    source: &str,
    reset: Option<PeriodicReset>,
) -> Result<Network, Vec<Diagnostic>> {
    let archive = Archive::new(source, bytes.len(), WORDING);
    read_layers(&archive, bytes, reset).map_err(|error| vec![error])
}

fn read_layers(
    archive: &Archive<'_>,
    bytes: &[u8],
    reset: Option<PeriodicReset>,
) -> Result<Network, Diagnostic> {
    let root = archive.open(bytes)?;
    let source = archive.source();
    if !root.list()?.folders.iter().any(|name| name == "layer") {
        let message = "an HDF5 file without `/layer` is not a Lava network file";
        return Err(Diagnostic::error("QN040", message)
            .at(source, "/", "no such group")
            .help(WORDING.export));
    }
    let layers = root.folder("layer")?;
    let count = count_layers(&layers)?;
    let mut builder = Builder::new(source, reset);
    for number in 0..count {
        let folder = layers.folder(&number.to_string())?;
        builder.add(number, number + 1 == count, &folder)?;
    }
    builder.finish()
}

/// The number of layers, which are numbered from 0 without gaps.
fn count_layers(layers: &Folder<'_>) -> Result<usize, Diagnostic> {
    let source = layers.archive().source();
    let names = layers.list()?.folders;
    let refuse = |message: String, place: String, label: &str| {
        Err(Diagnostic::error("QN041", message)
            .at(source, &place, label)
            .help("number the layers from 0 in the order of the signal"))
    };
    if names.is_empty() || names.len() > LAYERS_MAX {
        let message = format!("a network has 1 to {LAYERS_MAX} layers, this has {}", names.len());
        return refuse(message, layers.path().to_owned(), "these layers");
    }
    let mut numbers = Vec::with_capacity(names.len());
    for name in &names {
        match name.parse::<usize>() {
            Ok(number) if number.to_string() == *name => numbers.push(number),
            _ => {
                let message = format!("layers are named by their numbers, and `{name}` is none");
                return refuse(message, layers.path_of(name), "this layer");
            }
        }
    }
    numbers.sort_unstable();
    match (0..).zip(&numbers).find(|(wanted, number)| wanted != *number) {
        None => Ok(numbers.len()),
        Some((missing, next)) => {
            let message = format!("layer {missing} is missing: {next} follows on it");
            refuse(message, layers.path_of(&next.to_string()), "a gap before this layer")
        }
    }
}
