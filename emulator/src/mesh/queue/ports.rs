//! Sources and sinks of the `queue` model.

use super::lanes::split;
use super::region::Parts;
use super::router::Context;
use super::state::{Burst, Hold, Sent, Terminal};
use crate::mesh::alloc::{bits, pick};
use crate::mesh::fabric::Switching;

impl Context<'_> {
    /// Everything that a core or host port does in this tick.
    pub(super) fn visit_port<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
    ) {
        self.drain(parts);
        self.inject(parts);
    }

    /// Takes the next packet of a source from its line, if it is time.
    #[inline]
    fn next_packet(&mut self, terminal: &mut Terminal) -> bool {
        let (tick, node, shared) = (self.tick, self.node, self.shared);
        if terminal.current {
            return true;
        }
        let number = self.nodes[node as usize] - shared.plan.routers;
        let line = shared.lines.of(number as usize);
        let Some(entry) = line.get(terminal.next as usize) else { return false };
        if entry.at > tick {
            self.calendar.wake(entry.at, node);
            return false;
        }
        terminal.ticket = entry.ticket;
        terminal.plane = entry.plane;
        terminal.current = true;
        terminal.sent = 0;
        terminal.next += 1;
        true
    }

    /// Sends as much of a source's packet as has room.
    fn inject<const P: usize, const V: usize>(&mut self, parts: &mut Parts<'_, P, V>) {
        let (tick, node, shared) = (self.tick, self.node, self.shared);
        let port = node - self.fig.routers;
        let terminal = &mut parts.terminals[port as usize];
        if !self.next_packet(terminal) {
            return;
        }
        let number = self.nodes[node as usize] - shared.plan.routers;
        let ticket = terminal.ticket;
        let plane = u32::from(terminal.plane);
        let out = &mut parts.sides[(port * self.fig.planes + plane) as usize].out;
        if terminal.ready > tick {
            self.calendar.wake(terminal.ready, node);
            return;
        }
        let head = terminal.sent == 0;
        let left = ticket.flits - terminal.sent;
        if head {
            let whole = self.fig.switching == Switching::VirtualCutThrough;
            let need = if whole { left } else { 1 };
            let mut usable = 0;
            for at in bits(u64::from(out.free)) {
                usable |= u64::from(out.channels[at as usize % V].credits >= need) << at;
            }
            if usable == 0 {
                return;
            }
            terminal.channel = pick(usable, terminal.pointer) as u8;
            terminal.pointer = (terminal.channel + 1) & 63;
            self.log.injected(ticket.packet, tick);
            self.log.head(
                ticket.packet,
                || shared.plan.link_from(self.nodes[node as usize], plane),
                tick,
            );
        }
        let at = usize::from(terminal.channel) % V;
        let channel = &mut out.channels[at];
        let flits = left.min(channel.credits);
        if flits == 0 {
            return;
        }
        let tail = flits == left;
        channel.hold = Hold::Held;
        out.free &= !(1 << at);
        terminal.sent += flits;
        terminal.current = !tail;
        let end = tick + u64::from(flits - 1) * u64::from(out.flit);
        out.spend(at, flits, end);
        if tail {
            out.give_up(at, self.fig.release, end);
        }
        terminal.ready = out.ready;
        let arrival = tick + u64::from(out.latency);
        let (lane, ready) = (out.ahead + at as u32, terminal.ready);
        let burst = Burst::new(&ticket, arrival, flits, out.flit);
        let more =
            terminal.current || (terminal.next as usize) < shared.lines.of(number as usize).len();
        self.deliver(parts, Sent { lane, head, burst });
        if more {
            self.calendar.wake(ready, node);
        }
    }

    /// Takes what has arrived at a core, until a packet keeps it busy.
    fn drain<const P: usize, const V: usize>(&mut self, parts: &mut Parts<'_, P, V>) {
        let (tick, node) = (self.tick, self.node);
        let port = node - self.fig.routers;
        for plane in 0..self.fig.planes {
            for at in 0..V {
                let lane = node * (P * V) as u32 + plane * V as u32 + at as u32;
                loop {
                    let side = &mut parts.sides[(port * self.fig.planes + plane) as usize];
                    let state = &mut side.lanes[at];
                    if state.len == 0 || parts.terminals[port as usize].busy > tick {
                        break;
                    }
                    let mut burst = state.burst;
                    if burst.at > tick {
                        break;
                    }
                    let spacing = burst.spacing();
                    let arrived = if burst.at == tick || spacing == 0 {
                        burst.flits()
                    } else {
                        ((tick - burst.at) / spacing + 1).min(u64::from(burst.flits())) as u16
                    };
                    if arrived < burst.flits() {
                        // The rest is still on its way: it is taken when it comes.
                        let at = burst.at + u64::from(arrived) * spacing;
                        let rest = burst.part(at, burst.flits() - arrived, spacing);
                        state.burst = rest;
                        self.calendar.wake(at, node);
                        burst = burst.part(burst.at, arrived, spacing);
                        self.take(parts, lane, &burst, Rest::OnItsWay);
                        break;
                    }
                    self.take(parts, lane, &burst, Rest::None);
                }
            }
        }
    }

    /// Takes a burst; the core is busy after the tail of a packet.
    fn take<const P: usize, const V: usize>(
        &mut self,
        parts: &mut Parts<'_, P, V>,
        lane: u32,
        burst: &Burst,
        rest: Rest,
    ) {
        let (tick, shared) = (self.tick, self.shared);
        let (node, local) = split::<P, V>(lane);
        let port = node - self.fig.routers;
        let side = &mut parts.sides[(port * self.fig.planes + local / V as u32) as usize];
        let state = &mut side.lanes[local as usize % V];
        if state.left == 0 {
            state.left = burst.whole();
        }
        let flits = burst.flits();
        state.left -= flits;
        let tail = state.left == 0;
        // What was there before comes out at once, what is just coming at its own pace.
        let spacing = if burst.at == tick { burst.spacing() } else { 0 };
        state.leave(burst, flits, tick, spacing);
        if rest == Rest::None {
            state.first = ((u32::from(state.first) + 1) & self.fig.ring) as u16;
            state.len -= 1;
            if state.len > 0 {
                let front = (lane << self.fig.ring_shift) + u32::from(state.first);
                state.burst = self.store[front as usize];
            }
        }
        let (back, from) = (state.back, tick + u64::from(state.credit));
        let together = self.fig.plain_credits && spacing == u64::from(state.spacing);
        self.mail().give_back((back, from), (flits, spacing), together);
        if tail {
            let end = tick + u64::from(flits - 1) * spacing;
            let work = if burst.in_tree() {
                shared.forest.service(burst.tree_node())
            } else {
                shared.lines.service(burst.packet())
            };
            self.log.delivered(burst.packet(), end, end + work);
            if burst.in_tree() {
                self.log.delivered_leaf(burst.tree_node(), end, end + work);
            }
            if work > 0 {
                parts.terminals[port as usize].busy = end + work;
                self.calendar.wake(end + work, node);
            }
        }
    }
}

/// Whether the rest of a burst is still on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// There is none.
    None,
    /// It stays at the front of the buffer.
    OnItsWay,
}
