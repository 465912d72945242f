//! A time wheel: what happens at which tick, in slots near now and in a heap far ahead.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Most slots of a wheel; what lies further ahead waits in the heap.
const MOST: u64 = 4096;

/// What happens at one tick; the order within each list does not matter.
#[derive(Debug)]
pub(super) struct Slot<A> {
    /// Flits or packets that reach a buffer.
    pub(super) arrivals: Vec<A>,
    /// (lane, flits): credits come back to the sender of a lane.
    pub(super) credits: Vec<(u32, u32)>,
    /// Nodes that have something to do.
    pub(super) wakes: Vec<u32>,
}

impl<A> Default for Slot<A> {
    fn default() -> Self {
        Self { arrivals: Vec::new(), credits: Vec::new(), wakes: Vec::new() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Far<A> {
    Arrival(A),
    Credit(u32, u32),
    Wake(u32),
}

/// Events by tick.
#[derive(Debug)]
pub(super) struct Wheel<A> {
    slots: Vec<Slot<A>>,
    occupied: Vec<u64>,
    far: BinaryHeap<Reverse<(u64, Far<A>)>>,
    /// The tick that is being worked on; every event lies after it.
    now: u64,
}

impl<A: Copy + Ord> Wheel<A> {
    /// A wheel for events that mostly lie less than `reach` ticks ahead.
    pub(super) fn new(reach: u64) -> Self {
        let slots = reach.clamp(64, MOST).next_power_of_two() as usize;
        Self {
            slots: (0..slots).map(|_| Slot::default()).collect(),
            occupied: vec![0; slots / 64],
            far: BinaryHeap::new(),
            now: 0,
        }
    }

    /// Forgets everything and goes back to tick 0.
    pub(super) fn rewind(&mut self) {
        if !self.far.is_empty() || self.occupied.iter().any(|word| *word != 0) {
            self.far.clear();
            self.occupied.fill(0);
            self.slots.iter_mut().for_each(|slot| *slot = Slot::default());
        }
        self.now = 0;
    }

    #[inline]
    fn near(&mut self, tick: u64) -> Option<&mut Slot<A>> {
        debug_assert!(tick >= self.now);
        if tick - self.now >= self.slots.len() as u64 {
            return None;
        }
        let slot = tick as usize & (self.slots.len() - 1);
        self.occupied[slot / 64] |= 1 << (slot % 64);
        Some(&mut self.slots[slot])
    }

    #[inline]
    pub(super) fn arrival(&mut self, tick: u64, arrival: A) {
        match self.near(tick) {
            Some(slot) => slot.arrivals.push(arrival),
            None => self.far.push(Reverse((tick, Far::Arrival(arrival)))),
        }
    }

    #[inline]
    pub(super) fn credit(&mut self, tick: u64, lane: u32, flits: u32) {
        match self.near(tick) {
            Some(slot) => slot.credits.push((lane, flits)),
            None => self.far.push(Reverse((tick, Far::Credit(lane, flits)))),
        }
    }

    #[inline]
    pub(super) fn wake(&mut self, tick: u64, node: u32) {
        match self.near(tick) {
            Some(slot) => slot.wakes.push(node),
            None => self.far.push(Reverse((tick, Far::Wake(node)))),
        }
    }

    /// Steps to the next tick that has events and hands them out in exchange for an empty slot.
    pub(super) fn advance(&mut self, spent: &mut Slot<A>) -> Option<u64> {
        let near = self.next_near();
        let far = self.far.peek().map(|Reverse((tick, _))| *tick);
        let tick = match (near, far) {
            (Some(near), Some(far)) => near.min(far),
            (near, far) => near.or(far)?,
        };
        self.now = tick;
        while let Some(Reverse((at, _))) = self.far.peek() {
            if at - tick >= self.slots.len() as u64 {
                break;
            }
            if let Some(Reverse((at, event))) = self.far.pop() {
                match event {
                    Far::Arrival(arrival) => self.arrival(at, arrival),
                    Far::Credit(lane, flits) => self.credit(at, lane, flits),
                    Far::Wake(node) => self.wake(at, node),
                }
            }
        }
        let slot = tick as usize & (self.slots.len() - 1);
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        spent.arrivals.clear();
        spent.credits.clear();
        spent.wakes.clear();
        std::mem::swap(&mut self.slots[slot], spent);
        Some(tick)
    }

    fn next_near(&self) -> Option<u64> {
        let (slots, words) = (self.slots.len(), self.occupied.len());
        let start = self.now as usize & (slots - 1);
        let (word, bit) = (start / 64, start % 64);
        let first = self.occupied[word] & (u64::MAX << bit);
        let distance = |slot: usize| ((slot + slots - start) & (slots - 1)) as u64;
        if first != 0 {
            return Some(self.now + distance(word * 64 + first.trailing_zeros() as usize));
        }
        for step in 1..=words {
            let at = (word + step) & (words - 1);
            let mut bits = self.occupied[at];
            if step == words {
                bits &= (1u64 << bit) - 1;
            }
            if bits != 0 {
                return Some(self.now + distance(at * 64 + bits.trailing_zeros() as usize));
            }
        }
        None
    }
}
