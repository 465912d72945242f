//! The parameters of one node: fetched by name, checked for kind, extent and finiteness.

use quarrion_isa::diagnostic::Diagnostic;

use super::archive::{Folder, Numbers, Value};

/// Elements that one node may have; what comes from a shape alone is bounded by nothing else.
pub(super) const MAX_ELEMENTS: usize = 1 << 26;
/// Largest extent, stride, padding or dilation that is believed.
const MAX_EXTENT: f64 = 16_777_216.0;

/// The datasets of one node.
pub(super) struct Parameters<'f, 'a> {
    folder: &'f Folder<'a>,
    names: Vec<String>,
}

impl<'f, 'a> Parameters<'f, 'a> {
    /// Lists what `folder` holds.
    pub(super) fn of(folder: &'f Folder<'a>) -> Result<Self, Diagnostic> {
        Ok(Self { folder, names: folder.list()?.datasets })
    }

    /// Name of the file.
    pub(super) fn source(&self) -> &'a str {
        self.folder.archive().source()
    }

    /// Path of the parameter `name` inside the file.
    pub(super) fn path_of(&self, name: &str) -> String {
        self.folder.path_of(name)
    }

    /// Path of the node inside the file.
    pub(super) fn path(&self) -> &str {
        self.folder.path()
    }

    /// Whether the node has the parameter.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// The class name of the node.
    pub(super) fn node_type(&self) -> Result<String, Diagnostic> {
        match self.value("type")? {
            Value::Texts(mut texts) if texts.len() == 1 => Ok(texts.swap_remove(0)),
            _ => Err(self.wrong_kind("type", "one text")),
        }
    }

    /// The value of a parameter that must be there.
    pub(super) fn value(&self, name: &str) -> Result<Value, Diagnostic> {
        if self.has(name) {
            return self.folder.value(name);
        }
        Err(Diagnostic::error("QN005", format!("a node lacks the dataset `{name}`"))
            .at(self.source(), self.path(), "this node")
            .help(self.folder.archive().wording().complete))
    }

    /// Numbers that must be there and be finite.
    pub(super) fn numbers(&self, name: &str) -> Result<Numbers, Diagnostic> {
        let Value::Numbers(numbers) = self.value(name)? else {
            return Err(self.wrong_kind(name, "numbers"));
        };
        match numbers.values.iter().position(|value| !value.is_finite()) {
            None => Ok(numbers),
            Some(at) => Err(Diagnostic::error(
                "QN008",
                format!("every parameter must be finite, and {} is not", numbers.values[at]),
            )
            .at(
                self.source(),
                &self.path_of(name),
                format!("at index {:?} of shape {:?}", index_of(&numbers.shape, at), numbers.shape),
            )
            .help("training diverged or the export failed; check the model's parameters")),
        }
    }

    /// Numbers that may be absent.
    pub(super) fn optional_numbers(&self, name: &str) -> Result<Option<Numbers>, Diagnostic> {
        if self.has(name) { self.numbers(name).map(Some) } else { Ok(None) }
    }

    /// Whole numbers in a range, such as strides.
    pub(super) fn whole_numbers(&self, name: &str, least: f64) -> Result<Vec<usize>, Diagnostic> {
        let numbers = self.numbers(name)?;
        self.whole(name, &numbers, least)
    }

    /// Checks that numbers are whole, at least `least` and of a believable size.
    pub(super) fn whole(
        &self,
        name: &str,
        numbers: &Numbers,
        least: f64,
    ) -> Result<Vec<usize>, Diagnostic> {
        let good = |value: &f64| value.fract() == 0.0 && (least..=MAX_EXTENT).contains(value);
        if let Some(bad) = numbers.values.iter().find(|value| !good(value)) {
            return Err(Diagnostic::error(
                "QN016",
                format!("`{name}` must be whole numbers of at least {least}, and {bad} is not"),
            )
            .at(self.source(), &self.path_of(name), "out of range")
            .help("check the layer's definition in the framework"));
        }
        Ok(numbers.values.iter().map(|&value| value as usize).collect())
    }

    /// A signed index such as the dimensions of Flatten.
    pub(super) fn dimension(&self, name: &str, default: i64) -> Result<i64, Diagnostic> {
        match self.optional_numbers(name)? {
            None => Ok(default),
            Some(numbers) => match numbers.values.as_slice() {
                [value] if value.fract() == 0.0 && value.abs() <= 64.0 => Ok(*value as i64),
                _ => Err(self.wrong_kind(name, "one small whole number")),
            },
        }
    }

    /// Extents of a signal: an array, or a single number for one axis.
    pub(super) fn shape(&self, name: &str) -> Result<Vec<usize>, Diagnostic> {
        let extents = self.whole_numbers(name, 1.0)?;
        self.check_extents(name, &extents)?;
        Ok(extents)
    }

    /// Checks that extents multiply to something that can be built.
    pub(super) fn check_extents(&self, name: &str, extents: &[usize]) -> Result<(), Diagnostic> {
        if element_count(extents).is_some_and(|count| count > 0) {
            return Ok(());
        }
        Err(Diagnostic::error(
            "QN004",
            format!("a node must have 1 to {MAX_ELEMENTS} elements, and {extents:?} has not"),
        )
        .at(self.source(), &self.path_of(name), "these extents")
        .help("check the layer's shape in the framework"))
    }

    /// Two values from one number or a pair.
    pub(super) fn pair(&self, name: &str, least: f64) -> Result<[usize; 2], Diagnostic> {
        match self.whole_numbers(name, least)?.as_slice() {
            [both] => Ok([*both, *both]),
            [vertical, horizontal] => Ok([*vertical, *horizontal]),
            _ => Err(self.wrong_kind(name, "one number or two")),
        }
    }

    /// One whole number.
    pub(super) fn single(&self, name: &str, least: f64) -> Result<usize, Diagnostic> {
        match self.whole_numbers(name, least)?.as_slice() {
            [value] => Ok(*value),
            _ => Err(self.wrong_kind(name, "one number")),
        }
    }

    /// The diagnostic for a parameter of the wrong kind.
    pub(super) fn wrong_kind(&self, name: &str, wanted: &str) -> Diagnostic {
        Diagnostic::error("QN006", format!("`{name}` must be {wanted}"))
            .at(self.source(), &self.path_of(name), "is something else")
            .help(self.folder.archive().wording().rewrite)
    }

    /// The diagnostic for parameters whose extents do not belong together.
    pub(super) fn disagreement(&self, name: &str, found: &[usize], wanted: &str) -> Diagnostic {
        Diagnostic::error("QN014", format!("`{name}` has shape {found:?} but must have {wanted}"))
            .at(self.source(), &self.path_of(name), "this parameter")
            .help("give every parameter of the node the shape of its layer")
    }
}

/// Product of extents, if it stays within what one node may have.
pub(super) fn element_count(extents: &[usize]) -> Option<usize> {
    extents
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
        .filter(|&count| count <= MAX_ELEMENTS)
}

/// Row-major position `at` as an index along each axis.
fn index_of(shape: &[usize], mut at: usize) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&extent| {
            let here = at % extent.max(1);
            at /= extent.max(1);
            here
        })
        .collect();
    index.reverse();
    index
}
