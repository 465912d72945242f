//! What the benchmark compares with: other mappers' scores, and small cases with proved optima.

use std::path::{Path, PathBuf};

use quarrion_compiler::mapping::{
    Budget, Grid, Hypergraph, Limits, MappingError, Multicast, Objective, Prices, Traffic,
    WEIGHT_ONE, map, place_traffic,
};
use serde::Deserialize;

/// One line of `anchors.csv`.
#[derive(Clone, Debug, Deserialize)]
pub struct Anchor {
    /// Network.
    pub net: String,
    /// Method, as the README beside the file names it.
    pub method: String,
    /// Cores used.
    pub cores: usize,
    /// Whether it keeps the three limits.
    pub legal: bool,
    /// Packets per timestep.
    pub km1_rate: f64,
    /// Links crossed per timestep, if it was placed.
    pub hops: Option<f64>,
}

/// The best that any legal anchor reaches on one network.
#[derive(Clone, Copy, Debug)]
pub struct Best {
    /// Packets per timestep.
    pub km1_rate: f64,
    /// Links crossed per timestep.
    pub hops: f64,
    /// Cores.
    pub cores: usize,
}

/// Where the benchmark's data lie.
#[must_use]
pub fn data_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mapping")
}

/// Reads all anchors.
///
/// # Errors
/// The file's fault, as a sentence.
pub fn load_anchors() -> Result<Vec<Anchor>, String> {
    let path = data_folder().join("anchors.csv");
    let mut reader = csv::Reader::from_path(&path).map_err(|e| e.to_string())?;
    let rows = reader.deserialize().collect::<Result<Vec<Anchor>, _>>();
    rows.map_err(|e| format!("{}: {e}", path.display()))
}

/// The best legal anchor of a network in each score.
#[must_use]
pub fn best_anchor(anchors: &[Anchor], net: &str) -> Option<Best> {
    let legal = || anchors.iter().filter(|a| a.net == net && a.legal);
    Some(Best {
        km1_rate: legal().map(|a| a.km1_rate).min_by(f64::total_cmp)?,
        hops: legal().filter_map(|a| a.hops).min_by(f64::total_cmp)?,
        cores: legal().map(|a| a.cores).min()?,
    })
}

/// `optima.ron`.
#[derive(Clone, Debug, Deserialize)]
pub struct Optima {
    /// Partitions.
    pub partitions: Vec<PartitionCase>,
    /// Placements.
    pub placements: Vec<PlacementCase>,
}

/// A network small enough for a proof.
#[derive(Clone, Debug, Deserialize)]
pub struct PartitionCase {
    /// Seed that it was drawn with.
    pub seed: u32,
    /// Cores.
    pub cores: usize,
    /// Vertices per core.
    pub cap: u64,
    /// Targets of each vertex.
    pub edges: Vec<Vec<u32>>,
    /// Rate of each vertex.
    pub rate: Vec<u32>,
    /// Least sum of rate x remote cores.
    pub km1: u64,
    /// Least sum of rate x links in XY trees on 2 x 2 tiles.
    pub tree_2x2: u64,
}

/// Nine parts whose flows are given.
#[derive(Clone, Debug, Deserialize)]
pub struct PlacementCase {
    /// Seed that it was drawn with.
    pub seed: u32,
    /// Least sum of flow x hops on 3 x 3 tiles.
    pub optimum: u64,
    /// Flow from row to column.
    pub flow: Vec<Vec<u64>>,
}

/// Reads the cases with proved optima.
///
/// # Errors
/// The file's fault, as a sentence.
pub fn load_optima() -> Result<Optima, String> {
    let path = data_folder().join("optima.ron");
    let text = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
    ron::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// What the mapper made of one small case beside what is proved.
#[derive(Clone, Debug)]
pub struct Proved {
    /// Which case.
    pub case: String,
    /// Ours.
    pub found: u64,
    /// The optimum.
    pub optimum: u64,
}

/// Solves all small cases.
///
/// # Errors
/// As [`quarrion_compiler::mapping::map`].
pub fn solve_optima(optima: &Optima, budget: &Budget) -> Result<Vec<Proved>, MappingError> {
    let mut proved = Vec::new();
    for case in &optima.partitions {
        let graph = case.graph()?;
        let limits = Limits { additive: [Some(case.cap), None, None, None], ..Limits::default() };
        let budget = Budget { cores: case.cores, ..*budget };
        let grid = Grid::mesh(2, 2);
        let mapping = map(&graph, &limits, &grid, Objective::Traffic, &budget)?;
        proved.push(Proved {
            case: format!("partition {} packets", case.seed),
            found: mapping.partition_scores.km1_weight / WEIGHT_ONE,
            optimum: case.km1,
        });
        let tree = Prices { packet: 0, hop: 1, multicast: Multicast::Tree };
        let mapping = map(&graph, &limits, &grid, Objective::Energy(tree), &budget)?;
        proved.push(Proved {
            case: format!("partition {} trees", case.seed),
            found: mapping.placement_scores.hops_xytree / WEIGHT_ONE,
            optimum: case.tree_2x2,
        });
    }
    for case in &optima.placements {
        let grid = Grid::mesh(3, 3);
        let mut flows = Vec::new();
        for (from, row) in (0_u32..).zip(&case.flow) {
            flows.extend((0_u32..).zip(row).map(|(to, &flow)| (from, to, flow)));
        }
        let traffic = Traffic::from_flows(case.flow.len(), &flows);
        let found = place_traffic(&traffic, &grid, 4_000_000, budget.seed).map_or(0, |placement| {
            let tile = |p: u32| placement.tile[p as usize];
            flows.iter().map(|&(a, b, w)| w * u64::from(grid.distance(tile(a), tile(b)))).sum()
        });
        let optimum = case.optimum;
        proved.push(Proved { case: format!("placement {}", case.seed), found, optimum });
    }
    Ok(proved)
}

impl PartitionCase {
    /// The case as a hypergraph of vertices that are all alike.
    fn graph(&self) -> Result<Hypergraph, MappingError> {
        let mut ptr = vec![0];
        let mut targets = Vec::new();
        for row in &self.edges {
            targets.extend_from_slice(row);
            ptr.push(targets.len());
        }
        let rates: Vec<f64> = self.rate.iter().map(|&r| f64::from(r)).collect();
        Hypergraph::from_neurons(vec![[1, 0, 0, 0]; self.edges.len()], &rates, ptr, targets)
    }
}
