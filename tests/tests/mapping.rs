//! Partition and placement as a whole: optima, anchors, limits, determinism, dead tiles, chips.

use quarrion_compiler::mapping::{
    Budget, Grid, Hypergraph, Limits, ListFormat, MappingError, NEURONS, Net, Objective, Service,
    map, partition, place, score_partition, score_placement,
};
use quarrion_isa::random::{Counter, Purpose, draw};
use quarrion_tests::benchmark_nets::{
    NAMES, anchor_limits, best_anchor, load_anchors, load_optima, map_benchmark, packed_limits,
    random_sparse, reference_net, reservoir, solve_optima,
};

const BUDGET: Budget = Budget { cores: 64, effort: 20_000_000, seed: 1, threads: 1 };

/// Rows and rates of the files that the anchors were scored on, folded by [`fold`].
const FOLDED: [(&str, u64); 6] = [
    ("mlp", 0xff25_5230_4d95_80ab),
    ("vgg", 0x1e98_824b_1248_952f),
    ("resnet", 0x4cc0_3b4d_6631_0906),
    ("reservoir", 0x337b_1c17_d15a_4530),
    ("random", 0x1478_98c4_6fe5_b2e6),
    ("microcircuit", 0xa0a6_397d_3b8c_1643),
];

fn fold(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0xcbf2_9ce4_8422_2325, |h, v| (h ^ v).wrapping_mul(0x0100_0000_01b3).rotate_left(7))
}

#[test]
fn drawn_networks_are_those_the_anchors_were_scored_on() {
    assert_eq!(NAMES, FOLDED.map(|(name, _)| name));
    for (name, expected) in FOLDED {
        let net = reference_net(name).unwrap();
        let rates = net.rates.iter().map(|r| (r * 1e9).round() as u64);
        let rows = net.ptr.iter().map(|&p| p as u64);
        let folded = fold(rows.chain(net.targets.iter().map(|&t| u64::from(t))).chain(rates));
        assert_eq!(folded, expected, "{name}");
    }
}

#[test]
fn every_proved_optimum_is_reached() {
    let proved = solve_optima(&load_optima().unwrap(), &BUDGET).unwrap();
    assert_eq!(proved.len(), 18);
    for case in proved {
        assert_eq!(case.found, case.optimum, "{}", case.case);
    }
}

#[test]
fn one_setting_beats_every_anchor_on_a_dense_and_a_recurrent_network() {
    let anchors = load_anchors().unwrap();
    for name in ["mlp", "microcircuit"] {
        let net = reference_net(name).unwrap();
        let budget = Budget { effort: 120_000_000, ..BUDGET };
        let (_, mapping) = map_benchmark(&net, &anchor_limits(), &budget).unwrap();
        let best = best_anchor(&anchors, name).unwrap();
        assert!(mapping.partition_scores.legal);
        let rate = mapping.partition_scores.km1_rate();
        assert!(rate <= best.km1_rate, "{name}: {rate} packets, {} of the anchors", best.km1_rate);
        let hops = mapping.placement_scores.hops_unicast as f64 / f64::from(1 << 20);
        assert!(hops <= best.hops, "{name}: {hops} hops, {} of the anchors", best.hops);
    }
}

/// Its input axons need three times the cores that the sums of its demands say.
#[test]
fn a_network_without_anchors_gets_a_mesh_that_holds_its_mapping() {
    let net = random_sparse(11, 8000);
    let budget = Budget { effort: 20_000_000, ..BUDGET };
    let (bound, mapping) = map_benchmark(&net, &anchor_limits(), &budget).unwrap();
    assert_eq!(bound, 8);
    assert!(mapping.partition_scores.legal && mapping.partition_scores.cores > 64);
}

#[test]
fn threads_change_nothing_and_the_seed_something() {
    let graph = reservoir(4, 40).two_byte_graph().unwrap();
    let limits = Limits { input_axons: Some(900), ..anchor_limits() };
    let grid = Grid::mesh(7, 7);
    let of = |seed, threads| {
        let budget = Budget { cores: 49, seed, threads, ..BUDGET };
        map(&graph, &limits, &grid, Objective::default(), &budget).unwrap()
    };
    let one = of(1, 1);
    assert_eq!(one, of(1, 4));
    assert_ne!(one.partition, of(2, 1).partition);
}

/// A small random network with random demands and rates.
fn random_graph(case: u32) -> Hypergraph {
    let at = |ordinal, draw| Counter { ordinal, step: case, sample: 0, draw };
    let number = |ordinal, d, below: u32| draw(9, Purpose::Stimulus, at(ordinal, d)) % below;
    let vertices = 40 + number(0, 0, 80);
    let (mut demands, mut rates, mut ptr, mut targets) = (vec![], vec![], vec![0], vec![]);
    for v in 0..vertices {
        demands.push([1, number(v, 1, 20), 0, 0]);
        rates.push(f64::from(number(v, 2, 1000)) / 1000.0);
        targets.extend((0..number(v, 3, 12)).map(|i| number(v, 4 + i, vertices)));
        ptr.push(targets.len());
    }
    Hypergraph::from_neurons(demands, &rates, ptr, targets).expect("a hypergraph")
}

#[test]
fn whatever_is_answered_is_legal() {
    let lists = ListFormat { header: 20, synapse: 18, word: 64 };
    let service = Service { neuron: 1, axon: 2, synapse: 1 };
    let objectives =
        [Objective::default(), Objective::Cores, Objective::Traffic, Objective::Latency(service)];
    let (mut mapped, mut refused) = (0, 0);
    for case in 0..48 {
        let graph = random_graph(case);
        let limits = Limits {
            additive: [Some(3 + u64::from(case % 9)), Some(90), None, None],
            input_axons: Some(40 + u64::from(case % 5) * 10),
            output_edges: (case % 3 > 0).then_some(70),
            lists: (case % 2 > 0).then_some(lists),
            ..Limits::default()
        };
        let grid = Grid::mesh(5, 4).without(&[3, 7]);
        let objective = objectives[case as usize % 4];
        let budget = Budget { effort: 2_000_000, ..BUDGET };
        match map(&graph, &limits, &grid, objective, &budget) {
            Ok(mapping) => {
                mapped += 1;
                let counted = score_partition(&graph, &limits, &mapping.partition);
                assert!(counted.legal, "case {case}: {:?}", counted.worst);
                assert!(mapping.partition.cores <= 18);
                let mut tiles = mapping.placement.tile.clone();
                tiles.sort_unstable();
                tiles.dedup();
                assert_eq!(tiles.len(), mapping.partition.cores, "one part a tile");
                assert!(!tiles.contains(&3) && !tiles.contains(&7), "dead tiles stay empty");
            }
            Err(MappingError::TooFewCores { needed, at_least, .. }) => {
                refused += 1;
                assert!(at_least <= needed && needed > 18);
            }
            Err(MappingError::NoneFound { .. }) => refused += 1,
            Err(other) => panic!("case {case}: {other}"),
        }
    }
    assert!(mapped >= 20 && refused >= 2, "mapped {mapped}, refused {refused}");
}

#[test]
fn a_vertex_too_large_for_a_core_is_named() {
    let graph = Hypergraph::from_neurons(
        vec![[1, 5, 0, 0], [1, 50, 0, 0]],
        &[0.5, 0.5],
        vec![0, 1, 1],
        vec![1],
    )
    .unwrap();
    let limits = Limits { additive: [None, Some(49), None, None], ..Limits::default() };
    let refused = partition(&graph, &limits, Objective::Traffic, &BUDGET);
    assert_eq!(
        refused,
        Err(MappingError::VertexTooLarge { vertex: 1, resource: "memory", demand: 50, limit: 49 })
    );
}

#[test]
fn fewest_cores_and_shortest_step_each_win_at_what_they_are_for() {
    let graph = reference_net("mlp").unwrap().two_byte_graph().unwrap();
    let service = Service { neuron: 1, axon: 2, synapse: 1 };
    let limits = anchor_limits();
    let grid = Grid::mesh(8, 8);
    let of = |objective| {
        let mapping = map(&graph, &limits, &grid, objective, &BUDGET).unwrap();
        let counted = Limits { service: Some(service), ..limits };
        let scores = score_partition(&graph, &counted, &mapping.partition);
        assert!(scores.legal);
        (scores.cores, scores.worst[quarrion_compiler::mapping::SERVICE])
    };
    let (few, slow) = of(Objective::Cores);
    let (many, fast) = of(Objective::Latency(service));
    assert_eq!(few, limits.core_bound(&graph));
    assert!(fast * 3 < slow * 2, "busiest core {fast} on {many} cores, {slow} on {few}");
}

#[test]
fn renumbering_neurons_leaves_scores_within_two_percent() {
    let net = reservoir(7, 48);
    let neurons = net.rates.len();
    let name: Vec<u32> = (0..neurons as u32).map(|i| (i * 1103) % neurons as u32).collect();
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); neurons];
    let mut rates = vec![0.0; neurons];
    for i in 0..neurons {
        let targets = &net.targets[net.ptr[i]..net.ptr[i + 1]];
        rows[name[i] as usize] = targets.iter().map(|&t| name[t as usize]).collect();
        rates[name[i] as usize] = net.rates[i];
    }
    let mut renamed = net.clone();
    renamed.rates = rates;
    renamed.targets = rows.concat();
    renamed.ptr = std::iter::once(0).chain(rows.iter().map(Vec::len)).scan(0, add).collect();
    let limits = Limits { input_axons: Some(1200), ..anchor_limits() };
    let rate = |net: &quarrion_tests::benchmark_nets::BenchmarkNet| {
        let graph = net.two_byte_graph().unwrap();
        let budget = Budget { effort: 60_000_000, ..BUDGET };
        let found = partition(&graph, &limits, Objective::Traffic, &budget).unwrap();
        score_partition(&graph, &limits, &found).km1_rate()
    };
    let (one, other) = (rate(&net), rate(&renamed));
    assert!((one - other).abs() <= 0.02 * one, "{one} against {other}");
}

fn add(sum: &mut usize, length: usize) -> Option<usize> {
    *sum += length;
    Some(*sum)
}

#[test]
fn chips_keep_heavy_traffic_inside() {
    // Two rings of eight neurons, one neuron a core, on two chips of 4 x 2 tiles.
    let targets = (0..16_u32).map(|v| v / 8 * 8 + (v + 1) % 8).collect();
    let ptr = (0..=16).collect();
    let graph = Hypergraph::from_neurons(vec![[1, 0, 0, 0]; 16], &[1.0; 16], ptr, targets).unwrap();
    let limits = Limits { additive: [Some(1), None, None, None], ..Limits::default() };
    let grid = Grid::mesh(8, 2).chips(4, 2, 50);
    let found = partition(&graph, &limits, Objective::Traffic, &BUDGET).unwrap();
    assert_eq!(found.cores, 16);
    let placed = place(&graph, &found, &grid, 4, 1).unwrap();
    for v in 0..16 {
        let tile = |v: usize| placed.tile[found.part[v] as usize];
        let next = v / 8 * 8 + (v + 1) % 8;
        assert_eq!(grid.chip_of(tile(v)), grid.chip_of(tile(next)), "neuron {v}");
    }
    let scores = score_placement(&graph, &found, &placed, &grid);
    assert_eq!(scores.hops_unicast, 16 << 20, "each ring is a cycle of neighbours");
}

#[test]
fn packed_lists_and_output_edges_hold_on_a_network_that_breaks_them_easily() {
    let net = random_sparse(3, 2048);
    let graph = net.packed_graph().unwrap();
    let limits = Limits {
        additive: [Some(256), Some(1600), None, None],
        input_axons: Some(1200),
        output_edges: Some(1300),
        ..packed_limits()
    };
    let grid = Grid::mesh(12, 12);
    let budget = Budget { cores: 144, ..BUDGET };
    let mapping = map(&graph, &limits, &grid, Objective::default(), &budget).unwrap();
    assert!(mapping.partition_scores.legal, "{:?}", mapping.partition_scores.worst);
    assert!(mapping.partition_scores.worst[NEURONS] <= 256);
}

/// Two networks that share nothing take together the cores and packets that they take apart.
#[test]
fn unconnected_halves_map_as_two() {
    let limits = Limits {
        additive: [Some(12), Some(90), None, None],
        input_axons: Some(60),
        ..Limits::default()
    };
    for case in 0..3 {
        let one = random_graph(case);
        let vertices = one.vertex_count() as u32;
        let (mut demands, mut nets, mut ptr, mut pins) = (vec![], vec![], vec![0], vec![]);
        for half in [0, vertices] {
            demands.extend((0..vertices).map(|v| *one.demand(v)));
            for e in 0..one.net_count() as u32 {
                let net = one.net(e);
                nets.push(Net { source: net.source + half, ..net });
                pins.extend(one.pins(e).iter().map(|pin| pin + half));
                ptr.push(pins.len());
            }
        }
        let both = Hypergraph::new(demands, nets, ptr, pins, Vec::new()).expect("a hypergraph");
        let scored = |graph: &Hypergraph, times: usize| {
            let (cores, effort) = (BUDGET.cores * times, BUDGET.effort * times as u64);
            let budget = Budget { cores, effort, ..BUDGET };
            let found = partition(graph, &limits, Objective::Traffic, &budget).unwrap();
            score_partition(graph, &limits, &found)
        };
        let (apart, together) = (scored(&one, 1), scored(&both, 2));
        assert!(together.legal);
        assert_eq!(together.cores, 2 * apart.cores);
        assert_eq!(together.km1_weight, 2 * apart.km1_weight, "case {case}");
    }
}
