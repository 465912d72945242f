//! Pieces of a network that nothing connects: each is partitioned for itself.

use super::error::MappingError;
use super::hypergraph::{Hypergraph, Net};

/// A piece has at least this share of the vertices; what is smaller goes with the first.
const SMALLEST: usize = 16;

/// The vertices of each piece, ascending; all in one where the network hangs together.
pub(super) fn pieces(graph: &Hypergraph) -> Vec<Vec<u32>> {
    let vertices = graph.vertex_count();
    let mut above: Vec<u32> = (0..vertices as u32).collect();
    for e in 0..graph.net_count() as u32 {
        let source = top(&mut above, graph.net(e).source);
        for &pin in graph.pins(e) {
            let pin = top(&mut above, pin);
            // The lowest vertex names its piece.
            let source = top(&mut above, source);
            let (low, high) = (source.min(pin), source.max(pin));
            above[high as usize] = low;
        }
    }
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); vertices];
    for vertex in 0..vertices as u32 {
        members[top(&mut above, vertex) as usize].push(vertex);
    }
    members.retain(|members| !members.is_empty());
    let (mut large, small): (Vec<Vec<u32>>, Vec<_>) =
        members.into_iter().partition(|members| members.len() * SMALLEST >= vertices);
    if large.is_empty() {
        large.push(Vec::new());
    }
    large[0].extend(small.concat());
    large[0].sort_unstable();
    large
}

/// The lowest vertex known to be connected with `vertex`.
fn top(above: &mut [u32], mut vertex: u32) -> u32 {
    while above[vertex as usize] != vertex {
        let next = above[vertex as usize];
        above[vertex as usize] = above[next as usize];
        vertex = next;
    }
    vertex
}

/// The network of some vertices, which no net leaves; they are numbered as they stand.
pub(super) fn piece(graph: &Hypergraph, vertices: &[u32]) -> Result<Hypergraph, MappingError> {
    let mut number = vec![u32::MAX; graph.vertex_count()];
    for (at, &vertex) in (0..).zip(vertices) {
        number[vertex as usize] = at;
    }
    let demands = vertices.iter().map(|&vertex| *graph.demand(vertex)).collect();
    let (mut nets, mut ptr, mut pins, mut synapses) = (vec![], vec![0], vec![], vec![]);
    for e in 0..graph.net_count() as u32 {
        let net = graph.net(e);
        let source = number[net.source as usize];
        if source == u32::MAX {
            continue;
        }
        nets.push(Net { source, ..net });
        pins.extend(graph.pins(e).iter().map(|&pin| number[pin as usize]));
        synapses.extend_from_slice(graph.pin_synapses(e));
        ptr.push(pins.len());
    }
    Hypergraph::new(demands, nets, ptr, pins, synapses)
}
