//! The network as the partitioner sees it: vertices with demands, nets with rates.
//!
//! A vertex is one neuron, or a block of neurons that stay together (a channel group over a patch
//! of a convolution). A net is one source vertex with all vertices that listen to it; it stands
//! for `copies` source neurons that share the same listeners, and its weight is their summed rate.

use super::error::MappingError;

/// How many additive resources a vertex may demand.
pub const RESOURCES: usize = 4;
/// Index of the compartments (neuron slots) in a [`Demand`].
pub const NEURONS: usize = 0;
/// Index of the synapse memory in a [`Demand`].
pub const MEMORY: usize = 1;
/// Index of the state bits in a [`Demand`].
pub const STATE: usize = 2;
/// Index of a further additive resource that the caller names.
pub const OTHER: usize = 3;

/// What one vertex asks of its core, one amount per additive resource.
pub type Demand = [u32; RESOURCES];

/// The weight of one spike per timestep.
pub const WEIGHT_ONE: u64 = 1 << 20;

/// Source, weight and multiplicity of one net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// The vertex that spikes.
    pub source: u32,
    /// How many source neurons this net stands for: each takes one input axon where it arrives.
    pub copies: u32,
    /// Spikes per timestep of all copies together, in 1 / [`WEIGHT_ONE`].
    pub weight: u64,
}

/// Vertices, nets and their pins in compressed rows, with the inverse rows at hand.
#[derive(Clone, Debug)]
pub struct Hypergraph {
    demands: Vec<Demand>,
    nets: Vec<Net>,
    pin_ptr: Vec<usize>,
    pins: Vec<u32>,
    synapses: Vec<u32>,
    in_ptr: Vec<usize>,
    in_nets: Vec<u32>,
    in_synapses: Vec<u32>,
    own_ptr: Vec<usize>,
    own_nets: Vec<u32>,
}

impl Hypergraph {
    /// Builds the hypergraph from nets given as rows of pins.
    ///
    /// # Shape
    /// Net `e` reaches `pins[pin_ptr[e]..pin_ptr[e + 1]]`; `synapses` counts the synapses that one
    /// copy of the net has on each pin, and may be empty when every pin has one.
    ///
    /// # Errors
    /// The caller's: rows that do not fit together, or a vertex named that does not exist.
    pub fn new(
        demands: Vec<Demand>,
        nets: Vec<Net>,
        pin_ptr: Vec<usize>,
        pins: Vec<u32>,
        synapses: Vec<u32>,
    ) -> Result<Self, MappingError> {
        let vertices = demands.len();
        let rows_fit = pin_ptr.len() == nets.len() + 1
            && pin_ptr.first() == Some(&0)
            && pin_ptr.last() == Some(&pins.len())
            && pin_ptr.windows(2).all(|w| w[0] <= w[1])
            && (synapses.is_empty() || synapses.len() == pins.len());
        if !rows_fit || vertices >= u32::MAX as usize || nets.len() >= u32::MAX as usize {
            return Err(MappingError::Shape);
        }
        let sources = nets.iter().map(|net| net.source);
        if let Some(bad) = pins.iter().copied().chain(sources).find(|&v| v as usize >= vertices) {
            return Err(MappingError::NoSuchVertex { vertex: bad, vertices });
        }
        let mut rows = Rows { ptr: pin_ptr, pins, synapses };
        rows.sort_and_merge();
        Ok(Self::assemble(demands, nets, rows))
    }

    /// Builds the neuron-level hypergraph: net `i` is neuron `i` with its targets.
    ///
    /// # Units
    /// `rates` in spikes per timestep.
    ///
    /// # Errors
    /// As [`Hypergraph::new`].
    pub fn from_neurons(
        demands: Vec<Demand>,
        rates: &[f64],
        ptr: Vec<usize>,
        targets: Vec<u32>,
    ) -> Result<Self, MappingError> {
        if rates.len() != demands.len() {
            return Err(MappingError::Shape);
        }
        let nets = (0_u32..).zip(rates);
        let nets = nets.map(|(source, &rate)| Net { source, copies: 1, weight: weight(rate) });
        Self::new(demands, nets.collect(), ptr, targets, Vec::new())
    }

    fn assemble(demands: Vec<Demand>, nets: Vec<Net>, rows: Rows) -> Self {
        let vertices = demands.len();
        let mut in_ptr = vec![0_usize; vertices + 1];
        for &v in &rows.pins {
            in_ptr[v as usize + 1] += 1;
        }
        prefix_sum(&mut in_ptr);
        let mut cursor = in_ptr.clone();
        let mut in_nets = vec![0_u32; rows.pins.len()];
        let uniform = rows.synapses.iter().all(|&s| s == 1);
        let synapses = if uniform { Vec::new() } else { rows.synapses };
        let mut in_synapses = vec![0_u32; synapses.len()];
        for (e, row) in (0_u32..).zip(rows.ptr.windows(2)) {
            for j in row[0]..row[1] {
                let slot = &mut cursor[rows.pins[j] as usize];
                in_nets[*slot] = e;
                if let Some(&s) = synapses.get(j) {
                    in_synapses[*slot] = s;
                }
                *slot += 1;
            }
        }
        let mut own_ptr = vec![0_usize; vertices + 1];
        for net in &nets {
            own_ptr[net.source as usize + 1] += 1;
        }
        prefix_sum(&mut own_ptr);
        let mut cursor = own_ptr.clone();
        let mut own_nets = vec![0_u32; nets.len()];
        for (e, net) in (0_u32..).zip(&nets) {
            let slot = &mut cursor[net.source as usize];
            own_nets[*slot] = e;
            *slot += 1;
        }
        Self {
            demands,
            nets,
            pin_ptr: rows.ptr,
            pins: rows.pins,
            synapses,
            in_ptr,
            in_nets,
            in_synapses,
            own_ptr,
            own_nets,
        }
    }

    /// The number of vertices.
    #[must_use]
    pub fn vertex_count(&self) -> usize {
        self.demands.len()
    }

    /// The number of nets.
    #[must_use]
    pub fn net_count(&self) -> usize {
        self.nets.len()
    }

    /// The number of pins of all nets.
    #[must_use]
    pub fn pin_count(&self) -> usize {
        self.pins.len()
    }

    /// What vertex `v` asks of its core.
    #[must_use]
    pub fn demand(&self, v: u32) -> &Demand {
        &self.demands[v as usize]
    }

    /// Source, weight and multiplicity of net `e`.
    #[must_use]
    pub fn net(&self, e: u32) -> Net {
        self.nets[e as usize]
    }

    /// All nets in order.
    #[must_use]
    pub fn nets(&self) -> &[Net] {
        &self.nets
    }

    /// The vertices that listen to net `e`, ascending.
    #[must_use]
    pub fn pins(&self, e: u32) -> &[u32] {
        &self.pins[self.pin_ptr[e as usize]..self.pin_ptr[e as usize + 1]]
    }

    /// How many synapses one copy of net `e` has on each of its pins; empty when one each.
    #[must_use]
    pub fn pin_synapses(&self, e: u32) -> &[u32] {
        if self.synapses.is_empty() {
            return &[];
        }
        &self.synapses[self.pin_ptr[e as usize]..self.pin_ptr[e as usize + 1]]
    }

    /// The nets that vertex `v` listens to, ascending.
    #[must_use]
    pub fn in_nets(&self, v: u32) -> &[u32] {
        &self.in_nets[self.in_ptr[v as usize]..self.in_ptr[v as usize + 1]]
    }

    /// How many synapses one copy of each of [`Self::in_nets`] has on `v`; empty when one each.
    #[must_use]
    pub fn in_synapses(&self, v: u32) -> &[u32] {
        if self.in_synapses.is_empty() {
            return &[];
        }
        &self.in_synapses[self.in_ptr[v as usize]..self.in_ptr[v as usize + 1]]
    }

    /// The nets that vertex `v` drives.
    #[must_use]
    pub fn own_nets(&self, v: u32) -> &[u32] {
        &self.own_nets[self.own_ptr[v as usize]..self.own_ptr[v as usize + 1]]
    }

    /// The summed demand of all vertices.
    #[must_use]
    pub fn total_demand(&self) -> [u64; RESOURCES] {
        let mut total = [0_u64; RESOURCES];
        for demand in &self.demands {
            for (sum, &d) in total.iter_mut().zip(demand) {
                *sum += u64::from(d);
            }
        }
        total
    }

    /// Merges vertices into the groups that `group` names, and nets that become alike into one.
    ///
    /// Nets are alike when source and pins (with their synapses) are; their copies and weights
    /// add up, so every score and every load of the result is that of the original.
    ///
    /// # Errors
    /// The caller's: `group` misses vertices, or demands of a group overflow.
    pub fn contract(&self, group: &[u32], groups: usize) -> Result<Self, MappingError> {
        super::contract::contract(self, group, groups)
    }
}

/// Converts a rate to an integer weight; negative rates and rates that are no number count as 0.
#[must_use]
pub fn weight(rate: f64) -> u64 {
    (rate * WEIGHT_ONE as f64).round() as u64
}

/// Pin rows while they are built.
struct Rows {
    ptr: Vec<usize>,
    pins: Vec<u32>,
    synapses: Vec<u32>,
}

impl Rows {
    /// Sorts every row and merges double pins, adding their synapses.
    fn sort_and_merge(&mut self) {
        if self.synapses.is_empty() {
            let sorted = |w: &[usize]| self.pins[w[0]..w[1]].windows(2).all(|p| p[0] < p[1]);
            if self.ptr.windows(2).all(sorted) {
                return;
            }
            self.synapses = vec![1; self.pins.len()];
        }
        let mut out = 0;
        let mut row: Vec<(u32, u32)> = Vec::new();
        for e in 0..self.ptr.len() - 1 {
            row.clear();
            let range = self.ptr[e]..self.ptr[e + 1];
            row.extend(range.map(|j| (self.pins[j], self.synapses[j])));
            row.sort_unstable_by_key(|pin| pin.0);
            self.ptr[e] = out;
            for &(pin, count) in &row {
                if out > self.ptr[e] && self.pins[out - 1] == pin {
                    self.synapses[out - 1] = self.synapses[out - 1].saturating_add(count);
                } else {
                    self.pins[out] = pin;
                    self.synapses[out] = count;
                    out += 1;
                }
            }
        }
        if let Some(last) = self.ptr.last_mut() {
            *last = out;
        }
        self.pins.truncate(out);
        self.synapses.truncate(out);
    }
}

/// Turns counts shifted by one into row starts.
pub(super) fn prefix_sum(counts: &mut [usize]) {
    let mut sum = 0;
    for c in counts {
        sum += *c;
        *c = sum;
    }
}
