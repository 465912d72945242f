//! Neuron programs.
