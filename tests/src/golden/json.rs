//! Reading recorded cases, with the place of whatever is not as expected.

use serde_json::Value;

/// A value inside a file, and the path to it.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The whole file.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: "file".to_owned() }
    }

    fn wrong(&self, expected: &str) -> String {
        format!("{}: {expected} is expected, not {}", self.path, self.value)
    }

    /// The entry called `key`; a null is none.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { value, path: format!("{}.{key}", self.path) })
    }

    /// The entry called `key`, which must exist.
    pub(super) fn need(&self, key: &str) -> Result<Self, String> {
        self.get(key).ok_or_else(|| format!("{}: `{key}` is missing", self.path))
    }

    /// Names of the entries.
    pub(super) fn keys(&self) -> Vec<&'a str> {
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(|(key, _)| key.as_str()).collect()
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// Whether this is a list of lists of lists.
    pub(super) fn is_list_of_tables(&self) -> bool {
        self.value.get(0).and_then(|row| row.get(0)).is_some_and(Value::is_array)
    }

    pub(super) fn text(&self) -> Result<&'a str, String> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// An integer; true and false are 1 and 0.
    pub(super) fn int(&self) -> Result<i64, String> {
        let flag = self.value.as_bool().map(i64::from);
        self.value.as_i64().or(flag).ok_or_else(|| self.wrong("an integer"))
    }

    /// An integer that counts or points.
    pub(super) fn index(&self) -> Result<usize, String> {
        let index = u32::try_from(self.int()?).map_err(|_| self.wrong("an index"))?;
        Ok(index as usize)
    }

    /// The integer called `key`, or another.
    pub(super) fn int_or(&self, key: &str, otherwise: i64) -> Result<i64, String> {
        self.get(key).map_or(Ok(otherwise), |node| node.int())
    }

    pub(super) fn items(&self) -> Result<Vec<Self>, String> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let place = |at: usize| format!("{}[{at}]", self.path);
        let node = |(at, value)| Self { value, path: place(at) };
        Ok(items.iter().enumerate().map(node).collect())
    }

    pub(super) fn ints(&self) -> Result<Vec<i64>, String> {
        self.items()?.iter().map(Self::int).collect()
    }

    /// A list of numbers with or without a fraction.
    pub(super) fn floats(&self) -> Result<Vec<f64>, String> {
        let float = |node: &Self| node.value.as_f64().ok_or_else(|| node.wrong("a number"));
        self.items()?.iter().map(float).collect()
    }

    /// A list of lists.
    pub(super) fn table(&self) -> Result<Vec<Vec<i64>>, String> {
        self.items()?.iter().map(Self::ints).collect()
    }

    /// The integers of `key` for `n` neurons: one for all, or a list.
    pub(super) fn each(&self, key: &str, n: usize, otherwise: i64) -> Result<Vec<i64>, String> {
        let Some(node) = self.get(key) else { return Ok(vec![otherwise; n]) };
        if !node.is_list() {
            return Ok(vec![node.int()?; n]);
        }
        let values = node.ints()?;
        if values.len() == n { Ok(values) } else { Err(node.wrong(&format!("a list of {n}"))) }
    }

    /// Input spikes: (step, neuron).
    pub(super) fn spikes(&self) -> Result<Vec<(i64, usize)>, String> {
        let mut spikes = Vec::new();
        let entries = self.get("input_spikes").map_or(Ok(Vec::new()), |node| node.items())?;
        for entry in entries {
            let parts = entry.items()?;
            let [step, neurons] = parts.as_slice() else {
                return Err(entry.wrong("[step, [neurons]]"));
            };
            let step = step.int()?;
            for neuron in neurons.items()? {
                spikes.push((step, neuron.index()?));
            }
        }
        Ok(spikes)
    }
}
