//! Small networks for the tests of passes.

use quarrion_isa::id::PopulationId;

use crate::network::{
    Comparison, Connectivity, Firing, Network, NeuronKind, NeuronModel, Population, Projection,
    ResetMode, Role,
};

/// An edge between populations of one neuron.
pub(crate) struct Edge {
    pub(crate) source: usize,
    pub(crate) target: usize,
    pub(crate) delay_steps: u32,
    pub(crate) recurrent: bool,
}

/// Populations of one neuron each, the first an input and the last the output.
pub(crate) fn chain(populations: usize, edges: &[Edge]) -> Network {
    let population = |index: usize| Population {
        name: format!("p{index}"),
        shape: vec![1],
        role: if index == 0 { Role::Input } else { Role::Neurons(lif(1)) },
        is_output: index + 1 == populations,
        axon_delays: Vec::new(),
    };
    let projection = |edge: &Edge| Projection {
        name: format!("p{} -> p{}", edge.source, edge.target),
        source: PopulationId::from_index(edge.source),
        target: PopulationId::from_index(edge.target),
        connectivity: Connectivity::Dense { inputs: 1, outputs: 1, weights: vec![0.5] },
        delay_steps: edge.delay_steps,
        recurrent: edge.recurrent,
        given: None,
    };
    Network {
        name: "chain".into(),
        populations: (0..populations).map(population).collect(),
        projections: edges.iter().map(projection).collect(),
        assumptions: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Leaky neurons with a threshold of 1 and a reset to zero.
pub(crate) fn lif(neurons: usize) -> NeuronModel {
    NeuronModel {
        kind: NeuronKind::Lif,
        current_decay: None,
        current_bias: vec![0.0; neurons],
        voltage_decay: vec![0.9; neurons],
        voltage_bias: vec![0.0; neurons],
        firing: Some(Firing {
            threshold: vec![1.0; neurons],
            comparison: Comparison::Greater,
            reset: ResetMode::Zero,
        }),
    }
}
