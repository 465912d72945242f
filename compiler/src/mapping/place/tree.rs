//! Exchange of parts between slots when packets share links: every net's tree is counted anew.

use crate::mapping::grid::{Grid, tree_links};
use crate::mapping::hypergraph::Hypergraph;
use crate::mapping::limits::Limits;
use crate::mapping::random::Stream;
use crate::mapping::scores::{Partition, Placement, reach};

/// The tree that nets of one source part to one set of parts make.
struct Tree {
    weight: u64,
    home: u32,
    parts: Vec<u32>,
}

/// Exchanges parts and empty slots as long as that shortens the trees and `effort`, counted in
/// tree ends looked at, lasts.
#[must_use]
pub fn shorten_trees(
    graph: &Hypergraph,
    partition: &Partition,
    grid: &Grid,
    placement: &Placement,
    effort: u64,
    seed: u64,
) -> Placement {
    let trees = trees(graph, partition);
    let mut around: Vec<Vec<u32>> = vec![Vec::new(); partition.cores];
    for (t, tree) in (0_u32..).zip(&trees) {
        around[tree.home as usize].push(t);
        for &p in tree.parts.iter().filter(|&&p| p != tree.home) {
            around[p as usize].push(t);
        }
    }
    let mut tile = placement.tile.clone();
    let mut free: Vec<u32> = grid.slots();
    for t in &tile {
        if let Some(i) = free.iter().position(|f| f == t) {
            free.swap_remove(i);
        }
    }
    let mut random = Stream::new(seed, 9);
    let parts = tile.len();
    let mut ends = Vec::new();
    let mut links = |tile: &[u32], touched: &[u32], work: &mut u64| -> u64 {
        let of = |&t: &u32| {
            let tree = &trees[t as usize];
            ends.clear();
            ends.extend(tree.parts.iter().map(|&p| grid.position(tile[p as usize])));
            *work += ends.len() as u64 + 4;
            tree.weight * tree_links(grid.position(tile[tree.home as usize]), &mut ends)
        };
        touched.iter().map(of).sum()
    };
    let mut work = 0;
    let mut idle = 0;
    while work < effort && idle < 4 * (parts + free.len()) * parts {
        let a = random.below(parts);
        let b = random.below(parts + free.len());
        idle += 1;
        work += 1;
        if a == b {
            continue;
        }
        let mut touched = around[a].clone();
        if b < parts {
            touched.extend_from_slice(&around[b]);
            touched.sort_unstable();
            touched.dedup();
        }
        let before = links(&tile, &touched, &mut work);
        exchange(&mut tile, &mut free, a, b);
        if links(&tile, &touched, &mut work) < before {
            idle = 0;
        } else {
            exchange(&mut tile, &mut free, a, b);
        }
    }
    Placement { tile }
}

/// Exchanges part `a` with part `b`, or with a free slot when `b` counts beyond the parts.
fn exchange(tile: &mut [u32], free: &mut [u32], a: usize, b: usize) {
    let parts = tile.len();
    if b < parts {
        tile.swap(a, b);
    } else {
        std::mem::swap(&mut tile[a], &mut free[b - parts]);
    }
}

/// All trees, alike ones added up.
fn trees(graph: &Hypergraph, partition: &Partition) -> Vec<Tree> {
    let reach = reach(graph, &Limits::default(), partition);
    let home = |e: u32| partition.part[graph.net(e).source as usize];
    let mut order: Vec<u32> = (0..graph.net_count() as u32).collect();
    order.sort_by(|&a, &b| (home(a), reach.cores_of(a)).cmp(&(home(b), reach.cores_of(b))));
    let alike = |&a: &u32, &b: &u32| home(a) == home(b) && reach.cores_of(a) == reach.cores_of(b);
    let mut trees = Vec::new();
    for nets in order.chunk_by(alike) {
        let weight = nets.iter().map(|&e| graph.net(e).weight).sum();
        let parts = reach.cores_of(nets[0]).to_vec();
        if weight > 0 && parts.iter().any(|&p| p != home(nets[0])) {
            trees.push(Tree { weight, home: home(nets[0]), parts });
        }
    }
    trees
}
