//! Regions on several threads: each thread has some, all keep the same windows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};

use super::domain::Domain;
use super::region::Shared;

/// What the threads of a run share.
struct Meeting<M> {
    barrier: Barrier,
    /// Next tick with anything to do, by thread.
    next: Vec<AtomicU64>,
    /// What is on its way to each region; a window's sender and receiver never touch it at once.
    mail: Vec<Mutex<Vec<M>>>,
}

/// Runs the regions on `threads` threads; whether the horizon came first.
///
/// # Determinism
/// A region sees the same things at the same ticks as on one thread: what comes by mail lies
/// beyond the window, and mail from different regions concerns different buffers.
pub(super) fn run<D: Domain>(
    regions: &mut [D],
    shared: &Shared<'_>,
    (window, horizon): (u64, u64),
    threads: usize,
) -> bool {
    let each = regions.len().div_ceil(threads);
    let parts: Vec<&mut [D]> = regions.chunks_mut(each).collect();
    let meeting = Meeting {
        barrier: Barrier::new(parts.len()),
        next: parts.iter().map(|_| AtomicU64::new(u64::MAX)).collect(),
        mail: (0..parts.len() * each).map(|_| Mutex::new(Vec::new())).collect(),
    };
    let meeting = &meeting;
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for (thread, part) in parts.into_iter().enumerate() {
            let first = thread * each;
            running.push(
                scope.spawn(move || {
                    attend(meeting, part, (thread, first), shared, (window, horizon))
                }),
            );
        }
        running.into_iter().all(|thread| thread.join().unwrap_or(false))
    })
}

/// One thread's part of the run.
fn attend<D: Domain>(
    meeting: &Meeting<D::Mail>,
    regions: &mut [D],
    (thread, first): (usize, usize),
    shared: &Shared<'_>,
    (window, horizon): (u64, u64),
) -> bool {
    loop {
        let next = regions.iter().filter_map(D::next).min();
        meeting.next[thread].store(next.unwrap_or(u64::MAX), Ordering::Release);
        meeting.barrier.wait();
        let next = meeting.next.iter().map(|next| next.load(Ordering::Acquire)).min();
        let next = next.unwrap_or(u64::MAX);
        if next == u64::MAX {
            return false;
        }
        if next > horizon {
            return true;
        }
        let end = (next.saturating_add(window)).min(horizon + 1);
        for region in regions.iter_mut() {
            region.run_until(end, shared);
            for sent in region.outbox().drain(..) {
                let mail = &meeting.mail[D::region(&sent) as usize];
                mail.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
            }
        }
        meeting.barrier.wait();
        for (region, number) in regions.iter_mut().zip(first..) {
            let mail = &meeting.mail[number];
            let mut mail = mail.lock().unwrap_or_else(PoisonError::into_inner);
            for sent in mail.drain(..) {
                region.take_in(&sent, shared);
            }
        }
    }
}
