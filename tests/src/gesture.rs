//! Slow sinks: the packets of a gesture network as another emulator recorded them, with Loihi's
//! service times. No router simulator has cores that take their time, so here the `queue` model is
//! held to our own `cycle` model.
//!
//! The recording is not ours to pass on. It is looked for in a folder of reference data, as
//! `sanafe/golden/dvs_msgs/messages.csv.gz`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use quarrion_emulator::mesh::{
    ChannelRelease, Destination, Detail, Fabric, Fidelity, GridSpec, LinkTiming, Packet, PlaneUse,
    PortId, RouterClock, RouterTiming, Routing, Speculation, Switching, Traffic, Wrap,
};

use crate::booksim::clock::CpuClock;
use crate::booksim::compare::Spread;
use crate::booksim::folder::Problem;

const FILE: &str = "sanafe/golden/dvs_msgs/messages.csv.gz";
const WIDTH: u32 = 8;
const HEIGHT: u32 = 4;
const CORES_PER_TILE: u32 = 4;

/// Finds the recording: beside a folder of reference runs, or where `QUARRION_REFERENCE` says.
#[must_use]
pub fn find(beside: &Path) -> Option<PathBuf> {
    let own = std::env::var_os("QUARRION_REFERENCE").map(PathBuf::from);
    let folders = beside.parent().map(Path::to_owned).into_iter().chain(own);
    folders.map(|folder| folder.join(FILE)).find(|file| file.exists())
}

/// Reads the packets of every timestep.
///
/// # Errors
/// The file is broken.
pub fn read(file: &Path) -> Result<Vec<Traffic>, Problem> {
    let broken = |what: &dyn std::fmt::Display| format!("{}: {what}", file.display());
    let packed = File::open(file).map_err(|error| broken(&error))?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(BufReader::new(packed)));
    let mut steps: BTreeMap<u32, Traffic> = BTreeMap::new();
    // When each core has what it sends next.
    let mut ready: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| broken(&error))?;
        let number = |at: usize| -> Result<f64, Problem> {
            row.get(at).and_then(|text| text.parse().ok()).ok_or_else(|| broken(&"no number"))
        };
        let step = number(0)? as u32;
        let text = |at: usize| row.get(at).unwrap_or("");
        let Some(source) = port(text(3)) else { return Err(broken(&"an unknown core")) };
        let time = ready.entry((step, source)).or_default();
        *time += number(10)?;
        // A core without a message says when it was done.
        let Some(destination) = port(text(4)) else { continue };
        steps.entry(step).or_default().packets.push(Packet {
            source: PortId(source),
            destination: Destination::Port(PortId(destination)),
            plane: 0,
            flits: 1,
            inject_ps: (*time * 1e12).round() as u64,
            service_ps: (number(11)? * 1e12).round() as u64,
        });
    }
    Ok(steps.into_values().collect())
}

/// The port of `tile.core`; that emulator counts tiles from north to south.
fn port(name: &str) -> Option<u32> {
    let (tile, core) = name.split_once('.')?;
    let (tile, core): (u32, u32) = (tile.parse().ok()?, core.parse().ok()?);
    let (x, y) = (tile / HEIGHT, tile % HEIGHT);
    (x < WIDTH && core < CORES_PER_TILE).then_some((y * WIDTH + x) * CORES_PER_TILE + core)
}

/// A router setting: name, clock, virtual channels, flits a buffer, planes.
type Setting = (&'static str, RouterClock, u32, u32, u32);

const CLOCK: RouterClock =
    RouterClock::Clocked { period_ps: 1000, routing_cycles: 0, speculation: Speculation::Off };
const FREE: RouterClock = RouterClock::Asynchronous { forward_ps: 0 };

/// Asynchronous and clocked routers, from deep buffers to hardly any.
const SETTINGS: [Setting; 6] = [
    ("asynchronous 16, 2 planes", FREE, 1, 16, 2),
    ("asynchronous 4", FREE, 1, 4, 1),
    ("asynchronous 1", FREE, 1, 1, 1),
    ("clocked 1 x 4", CLOCK, 1, 4, 1),
    ("clocked 2 x 4", CLOCK, 2, 4, 1),
    ("clocked 4 x 8", CLOCK, 4, 8, 1),
];

/// Loihi's mesh with a router setting.
fn fabric((_, clock, virtual_channels, buffer_flits, planes): Setting) -> Result<Fabric, Problem> {
    let link = |latency_ps: u64| LinkTiming {
        latency_ps,
        flit_ps: 1163,
        credit_ps: latency_ps,
        buffer_flits,
    };
    GridSpec {
        width: WIDTH,
        height: HEIGHT,
        wrap: Wrap::Mesh,
        cores_per_tile: CORES_PER_TILE,
        hosts: Vec::new(),
        east_west: link(4100),
        north_south: link(6500),
        inject: link(100),
        eject: link(2100),
        edges: Vec::new(),
        planes,
        plane_use: PlaneUse::Alternate,
        timing: RouterTiming {
            clock,
            virtual_channels,
            release: ChannelRelease::TailSent,
            switching: Switching::Wormhole,
        },
        routing: Routing::XFirst,
        drop_after_ps: None,
    }
    .build()
    .map_err(|error| error.to_string())
}

/// Completion of every timestep, and CPU seconds for all of them.
fn completions(
    fidelity: Fidelity,
    fabric: &Fabric,
    steps: &[Traffic],
) -> Result<(Vec<u64>, f64), Problem> {
    let mut model = fidelity.model(fabric).map_err(|error| error.to_string())?;
    let mut all = || -> Result<Vec<u64>, Problem> {
        let time = |step: &Traffic| {
            model.run(step, Detail::Packets).map(|o| o.completion_ps).map_err(|e| e.to_string())
        };
        steps.iter().map(time).collect()
    };
    let times = all()?;
    let clock = CpuClock::start();
    all()?;
    Ok((times, clock.seconds()))
}

/// Millions of packets a second with `queue` on two cores: two threads take the timesteps in turn.
/// The clock is the CPU time of the busier one.
fn on_two(fabric: &Fabric, steps: &[Traffic]) -> Result<f64, Problem> {
    const ROUNDS: usize = 8;
    let work = |number: usize| -> Result<f64, String> {
        let mut model = Fidelity::Queue.model(fabric).map_err(|error| error.to_string())?;
        let clock = CpuClock::start();
        for step in (0..ROUNDS).flat_map(|_| steps).skip(number).step_by(2) {
            model.run(step, Detail::Packets).map_err(|error| error.to_string())?;
        }
        Ok(clock.seconds())
    };
    let seconds = std::thread::scope(|scope| {
        let other = scope.spawn(|| work(1));
        let own = work(0)?;
        let other = other.join().map_err(|_| String::from("a thread panics"))??;
        Ok::<f64, Problem>(own.max(other))
    })?;
    let packets: usize = steps.iter().map(|step| step.packets.len()).sum();
    Ok((ROUNDS * packets) as f64 / seconds.max(1e-9) / 1e6)
}

/// A table of `queue` against `cycle`, a row per router setting, and the line that sums it up.
///
/// # Errors
/// The file is broken.
pub fn table(file: &Path) -> Result<String, Problem> {
    let recorded = read(file)?;
    // The same packets with all cores sending at once: every sink is slow from the start.
    let mut crowded = recorded.clone();
    crowded.iter_mut().flat_map(|step| &mut step.packets).for_each(|packet| packet.inject_ps /= 8);
    let packets: usize = recorded.iter().map(|step| step.packets.len()).sum();
    let mut text = format!(
        "slow sinks: {packets} packets of a gesture network in {} timesteps with Loihi's service \
         times;\n`queue` against `cycle`, errors of completion in per cent, mean / worst; millions \
         of packets a CPU second\n",
        recorded.len()
    );
    let _ = writeln!(
        text,
        "{:26} {:>15} {:>15} {:>8} {:>8} {:>12}",
        "router", "as recorded", "8 times faster", "queue", "cycle", "queue on two"
    );
    let mut errors = Vec::new();
    for setting in SETTINGS {
        let fabric = fabric(setting)?;
        let mut row = Vec::new();
        let mut speed = [0.0; 2];
        for steps in [&recorded, &crowded] {
            let (exact, cycle) = completions(Fidelity::Cycle, &fabric, steps)?;
            let (ours, queue) = completions(Fidelity::Queue, &fabric, steps)?;
            let off = ours.iter().zip(&exact).map(|(own, exact)| *own as f64 / *exact as f64 - 1.0);
            let off: Vec<f64> = off.collect();
            row.push(Spread::of(off.iter().copied()));
            errors.extend(off);
            speed = [queue, cycle].map(|seconds| packets as f64 / seconds.max(1e-9) / 1e6);
        }
        let two = on_two(&fabric, &recorded)?;
        let _ = writeln!(
            text,
            "{:26} {:>15} {:>15} {:>8.2} {:>8.2} {two:>12.2}",
            setting.0, row[0], row[1], speed[0], speed[1]
        );
    }
    let all = Spread::of(errors.into_iter());
    let _ = writeln!(text, "slow sinks: queue completion {:.2}% {:.2}%", all.mean, all.worst);
    Ok(text)
}
