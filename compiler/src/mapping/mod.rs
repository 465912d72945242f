//! Partition and placement: which core each vertex goes to, which tile each core is.

mod anneal;
mod buckets;
mod budget;
mod coarsen;
mod components;
mod contract;
mod error;
mod fill;
mod grid;
mod hypergraph;
mod limits;
mod map;
mod partition;
mod place;
mod random;
mod regions;
mod repair;
mod scores;
mod search;
mod squeeze;
mod state;

pub use budget::{Budget, Multicast, Objective, Prices, Service};
pub use error::MappingError;
pub use grid::Grid;
pub use hypergraph::{
    Demand, Hypergraph, MEMORY, NEURONS, Net, OTHER, RESOURCES, STATE, WEIGHT_ONE, weight,
};
pub use limits::{
    INPUT_AXONS, LOAD_NAMES, LOADS, Limits, ListFormat, Loads, OUTPUT_EDGES, SERVICE,
};
pub use map::{Mapping, map};
pub use partition::partition;
pub use place::{Flow, Traffic, place, place_traffic, relax_links, replace_traffic, shorten_trees};
pub(crate) use random::Stream;
pub use scores::{
    Partition, PartitionScores, Placement, PlacementScores, neurons_per_core, score_partition,
    score_placement,
};
