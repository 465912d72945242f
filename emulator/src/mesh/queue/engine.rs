//! The engine of the `queue` model: regions, the loop over windows of ticks, the result.
//!
//! Routers are dealt to regions; what a region does to another one takes effect no sooner than
//! the shortest link or credit between them. So every region runs alone through a window of that
//! many ticks, then they exchange what they have sent. The result does not depend on how many
//! regions there are; large meshes get several, for a region fits into a core's cache.

use std::num::NonZero;

use quarrion_isa::diagnostic::Diagnostic;

use super::domain::{Domain, run_alone};
use super::region::{Figures, Region, Shared};
use super::single::{self, Singles};
use super::state::{FOREIGN, Lane, Out, REGION_SHIFT};
use crate::mesh::plan::{NONE, Plan};
use crate::mesh::ports::Lines;
use crate::mesh::record::{assemble, settled};
use crate::mesh::traffic::{Detail, Ending, Outcome, Traffic};
use crate::mesh::tree::Forest;

/// Routers of a region at most; about what a second-level cache holds.
const REGION_ROUTERS: u32 = 128;
/// Regions at most: their numbers share a word with lanes.
const MOST_REGIONS: u32 = 127;

#[derive(Debug)]
pub(super) struct Engine<const P: usize, const V: usize> {
    pub(super) plan: Plan,
    lines: Lines,
    /// For packets of any kind, made when some are longer than a flit or branch.
    pub(super) regions: Vec<Region<P, V>>,
    /// For packets of a single flit, where the fabric is plain.
    singles: Vec<Singles<P, V>>,
    /// The fabric's numbers of the routers and ports of each region.
    members: Vec<Vec<u32>>,
    /// Where each router and port is: region and number in it.
    pub(super) places: Vec<(u32, u32)>,
    /// Ticks that a region can run ahead of the others.
    window: u64,
    pub(super) threads: NonZero<usize>,
}

impl<const P: usize, const V: usize> Engine<P, V> {
    pub(super) fn new(plan: Plan, threads: NonZero<usize>) -> Self {
        let region_of = deal(&plan);
        let count = region_of.iter().max().map_or(1, |last| last + 1);
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count as usize];
        let mut places = Vec::with_capacity(region_of.len());
        for (node, region) in (0..).zip(&region_of) {
            let members = &mut members[*region as usize];
            places.push((*region, members.len() as u32));
            members.push(node);
        }
        let window = window(&plan, &region_of);
        let (regions, singles, lines) = (Vec::new(), Vec::new(), Lines::default());
        Self { plan, lines, regions, singles, members, places, window, threads }
    }

    /// A lane of the plan as a region sees it: its own by number, others marked.
    fn lane(&self, region: u32, lane: u32) -> u32 {
        if lane == NONE {
            return 0;
        }
        let (there, node) = self.places[(lane >> self.plan.shift) as usize];
        let local = node << self.plan.shift | lane & ((1 << self.plan.shift) - 1);
        if there == region { local } else { FOREIGN | there << REGION_SHIFT | local }
    }

    pub(super) fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        let forest = self.plan.check(traffic)?;
        self.lines.fill(&self.plan, &forest, traffic);
        if single::knows(&self.plan)
            && single::takes(traffic)
            && let Some(outcome) = self.run_singles(traffic, &forest, detail)
        {
            return Ok(outcome);
        }
        Ok(self.run_any(traffic, &forest, detail))
    }

    /// Times packets of a single flit; `None` if they lock up.
    fn run_singles(
        &mut self,
        traffic: &Traffic,
        forest: &Forest,
        detail: Detail,
    ) -> Option<Outcome> {
        if self.singles.is_empty() {
            let fig = Figures::new(&self.plan);
            for (number, nodes) in (0..).zip(&self.members) {
                let lane_of = |lane| self.lane(number, lane);
                self.singles.push(Singles::new(&self.plan, fig, nodes.clone(), lane_of));
            }
        }
        let shared = Shared { plan: &self.plan, forest, lines: &self.lines };
        for region in &mut self.singles {
            region.start(&shared, detail);
        }
        let window = self.singles[0].whole(self.window);
        advance(&mut self.singles, &shared, (window, u64::MAX - 1), self.threads);
        let closed: u64 = self.singles.iter().map(|region| region.log.closed()).sum();
        if closed < traffic.packets.len() as u64 {
            return None;
        }
        self.singles.iter_mut().for_each(Singles::settle);
        let logs = self.singles.iter().map(|region| &region.log);
        let carried = |slot| {
            let (region, node, at) = self.slot(slot);
            self.singles[region].carried(node, at)
        };
        let sizes = (traffic.packets.len(), 0);
        Some(settled(assemble(&self.plan, sizes, Ending::Complete, logs, carried)))
    }

    /// Times packets of every kind.
    fn run_any(&mut self, traffic: &Traffic, forest: &Forest, detail: Detail) -> Outcome {
        if self.regions.is_empty() {
            let fig = Figures::new(&self.plan);
            for (number, nodes) in (0..).zip(&self.members) {
                let lane_of = |lane| self.lane(number, lane);
                self.regions.push(Region::new(&self.plan, fig, nodes.clone(), lane_of));
            }
        }
        let shared = Shared { plan: &self.plan, forest, lines: &self.lines };
        for region in &mut self.regions {
            region.start(&shared, detail);
        }
        let horizon = traffic.horizon_ps.map_or(u64::MAX - 1, |ps| self.plan.ticks(ps));
        let stopped = advance(&mut self.regions, &shared, (self.window, horizon), self.threads);
        let copies = forest.cores(traffic);
        let closed: u64 = self.regions.iter().map(|region| region.log.closed()).sum();
        let ending = match copies - closed {
            0 => Ending::Complete,
            _ if stopped => Ending::Stopped,
            _ => Ending::Deadlock(self.ring()),
        };
        self.regions
            .iter_mut()
            .for_each(|region| region.broken = stopped || ending != Ending::Complete);
        let logs = self.regions.iter().map(|region| &region.log);
        let sizes = (traffic.packets.len(), forest.leaves_of_all());
        let carried = |slot| {
            let (region, node, at) = self.slot(slot);
            self.regions[region].carried(node, at)
        };
        let outcome = assemble(&self.plan, sizes, ending, logs, carried);
        if stopped { outcome } else { settled(outcome) }
    }

    /// Region, node in it and position in the node of a slot of the plan.
    fn slot(&self, slot: usize) -> (usize, u32, usize) {
        let (node, at) = (slot / self.plan.slots as usize, slot % self.plan.slots as usize);
        let (region, local) = self.places[node];
        (region as usize, local, at)
    }

    /// The sending side of a slot.
    pub(super) fn out(&self, node: u32, slot: usize) -> &Out<V> {
        let (region, local) = self.places[node as usize];
        &self.regions[region as usize].routers[local as usize].outs[slot]
    }

    /// A buffer of a router.
    pub(super) fn buffer(&self, lane: u32) -> &Lane {
        let (region, local) = self.places[(lane >> self.plan.shift) as usize];
        let at = (lane & ((1 << self.plan.shift) - 1)) as usize;
        &self.regions[region as usize].routers[local as usize].lanes[at / V][at % V]
    }
}

/// Runs regions to the end or the horizon; whether that came first.
fn advance<D: Domain>(
    regions: &mut [D],
    shared: &Shared<'_>,
    times: (u64, u64),
    threads: NonZero<usize>,
) -> bool {
    match threads.get().min(regions.len()) {
        1 => run_alone(regions, shared, times),
        threads => super::parallel::run(regions, shared, times, threads),
    }
}

/// Deals routers and ports to regions: rectangles of a grid, runs of numbers elsewhere. All
/// planes of a tile and its ports are in one region.
fn deal(plan: &Plan) -> Vec<u32> {
    let tiles = plan.routers.div_ceil(plan.planes);
    let wanted = tiles.div_ceil((REGION_ROUTERS / plan.planes).max(1)).clamp(1, MOST_REGIONS);
    let mut region_of = vec![0; plan.nodes as usize];
    let cuts = plan.grid_size().map(|(width, height)| (width, height, cuts(width, height, wanted)));
    for router in 0..plan.routers {
        let tile = router % tiles;
        region_of[router as usize] = match cuts {
            Some((width, height, (across, down))) => {
                let (x, y) = (tile % width, tile / width);
                (y * down / height) * across + x * across / width
            }
            None => (u64::from(tile) * u64::from(wanted) / u64::from(tiles)) as u32,
        };
    }
    for port in 0..plan.ports() {
        let (router, _) = plan.sides[(port * plan.planes) as usize];
        region_of[(plan.routers + port) as usize] = region_of[router as usize];
    }
    region_of
}

/// Columns and rows of regions, about as many as wanted and about square.
fn cuts(width: u32, height: u32, wanted: u32) -> (u32, u32) {
    let (mut across, mut down) = (1, 1);
    loop {
        let wider = width / across >= height / down && across < width;
        let (more, lower) = if wider { (across + 1, down) } else { (across, down + 1) };
        if across * down >= wanted || more * lower > MOST_REGIONS || lower > height {
            return (across, down);
        }
        (across, down) = (more, lower);
    }
}

/// The shortest time from what a region does to its effect on another one.
fn window(plan: &Plan, region_of: &[u32]) -> u64 {
    let mut window = u64::MAX;
    for (slot, (out, input)) in plan.outs.iter().zip(&plan.ins).enumerate() {
        let here = region_of[slot / plan.slots as usize];
        let away = |lane: u32| lane != NONE && region_of[(lane >> plan.shift) as usize] != here;
        if away(out.lane) {
            window = window.min(u64::from(out.latency) + u64::from(plan.traverse));
        }
        if away(input.lane) {
            window = window.min(u64::from(input.credit));
        }
    }
    window
}
