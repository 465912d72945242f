//! Neuron programs and delivery: differential tests, recorded vectors, messages.

mod lane;
mod loihi;
mod truenorth;
mod vectors;
