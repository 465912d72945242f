//! A time wheel: what happens at which tick, in slots near now and in a heap far ahead.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

const SLOTS: usize = 1024;
const WORDS: usize = SLOTS / 64;

/// What happens at one tick; the order within each list does not matter.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// (lane, payload): a flit or packet reaches the buffer of a lane.
    pub(super) arrivals: Vec<(u32, u32)>,
    /// (lane, flits): credits come back to the sender of a lane.
    pub(super) credits: Vec<(u32, u32)>,
    /// Nodes that have something to do.
    pub(super) wakes: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    Arrival(u32, u32),
    Credit(u32, u32),
    Wake(u32),
}

/// Events by tick.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: Vec<Slot>,
    occupied: [u64; WORDS],
    far: BinaryHeap<Reverse<(u64, Far)>>,
    /// The tick that is being worked on; every event lies after it.
    now: u64,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            occupied: [0; WORDS],
            far: BinaryHeap::new(),
            now: 0,
        }
    }

    #[inline]
    fn near(&mut self, tick: u64) -> Option<&mut Slot> {
        debug_assert!(tick >= self.now);
        if tick - self.now >= SLOTS as u64 {
            return None;
        }
        let slot = tick as usize % SLOTS;
        self.occupied[slot / 64] |= 1 << (slot % 64);
        Some(&mut self.slots[slot])
    }

    #[inline]
    pub(super) fn arrival(&mut self, tick: u64, lane: u32, payload: u32) {
        match self.near(tick) {
            Some(slot) => slot.arrivals.push((lane, payload)),
            None => self.far.push(Reverse((tick, Far::Arrival(lane, payload)))),
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
    pub(super) fn advance(&mut self, spent: &mut Slot) -> Option<u64> {
        let near = self.next_near();
        let far = self.far.peek().map(|Reverse((tick, _))| *tick);
        let tick = match (near, far) {
            (Some(near), Some(far)) => near.min(far),
            (near, far) => near.or(far)?,
        };
        self.now = tick;
        while let Some(Reverse((at, _))) = self.far.peek() {
            if at - tick >= SLOTS as u64 {
                break;
            }
            if let Some(Reverse((at, event))) = self.far.pop() {
                match event {
                    Far::Arrival(lane, payload) => self.arrival(at, lane, payload),
                    Far::Credit(lane, flits) => self.credit(at, lane, flits),
                    Far::Wake(node) => self.wake(at, node),
                }
            }
        }
        let slot = tick as usize % SLOTS;
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        spent.arrivals.clear();
        spent.credits.clear();
        spent.wakes.clear();
        std::mem::swap(&mut self.slots[slot], spent);
        Some(tick)
    }

    fn next_near(&self) -> Option<u64> {
        let start = self.now as usize % SLOTS;
        let (word, bit) = (start / 64, start % 64);
        let first = self.occupied[word] & (u64::MAX << bit);
        let distance = |slot: usize| ((slot + SLOTS - start) % SLOTS) as u64;
        if first != 0 {
            return Some(self.now + distance(word * 64 + first.trailing_zeros() as usize));
        }
        for step in 1..=WORDS {
            let at = (word + step) % WORDS;
            let mut bits = self.occupied[at];
            if step == WORDS {
                bits &= (1u64 << bit) - 1;
            }
            if bits != 0 {
                return Some(self.now + distance(at * 64 + bits.trailing_zeros() as usize));
            }
        }
        None
    }
}
