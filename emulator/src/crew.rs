//! The threads of a run: how many are at work, and how many a large timestep may borrow.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The threads that a run was given.
#[derive(Debug)]
pub(crate) struct Crew {
    threads: usize,
    busy: AtomicUsize,
}

/// Threads that are at work until this is dropped.
#[derive(Debug)]
pub(crate) struct Hands<'a> {
    crew: &'a Crew,
    threads: usize,
}

impl Crew {
    /// So many threads, none of them at work.
    pub(crate) fn new(threads: NonZero<usize>) -> Self {
        Self { threads: threads.get(), busy: AtomicUsize::new(0) }
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// The calling thread has something to do.
    pub(crate) fn work(&self) -> Hands<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Hands { crew: self, threads: 1 }
    }

    /// All threads that have nothing to do, for one that has.
    pub(crate) fn borrow(&self) -> Hands<'_> {
        let mut idle = 0;
        let take = |busy: usize| {
            idle = self.threads.saturating_sub(busy);
            Some(busy + idle)
        };
        // The closure never declines.
        let _ = self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        Hands { crew: self, threads: idle }
    }
}

impl Hands<'_> {
    /// How many they are.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }
}

impl Drop for Hands<'_> {
    fn drop(&mut self) {
        self.crew.busy.fetch_sub(self.threads, Ordering::Relaxed);
    }
}

/// What so many threads, the calling one among them, make of the same work.
pub(crate) fn on_all_threads<T: Send>(threads: usize, work: &(dyn Fn() -> T + Sync)) -> Vec<T> {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let join = |worker: std::thread::ScopedJoinHandle<'_, T>| match worker.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        std::iter::once(own).chain(workers.into_iter().map(join)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_idle_threads_are_lent_and_they_come_back() {
        let crew = Crew::new(NonZero::new(4).expect("four"));
        let own = crew.work();
        let hands = crew.borrow();
        assert_eq!(hands.threads(), 3);
        assert_eq!(crew.borrow().threads(), 0, "nobody is left");
        // Two come back before the loan ends: more are at work than there are, for a while.
        let (second, third) = (crew.work(), crew.work());
        assert_eq!(crew.borrow().threads(), 0);
        drop(hands);
        assert_eq!(crew.borrow().threads(), 1);
        drop((own, second, third));
        assert_eq!(crew.borrow().threads(), 4);
    }
}
