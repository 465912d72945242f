//! What happens far ahead: lists by stretch of time, and a heap beyond them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::alloc::bits;

/// Stretches that have a list each.
const STRETCHES: usize = 2048;

/// Events by stretch of time, handed out a stretch at a time.
#[derive(Debug)]
pub(super) struct Far<E> {
    /// Exponent of a stretch's length.
    shift: u32,
    lists: Vec<Vec<(u64, E)>>,
    /// Lists with anything in them.
    occupied: Vec<u64>,
    beyond: BinaryHeap<Reverse<(u64, E)>>,
    /// First stretch that has not been handed out.
    open: u64,
    /// The first tick of all; the largest number if there is none.
    next: u64,
}

impl<E: Copy + Ord> Far<E> {
    /// Stretches of `1 << shift` ticks.
    pub(super) fn new(shift: u32) -> Self {
        Self {
            shift,
            lists: (0..STRETCHES).map(|_| Vec::new()).collect(),
            occupied: vec![0; STRETCHES / 64],
            beyond: BinaryHeap::new(),
            open: 0,
            next: u64::MAX,
        }
    }

    /// Forgets everything and goes back to tick 0.
    pub(super) fn rewind(&mut self) {
        if self.next != u64::MAX {
            self.lists.iter_mut().for_each(Vec::clear);
            self.occupied.fill(0);
            self.beyond.clear();
            self.next = u64::MAX;
        }
        self.open = 0;
    }

    /// The first tick with an event; the largest number if there is none.
    #[inline]
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Adds an event in a stretch that has not been handed out.
    #[inline]
    pub(super) fn push(&mut self, tick: u64, event: E) {
        self.next = self.next.min(tick);
        let stretch = tick >> self.shift;
        if stretch - self.open < STRETCHES as u64 {
            let list = stretch as usize % STRETCHES;
            self.occupied[list / 64] |= 1 << (list % 64);
            self.lists[list].push((tick, event));
        } else {
            self.beyond.push(Reverse((tick, event)));
        }
    }

    /// Hands out the events of every stretch up to the one after `tick`'s.
    #[inline]
    pub(super) fn hand_out(&mut self, tick: u64, out: &mut Vec<(u64, E)>) {
        let end = (tick >> self.shift) + 2;
        if self.next >> self.shift >= end {
            self.open = end;
            return;
        }
        for stretch in self.open..end.min(self.open + STRETCHES as u64) {
            let list = stretch as usize % STRETCHES;
            out.append(&mut self.lists[list]);
            self.occupied[list / 64] &= !(1 << (list % 64));
        }
        self.open = end;
        while let Some(&Reverse((tick, event))) = self.beyond.peek() {
            let stretch = tick >> self.shift;
            if stretch < end {
                out.push((tick, event));
            } else if stretch - end < STRETCHES as u64 {
                self.push(tick, event);
            } else {
                break;
            }
            self.beyond.pop();
        }
        self.next = self.first();
    }

    /// The first tick, from the lists.
    fn first(&self) -> u64 {
        let least = |list: usize| self.lists[list].iter().map(|(tick, _)| *tick).min();
        let start = self.open as usize % STRETCHES;
        let words = self.occupied.len();
        for step in 0..=words {
            let word = (start / 64 + step) % words;
            let after = u64::MAX << (start % 64);
            let mask = match step {
                0 => after,
                _ if step == words => !after,
                _ => u64::MAX,
            };
            if let Some(bit) = bits(self.occupied[word] & mask).next() {
                return least(word * 64 + bit as usize).unwrap_or(u64::MAX);
            }
        }
        self.beyond.peek().map_or(u64::MAX, |Reverse((tick, _))| *tick)
    }
}
