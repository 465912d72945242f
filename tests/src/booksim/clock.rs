//! CPU time of this thread.

use std::time::Instant;

/// A running measurement.
#[derive(Debug)]
pub struct CpuClock {
    cpu: Option<u64>,
    wall: Instant,
}

fn thread_nanoseconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

impl CpuClock {
    /// Starts to measure.
    #[must_use]
    pub fn start() -> Self {
        Self { cpu: thread_nanoseconds(), wall: Instant::now() }
    }

    /// Seconds of CPU time since the start; wall time where the kernel does not tell.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        match (self.cpu, thread_nanoseconds()) {
            (Some(start), Some(now)) => (now - start) as f64 * 1e-9,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}
