//! How fast the models are, beside the reference.

use quarrion_emulator::mesh::{Detail, Fidelity, RouterClock};

use super::clock::CpuClock;
use super::folder::{Folder, Problem, traffic};
use super::settings::{CYCLE_PS, setting};

/// Speed on one trace with one router setting.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Packets per CPU second.
    pub packets: f64,
    /// Flit-hops per CPU second.
    pub flit_hops: f64,
}

/// Whether routers have a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocking {
    /// As in the reference.
    Clocked,
    /// A flit crosses a router in 2.7 cycles, and waits only for what is busy.
    Asynchronous,
}

/// Times a model on one trace: repeated until the measurement is long enough to trust.
///
/// # Errors
/// A broken folder or an unknown router name.
pub fn rate(
    fidelity: Fidelity,
    folder: &Folder,
    trace: &str,
    router: &str,
    (side, clocking): (u32, Clocking),
) -> Result<Rate, Problem> {
    let setting = setting(router).ok_or_else(|| format!("unknown router {router}"))?;
    let traffic = traffic(&folder.trace(trace)?);
    let mut fabric = setting.mesh(side);
    if clocking == Clocking::Asynchronous {
        fabric.timing.clock = RouterClock::Asynchronous { forward_ps: 27 * CYCLE_PS / 10 };
    }
    let mut model = fidelity.model(&fabric).map_err(|e| e.to_string())?;
    let mut run = || model.run(&traffic, Detail::Packets).map_err(|e| e.to_string());
    run()?;
    let clock = CpuClock::start();
    let (mut runs, mut hops) = (0u64, 0u64);
    let wall = std::time::Instant::now();
    while wall.elapsed().as_secs_f64() < 0.3 {
        hops += run()?.flit_hops;
        runs += 1;
    }
    let seconds = clock.seconds();
    let packets = runs * traffic.packets.len() as u64;
    Ok(Rate { packets: packets as f64 / seconds, flit_hops: hops as f64 / seconds })
}
