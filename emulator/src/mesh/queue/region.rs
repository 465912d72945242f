//! A region of the `queue` model: some routers and the ports on them, with a calendar of its own.

use super::domain::Domain;
use super::router::Context;
use super::state::{Burst, FOREIGN, LANES, Lane, Out, REGION_SHIFT, Router, Sent, Side, Terminal};
use crate::mesh::alloc::bits;
use crate::mesh::calendar::{Calendar, Credit};
use crate::mesh::fabric::{ChannelRelease, Speculation, Switching};
use crate::mesh::plan::{NONE, Plan};
use crate::mesh::ports::Lines;
use crate::mesh::record::{Carried, Log};
use crate::mesh::traffic::Detail;
use crate::mesh::tree::Forest;

/// What all regions read.
#[derive(Clone, Copy)]
pub(super) struct Shared<'t> {
    pub(super) plan: &'t Plan,
    pub(super) forest: &'t Forest,
    pub(super) lines: &'t Lines,
}

/// Figures that every move needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Routers of the region.
    pub(super) routers: u32,
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
    /// Nobody waits for more than one credit: they may come as one, and only to a channel that has
    /// none left are they news.
    pub(super) plain_credits: bool,
    /// Ticks after which a waiting packet is dropped.
    pub(super) drop_after: u64,
    pub(super) release: ChannelRelease,
    pub(super) switching: Switching,
}

impl Figures {
    pub(super) fn new(plan: &Plan) -> Self {
        let deepest = plan.outs.iter().map(|out| out.buffer).max().unwrap_or(1);
        let depth = u32::from(deepest).next_power_of_two();
        let whole = plan.switching == Switching::VirtualCutThrough;
        Self {
            routers: 0,
            settle: plan.settle(),
            renew: 1 + u64::from(plan.speculation == Speculation::Off),
            cross: u64::from(plan.cross),
            ring_shift: depth.trailing_zeros(),
            ring: depth - 1,
            planes: plan.planes,
            open: !plan.classed && !whole,
            plain: plan.plain(),
            plain_credits: plan.release == ChannelRelease::TailSent && !whole,
            drop_after: plan.drop_after.unwrap_or(u64::MAX),
            release: plan.release,
            switching: plan.switching,
        }
    }
}

/// What a region consists of.
pub(super) struct Parts<'e, const P: usize, const V: usize> {
    pub(super) routers: &'e mut [Router<P, V>],
    /// Per port, a side for every plane.
    pub(super) sides: &'e mut [Side<V>],
    pub(super) terminals: &'e mut [Terminal],
}

/// Something for another region.
#[derive(Clone, Copy, Debug)]
pub(super) enum Foreign {
    /// Flits for a buffer there.
    Burst(Sent),
    /// Credits for a sender there, at a tick.
    Credit(u64, Credit),
}

impl Foreign {
    /// The region it is for.
    pub(super) fn region(&self) -> u32 {
        let lane = match self {
            Self::Burst(sent) => sent.lane,
            Self::Credit(_, credit) => credit.lane,
        };
        (lane & !FOREIGN) >> REGION_SHIFT
    }

    /// When it arrives.
    fn tick(&self) -> u64 {
        match self {
            Self::Burst(sent) => sent.burst.at,
            Self::Credit(tick, _) => *tick,
        }
    }
}

#[derive(Debug)]
pub(super) struct Region<const P: usize, const V: usize> {
    pub(super) fig: Figures,
    pub(super) calendar: Calendar,
    pub(super) log: Log,
    pub(super) routers: Vec<Router<P, V>>,
    /// Per port, a side for every plane.
    pub(super) sides: Vec<Side<V>>,
    pub(super) terminals: Vec<Terminal>,
    /// A ring of bursts for every lane; the front's place is not used.
    pub(super) store: Vec<Burst>,
    /// By lane, the output slots that a packet of a tree at the front has still to go to.
    pub(super) branches: Vec<u64>,
    /// What other regions are to get.
    pub(super) outbox: Vec<Foreign>,
    /// Credits of the tick that is being worked on.
    credits: Vec<Credit>,
    /// The fabric's numbers of the region's routers, then ports (after all routers).
    pub(super) nodes: Vec<u32>,
    /// Out and in slots as at the start, per node and slot.
    fresh_outs: Vec<Out<V>>,
    fresh_lanes: Vec<[Lane; V]>,
    /// One bit per node that this run has touched.
    touched: Vec<u64>,
    /// The last run left packets behind.
    pub(super) broken: bool,
    /// All ticks before this one are worked on: nothing may come for them from other regions.
    done: u64,
    slots: u32,
}

impl<const P: usize, const V: usize> Region<P, V> {
    /// Exponent of the lanes of a node.
    const SHIFT: u32 = (P * V).trailing_zeros();
    /// Mask of a lane's position in its node.
    const LOCAL: u32 = (P * V) as u32 - 1;

    /// Lays out a region; `lane_of` translates the plan's lanes.
    pub(super) fn new(
        plan: &Plan,
        fig: Figures,
        nodes: Vec<u32>,
        lane_of: impl Fn(u32) -> u32,
    ) -> Self {
        let routers = nodes.iter().filter(|node| **node < plan.routers).count();
        let ports = nodes.len() - routers;
        let lanes = nodes.len() << Self::SHIFT;
        let reach = plan.reach() + u64::from(fig.ring);
        let mut region = Self {
            fig: Figures { routers: routers as u32, ..fig },
            calendar: Calendar::new(nodes.len() as u32, Self::SHIFT, reach),
            log: Log::default(),
            routers: vec![Router::default(); routers],
            sides: vec![Side::default(); ports * plan.planes as usize],
            terminals: vec![Terminal::default(); ports],
            store: vec![Burst::default(); lanes << fig.ring_shift],
            branches: vec![0; routers << Self::SHIFT],
            outbox: Vec::new(),
            credits: Vec::new(),
            fresh_outs: Vec::new(),
            fresh_lanes: Vec::new(),
            touched: vec![0; nodes.len().div_ceil(64)],
            broken: false,
            done: 0,
            slots: plan.slots,
            nodes,
        };
        for node in 0..region.nodes.len() {
            for slot in 0..plan.slots {
                let index = (region.nodes[node] * plan.slots + slot) as usize;
                region.fresh_outs.push(fresh_out(plan, index, &lane_of));
                region.fresh_lanes.push(region.fresh_lane(plan, index, &lane_of));
            }
        }
        (0..region.nodes.len() as u32).for_each(|node| region.reset(node));
        region
    }

    fn fresh_lane(&self, plan: &Plan, index: usize, lane_of: impl Fn(u32) -> u32) -> [Lane; V] {
        let input = plan.ins[index];
        let mut lanes = [Lane::default(); V];
        let node = index as u32 / plan.slots;
        if node < plan.routers {
            lanes.iter_mut().for_each(|lane| lane.place = plan.place(node));
        }
        if input.lane == NONE {
            return lanes;
        }
        let sender = input.lane >> plan.shift;
        let slot = (input.lane & Self::LOCAL) / V as u32;
        let spacing = plan.outs[(sender * plan.slots + slot) as usize].flit;
        // With virtual cut-through credits count when channels are allocated, a tick before the
        // switch.
        let whole = plan.switching == Switching::VirtualCutThrough && sender < plan.routers;
        let early = if whole { self.fig.renew as u32 - 1 } else { 0 };
        for (channel, lane) in (0..).zip(&mut lanes) {
            lane.back = lane_of(input.lane) + channel;
            lane.credit = input.credit + early;
            lane.spacing = spacing;
        }
        lanes
    }

    /// Puts a node into its state before the first packet.
    fn reset(&mut self, node: u32) {
        let first = (node * self.slots) as usize;
        match (node as usize).checked_sub(self.routers.len()) {
            Some(port) => {
                self.terminals[port] = Terminal::default();
                let planes = self.fig.planes as usize;
                for plane in 0..planes {
                    self.sides[port * planes + plane] = Side {
                        out: self.fresh_outs[first + plane],
                        lanes: self.fresh_lanes[first + plane],
                    };
                }
            }
            None => {
                let router = &mut self.routers[node as usize];
                *router = Router::default();
                for slot in 0..self.slots as usize {
                    router.outs[slot] = self.fresh_outs[first + slot];
                    router.lanes[slot] = self.fresh_lanes[first + slot];
                }
            }
        }
    }

    /// Makes the region ready for the packets of a timestep.
    pub(super) fn start(&mut self, shared: &Shared<'_>, detail: Detail) {
        for word in 0..self.touched.len() {
            let all = if self.broken { u64::MAX } else { 0 };
            let touched = std::mem::take(&mut self.touched[word]) | all;
            let count = self.nodes.len() as u32;
            let nodes = bits(touched).map(|bit| word as u32 * 64 + bit);
            nodes.take_while(|node| *node < count).for_each(|node| self.reset(node));
        }
        self.broken = false;
        self.done = 0;
        self.calendar.rewind();
        self.outbox.clear();
        self.log.start(detail);
        for node in self.fig.routers..self.nodes.len() as u32 {
            let port = self.nodes[node as usize] - shared.plan.routers;
            if let Some(first) = shared.lines.of(port as usize).first() {
                self.calendar.wake(first.at, node);
            }
        }
    }

    /// The region's parts and what is needed to work on them.
    fn open<'e>(&'e mut self, shared: &'e Shared<'e>) -> (Parts<'e, P, V>, Context<'e>) {
        let parts = Parts {
            routers: &mut self.routers,
            sides: &mut self.sides,
            terminals: &mut self.terminals,
        };
        let context = Context {
            tick: 0,
            node: 0,
            fig: &self.fig,
            shared,
            nodes: &self.nodes,
            calendar: &mut self.calendar,
            log: &mut self.log,
            store: &mut self.store,
            branches: &mut self.branches,
            outbox: &mut self.outbox,
        };
        (parts, context)
    }

    fn run_until(&mut self, end: u64, shared: &Shared<'_>) {
        self.done = end;
        let mut touched = std::mem::take(&mut self.touched);
        let mut credits = std::mem::take(&mut self.credits);
        let (mut parts, mut context) = self.open(shared);
        while context.calendar.next().is_some_and(|next| next < end) {
            let Some(tick) = context.calendar.advance(&mut credits) else { break };
            context.tick = tick;
            for &credit in &credits {
                context.credit(&mut parts, credit);
            }
            for (word, touched) in touched.iter_mut().enumerate() {
                let woken = context.calendar.take_word(word);
                *touched |= woken;
                for bit in bits(woken) {
                    context.node = word as u32 * 64 + bit;
                    if context.node < context.fig.routers {
                        context.visit_router(&mut parts);
                    } else {
                        context.visit_port(&mut parts);
                    }
                }
            }
        }
        self.touched = touched;
        self.credits = credits;
    }

    fn take_in(&mut self, foreign: &Foreign, shared: &Shared<'_>) {
        debug_assert!(foreign.tick() >= self.done, "a window longer than the shortest link");
        let (mut parts, mut context) = self.open(shared);
        match *foreign {
            Foreign::Burst(sent) => {
                context.push(&mut parts, Sent { lane: sent.lane & LANES, ..sent });
            }
            Foreign::Credit(tick, credit) => {
                context.calendar.credit(tick, Credit { lane: credit.lane & LANES, ..credit });
            }
        }
    }

    /// What the links of a node's slot have carried.
    pub(super) fn carried(&self, node: u32, slot: usize) -> Carried {
        let (out, lanes) = match (node as usize).checked_sub(self.routers.len()) {
            None => {
                let router = &self.routers[node as usize];
                (&router.outs[slot], &router.lanes[slot])
            }
            Some(port) => {
                let side = &self.sides[port * self.fig.planes as usize..];
                if slot >= self.fig.planes as usize {
                    return Carried::default();
                }
                (&side[slot].out, &side[slot].lanes)
            }
        };
        let mut carried = Carried {
            flits: u64::from(out.flits),
            packets: u64::from(out.packets),
            ..Carried::default()
        };
        for channel in &out.channels {
            carried.ahead_peak += u32::from(out.buffer - channel.lowest);
            carried.credits_out += u64::from(out.buffer - channel.credits);
        }
        for (channel, lane) in lanes.iter().enumerate() {
            carried.queue = carried.queue.wrapping_add(lane.queue);
            let number = ((node as usize) << Self::SHIFT) + slot * V + channel;
            for burst in 0..u32::from(lane.len) {
                let place = (u32::from(lane.first) + burst) & self.fig.ring;
                let index = (number << self.fig.ring_shift) + place as usize;
                let burst = if burst == 0 { &lane.burst } else { &self.store[index] };
                let came = Burst::sum(burst.flits(), burst.at, burst.spacing());
                carried.queue = carried.queue.wrapping_sub(came);
                carried.stored += u64::from(burst.flits());
            }
        }
        carried
    }
}

impl<const P: usize, const V: usize> Domain for Region<P, V> {
    type Mail = Foreign;

    fn next(&self) -> Option<u64> {
        self.calendar.next()
    }

    fn run_until(&mut self, end: u64, shared: &Shared<'_>) {
        Self::run_until(self, end, shared);
    }

    fn outbox(&mut self) -> &mut Vec<Foreign> {
        &mut self.outbox
    }

    fn region(mail: &Foreign) -> u32 {
        mail.region()
    }

    fn take_in(&mut self, mail: &Foreign, shared: &Shared<'_>) {
        Self::take_in(self, mail, shared);
    }
}

fn fresh_out<const V: usize>(plan: &Plan, index: usize, lane_of: impl Fn(u32) -> u32) -> Out<V> {
    let link = plan.outs[index];
    let mut out = Out::default();
    if link.lane == NONE {
        return out;
    }
    let from_router = index < (plan.routers * plan.slots) as usize;
    out.ahead = lane_of(link.lane);
    out.latency = link.latency + if from_router { plan.traverse } else { 0 };
    out.flit = link.flit;
    out.buffer = link.buffer;
    out.free = ((1u32 << plan.channels) - 1) as u8;
    for channel in &mut out.channels {
        channel.credits = link.buffer;
        channel.lowest = link.buffer;
    }
    out
}
