//! A mesh far larger than the reference's: time and memory of one timestep.

use std::fmt::Write;
use std::num::NonZero;
use std::time::Instant;

use quarrion_emulator::mesh::{Arrivals, Detail, Ending, Pattern, QueueModel, Synthetic};

use super::folder::Problem;
use super::settings::{CYCLE_PS, setting};

const SIDE: u32 = 64;
/// Of each source: a million in all.
const PACKETS: u32 = 245;

/// Most memory that this process has had, in MB, where the kernel tells.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

/// A table of `queue` on a large mesh, a row per number of threads. Memory is the process's, so
/// this comes first.
///
/// # Errors
/// A run that does not end, or whose result depends on the threads.
pub fn large() -> Result<String, Problem> {
    let router = "v1b4";
    let setting = setting(router).ok_or("no such router")?;
    let fabric = setting.mesh(SIDE);
    let grid = fabric.grid.ok_or("no grid")?;
    let traffic = Synthetic {
        pattern: Pattern::Uniform,
        arrivals: Arrivals::Burst { packets: PACKETS, gap: 0 },
        flits: 1,
        cycle_ps: CYCLE_PS,
        service_ps: 0,
        seed: 1,
    }
    .generate(grid);
    let count = traffic.packets.len();
    let mut text = format!(
        "{SIDE}x{SIDE} mesh, {count} packets to uniformly random tiles in one timestep, {router}, \
         `queue`\nthreads  seconds  M packets/s  M flit-hops/s  peak MB\n"
    );
    let mut first = None;
    for threads in 1..=2 {
        let threads = NonZero::new(threads).ok_or("no thread")?;
        let mut model = QueueModel::with_threads(&fabric, threads).map_err(|e| e.to_string())?;
        let start = Instant::now();
        let outcome = model.run(&traffic, Detail::Packets).map_err(|e| e.to_string())?;
        let seconds = start.elapsed().as_secs_f64();
        if outcome.ending != Ending::Complete {
            return Err(format!("the large mesh does not end: {:?}", outcome.ending));
        }
        let rate = |what: f64| what / seconds / 1e6;
        let _ = writeln!(
            text,
            "{threads:>7} {seconds:>8.2} {:>12.2} {:>14.2} {:>8}",
            rate(count as f64),
            rate(outcome.flit_hops as f64),
            peak_mb().map_or("-".into(), |mb| mb.to_string())
        );
        let times = first.get_or_insert_with(|| outcome.packets.clone());
        if *times != outcome.packets {
            return Err("the large mesh depends on the number of threads".into());
        }
    }
    Ok(text)
}
