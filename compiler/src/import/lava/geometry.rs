//! The planes that a layer slides over: extents from the file, checked against each other.

use quarrion_isa::diagnostic::Diagnostic;

use super::layer::Layer;
use super::signal::Signal;
use crate::import::archive::Numbers;
use crate::network::window::Window;

impl Layer<'_, '_> {
    /// The signal before as planes.
    pub(super) fn planes(&self, signal: &Signal) -> Result<[usize; 3], Diagnostic> {
        signal.planes().ok_or_else(|| {
            let message = format!("planes have three extents, and {:?} has not", signal.shape);
            Diagnostic::error("QN044", message)
                .at(self.parameters.source(), self.folder.path(), "before this layer")
                .help("give shapes as (channels, height, width)")
        })
    }

    /// One number of the layer, with a default.
    pub(super) fn optional(&self, name: &str, default: usize) -> Result<usize, Diagnostic> {
        if self.has(name) { self.parameters.single(name, 0.0) } else { Ok(default) }
    }

    /// A pair of the layer, with a default.
    pub(super) fn optional_pair(
        &self,
        name: &str,
        least: f64,
        default: [usize; 2],
    ) -> Result<[usize; 2], Diagnostic> {
        if self.has(name) { self.parameters.pair(name, least) } else { Ok(default) }
    }

    /// Extents of a kernel, from its weights; they may have a fifth axis of one element.
    pub(super) fn kernel(&self, weights: &Numbers) -> Result<[usize; 2], Diagnostic> {
        match *weights.shape.as_slice() {
            [_, _, rows, columns] | [_, _, rows, columns, 1] if rows > 0 && columns > 0 => {
                Ok([rows, columns])
            }
            _ => {
                let wanted = "four extents: outputs, inputs, rows, columns";
                Err(self.parameters.disagreement("weight", &weights.shape, wanted))
            }
        }
    }

    /// The geometry of the layer, checked against the shape that the file gives.
    pub(super) fn window(
        &self,
        input: [usize; 2],
        kernel: [usize; 2],
        shape: &[usize],
        default_stride: [usize; 2],
    ) -> Result<Window, Diagnostic> {
        let stride = self.optional_pair("stride", 1.0, default_stride)?;
        let padding = self.optional_pair("padding", 0.0, [0, 0])?;
        let dilation = self.optional_pair("dilation", 1.0, [1, 1])?;
        let along = |axis: usize| {
            let reach = dilation[axis].checked_mul(kernel[axis] - 1)? + 1;
            let free = (input[axis] + 2 * padding[axis]).checked_sub(reach)?;
            Some(free / stride[axis] + 1)
        };
        let found = along(0).zip(along(1)).map(|(rows, columns)| [rows, columns]);
        let [_, rows, columns] = *shape else {
            let wanted = "three extents: channels, rows, columns";
            return Err(self.parameters.disagreement("shape", shape, wanted));
        };
        match found {
            Some(output) if output == [rows, columns] => {
                Ok(Window { input, output, kernel, stride, padding, dilation })
            }
            found => {
                let wanted = match found {
                    Some([rows, columns]) => format!("planes of {rows} x {columns}"),
                    None => "a kernel that fits its padded input".to_owned(),
                };
                Err(self.parameters.disagreement("shape", shape, &wanted))
            }
        }
    }
}
