//! Neuron programs and delivery: differential tests, recorded vectors, messages.

mod compare;
mod generated;
mod lane;
mod loihi;
mod messages;
mod truenorth;
mod vectors;
