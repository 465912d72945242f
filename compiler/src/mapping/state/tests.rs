//! The incremental tables against counting from scratch.

use super::{Metric, State};
use crate::mapping::budget::Service;
use crate::mapping::grid::Grid;
use crate::mapping::hypergraph::{Demand, Hypergraph, Net, WEIGHT_ONE};
use crate::mapping::limits::{LOADS, Limits, ListFormat};
use crate::mapping::random::Stream;
use crate::mapping::scores::{Partition, Placement, score_partition, score_placement};

/// A random hypergraph with self-loops, several nets per vertex, copies and synapse counts.
fn random_graph(random: &mut Stream, vertices: usize) -> Hypergraph {
    let small = |random: &mut Stream| random.below(5) as u32;
    let demand = |random: &mut Stream| [1 + small(random), small(random), 0, small(random)];
    let demands: Vec<Demand> = (0..vertices).map(|_| demand(random)).collect();
    let (mut nets, mut ptr, mut pins, mut synapses) = (vec![], vec![0], vec![], vec![]);
    for _ in 0..vertices * 2 {
        let source = random.below(vertices) as u32;
        let weight = random.below(3 * WEIGHT_ONE as usize) as u64;
        nets.push(Net { source, copies: 1 + small(random), weight });
        for _ in 0..random.below(9) {
            pins.push(random.below(vertices) as u32);
            synapses.push(1 + small(random));
        }
        ptr.push(pins.len());
    }
    Hypergraph::new(demands, nets, ptr, pins, synapses).expect("rows fit")
}

fn tight_limits() -> Limits {
    Limits {
        additive: [Some(12), Some(60), None, Some(9)],
        input_axons: Some(25),
        output_edges: Some(30),
        lists: Some(ListFormat { header: 20, synapse: 18, word: 64 }),
        service: Some(Service { neuron: 3, axon: 5, synapse: 7 }),
        service_time: Some(200 * WEIGHT_ONE),
    }
}

#[test]
fn every_move_is_judged_and_made_as_if_counted_from_scratch() {
    let limits = tight_limits();
    let grid = Grid::mesh(3, 2);
    let parts = 6;
    let mut penalised = 0;
    for case in 0..30 {
        let mut random = Stream::new(case, 0);
        let graph = random_graph(&mut random, 24);
        let placement = Placement { tile: vec![5, 0, 3, 1, 4, 2] };
        let metrics = [
            Metric::Parts,
            Metric::hops(&placement, &grid, 3, 2),
            Metric::tree(&placement, &grid, 1, 4),
        ];
        for metric in metrics {
            let start = (0..24).map(|_| random.below(parts) as u32).collect();
            let mut state = State::new(&graph, &limits, start, parts);
            state.set_metric(metric.clone());
            state.set_strength(16);
            for _ in 0..60 {
                let v = random.below(24) as u32;
                let to = random.below(parts) as u32;
                if to == state.part_of(v) {
                    continue;
                }
                let before = state.cost + state.penalty();
                let probe = state.probe(v, to);
                state.apply(v, to, probe.cost);
                let mut fresh = State::new(&graph, &limits, state.part.clone(), parts);
                fresh.set_metric(metric.clone());
                fresh.price = state.price;
                assert_eq!(state.loads, fresh.loads);
                assert_eq!(state.cost, fresh.cost);
                assert_eq!(before + probe.cost + probe.penalty, fresh.cost + fresh.penalty());
                assert_eq!(state.reached, fresh.reached);
                penalised += usize::from(probe.penalty != 0);
            }
        }
    }
    assert!(penalised > 1000, "only {penalised} moves touched a broken limit");
}

#[test]
fn the_tables_agree_with_the_scores() {
    let limits = tight_limits();
    let grid = Grid::mesh(3, 2);
    for case in 0..50 {
        let mut random = Stream::new(case, 1);
        let graph = random_graph(&mut random, 20);
        let part: Vec<u32> = (0..20).map(|_| random.below(6) as u32).collect();
        let partition = Partition { part: part.clone(), cores: 6 };
        let placement = Placement { tile: vec![0, 1, 2, 3, 4, 5] };
        let scores = score_partition(&graph, &limits, &partition);
        let placed = score_placement(&graph, &partition, &placement, &grid);
        let mut state = State::new(&graph, &limits, part, 6);
        assert_eq!(state.cost as u64, scores.km1_weight);
        for r in 0..LOADS {
            assert_eq!(state.loads.iter().map(|load| load[r]).max(), Some(scores.worst[r]));
        }
        state.set_metric(Metric::hops(&placement, &grid, 0, 1));
        assert_eq!(state.cost as u64, placed.hops_unicast);
        state.set_metric(Metric::tree(&placement, &grid, 0, 1));
        assert_eq!(state.cost as u64, placed.hops_xytree);
    }
}

#[test]
fn contraction_keeps_scores_and_loads() {
    let limits = tight_limits();
    for case in 0..50 {
        let mut random = Stream::new(case, 2);
        let graph = random_graph(&mut random, 30);
        let group: Vec<u32> = (0..30).map(|_| random.below(10) as u32).collect();
        let coarse = graph.contract(&group, 10).expect("groups fit");
        let part: Vec<u32> = (0..10).map(|_| random.below(4) as u32).collect();
        let fine = group.iter().map(|&g| part[g as usize]).collect();
        let of = |graph: &Hypergraph, part: Vec<u32>| {
            let scores = score_partition(graph, &limits, &Partition { part, cores: 4 });
            (scores.km1, scores.km1_weight, scores.worst)
        };
        assert_eq!(of(&coarse, part), of(&graph, fine));
    }
}
