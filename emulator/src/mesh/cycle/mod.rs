//! The `cycle` model: every flit, every allocation, cycle by cycle.
//!
//! A router is input-queued. The head flit of a packet asks for a virtual channel of its output
//! (one round of request, grant and accept with round-robin pointers that move on acceptance),
//! then each flit asks for the switch in the same manner, crosses it and the link, and frees a
//! buffer slot whose credit travels back. With speculation the head asks for both at once.
//!
//! All effects of a router on another one lie at least a tick ahead, so within a tick nodes are
//! visited in any order, and only nodes where something can change are visited at all.

pub(super) mod alloc;
mod ports;
mod router;
mod state;

use quarrion_isa::diagnostic::Diagnostic;

use super::check::check_traffic;
use super::fabric::Fabric;
use super::plan::Plan;
use super::ports::{Lines, Times};
use super::record::Record;
use super::traffic::{Detail, Ending, Outcome, Traffic};
use super::wheel::{Slot, Wheel};
use state::{InLane, InSlot, OutLane, OutSlot, Sink, Source};

/// Payload bit of a head flit.
const HEAD: u32 = 1 << 31;
/// Payload bit of a tail flit.
const TAIL: u32 = 1 << 30;
const PACKET: u32 = TAIL - 1;
/// Payload that says: the head of this lane has been routed.
const ROUTED: u32 = u32::MAX;

/// Times every packet of one timestep flit by flit.
///
/// # Errors
/// A diagnostic about the fabric or the traffic; the caller must act.
///
/// # Determinism
/// A pure function of its arguments.
pub fn run_cycle(
    fabric: &Fabric,
    traffic: &Traffic,
    detail: Detail,
) -> Result<Outcome, Diagnostic> {
    let plan = Plan::new(fabric)?;
    check_traffic(fabric, traffic)?;
    let mut engine = Engine::new(&plan, fabric, traffic, detail);
    engine.run();
    Ok(engine.finish(traffic))
}

struct Engine<'p> {
    plan: &'p Plan<'p>,
    flights: Vec<super::plan::Flight>,
    times: Times,
    lines: Lines,
    wheel: Wheel,
    record: Record,
    in_lanes: Vec<InLane>,
    out_lanes: Vec<OutLane>,
    out_slots: Vec<OutSlot>,
    in_slots: Vec<InSlot>,
    /// Flits of every lane's buffer, `depth` each.
    store: Vec<u32>,
    depth: u32,
    sources: Vec<Source>,
    sinks: Vec<Sink>,
    /// Last tick at which a node was put on the list, plus one.
    stamps: Vec<u64>,
    /// Nodes to visit in this tick.
    list: Vec<u32>,
    port_of: [u8; 64],
    /// One bit per slot: its first lane.
    slot_bits: u64,
}

impl<'p> Engine<'p> {
    fn new(plan: &'p Plan<'p>, fabric: &Fabric, traffic: &Traffic, detail: Detail) -> Self {
        let lanes = (plan.nodes as usize) << plan.shift;
        let slots = (plan.nodes * plan.slots) as usize;
        let deepest = plan.outs.iter().map(|out| out.buffer).max().unwrap_or(1);
        let depth = deepest.next_power_of_two();
        let ports = (plan.nodes - plan.routers) as usize;
        let mut out_lanes = vec![OutLane::default(); lanes];
        let mut out_slots = vec![OutSlot::default(); slots];
        for (slot, out) in plan.outs.iter().enumerate() {
            if out.lane == super::plan::NONE {
                continue;
            }
            let (node, port) = (slot as u32 / plan.slots, slot as u32 % plan.slots);
            let first = (node << plan.shift | port * plan.channels) as usize;
            for lane in &mut out_lanes[first..first + plan.channels as usize] {
                *lane = OutLane::with_buffer(out.buffer);
            }
            let all = (1u64 << plan.channels) - 1;
            out_slots[slot].free = all;
            out_slots[slot].credited = all;
        }
        let mut port_of = [0; 64];
        let mut slot_bits = 0;
        for local in 0..plan.slots * plan.channels {
            port_of[local as usize] = (local / plan.channels) as u8;
            slot_bits |= u64::from(local % plan.channels == 0) << local;
        }
        Self {
            plan,
            flights: plan.flights(fabric, traffic),
            times: Times::new(plan, traffic),
            lines: Lines::new(ports, traffic),
            wheel: Wheel::new(),
            record: Record::new(traffic.packets.len(), fabric.links.len(), detail),
            in_lanes: vec![InLane::default(); lanes],
            out_lanes,
            out_slots,
            in_slots: vec![InSlot::default(); slots],
            store: vec![0; lanes * depth as usize],
            depth,
            sources: vec![Source::default(); ports],
            sinks: vec![Sink::default(); ports],
            stamps: vec![0; plan.nodes as usize],
            list: Vec::new(),
            port_of,
            slot_bits,
        }
    }

    fn run(&mut self) {
        for port in 0..self.sources.len() {
            if let Some(first) = self.lines.of(port).first() {
                let at = self.times.ready[*first as usize];
                self.wheel.wake(at, self.plan.routers + port as u32);
            }
        }
        let mut slot = Slot::default();
        while let Some(tick) = self.wheel.advance(&mut slot) {
            for node in &slot.wakes {
                self.enlist(tick, *node);
            }
            for &(lane, flits) in &slot.credits {
                self.credit(tick, lane, flits);
            }
            for &(lane, payload) in &slot.arrivals {
                self.arrive(tick, lane, payload);
            }
            let list = std::mem::take(&mut self.list);
            for &node in &list {
                if node < self.plan.routers {
                    self.visit_router(tick, node);
                } else {
                    self.visit_port(tick, node);
                }
            }
            self.list = list;
            self.list.clear();
        }
    }

    #[inline]
    fn enlist(&mut self, tick: u64, node: u32) {
        let stamp = &mut self.stamps[node as usize];
        if *stamp != tick + 1 {
            *stamp = tick + 1;
            self.list.push(node);
        }
    }

    fn finish(self, traffic: &Traffic) -> Outcome {
        let mut missing = 0;
        for lane in &self.out_lanes {
            missing += u64::from(lane.buffer - lane.credits);
        }
        let ending = if self.record.open == 0 {
            Ending::Complete
        } else {
            Ending::Deadlock(self.ring())
        };
        self.record.finish(self.plan, traffic, ending, missing)
    }
}
