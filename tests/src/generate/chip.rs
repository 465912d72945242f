//! Random chips: the bench chip with other geometry, routes, links and cores.

use std::collections::BTreeMap;

use quarrion_isa::chip::file::{
    BarrierEntry, BarrierFile, ChipFile, PlaceFile, ProgramsFile, RouterFile, SynchronisationFile,
};
use quarrion_isa::chip::{
    Chip, Multicast, Overlap, Planes, Routing, Standing, Topology, check_chip,
};

use super::dice::Dice;
use crate::bench::BENCH;

/// Draws a chip of at most 48 cores.
///
/// # Panics
/// The drawn file breaks a rule on chips: a fault of this generator.
#[must_use]
pub fn draw_chip(dice: &mut Dice) -> Chip {
    let mut file = BENCH.file.clone();
    draw_mesh(dice, &mut file);
    draw_cores(dice, &mut file);
    file.synchronisation = draw_synchronisation(dice, &file);
    let mesh = &file.mesh;
    file.host.port = PlaceFile {
        x: dice.count(0, mesh.width * mesh.chips_x - 1),
        y: dice.count(0, mesh.height * mesh.chips_y - 1),
    };
    if dice.chance(20) {
        file.faults.packet_loss = 0.15;
    }
    let (chip, _) = check_chip(&file).expect("the generator draws legal chips");
    chip
}

fn draw_mesh(dice: &mut Dice, file: &mut ChipFile) {
    let mesh = &mut file.mesh;
    (mesh.width, mesh.height) = (dice.count(1, 4), dice.count(1, 3));
    if dice.chance(25) {
        (mesh.chips_x, mesh.chips_y) = dice.pick(&[(2, 1), (1, 2), (2, 2)]);
    }
    mesh.cores_per_tile = dice.count(1, 4);
    mesh.topology = if dice.chance(30) { Topology::Torus } else { Topology::Mesh };
    mesh.routing =
        dice.pick(&[Routing::Xy, Routing::Xy, Routing::Yx, Routing::XyYx, Routing::Table]);
    if mesh.topology == Topology::Torus && mesh.routing == Routing::XyYx {
        mesh.routing = Routing::Xy;
    }
    let branches = match mesh.routing {
        Routing::Xy | Routing::Yx => mesh.topology == Topology::Mesh,
        Routing::XyYx => false,
        Routing::Table => true,
    };
    if branches && dice.chance(50) {
        mesh.multicast = dice.pick(&[Multicast::Tree, Multicast::Table]);
    }
    mesh.planes = dice.pick(&[Planes::Single, Planes::Alternate(2)]);
    let classes = mesh.topology == Topology::Torus || mesh.routing == Routing::XyYx;
    if dice.chance(40) || (classes && mesh.routing != Routing::Table) {
        mesh.router = RouterFile::Clocked {
            period_ns: 1.0,
            pipeline_cycles: dice.count(1, 4),
            virtual_channels: 2,
            buffer_flits: 16,
            speculative: dice.chance(50),
        };
    }
    mesh.packet_bits = dice.pick(&[16, 32, 40, 72]);
    let width = dice.pick(&[8, 16, 32, 64]);
    for link in [&mut mesh.links.east_west, &mut mesh.links.north_south, &mut mesh.links.chip_edge]
    {
        let link = link.as_mut().expect("the bench chip has every class of link");
        link.width_bits = width;
        link.latency_ns = dice.range(1, 40) as f64;
        link.occupancy_ns = dice.range(1, 20) as f64;
    }
}

fn draw_cores(dice: &mut Dice, file: &mut ChipFile) {
    let core = file.core_types.values_mut().next().expect("the bench chip has one kind of core");
    core.word_bits = dice.pick(&[8, 32, 64, 64]);
    core.weights.input_shift = dice.pick(&[6, 6, 0, 3]);
    core.lanes = dice.pick(&[1, 1, 4]);
    core.overlap = dice.pick(&[Overlap::Overlapped, Overlap::Sequential]);
    for format in &mut core.formats {
        format.prefix_bits = dice.pick(&[0, 3, 10]);
        format.entry_synapses = dice.pick(&[None, Some(1), Some(4), Some(60)]);
    }
    if dice.chance(30) {
        core.programs = ProgramsFile::Programmable {
            state_bits: 1024,
            instructions: 1024,
            cycles: BTreeMap::new(),
        };
        let services = &mut core.services;
        services.instruction = services.neuron_inactive.take();
        (services.neuron_active, services.neuron_spiking) = (None, None);
    }
}

fn draw_synchronisation(dice: &mut Dice, file: &ChipFile) -> SynchronisationFile {
    let source = "drawn".to_owned();
    let standing = Standing::Assumed;
    let latency = match dice.below(4) {
        0 => BarrierFile::Constant { latency_ns: dice.range(0, 500) as f64 },
        1 => BarrierFile::Tree { base_ns: dice.range(0, 50) as f64 },
        2 => BarrierFile::Table(vec![
            BarrierEntry { tiles: 1, latency_ns: dice.range(0, 100) as f64 },
            BarrierEntry {
                tiles: file.mesh.width * file.mesh.height * 4 + 1,
                latency_ns: dice.range(0, 900) as f64,
            },
        ]),
        _ => {
            // Long enough for everything to arrive: these cases are compared without times.
            let period_ns = 1.0e7 + dice.range(1, 2000) as f64;
            return SynchronisationFile::GlobalTick { period_ns, source, standing };
        }
    };
    SynchronisationFile::Barrier { latency, source, standing }
}
