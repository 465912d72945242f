//! Placements on broken meshes: there is one exactly where trying them all finds one.

use quarrion_compiler::compile::{CompileFailure, CompileOptions, compile};
use quarrion_compiler::infeasible::Resource;
use quarrion_compiler::layout::Mapping;
use quarrion_compiler::network::{
    Comparison, Connectivity, Firing, Network, NeuronKind, NeuronModel, Population, Projection,
    ResetMode, Role,
};
use quarrion_compiler::planner::{PlannerOptions, Rates};
use quarrion_isa::chip::Chip;
use quarrion_isa::id::{CoreId, PopulationId, TileId};
use quarrion_tests::reach::{goes_straight, neighbours};

use super::random::Dice;
use super::shared::chip;

/// Neurons of every population: as many as a core holds.
const SIZE: usize = 3;

/// Layers that each fill a core, and which of them hear which; 0 is the input.
struct Layers {
    count: usize,
    edges: Vec<(usize, usize)>,
}

impl Layers {
    fn draw(dice: &mut Dice, most: u64) -> Self {
        let count = 2 + dice.below(most - 1) as usize;
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for to in 1..=count {
            let first = dice.below(to as u64) as usize;
            for from in 0..=count {
                let chance = if from < to { 35 } else { 15 };
                if from == first || (from > 0 && from != to && dice.below(100) < chance) {
                    edges.push((from, to));
                }
            }
        }
        Self { count, edges }
    }

    fn network(&self) -> Network {
        let population = |index: usize| Population {
            name: format!("layer{index}"),
            shape: vec![SIZE],
            role: if index == 0 { Role::Input } else { Role::Neurons(integrators()) },
            is_output: index == self.count,
            axon_delays: Vec::new(),
        };
        let projection = |&(from, to): &(usize, usize)| Projection {
            name: format!("{from}to{to}"),
            source: PopulationId::from_index(from),
            target: PopulationId::from_index(to),
            connectivity: Connectivity::Dense {
                inputs: SIZE,
                outputs: SIZE,
                weights: vec![1.0; SIZE * SIZE],
            },
            delay_steps: 0,
            recurrent: from >= to,
            given: None,
        };
        let mut projections: Vec<Projection> = self.edges.iter().map(projection).collect();
        projections.sort_by_key(|projection| (projection.target, projection.source));
        Network {
            name: "layers".into(),
            populations: (0..=self.count).map(population).collect(),
            projections,
            assumptions: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Whether some placement, a core a layer, loses no packet.
    ///
    /// Cutting layers finer cannot help: as all neurons of a layer hear all of another, any
    /// placement of pieces holds one of whole layers.
    fn can_be_placed(&self, chip: &Chip, reach: &Reach) -> bool {
        let mut tiles = vec![chip.host.port];
        self.try_all(chip, reach, &mut Vec::new(), &mut tiles)
    }

    fn try_all(
        &self,
        chip: &Chip,
        reach: &Reach,
        used: &mut Vec<CoreId>,
        tiles: &mut Vec<TileId>,
    ) -> bool {
        if used.len() == self.count {
            return true;
        }
        for core in (0..chip.cores.len()).map(CoreId::from_index) {
            if used.contains(&core) || chip.faults.dead_cores.contains(&core) {
                continue;
            }
            used.push(core);
            tiles.push(chip.tile_of(core));
            let placed = |&&(from, to): &&(usize, usize)| from < tiles.len() && to < tiles.len();
            let edges = self.edges.iter().filter(placed);
            let whole = edges.into_iter().all(|&(from, to)| reach.leads(tiles[from], tiles[to]));
            if whole && self.try_all(chip, reach, used, tiles) {
                return true;
            }
            used.pop();
            tiles.pop();
        }
        false
    }

    /// Whether a mapping loses no packet.
    fn is_clear(&self, chip: &Chip, reach: &Reach, mapping: &Mapping) -> bool {
        let holders = |layer: usize| -> Vec<TileId> {
            if layer == 0 {
                return vec![chip.host.port];
            }
            let holds = mapping
                .cores
                .iter()
                .filter(|core| core.slices.iter().any(|slice| slice.population.index() == layer));
            holds.map(|core| chip.tile_of(core.core)).collect()
        };
        self.edges.iter().all(|&(from, to)| {
            let to = holders(to);
            !to.is_empty()
                && holders(from).iter().all(|&from| to.iter().all(|&to| reach.leads(from, to)))
        })
    }
}

/// Which tile leads to which, walked link by link.
struct Reach(Vec<Vec<bool>>);

impl Reach {
    fn of(chip: &Chip) -> Self {
        let near = neighbours(chip);
        let tiles = || (0..chip.mesh.tiles()).map(TileId);
        let row = |from| tiles().map(|to| goes_straight(chip, &near, from, to)).collect();
        Self(tiles().map(row).collect())
    }

    fn leads(&self, from: TileId, to: TileId) -> bool {
        self.0[from.index()][to.index()]
    }
}

fn integrators() -> NeuronModel {
    NeuronModel {
        kind: NeuronKind::If,
        current_decay: None,
        current_bias: vec![0.0; SIZE],
        voltage_decay: vec![1.0; SIZE],
        voltage_bias: vec![0.0; SIZE],
        firing: Some(Firing {
            threshold: vec![2.0; SIZE],
            comparison: Comparison::Greater,
            reset: ResetMode::Zero,
        }),
    }
}

/// A router with the two channels that mixed routing needs.
const ROUTER: &str = "mesh.router=clocked(period_ns:1,pipeline_cycles:4,virtual_channels:2,\
                      buffer_flits:4,speculative:false)";

/// A broken mesh of so many tiles.
fn broken(dice: &mut Dice, (width, height): (u32, u32), seed: u32) -> Chip {
    let routing = ["xy", "yx", "xy_yx"][dice.below(3) as usize];
    let links = u64::from(2 * width * height - width - height);
    let sets = [
        format!("mesh.width={width}"),
        format!("mesh.height={height}"),
        format!("mesh.cores_per_tile={}", 1 + dice.below(2)),
        format!("mesh.routing={routing}"),
        ROUTER.to_owned(),
        format!("core_types.neuro.compartments={SIZE}"),
        format!("faults.drawn_links={}", 1 + dice.below(links / 2)),
        format!("faults.drawn_routers={}", dice.below(6) / 5),
        format!("faults.drawn_cores={}", dice.below(3)),
    ];
    let mut chip = chip("loihi1", &sets.each_ref().map(String::as_str));
    chip.draw_faults(seed);
    chip
}

#[test]
fn a_network_fits_a_broken_mesh_where_any_placement_does() {
    let (mut placed, mut blocked, mut short) = (0, 0, 0);
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let size = [(2, 2), (3, 2), (2, 3), (3, 3), (4, 1)][dice.below(5) as usize];
        let chip = broken(&mut dice, size, seed as u32);
        let layers = Layers::draw(&mut dice, 5);
        let reach = Reach::of(&chip);
        let made = compile(&layers.network(), &chip, &CompileOptions::default());
        let possible = layers.can_be_placed(&chip, &reach);
        match made {
            Ok(made) => {
                assert!(possible, "seed {seed}: nothing can be placed so");
                assert!(layers.is_clear(&chip, &reach, &made.mapping), "seed {seed}");
                placed += 1;
            }
            Err(CompileFailure::DoesNotFit(why)) => {
                assert!(!possible, "seed {seed}: {why}");
                match why.resource {
                    Resource::Ways => blocked += 1,
                    Resource::Cores => short += 1,
                    _ => panic!("seed {seed}: {why}"),
                }
                assert!(why.gap() > 0, "seed {seed}: {why}");
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    println!("{placed} placed, {blocked} blocked by what is dead, {short} short of cores");
    assert!(placed > 60 && blocked > 30);
}

/// Ways that no packet took in the run that the rates are of are ways all the same.
#[test]
fn silent_neurons_are_placed_clear_too() {
    let mut placed = 0;
    for seed in 0..40 {
        let mut dice = Dice(1000 + seed);
        let chip = broken(&mut dice, (3, 3), seed as u32);
        let layers = Layers::draw(&mut dice, 4);
        let silent = vec![vec![0.0; SIZE]; layers.count + 1];
        let planner = PlannerOptions { rates: Rates::Neurons(silent), ..PlannerOptions::default() };
        let options = CompileOptions { planner, ..CompileOptions::default() };
        let reach = Reach::of(&chip);
        if let Ok(made) = compile(&layers.network(), &chip, &options) {
            assert!(layers.is_clear(&chip, &reach, &made.mapping), "seed {seed}");
            placed += 1;
        } else {
            assert!(!layers.can_be_placed(&chip, &reach), "seed {seed}");
        }
    }
    assert!(placed > 10, "only {placed} placed");
}
