//! The `queue` model where every packet is a single flit, as most spikes are: less work a hop.
//!
//! A hop is one look at a lane, when its front packet could go. Credits are no events: a place of
//! a buffer says from when on its sender may use it again, and only a sender that has found every
//! place taken is told. Cores that take packets as they come do so in advance, and where a router
//! has one channel its sources fill the buffers in advance.
//!
//! Time goes in stretches no longer than the shortest effect of one node on another, so that
//! within a stretch every node can be worked on by itself, tick by tick. With clocked routers a
//! stretch is a tick.
//!
//! Everything else (longer packets, trees, drops, classes of channels, horizons) is for the
//! general engine. That one gives the same results for these packets, too: a test holds the two
//! together, and a run that locks up is worked again by it, for it can say why.

mod cores;
mod looks;
mod movement;
mod place;
mod router;
mod state;

use multiversion::multiversion;

use super::domain::Domain;
use super::region::{Figures, Shared};
use super::state::{FOREIGN, LANES, REGION_SHIFT};
use crate::mesh::alloc::bits;
use crate::mesh::fabric::{ChannelRelease, Switching};
use crate::mesh::plan::{NONE, Plan};
use crate::mesh::record::{Carried, Log};
use crate::mesh::traffic::{Destination, Detail, Packet, Traffic};
use looks::Looks;
use place::{LATEST, Place};
use state::{Core, In, Kind, Out, Router, Side};

/// Whether the engine knows this fabric.
pub(super) fn knows(plan: &Plan) -> bool {
    !plan.classed
        && plan.release == ChannelRelease::TailSent
        && plan.switching == Switching::Wormhole
        && plan.drop_after.is_none()
}

/// Whether it knows this traffic.
pub(super) fn takes(traffic: &Traffic) -> bool {
    let mut last = 0u64;
    let mut work = 0u64;
    let single = |packet: &Packet| {
        last = last.max(packet.inject_ps);
        work = work.saturating_add(packet.service_ps);
        packet.flits == 1 && matches!(packet.destination, Destination::Port(_))
    };
    let plain = traffic.horizon_ps.is_none() && traffic.packets.iter().all(single);
    plain && last.saturating_add(work) < LATEST
}

/// Something for another region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mail {
    /// Region and lane there.
    lane: u32,
    /// A packet with the tick of its arrival; or, for a sender, a place with the tick from which
    /// it is free.
    place: Place,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Packet,
    Credit,
}

/// Some routers and the ports on them.
#[derive(Debug)]
pub(super) struct Singles<const P: usize, const V: usize> {
    fig: Figures,
    looks: Looks,
    pub(super) log: Log,
    routers: Vec<Router<P, V>>,
    /// Per port, a side for every plane.
    sides: Vec<Side<V>>,
    cores: Vec<Core>,
    /// The sender's view of buffers of other regions, and where these are.
    ghosts: Vec<In<V>>,
    abroad: Vec<u32>,
    /// A ring of places for every lane: of routers, ports, ghosts.
    store: Vec<Place>,
    /// Its first place: the start of a cache line.
    base: usize,
    outbox: Vec<Mail>,
    /// The fabric's numbers of the region's routers, then ports.
    nodes: Vec<u32>,
    fresh: Vec<(Out<V>, In<V>)>,
    /// One bit per word of lanes that this run has looked at.
    touched: Vec<u64>,
    broken: bool,
    /// Cores take packets in an order that is known when they are sent.
    eager: bool,
    slots: u32,
}

impl<const P: usize, const V: usize> Singles<P, V> {
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
        let mut region = Self {
            fig: Figures { routers: routers as u32, ..fig },
            looks: Looks::new(lanes, plan.reach(), stretch(plan, V)),
            log: Log::default(),
            routers: vec![Router::default(); routers],
            sides: vec![Side::default(); ports * plan.planes as usize],
            cores: vec![Core::default(); ports],
            ghosts: Vec::new(),
            abroad: Vec::new(),
            store: Vec::new(),
            base: 0,
            outbox: Vec::new(),
            fresh: Vec::new(),
            touched: vec![0; lanes.div_ceil(64 * 64)],
            broken: true,
            eager: true,
            slots: plan.slots,
            nodes,
        };
        for node in 0..region.nodes.len() {
            for slot in 0..plan.slots {
                let index = (region.nodes[node] * plan.slots + slot) as usize;
                let out = region.fresh_out(plan, index, &lane_of);
                region.fresh.push((out, fresh_in(plan, index, &lane_of)));
            }
        }
        let places = (lanes + region.ghosts.len() * V) << fig.ring_shift;
        region.store = vec![Place::default(); places + 3];
        region.base = region.store.as_ptr().align_offset(64);
        region
    }

    fn fresh_out(&mut self, plan: &Plan, index: usize, lane_of: impl Fn(u32) -> u32) -> Out<V> {
        let link = plan.outs[index];
        if link.lane == NONE {
            return Out::default();
        }
        let from_router = index < (plan.routers * plan.slots) as usize;
        let mut ahead = lane_of(link.lane);
        let mut kind = Kind::Router;
        if ahead & FOREIGN != 0 {
            self.abroad.push(ahead);
            ahead = ((self.nodes.len() << Self::SHIFT) + self.ghosts.len() * V) as u32;
            self.ghosts.push(In { buffer: link.buffer, ..In::default() });
            kind = Kind::Foreign;
        } else if ahead >> Self::SHIFT >= self.fig.routers {
            kind = Kind::Core;
        }
        Out {
            ahead,
            kind,
            latency: link.latency + if from_router { plan.traverse } else { 0 },
            flit: link.flit,
            free: ((1u32 << plan.channels) - 1) as u8,
            ..Out::default()
        }
    }

    /// Puts a node into its state before the first packet.
    fn reset(&mut self, node: usize) {
        let slots = self.slots as usize;
        let fresh = &self.fresh[node * slots..][..slots];
        if let Some(router) = self.routers.get_mut(node) {
            for (slot, (out, input)) in fresh.iter().enumerate() {
                (router.outs[slot], router.ins[slot]) = (*out, *input);
            }
        } else {
            let (port, planes) = (node - self.routers.len(), self.fig.planes as usize);
            self.cores[port] = Core::default();
            for (side, (out, input)) in self.sides[port * planes..].iter_mut().zip(&fresh[..planes])
            {
                *side = Side { out: *out, input: *input };
            }
        }
        let places = (P * V) << self.fig.ring_shift;
        self.store[self.base + node * places..][..places].fill(Place::default());
    }

    /// Makes the region ready for the packets of a timestep.
    pub(super) fn start(&mut self, shared: &Shared<'_>, detail: Detail) {
        let routers = self.routers.len();
        if self.broken {
            (0..routers).for_each(|node| self.reset(node));
        } else {
            for at in 0..self.touched.len() {
                for bit in bits(std::mem::take(&mut self.touched[at])) {
                    let word = at * 64 + bit as usize;
                    let (first, last) = (word * 64, word * 64 + 63);
                    let nodes = first >> Self::SHIFT..=last >> Self::SHIFT;
                    nodes.filter(|node| *node < routers).for_each(|node| self.reset(node));
                }
            }
        }
        for port in 0..self.cores.len() {
            if self.broken || self.cores[port].touched {
                self.reset(routers + port);
            }
        }
        let ghosts = self.base + ((self.nodes.len() * P * V) << self.fig.ring_shift);
        self.store[ghosts..].fill(Place::default());
        for ghost in &mut self.ghosts {
            ghost.lanes.fill_with(Default::default);
        }
        self.broken = true;
        self.looks.rewind();
        self.outbox.clear();
        self.log.start(detail);
        // With one buffer a core, its packets come out in a known order.
        self.eager = shared.lines.quick() || self.fig.planes as usize * V == 1;
        for port in 0..self.cores.len() as u32 {
            self.begin(port, shared);
        }
    }

    /// Ticks that regions advance at a time, of those that they may.
    pub(super) fn whole(&self, window: u64) -> u64 {
        window >> self.looks.shift << self.looks.shift
    }

    /// The run has ended well: what is not touched is as at the start.
    pub(super) fn settle(&mut self) {
        self.broken = false;
    }

    #[inline(always)]
    fn advance(&mut self, end: u64, shared: &Shared<'_>) {
        let words = self.looks.words();
        while let Some(tick) = self.looks.next().filter(|next| *next < end) {
            self.looks.advance(tick);
            for word in 0..words {
                let mut lanes = self.looks.take_word(word);
                if lanes == 0 {
                    continue;
                }
                self.touched[word / 64] |= 1 << (word % 64);
                while lanes != 0 {
                    let first = lanes.trailing_zeros() & !Self::LOCAL;
                    let mine = (u64::MAX >> (63 - Self::LOCAL)) << first;
                    let node = (word as u32 * 64 + first) >> Self::SHIFT;
                    self.visit(node, (lanes & mine) >> first, tick, shared);
                    lanes &= !mine;
                }
            }
        }
    }

    /// What the links of a node's slot have carried.
    pub(super) fn carried(&self, node: u32, slot: usize) -> Carried {
        let (out, input) = match self.routers.get(node as usize) {
            Some(router) => (&router.outs[slot], &router.ins[slot]),
            None if slot < self.fig.planes as usize => {
                let port = node as usize - self.routers.len();
                let side = &self.sides[port * self.fig.planes as usize + slot];
                (&side.out, &side.input)
            }
            None => return Carried::default(),
        };
        let held = |input: &In<V>| input.lanes.iter().map(|lane| u64::from(lane.len)).sum();
        Carried {
            flits: u64::from(out.count),
            packets: u64::from(out.count),
            ahead_peak: out.peak.iter().map(|peak| u32::from(*peak)).sum(),
            credits_out: if out.count > 0 { held(self.ahead(out)) } else { 0 },
            queue: input.queue,
            stored: held(input),
        }
    }

    /// The buffers behind an out slot, as the sender knows them.
    fn ahead(&self, out: &Out<V>) -> &In<V> {
        let (node, slot) = (out.ahead >> Self::SHIFT, (out.ahead & Self::LOCAL) as usize / V);
        match out.kind {
            Kind::Router => &self.routers[node as usize].ins[slot],
            Kind::Core => {
                let port = (node - self.fig.routers) as usize;
                &self.sides[port * self.fig.planes as usize + slot].input
            }
            Kind::Foreign => &self.ghosts[self.ghost(out.ahead)],
        }
    }

    /// First place of a lane's ring.
    #[inline]
    fn ring_of(&self, lane: u32) -> usize {
        self.base + ((lane as usize) << self.fig.ring_shift)
    }

    /// Position of a lane's buffer among the ghosts.
    fn ghost(&self, lane: u32) -> usize {
        (lane as usize - (self.nodes.len() << Self::SHIFT)) / V
    }
}

impl<const P: usize, const V: usize> Domain for Singles<P, V> {
    type Mail = Mail;

    fn next(&self) -> Option<u64> {
        self.looks.next()
    }

    fn run_until(&mut self, end: u64, shared: &Shared<'_>) {
        run_until(self, end, shared);
    }

    fn outbox(&mut self) -> &mut Vec<Mail> {
        &mut self.outbox
    }

    fn region(mail: &Mail) -> u32 {
        (mail.lane & !FOREIGN) >> REGION_SHIFT
    }

    fn take_in(&mut self, mail: &Mail, shared: &Shared<'_>) {
        let lane = mail.lane & LANES;
        match mail.what {
            What::Packet => {
                self.store_place(lane, mail.place, shared);
            }
            What::Credit => self.credit_abroad(lane, mail.place.at(), shared),
        }
    }
}

/// Works on every tick before `end`, with the machine's instructions for bits.
#[multiversion(targets("x86_64+bmi1+bmi2+lzcnt+popcnt"))]
fn run_until<const P: usize, const V: usize>(
    region: &mut Singles<P, V>,
    end: u64,
    shared: &Shared<'_>,
) {
    region.advance(end, shared);
}

fn fresh_in<const V: usize>(plan: &Plan, index: usize, lane_of: impl Fn(u32) -> u32) -> In<V> {
    let input = plan.ins[index];
    let node = index as u32 / plan.slots;
    let place = if node < plan.routers { plan.place(node) } else { (0, 0) };
    if input.lane == NONE {
        return In { place, ..In::default() };
    }
    let sender = (input.lane >> plan.shift) * plan.slots;
    let slot = (input.lane & ((1 << plan.shift) - 1)) / V as u32;
    In {
        back: lane_of(input.lane),
        credit: input.credit,
        place,
        buffer: plan.outs[(sender + slot) as usize].buffer,
        spacing: plan.outs[(sender + slot) as usize].flit,
        ..In::default()
    }
}

/// Exponent of the ticks of a stretch: no more than the shortest effect on another node.
fn stretch(plan: &Plan, channels: usize) -> u32 {
    let links = plan.outs.iter().zip(&plan.ins).enumerate();
    let mut shortest = u64::MAX;
    for (slot, (out, input)) in links {
        let port = slot >= (plan.routers * plan.slots) as usize;
        let eager = channels == 1 && plan.planes == 1;
        if out.lane != NONE && !(port && eager) {
            let traverse = if port { 0 } else { plan.traverse };
            shortest = shortest.min(u64::from(out.latency + traverse));
        }
        let source = input.lane != NONE && input.lane >> plan.shift >= plan.routers;
        if input.lane != NONE && !(source && eager) {
            shortest = shortest.min(u64::from(input.credit));
        }
    }
    // Short stretches cost more in looking for the next tick than they save.
    if shortest < 16 { 0 } else { shortest.ilog2().min(24) }
}
