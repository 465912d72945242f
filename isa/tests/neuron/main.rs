//! Neuron programs, learning rules and delivery: differential tests, recorded vectors, messages.

mod compare;
mod generated;
mod hand;
mod lane;
mod loihi;
mod manual;
mod messages;
mod rules;
mod tracing;
mod truenorth;
mod vectors;
mod worked;
