//! The calendar of the `queue` model: who has something to do at which tick, which of its lanes
//! become ready, and which credits come back then. Near ticks have a slot each, with bit maps and
//! a list of credits; what lies further ahead waits in lists by stretch of time.

use super::far::Far;

/// Most slots; what lies further ahead waits.
const MOST: u64 = 256;
const WORDS: usize = MOST as usize / 64;

/// Flits of credit for the sender of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Credit {
    pub(super) lane: u32,
    pub(super) flits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Credit(Credit),
    Wake(u32),
    Ready(u32, u8),
}

/// Wakes and credits by tick.
#[derive(Debug)]
pub(super) struct Calendar {
    /// Slots minus one.
    mask: u64,
    /// Exponent of the lanes of a node, and the mask of as many bits.
    shift: u32,
    local: u64,
    /// Words of one slot's map of lanes.
    lane_words: usize,
    /// Bit-map words of one slot.
    words: usize,
    /// One bit per node that is to be visited.
    wakes: Vec<u64>,
    /// One bit per lane that becomes ready.
    lanes: Vec<u64>,
    credits: Vec<Vec<Credit>>,
    /// Slots with anything in them.
    occupied: [u64; WORDS],
    far: Far<Event>,
    /// Kept for its memory.
    moved: Vec<(u64, Event)>,
    now: u64,
}

impl Calendar {
    /// A calendar for `nodes` nodes of `1 << shift` lanes, and events that mostly lie less than
    /// `reach` ticks ahead.
    pub(super) fn new(nodes: u32, shift: u32, reach: u64) -> Self {
        let slots = reach.clamp(16, MOST).next_power_of_two();
        let words = (nodes as usize).div_ceil(64);
        let lane_words = ((nodes as usize) << shift).div_ceil(64);
        Self {
            mask: slots - 1,
            shift,
            local: u64::MAX >> (64 - (1 << shift)),
            lane_words,
            words,
            wakes: vec![0; words * slots as usize],
            lanes: vec![0; lane_words * slots as usize],
            credits: (0..slots).map(|_| Vec::new()).collect(),
            occupied: [0; WORDS],
            moved: Vec::new(),
            far: Far::new(slots.trailing_zeros() - 1),
            now: 0,
        }
    }

    /// Forgets everything and goes back to tick 0.
    pub(super) fn rewind(&mut self) {
        self.far.rewind();
        if self.occupied.iter().any(|word| *word != 0) {
            self.occupied.fill(0);
            self.wakes.fill(0);
            self.lanes.fill(0);
            self.credits.iter_mut().for_each(Vec::clear);
        }
        self.now = 0;
    }

    #[inline]
    fn near(&mut self, tick: u64) -> Option<usize> {
        if tick - self.now > self.mask {
            return None;
        }
        let slot = (tick & self.mask) as usize;
        self.occupied[slot / 64 % WORDS] |= 1 << (slot % 64);
        Some(slot)
    }

    /// Has a node visited at a tick.
    #[inline]
    pub(super) fn wake(&mut self, tick: u64, node: u32) {
        match self.near(tick) {
            Some(slot) => {
                self.wakes[slot * self.words + node as usize / 64] |= 1 << (node % 64);
            }
            None => self.far.push(tick, Event::Wake(node)),
        }
    }

    /// Has a node visited at a tick because one of its lanes becomes ready then.
    #[inline]
    pub(super) fn ready(&mut self, tick: u64, node: u32, lane: u32) {
        match self.near(tick) {
            Some(slot) => {
                self.wakes[slot * self.words + node as usize / 64] |= 1 << (node % 64);
                let bit = (node << self.shift) + lane;
                self.lanes[slot * self.lane_words + bit as usize / 64] |= 1 << (bit % 64);
            }
            None => self.far.push(tick, Event::Ready(node, lane as u8)),
        }
    }

    /// Takes the lanes of a node that become ready at the tick that is being worked on.
    #[inline]
    pub(super) fn take_lanes(&mut self, node: u32) -> u64 {
        let slot = (self.now & self.mask) as usize;
        let bit = node << self.shift;
        let word = &mut self.lanes[slot * self.lane_words + bit as usize / 64];
        let lanes = *word >> (bit % 64) & self.local;
        *word &= !(lanes << (bit % 64));
        lanes
    }

    /// Has credits come back at a tick.
    #[inline]
    pub(super) fn credit(&mut self, tick: u64, credit: Credit) {
        match self.near(tick) {
            Some(slot) => self.credits[slot].push(credit),
            None => self.far.push(tick, Event::Credit(credit)),
        }
    }

    /// Moves what was far ahead and is near now to its slots.
    #[inline]
    fn bring_near(&mut self) {
        let mut far = std::mem::take(&mut self.moved);
        self.far.hand_out(self.now, &mut far);
        for (tick, event) in far.drain(..) {
            match event {
                Event::Credit(credit) => self.credit(tick, credit),
                Event::Wake(node) => self.wake(tick, node),
                Event::Ready(node, lane) => self.ready(tick, node, u32::from(lane)),
            }
        }
        self.moved = far;
    }

    /// Steps to the next tick with anything to do and hands out its credits, in exchange for an
    /// empty list.
    pub(super) fn advance(&mut self, spent: &mut Vec<Credit>) -> Option<u64> {
        let tick = self.next()?;
        self.now = tick;
        self.bring_near();
        let slot = (tick & self.mask) as usize;
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        spent.clear();
        std::mem::swap(&mut self.credits[slot], spent);
        Some(tick)
    }

    /// Takes one word of the bit map of the tick that is being worked on.
    #[inline]
    pub(super) fn take_word(&mut self, word: usize) -> u64 {
        let slot = (self.now & self.mask) as usize;
        std::mem::take(&mut self.wakes[slot * self.words + word])
    }

    /// Has a node visited at the tick that is being worked on, before visits begin.
    #[inline]
    pub(super) fn wake_now(&mut self, node: u32) {
        let slot = (self.now & self.mask) as usize;
        self.wakes[slot * self.words + node as usize / 64] |= 1 << (node % 64);
    }

    /// The next tick with anything to do.
    #[inline]
    pub(super) fn next(&self) -> Option<u64> {
        let next = self.next_near().unwrap_or(u64::MAX).min(self.far.next());
        (next != u64::MAX).then_some(next)
    }

    fn next_near(&self) -> Option<u64> {
        let slots = self.mask as usize + 1;
        let words = slots.div_ceil(64);
        let start = (self.now & self.mask) as usize;
        let (word, bit) = (start / 64, start % 64);
        let distance = |slot: usize| ((slot + slots - start) & (slots - 1)) as u64;
        let first = self.occupied[word] & (u64::MAX << bit);
        if first != 0 {
            return Some(self.now + distance(word * 64 + first.trailing_zeros() as usize));
        }
        for step in 1..=words {
            let at = (word + step) % words;
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
