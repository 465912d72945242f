//! Random cases for both engines: a chip, a program on it, a stimulus. All from one seed.
//!
//! Programs are valid by construction, not sensible: populations lie scattered over cores, phases
//! follow no path, loops and self-loops are common. What a compiler would never write but an engine
//! must still compute is the point.

mod chip;
mod coverage;
mod damage;
mod dice;
mod learning;
mod network;
mod neurons;
mod order;
mod stimulus;
mod synapses;

pub use chip::draw_chip;
pub use coverage::{Coverage, FEATURES};
pub use damage::damage;
pub use dice::Dice;
pub use neurons::CHOICES;

use quarrion_isa::chip::Chip;
use quarrion_isa::program::Program;
use quarrion_isa::stimulus::Stimulus;

use crate::assemble::assemble;

/// A random case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Seed of everything in it.
    pub seed: u64,
    /// Where it runs.
    pub chip: Chip,
    /// What runs.
    pub program: Program,
    /// What goes in.
    pub stimulus: Stimulus,
}

/// What a network is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavour {
    /// A bit of everything.
    Scattered,
    /// Lively populations that add with both signs into narrow saturating sums, where the order of
    /// addition shows.
    Crowded,
}

impl Case {
    /// Draws the case of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let chip = draw_chip(&mut dice);
        let flavour = if dice.chance(15) { Flavour::Crowded } else { Flavour::Scattered };
        let sketch = network::draw_sketch(&mut dice, &chip, flavour);
        let program = assemble(&sketch, &chip);
        let stimulus = stimulus::draw_stimulus(&mut dice, &program);
        Self { seed, chip, program, stimulus }
    }

    /// The seed of the draws inside the run.
    #[must_use]
    pub fn run_seed(&self) -> u32 {
        self.seed as u32 ^ 0x5EED
    }
}
