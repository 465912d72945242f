//! Contraction: several vertices become one, nets that become alike become one.

use super::error::MappingError;
use super::hypergraph::{Demand, Hypergraph, Net};

/// See [`Hypergraph::contract`].
pub(super) fn contract(
    graph: &Hypergraph,
    group: &[u32],
    groups: usize,
) -> Result<Hypergraph, MappingError> {
    if group.len() != graph.vertex_count() {
        return Err(MappingError::Shape);
    }
    let mut demands: Vec<Demand> = vec![[0; 4]; groups];
    for (v, &to) in (0_u32..).zip(group) {
        let slot = demands
            .get_mut(to as usize)
            .ok_or(MappingError::NoSuchVertex { vertex: to, vertices: groups })?;
        for (sum, &d) in slot.iter_mut().zip(graph.demand(v)) {
            *sum = sum.checked_add(d).ok_or(MappingError::Shape)?;
        }
    }
    let rows = contracted_rows(graph, group);
    let same = representatives(graph, group, &rows);
    let mut index = vec![u32::MAX; graph.net_count()];
    let mut nets: Vec<Net> = Vec::new();
    let mut ptr = vec![0_usize];
    let mut pins = Vec::new();
    let mut synapses = Vec::new();
    for e in 0..graph.net_count() {
        let net = graph.net(e as u32);
        let first = same[e] as usize;
        if rows.row(first).is_empty() {
            continue;
        }
        if first == e {
            index[e] = nets.len() as u32;
            nets.push(Net { source: group[net.source as usize], ..net });
            pins.extend(rows.row(e).iter().map(|pin| pin.0));
            synapses.extend(rows.row(e).iter().map(|pin| pin.1));
            ptr.push(pins.len());
        } else {
            let into = &mut nets[index[first] as usize];
            into.copies = into.copies.saturating_add(net.copies);
            into.weight = into.weight.saturating_add(net.weight);
        }
    }
    Hypergraph::new(demands, nets, ptr, pins, synapses)
}

/// Pins with synapses, contracted and sorted, net by net.
struct ContractedRows {
    ptr: Vec<usize>,
    pins: Vec<(u32, u32)>,
}

impl ContractedRows {
    fn row(&self, e: usize) -> &[(u32, u32)] {
        &self.pins[self.ptr[e]..self.ptr[e + 1]]
    }
}

fn contracted_rows(graph: &Hypergraph, group: &[u32]) -> ContractedRows {
    let mut rows = ContractedRows { ptr: vec![0], pins: Vec::new() };
    let mut row: Vec<(u32, u32)> = Vec::new();
    for e in 0..graph.net_count() as u32 {
        let synapses = graph.pin_synapses(e);
        row.clear();
        for (j, &pin) in graph.pins(e).iter().enumerate() {
            let count = synapses.get(j).copied().unwrap_or(1);
            let to = group[pin as usize];
            match row.last_mut() {
                Some(last) if last.0 == to => last.1 = last.1.saturating_add(count),
                _ => row.push((to, count)),
            }
        }
        row.sort_unstable();
        let start = rows.pins.len();
        for &(to, count) in &row {
            match rows.pins[start..].last_mut() {
                Some(last) if last.0 == to => last.1 = last.1.saturating_add(count),
                _ => rows.pins.push((to, count)),
            }
        }
        rows.ptr.push(rows.pins.len());
    }
    rows
}

/// For every net the first net that is alike.
fn representatives(graph: &Hypergraph, group: &[u32], rows: &ContractedRows) -> Vec<u32> {
    let nets = graph.net_count();
    let key = |e: usize| {
        let source = group[graph.net(e as u32).source as usize];
        let mut hash = mix(u64::from(source));
        for &(pin, count) in rows.row(e) {
            hash = mix(hash ^ (u64::from(pin) << 32 | u64::from(count)));
        }
        (source, hash, e as u32)
    };
    let mut order: Vec<(u32, u64, u32)> = (0..nets).map(key).collect();
    order.sort_unstable();
    let mut same: Vec<u32> = (0..nets as u32).collect();
    let mut first = 0;
    for i in 1..order.len() {
        let (a, b) = (order[first], order[i]);
        let alike = a.0 == b.0 && a.1 == b.1 && rows.row(a.2 as usize) == rows.row(b.2 as usize);
        if alike {
            same[b.2 as usize] = a.2;
        } else {
            first = i;
        }
    }
    same
}

/// Mixes 64 bits well enough that alike rows are found by sorting.
pub(super) fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 32)).wrapping_mul(0x0E98_46AF_9B1A_615D);
    let z = (z ^ (z >> 32)).wrapping_mul(0x0E98_46AF_9B1A_615D);
    z ^ (z >> 28)
}
