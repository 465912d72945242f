//! The `cycle` model: every flit, every allocation, cycle by cycle.
//!
//! A router is input-queued. The head flit of a packet asks for a virtual channel of its output
//! (one round of request, grant and accept with round-robin pointers that move on acceptance),
//! then each flit asks for the switch in the same manner, crosses it and the link, and frees a
//! buffer slot whose credit travels back. With speculation the head asks for both at once.
//!
//! All effects of a router on another one lie at least a tick ahead, so within a tick nodes are
//! visited in any order, and only nodes where something can change are visited at all.

mod drops;
mod fork;
mod lanes;
mod ports;
mod router;
mod state;

use std::collections::BTreeMap;

use quarrion_isa::diagnostic::Diagnostic;

use super::fabric::Fabric;
use super::plan::{NONE, Plan};
use super::ports::Lines;
use super::record::{Carried, Log, assemble, settled};
use super::traffic::{Detail, Ending, Outcome, Traffic};
use super::tree::Forest;
use super::wheel::{Slot, Wheel};
use fork::Fork;
use state::{Arrival, Flit, InLane, InSlot, Node, OutSlot, Source};

/// The `cycle` model of one fabric, kept from one timestep to the next.
#[derive(Debug)]
pub struct CycleModel {
    engine: Sized,
}

/// One engine for each number of channels that lanes are laid out for.
#[derive(Debug)]
enum Sized {
    One(Box<Engine<1>>),
    Two(Box<Engine<2>>),
    Four(Box<Engine<4>>),
    Eight(Box<Engine<8>>),
}

impl CycleModel {
    /// Prepares the model.
    ///
    /// # Errors
    /// A diagnostic about the fabric; the chip's author must act.
    pub fn new(fabric: &Fabric) -> Result<Self, Diagnostic> {
        let plan = Plan::new(fabric)?;
        let engine = match plan.stride {
            1 => Sized::One(Box::new(Engine::new(plan))),
            2 => Sized::Two(Box::new(Engine::new(plan))),
            4 => Sized::Four(Box::new(Engine::new(plan))),
            _ => Sized::Eight(Box::new(Engine::new(plan))),
        };
        Ok(Self { engine })
    }

    /// Times the packets of one timestep flit by flit.
    ///
    /// # Errors
    /// A diagnostic about the traffic; the caller must act.
    ///
    /// # Determinism
    /// A pure function of fabric and arguments: nothing is carried over from earlier runs.
    pub fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        match &mut self.engine {
            Sized::One(engine) => engine.run(traffic, detail),
            Sized::Two(engine) => engine.run(traffic, detail),
            Sized::Four(engine) => engine.run(traffic, detail),
            Sized::Eight(engine) => engine.run(traffic, detail),
        }
    }
}

/// Times the packets of one timestep once, flit by flit.
///
/// # Errors
/// A diagnostic about the fabric or the traffic; the caller must act.
pub fn run_cycle(
    fabric: &Fabric,
    traffic: &Traffic,
    detail: Detail,
) -> Result<Outcome, Diagnostic> {
    CycleModel::new(fabric)?.run(traffic, detail)
}

/// Figures that every move needs.
#[derive(Clone, Copy, Debug)]
struct Figures {
    routers: u32,
    slots: u32,
    shift: u32,
    /// Ticks from a switch grant to the departure.
    traverse: u64,
    /// Mask of a lane's position in its node.
    local: u32,
    /// Mask of a position in a lane's ring.
    ring: u32,
}

#[derive(Debug)]
struct Engine<const V: usize> {
    plan: Plan,
    fig: Figures,
    lines: Lines,
    forest: Forest,
    /// Packets that branch at the front of their buffers, by lane.
    forks: BTreeMap<u32, Fork>,
    /// By lane, the tick at which its front is dropped if it still waits; empty without drops.
    patience: Vec<u64>,
    wheel: Wheel<Arrival>,
    log: Log,
    in_lanes: Vec<InLane>,
    out_slots: Vec<OutSlot<V>>,
    in_slots: Vec<InSlot>,
    /// Flits of every lane's buffer, a ring each.
    store: Vec<Flit>,
    sources: Vec<Source>,
    /// Per port, the tick before which its core is busy.
    sinks: Vec<u64>,
    nodes: Vec<Node>,
    list: Vec<u32>,
    /// Nodes that this run has touched.
    touched: Vec<u32>,
    broken: bool,
}

impl<const V: usize> Engine<V> {
    fn new(plan: Plan) -> Self {
        let lanes = (plan.nodes as usize) << plan.shift;
        let slots = (plan.nodes * plan.slots) as usize;
        let deepest = plan.outs.iter().map(|out| out.buffer).max().unwrap_or(1);
        let depth = u32::from(deepest).next_power_of_two();
        let ports = plan.ports() as usize;
        let mut engine = Self {
            fig: Figures {
                routers: plan.routers,
                slots: plan.slots,
                shift: plan.shift,
                traverse: u64::from(plan.traverse),
                local: (1 << plan.shift) - 1,
                ring: depth - 1,
            },
            lines: Lines::default(),
            forest: Forest::default(),
            forks: BTreeMap::new(),
            patience: vec![0; plan.drop_after.map_or(0, |_| lanes)],
            wheel: Wheel::new(plan.reach()),
            log: Log::default(),
            in_lanes: vec![InLane::default(); lanes],
            out_slots: vec![OutSlot::default(); slots],
            in_slots: vec![InSlot::default(); slots],
            store: vec![Flit::default(); lanes * depth as usize],
            sources: vec![Source::default(); ports],
            sinks: vec![0; ports],
            nodes: vec![Node::default(); plan.nodes as usize],
            list: Vec::new(),
            touched: Vec::new(),
            broken: false,
            plan,
        };
        for node in 0..engine.plan.nodes {
            engine.reset(node);
        }
        engine
    }

    /// Puts a node into its state before the first packet.
    fn reset(&mut self, node: u32) {
        self.nodes[node as usize] = Node::default();
        for slot in 0..self.fig.slots {
            let index = (node * self.fig.slots + slot) as usize;
            let first = (node << self.fig.shift) as usize + slot as usize * V;
            self.in_slots[index] = InSlot::default();
            let (out, input) = (self.plan.outs[index], self.plan.ins[index]);
            self.out_slots[index] = OutSlot::default();
            if out.lane != NONE {
                let slot = &mut self.out_slots[index];
                slot.lane = out.lane;
                slot.latency = out.latency;
                slot.flit = out.flit;
                slot.free = ((1u32 << self.plan.channels) - 1) as u16;
                slot.credited = slot.free;
                for lane in &mut slot.lanes {
                    lane.credits = out.buffer;
                    lane.lowest = out.buffer;
                    lane.buffer = out.buffer;
                }
            }
            for channel in 0..V {
                let lane = &mut self.in_lanes[first + channel];
                *lane = InLane::default();
                if input.lane != NONE {
                    lane.back = input.lane + channel as u32;
                    lane.credit = input.credit;
                }
            }
        }
        if node >= self.fig.routers {
            let port = (node - self.fig.routers) as usize;
            self.sources[port] = Source::default();
            self.sinks[port] = 0;
        }
    }

    /// First slot of a lane's node, and the lane's slot in it.
    #[inline]
    fn sender(&self, lane: u32) -> (usize, usize) {
        let node = lane >> self.fig.shift;
        ((node * self.fig.slots) as usize, (lane & self.fig.local) as usize / V)
    }

    fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        self.forest = self.plan.check(traffic)?;
        self.start(traffic, detail);
        let horizon = traffic.horizon_ps.map_or(u64::MAX, |ps| self.plan.ticks(ps));
        let mut stopped = false;
        let mut slot = Slot::default();
        while let Some(tick) = self.wheel.advance(&mut slot) {
            if tick > horizon {
                stopped = true;
                break;
            }
            for node in &slot.wakes {
                self.enlist(tick, *node);
            }
            for &(lane, _) in &slot.credits {
                self.credit(tick, lane);
            }
            for arrival in &slot.arrivals {
                self.arrive(tick, arrival);
            }
            let list = std::mem::take(&mut self.list);
            for &node in &list {
                if node < self.fig.routers {
                    self.visit_router(tick, node);
                } else {
                    self.visit_port(tick, node);
                }
            }
            self.list = list;
            self.list.clear();
        }
        Ok(self.finish(traffic, stopped))
    }

    fn start(&mut self, traffic: &Traffic, detail: Detail) {
        let touched = std::mem::take(&mut self.touched);
        if self.broken {
            (0..self.plan.nodes).for_each(|node| self.reset(node));
            self.broken = false;
        } else {
            touched.iter().for_each(|node| self.reset(*node));
        }
        self.touched = touched;
        self.touched.clear();
        self.forks.clear();
        self.wheel.rewind();
        self.lines.fill(&self.plan, &self.forest, traffic);
        self.log.start(detail);
        for port in 0..self.sources.len() {
            if let Some(first) = self.lines.of(port).first() {
                self.wheel.wake(first.at, self.fig.routers + port as u32);
            }
        }
    }

    #[inline]
    fn enlist(&mut self, tick: u64, node: u32) {
        let stamp = &mut self.nodes[node as usize].stamp;
        if *stamp != tick + 1 {
            if *stamp == 0 {
                self.touched.push(node);
            }
            *stamp = tick + 1;
            self.list.push(node);
        }
    }

    fn finish(&mut self, traffic: &Traffic, stopped: bool) -> Outcome {
        let cores = self.forest.cores(traffic);
        let open = cores - self.log.closed();
        self.broken = stopped || open > 0;
        let ending = match open {
            0 => Ending::Complete,
            _ if stopped => Ending::Stopped,
            _ => Ending::Deadlock(self.ring()),
        };
        let logs = std::iter::once(&self.log);
        let sizes = (traffic.packets.len(), self.forest.leaves_of_all());
        let outcome = assemble(&self.plan, sizes, ending, logs, |slot| self.carried(slot));
        if stopped { outcome } else { settled(outcome) }
    }

    fn carried(&self, slot: usize) -> Carried {
        let (node, at) = (slot as u32 / self.fig.slots, slot as u32 % self.fig.slots);
        let first = (node << self.fig.shift) as usize + at as usize * V;
        let out = &self.out_slots[slot];
        let mut carried = Carried {
            flits: u64::from(out.flits),
            packets: u64::from(out.packets),
            ..Carried::default()
        };
        for lane in &out.lanes {
            carried.ahead_peak += u32::from(lane.buffer - lane.lowest);
            carried.credits_out += u64::from(lane.buffer - lane.credits);
        }
        for lane in &self.in_lanes[first..first + V] {
            carried.queue = carried.queue.wrapping_add(lane.queue);
            carried.stored += u64::from(lane.len);
        }
        carried
    }
}
