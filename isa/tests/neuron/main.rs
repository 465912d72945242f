//! Neuron programs and delivery: differential tests, recorded vectors, messages.

mod compare;
mod generated;
mod hand;
mod lane;
mod loihi;
mod manual;
mod messages;
mod tracing;
mod truenorth;
mod vectors;
