//! The engine of the `queue` model: set-up, the loop over ticks, the result.

use quarrion_isa::diagnostic::Diagnostic;

use super::router::Context;
use super::state::{Burst, Lane, Out, Router, Sent, Side, Terminal};
use crate::mesh::alloc::bits;
use crate::mesh::calendar::{Calendar, Credit};
use crate::mesh::fabric::{ChannelRelease, Speculation, Switching};
use crate::mesh::plan::{NONE, Plan};
use crate::mesh::ports::Lines;
use crate::mesh::record::{Record, Stored};
use crate::mesh::traffic::{Destination, Detail, Ending, Outcome, Traffic};
use crate::mesh::tree::Forest;

/// Figures that every move needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) routers: u32,
    /// Router lanes: lane numbers from here on are of ports.
    pub(super) lanes: u32,
    /// Ticks from a head's arrival to its first chance at the switch.
    pub(super) settle: u64,
    /// Ticks from a tail's departure until its channel can move the next packet.
    pub(super) renew: u64,
    /// Ticks that a slot of the switch is busy with a flit; 0: as long as the link.
    pub(super) cross: u64,
    /// Exponent and mask of a lane's ring.
    pub(super) ring_shift: u32,
    pub(super) ring: u32,
    pub(super) planes: u32,
    /// Every waiting lane may take every free channel.
    pub(super) open: bool,
    /// Grid routing without classes.
    pub(super) plain: bool,
    /// Credits that follow each other as fast as flits may come as one: nobody waits for the last.
    pub(super) together: bool,
    /// Ticks after which a waiting packet is dropped.
    pub(super) drop_after: u64,
    pub(super) release: ChannelRelease,
    pub(super) switching: Switching,
}

#[derive(Debug)]
pub(super) struct Engine<const P: usize, const V: usize> {
    pub(super) plan: Plan,
    pub(super) fig: Figures,
    pub(super) lines: Lines,
    pub(super) calendar: Calendar,
    pub(super) record: Record,
    pub(super) routers: Vec<Router<P, V>>,
    /// Per port, a side for every plane.
    pub(super) sides: Vec<Side<V>>,
    pub(super) terminals: Vec<Terminal>,
    /// A ring of bursts for every lane.
    pub(super) store: Vec<Burst>,
    /// Trees of this timestep.
    pub(super) forest: Forest,
    /// What the node that is being visited sends.
    pub(super) sent: Vec<Sent>,
    /// One bit per node that this run has touched.
    touched: Vec<u64>,
    broken: bool,
}

impl<const P: usize, const V: usize> Engine<P, V> {
    /// Exponent of the lanes of a node.
    pub(super) const SHIFT: u32 = (P * V).trailing_zeros();
    /// Mask of a lane's position in its node.
    pub(super) const LOCAL: u32 = (P * V) as u32 - 1;

    pub(super) fn new(plan: Plan) -> Self {
        let deepest = plan.outs.iter().map(|out| out.buffer).max().unwrap_or(1);
        let depth = u32::from(deepest).next_power_of_two();
        let ports = plan.ports() as usize;
        let allocate = u64::from(plan.speculation == Speculation::Off);
        let whole = plan.switching == Switching::VirtualCutThrough;
        let lanes = (plan.nodes as usize) << Self::SHIFT;
        let mut engine = Self {
            fig: Figures {
                routers: plan.routers,
                lanes: plan.routers << Self::SHIFT,
                settle: plan.settle(),
                renew: 1 + allocate,
                cross: u64::from(plan.cross),
                ring_shift: depth.trailing_zeros(),
                ring: depth - 1,
                planes: plan.planes,
                open: !plan.classed && !whole,
                plain: plan.plain(),
                together: plan.release == ChannelRelease::TailSent && !whole,
                drop_after: plan.drop_after.unwrap_or(u64::MAX),
                release: plan.release,
                switching: plan.switching,
            },
            lines: Lines::default(),
            calendar: Calendar::new(plan.nodes, plan.reach() + u64::from(deepest)),
            record: Record::default(),
            routers: vec![Router::default(); plan.routers as usize],
            sides: vec![Side::default(); ports * plan.planes as usize],
            terminals: vec![Terminal::default(); ports],
            store: vec![Burst::default(); lanes * depth as usize],
            forest: Forest::default(),
            sent: Vec::new(),
            touched: vec![0; (plan.nodes as usize).div_ceil(64)],
            broken: false,
            plan,
        };
        (0..engine.plan.nodes).for_each(|node| engine.reset(node));
        engine
    }

    /// Puts a node into its state before the first packet.
    fn reset(&mut self, node: u32) {
        let first = (node * self.plan.slots) as usize;
        if node >= self.fig.routers {
            let port = (node - self.fig.routers) as usize;
            self.terminals[port] = Terminal::default();
            for plane in 0..self.fig.planes as usize {
                let side = Side {
                    out: self.fresh_out(first + plane, 0),
                    lanes: self.fresh_lanes(first + plane),
                };
                self.sides[port * self.fig.planes as usize + plane] = side;
            }
            return;
        }
        let mut router = Router::default();
        for slot in 0..self.plan.slots as usize {
            router.outs[slot] = self.fresh_out(first + slot, self.plan.traverse);
            router.lanes[slot] = self.fresh_lanes(first + slot);
            router.lanes[slot].iter_mut().for_each(|lane| lane.place = self.plan.place(node));
        }
        self.routers[node as usize] = router;
    }

    fn fresh_out(&self, index: usize, traverse: u32) -> Out<V> {
        let plan = self.plan.outs[index];
        let mut out = Out::default();
        if plan.lane == NONE {
            return out;
        }
        out.ahead = plan.lane;
        out.latency = plan.latency + traverse;
        out.flit = plan.flit;
        out.buffer = plan.buffer;
        out.free = ((1u32 << self.plan.channels) - 1) as u8;
        for channel in &mut out.channels {
            channel.credits = plan.buffer;
            channel.lowest = plan.buffer;
        }
        out
    }

    fn fresh_lanes(&self, index: usize) -> [Lane; V] {
        let input = self.plan.ins[index];
        let mut lanes = [Lane::default(); V];
        if input.lane != NONE {
            let sender = (input.lane >> Self::SHIFT) * self.plan.slots
                + (input.lane & Self::LOCAL) / V as u32;
            let spacing = self.plan.outs[sender as usize].flit;
            // With virtual cut-through credits count when channels are allocated, a tick before
            // the switch.
            let whole = self.plan.switching == Switching::VirtualCutThrough;
            let early = whole && input.lane >> Self::SHIFT < self.plan.routers;
            let credit = input.credit + if early { self.fig.renew as u32 - 1 } else { 0 };
            for (channel, lane) in (0..).zip(&mut lanes) {
                lane.back = input.lane + channel;
                lane.credit = credit;
                lane.spacing = spacing;
            }
        }
        lanes
    }

    pub(super) fn run(&mut self, traffic: &Traffic, detail: Detail) -> Result<Outcome, Diagnostic> {
        self.forest = self.plan.check(traffic)?;
        self.start(traffic, detail);
        let packets = &traffic.packets;
        let horizon = traffic.horizon_ps.map_or(u64::MAX, |ps| self.plan.ticks(ps));
        let mut stopped = false;
        let mut credits: Vec<Credit> = Vec::new();
        while let Some(tick) = self.calendar.advance(&mut credits) {
            if tick > horizon {
                stopped = true;
                break;
            }
            for &credit in &credits {
                self.credit(tick, credit);
            }
            for word in 0..self.calendar.words() {
                let woken = self.calendar.take_word(word);
                self.touched[word] |= woken;
                for bit in bits(woken) {
                    let node = word as u32 * 64 + bit;
                    if node < self.fig.routers {
                        self.visit_router(tick, node);
                    } else {
                        self.visit_port(tick, node, packets);
                    }
                }
            }
        }
        Ok(self.finish(stopped))
    }

    #[inline]
    fn visit_router(&mut self, tick: u64, node: u32) {
        let lanes = self.calendar.take_lanes(node);
        let mut context = Context {
            tick,
            node,
            fig: &self.fig,
            plan: &self.plan,
            calendar: &mut self.calendar,
            record: &mut self.record,
            forest: &self.forest,
            store: &mut self.store,
            sent: &mut self.sent,
        };
        let router = &mut self.routers[node as usize];
        context.look(router, lanes);
        if V == 1 {
            context.visit_single(router);
        } else {
            context.visit_several(router);
        }
        if self.fig.drop_after != u64::MAX {
            context.drop_late(router);
        }
        for at in 0..self.sent.len() {
            let sent = self.sent[at];
            self.push(&sent);
        }
        self.sent.clear();
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
        self.lines.fill(self.terminals.len(), traffic);
        let copies = traffic.packets.iter().map(|packet| match packet.destination {
            Destination::Port(_) => 1,
            Destination::Tree(tree) => u64::from(self.forest.size(tree)),
        });
        self.record.start(traffic.packets.len(), copies.sum(), detail);
        for port in 0..self.terminals.len() {
            if let Some(first) = self.lines.of(port).first() {
                let at = self.plan.ticks(traffic.packets[*first as usize].inject_ps);
                self.calendar.wake(at, self.fig.routers + port as u32);
            }
        }
    }

    fn finish(&mut self, stopped: bool) -> Outcome {
        let missing = |out: &Out<V>| -> u64 {
            out.channels.iter().map(|channel| u64::from(out.buffer - channel.credits)).sum()
        };
        let outs = self.routers.iter().flat_map(|router| &router.outs);
        let outs = outs.chain(self.sides.iter().map(|side| &side.out));
        let missing = outs.map(missing).sum();
        self.broken = self.record.open > 0;
        let ending = match self.record.open {
            0 => Ending::Complete,
            _ if stopped => Ending::Stopped,
            _ => Ending::Deadlock(self.ring()),
        };
        let mut record = std::mem::take(&mut self.record);
        record.finish(
            &self.plan,
            ending,
            missing,
            |slot| {
                let out = self.out_at(slot);
                let lowest = out.channels.iter().map(|c| u32::from(out.buffer - c.lowest)).sum();
                (u64::from(out.flits), u64::from(out.packets), lowest)
            },
            |slot| self.stored_at(slot),
        )
    }

    fn split(&self, slot: usize) -> (usize, usize) {
        (slot / self.plan.slots as usize, slot % self.plan.slots as usize)
    }

    fn out_at(&self, slot: usize) -> &Out<V> {
        let (node, at) = self.split(slot);
        match node.checked_sub(self.fig.routers as usize) {
            None => &self.routers[node].outs[at],
            Some(port) => &self.sides[port * self.fig.planes as usize + at].out,
        }
    }

    fn stored_at(&self, slot: usize) -> Stored {
        let (node, at) = self.split(slot);
        let lanes = match node.checked_sub(self.fig.routers as usize) {
            None => &self.routers[node].lanes[at],
            Some(port) => &self.sides[port * self.fig.planes as usize + at].lanes,
        };
        let mut sum = Stored::default();
        for (channel, lane) in lanes.iter().enumerate() {
            sum.queue = sum.queue.wrapping_add(lane.queue);
            let number = (node << Self::SHIFT) + at * V + channel;
            for burst in 0..u32::from(lane.len) {
                let place = (u32::from(lane.first) + burst) & self.fig.ring;
                let index = (number << self.fig.ring_shift) + place as usize;
                sum.stored += u64::from(self.store[index].flits());
            }
        }
        sum
    }
}
