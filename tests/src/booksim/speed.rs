//! How fast the models are, beside the reference.

use quarrion_emulator::mesh::{Detail, Fidelity};

use super::clock::CpuClock;
use super::folder::{Folder, Problem, traffic};
use super::settings::setting;

/// Speed on one trace with one router setting.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Packets per CPU second.
    pub packets: f64,
    /// Flit-hops per CPU second.
    pub flit_hops: f64,
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
    side: u32,
) -> Result<Rate, Problem> {
    let setting = setting(router).ok_or_else(|| format!("unknown router {router}"))?;
    let traffic = traffic(&folder.trace(trace)?);
    let mut model = fidelity.model(&setting.mesh(side)).map_err(|e| e.to_string())?;
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
