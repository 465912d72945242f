//! Reading recorded cases, and a layer of neurons to step beside them.

use std::path::Path;

use quarrion_isa::neuron::{NeuronProgram, default_parameters, library, step_compartment};
use serde_json::Value;

/// One recorded case.
pub(crate) struct Case {
    pub(crate) value: Value,
}

impl Case {
    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text"))
    }

    /// What arrives at each neuron in each step: `[step][neuron]`, contributions in order.
    ///
    /// `of` gives the step of arrival and the contribution of a spike of one source.
    pub(crate) fn arrivals(
        &self,
        neurons: usize,
        of: impl Fn(i64, usize, usize) -> Vec<(i64, i64)>,
    ) -> Vec<Vec<Vec<i64>>> {
        let steps = usize::try_from(int(&self.value["steps"])).expect("small");
        let mut arrivals = vec![vec![Vec::new(); neurons]; steps];
        let spikes = self.value["input_spikes"].as_array().cloned().unwrap_or_default();
        for entry in &spikes {
            let at = int(&entry[0]);
            for source in list(&entry[1]) {
                let source = usize::try_from(source).expect("small");
                for neuron in 0..neurons {
                    for (step, contribution) in of(at, neuron, source) {
                        let step = usize::try_from(step).expect("not before the start");
                        if let Some(row) = arrivals.get_mut(step) {
                            row[neuron].push(contribution);
                        }
                    }
                }
            }
        }
        arrivals
    }
}

/// The cases of a file.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let cases = value["cases"].as_array().expect("cases");
    assert!(!cases.is_empty(), "{file} has no cases");
    cases.iter().map(|value| Case { value: value.clone() }).collect()
}

/// A JSON integer.
pub(crate) fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("an integer, not {value}"))
}

/// A JSON truth value as 0 or 1.
pub(crate) fn flag(value: &Value) -> i64 {
    i64::from(value.as_bool().expect("true or false"))
}

/// A list of integers.
pub(crate) fn list(value: &Value) -> Vec<i64> {
    value.as_array().unwrap_or_else(|| panic!("a list, not {value}")).iter().map(int).collect()
}

/// A list of lists of integers.
pub(crate) fn rows(value: &Value) -> Vec<Vec<i64>> {
    value.as_array().unwrap_or_else(|| panic!("rows, not {value}")).iter().map(list).collect()
}

/// Neurons of one program, each with its own parameters and state.
pub(crate) struct Layer {
    program: NeuronProgram,
    parameters: Vec<Vec<i32>>,
    state: Vec<Option<Vec<i32>>>,
}

impl Layer {
    pub(crate) fn new(program: &str, neurons: usize) -> Self {
        let text = library::find(program).expect("shipped").text;
        let program = NeuronProgram::parse(text, program).expect("valid");
        let parameters = vec![default_parameters(&program); neurons];
        Self { program, parameters, state: vec![None; neurons] }
    }

    /// Sets a parameter of all neurons.
    pub(crate) fn set(&mut self, name: &str, value: i64) {
        for neuron in 0..self.parameters.len() {
            self.set_own(neuron, name, value);
        }
    }

    /// Sets a parameter of one neuron.
    pub(crate) fn set_own(&mut self, neuron: usize, name: &str, value: i64) {
        let index = self.program.parameter_index(name).unwrap_or_else(|| panic!("no `{name}`"));
        let range = self.program.parameters()[index].range;
        assert!(range.contains(value), "`{name}` takes {range:?}, not {value}");
        self.parameters[neuron][index] = i32::try_from(value).expect("in range");
    }

    /// Updates one neuron; the payload of its spike.
    pub(crate) fn step(&mut self, neuron: usize, inputs: &[i64]) -> Option<i32> {
        let Self { program, parameters, state } = self;
        let parameters = &parameters[neuron];
        let state = state[neuron].get_or_insert_with(|| program.initial_state(parameters));
        let inputs: Vec<i32> = inputs
            .iter()
            .zip(program.inputs())
            .map(|(value, input)| {
                assert!(input.width.range().contains(*value), "{value} leaves the input");
                i32::try_from(*value).expect("in range")
            })
            .collect();
        // Draws matter to none of the models compared here: their chances are off.
        let mut random = |_| 0;
        step_compartment(program, state, &inputs, parameters, &mut random).spike
    }

    /// A state word of one neuron.
    pub(crate) fn word(&self, neuron: usize, name: &str) -> i64 {
        let index = self.program.state_index(name).unwrap_or_else(|| panic!("no `{name}`"));
        self.state[neuron].as_ref().expect("stepped").get(index).copied().expect("declared").into()
    }
}
