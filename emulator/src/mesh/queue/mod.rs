//! The `queue` model: one record per packet, moved in bursts of flits.
//!
//! Buffers and credits are counted in flits, but a packet moves as one burst wherever its flits
//! and the credits for them are there; only what is missing comes later, as a further burst. The
//! stages of a router are folded into times: a packet becomes ready when its head has been routed
//! and could hold a virtual channel, and a channel becomes usable again when the next packet could
//! have it. With one virtual channel this loses nothing against the `cycle` model; with several,
//! flits of different packets do not interleave on a link and channels are handed out one by one.
//!
//! A router writes its packets straight into the next buffer, with the tick of their arrival; the
//! owner of the buffer looks at nothing that has not arrived. So within a tick nodes can be visited
//! in any order, and only nodes where something can change are visited at all.

mod lanes;
mod ports;
mod router;
mod state;

use quarrion_isa::diagnostic::Diagnostic;

use super::alloc::bits;
use super::calendar::{Calendar, Credit};
use super::fabric::{Fabric, Speculation};
use super::plan::{NONE, Plan};
use super::ports::Lines;
use super::record::{Record, Stored};
use super::traffic::{Detail, Ending, Outcome, Traffic};

use state::{Burst, InLane, InSlot, Node, OutSlot, Source};

/// The `queue` model of one fabric, kept from one timestep to the next.
#[derive(Debug)]
pub struct QueueModel {
    engine: Sized,
}

/// One engine for each number of channels that lanes are laid out for.
#[derive(Debug)]
enum Sized {
    One(Box<Engine<1>>),
    Two(Box<Engine<2>>),
    Four(Box<Engine<4>>),
    Eight(Box<Engine<8>>),
    Sixteen(Box<Engine<16>>),
}

impl QueueModel {
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
            8 => Sized::Eight(Box::new(Engine::new(plan))),
            _ => Sized::Sixteen(Box::new(Engine::new(plan))),
        };
        Ok(Self { engine })
    }

    /// Times the packets of one timestep.
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
            Sized::Sixteen(engine) => engine.run(traffic, detail),
        }
    }
}

/// Times the packets of one timestep once.
///
/// # Errors
/// A diagnostic about the fabric or the traffic; the caller must act.
pub fn run_queue(
    fabric: &Fabric,
    traffic: &Traffic,
    detail: Detail,
) -> Result<Outcome, Diagnostic> {
    QueueModel::new(fabric)?.run(traffic, detail)
}

/// Figures that every move needs.
#[derive(Clone, Copy, Debug)]
struct Figures {
    routers: u32,
    slots: u32,
    shift: u32,
    /// Ticks from a head's arrival to its first chance at the switch.
    settle: u64,
    /// Ticks from a tail's departure until its channel can move the next packet.
    renew: u64,
    /// Ticks from a switch grant to the departure.
    traverse: u64,
    /// Ticks that a slot of the switch is busy with a flit; 0: as long as the link.
    cross: u64,
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
    calendar: Calendar,
    record: Record,
    in_lanes: Vec<InLane>,
    out_slots: Vec<OutSlot<V>>,
    in_slots: Vec<InSlot>,
    /// A ring of bursts for every lane.
    store: Vec<Burst>,
    sources: Vec<Source>,
    /// Per port, the tick before which its core is busy.
    sinks: Vec<u64>,
    nodes: Vec<Node>,
    /// One bit per node that this run has touched.
    touched: Vec<u64>,
    broken: bool,
}

impl<const V: usize> Engine<V> {
    fn new(plan: Plan) -> Self {
        let lanes = (plan.nodes as usize) << plan.shift;
        let slots = (plan.nodes * plan.slots) as usize;
        let deepest = plan.outs.iter().map(|out| out.buffer).max().unwrap_or(1);
        let depth = u32::from(deepest).next_power_of_two();
        let ports = plan.ports() as usize;
        let allocate = u64::from(plan.speculation == Speculation::Off);
        let mut engine = Self {
            fig: Figures {
                routers: plan.routers,
                slots: plan.slots,
                shift: plan.shift,
                settle: u64::from(plan.routing) + allocate,
                renew: 1 + allocate,
                traverse: u64::from(plan.traverse),
                cross: u64::from(plan.cross),
                local: (1 << plan.shift) - 1,
                ring: depth - 1,
            },
            lines: Lines::default(),
            calendar: Calendar::new(plan.nodes, plan.reach() + u64::from(deepest)),
            record: Record::default(),
            in_lanes: vec![InLane::default(); lanes],
            out_slots: vec![OutSlot::default(); slots],
            in_slots: vec![InSlot::default(); slots],
            store: vec![Burst::default(); lanes * depth as usize],
            sources: vec![Source::default(); ports],
            sinks: vec![0; ports],
            nodes: vec![Node::default(); plan.nodes as usize],
            touched: vec![0; (plan.nodes as usize).div_ceil(64)],
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
                for lane in &mut slot.lanes {
                    lane.credits = out.buffer;
                    lane.buffer = out.buffer;
                }
            }
            let mut lane = InLane::default();
            if input.lane != NONE {
                let (from, at) = self.sender(input.lane);
                lane.back = input.lane;
                lane.credit = input.credit;
                lane.spacing = self.plan.outs[from + at].flit;
            }
            for channel in 0..V {
                self.in_lanes[first + channel] = lane;
                lane.back += 1;
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
        self.plan.check(traffic)?;
        self.start(traffic, detail);
        let packets = &traffic.packets;
        let mut credits: Vec<Credit> = Vec::new();
        while let Some(tick) = self.calendar.advance(&mut credits) {
            for &credit in &credits {
                self.credit(tick, credit);
            }
            for word in 0..self.calendar.words() {
                let woken = self.calendar.take_word(word);
                self.touched[word] |= woken;
                for bit in bits(woken) {
                    let node = word as u32 * 64 + bit;
                    if node >= self.fig.routers {
                        self.visit_port(tick, node, packets);
                    } else if V == 1 {
                        self.visit_single(tick, node);
                    } else {
                        self.visit_several(tick, node);
                    }
                }
            }
        }
        Ok(self.finish())
    }

    fn start(&mut self, traffic: &Traffic, detail: Detail) {
        for word in 0..self.touched.len() {
            let all = if self.broken { u64::MAX } else { 0 };
            let touched = std::mem::take(&mut self.touched[word]) | all;
            let nodes = self.plan.nodes;
            let nodes = bits(touched).map(|b| word as u32 * 64 + b).take_while(|n| *n < nodes);
            nodes.for_each(|node| self.reset(node));
        }
        self.broken = false;
        self.calendar.rewind();
        self.lines.fill(self.sources.len(), traffic);
        self.record.start(traffic.packets.len(), detail);
        for port in 0..self.sources.len() {
            if let Some(first) = self.lines.of(port).first() {
                let at = self.plan.ticks(traffic.packets[*first as usize].inject_ps);
                self.calendar.wake(at, self.fig.routers + port as u32);
            }
        }
    }

    fn finish(&mut self) -> Outcome {
        let mut missing = 0;
        for lane in self.out_slots.iter().flat_map(|slot| &slot.lanes) {
            missing += u64::from(lane.buffer - lane.credits);
        }
        let ending = if self.record.open == 0 {
            Ending::Complete
        } else {
            self.broken = true;
            Ending::Deadlock(self.ring())
        };
        let (out_slots, in_lanes, fig) = (&self.out_slots, &self.in_lanes, self.fig);
        let store = &self.store;
        let sent = |slot: usize| {
            (u64::from(out_slots[slot].flits), u64::from(out_slots[slot].packets))
        };
        let stored = |slot: usize| {
            let (node, at) = (slot as u32 / fig.slots, slot as u32 % fig.slots);
            let first = (node << fig.shift) as usize + at as usize * V;
            let mut sum = Stored::default();
            for (lane, at) in in_lanes[first..first + V].iter().zip(first..) {
                sum.queue = sum.queue.wrapping_add(lane.queue);
                sum.peak += u32::from(lane.peak);
                for burst in 0..u32::from(lane.len) {
                    let place = (u32::from(lane.first) + burst) & fig.ring;
                    let index = at * (fig.ring as usize + 1) + place as usize;
                    sum.stored += u64::from(store[index].flits);
                }
            }
            sum
        };
        self.record.finish(&self.plan, ending, missing, sent, stored)
    }
}
