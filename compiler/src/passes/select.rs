//! Select: a kind of core and a neuron program for every population.
//!
//! A binding says which models a shipped program computes and how the program counts; of those
//! that a core type may run, the first in the list is taken, cheapest first.

use quarrion_isa::chip::{Chip, CoreType, Programs};
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::CoreId;
use quarrion_isa::join::JoinOp;
use quarrion_isa::neuron::{NeuronProgram, library};

use super::{Draft, codes};
use crate::failure::CompileFailure;
use crate::network::{GivenNeurons, GivenProgram, NeuronModel, Population, ResetMode, Role};

/// The kind of core and the neuron program chosen for a population.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    /// As the chip numbers them.
    pub(crate) core_type: u32,
    /// What the population runs.
    pub(crate) program: NeuronProgram,
    /// What the inner compartment of every neuron runs, which takes the input then.
    pub(crate) dendrite: Option<NeuronProgram>,
    /// Left shift from `vth` to the membrane's measure, where the compiler chooses `vth`.
    pub(crate) threshold_shift: u32,
}

/// Which models a shipped program computes, and in which measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Binding {
    /// Name of the program.
    program: &'static str,
    /// Name of the program of an inner compartment, which `program` joins by `pass`. The reset is a
    /// synapse from the neuron to its own inner compartment then.
    dendrite: Option<&'static str>,
    reset: ResetMode,
    /// Whether it has a leaky membrane: parameter `dv`.
    leak: bool,
    /// Whether it has a leaky current: parameters `du` and `du_offset`.
    current: bool,
    /// Left shift from `vth` to the membrane's measure.
    threshold_shift: u32,
}

/// The shipped programs that networks can be lowered onto, cheapest first.
const BINDINGS: &[Binding] = &[
    Binding {
        program: "if_zero",
        dendrite: None,
        reset: ResetMode::Zero,
        leak: false,
        current: false,
        threshold_shift: 0,
    },
    Binding {
        program: "if_subtract",
        dendrite: None,
        reset: ResetMode::Subtract,
        leak: false,
        current: false,
        threshold_shift: 0,
    },
    Binding {
        program: "cuba_lif",
        dendrite: None,
        reset: ResetMode::Zero,
        leak: true,
        current: true,
        threshold_shift: 6,
    },
    Binding {
        program: "lif_subtract",
        dendrite: None,
        reset: ResetMode::Subtract,
        leak: true,
        current: true,
        threshold_shift: 6,
    },
    // Exact without leak only: the reset arrives one step later, and must not have leaked.
    Binding {
        program: "cuba_soma",
        dendrite: Some("cuba_dendrite"),
        reset: ResetMode::Subtract,
        leak: false,
        current: false,
        threshold_shift: 6,
    },
];

impl Binding {
    /// Whether the program computes the model.
    fn computes(&self, model: &NeuronModel) -> bool {
        let leaks = model.voltage_decay.iter().any(|&decay| decay != 1.0);
        let reset = model.firing.as_ref().map(|firing| firing.reset);
        Some(self.reset) == reset
            && (self.leak || !leaks)
            && (self.current || model.current_decay.is_none())
    }
}

pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), CompileFailure> {
    let mut errors = Vec::new();
    let mut choices = Vec::with_capacity(draft.network.populations.len());
    let mut room = Room::of(draft.chip);
    for population in &draft.network.populations {
        let network = &draft.network.name;
        let choice = match &population.role {
            Role::Input => Ok(None),
            Role::Neurons(model) => {
                choose(network, population, model, (draft.chip, &room)).map(Some)
            }
            Role::Given(given) => {
                seat_given(network, population, given, (draft.chip, &room)).map(Some)
            }
        };
        if let Ok(Some(choice)) = &choice {
            room.take(choice, population);
        }
        choices.push(choice.unwrap_or_else(|error| {
            errors.push(error);
            None
        }));
    }
    if !errors.is_empty() {
        return Err(CompileFailure::Diagnostics(errors));
    }
    draft.choices = choices;
    Ok(())
}

/// Compartments that each kind of core has left.
struct Room(Vec<u64>);

impl Room {
    /// All compartments of all cores that work.
    fn of(chip: &Chip) -> Self {
        let mut room = vec![0; chip.core_types.len()];
        for (index, site) in chip.cores.iter().enumerate() {
            if chip.works(CoreId::from_index(index)) {
                let kind = site.core_type as usize;
                room[kind] += u64::from(chip.core_types[kind].compartments);
            }
        }
        Self(room)
    }

    /// The first kind of core that will do and has room for all of a population; without room for
    /// it anywhere, the first that will do.
    fn seat(
        &self,
        chip: &Chip,
        compartments: u64,
        will_do: impl Fn(&CoreType) -> bool,
    ) -> Option<u32> {
        let kinds = || (0_u32..).zip(&chip.core_types).filter(|(_, core)| will_do(core));
        let roomy = kinds().find(|(kind, _)| self.0[*kind as usize] >= compartments);
        roomy.or_else(|| kinds().next()).map(|(kind, _)| kind)
    }

    fn take(&mut self, choice: &Choice, population: &Population) {
        let left = &mut self.0[choice.core_type as usize];
        *left = left.saturating_sub(compartments(population, choice.dendrite.is_some()));
    }
}

/// Compartments of all neurons of a population.
fn compartments(population: &Population, has_dendrites: bool) -> u64 {
    (population.len() as u64) * if has_dendrites { 2 } else { 1 }
}

/// The first legal program on the first kind of core that may run it and has room.
fn choose(
    network: &str,
    population: &Population,
    model: &NeuronModel,
    (chip, room): (&Chip, &Room),
) -> Result<Choice, Diagnostic> {
    if model.is_graded() {
        return Err(graded(network, population, model));
    }
    for binding in BINDINGS.iter().filter(|binding| binding.computes(model)) {
        let Some(program) = shipped(binding.program) else { continue };
        let dendrite = binding.dendrite.and_then(shipped);
        let legal = |core: &CoreType| {
            may_run(core, &program)
                && dendrite.as_ref().is_none_or(|dendrite| {
                    may_run(core, dendrite) && core.may_join(JoinOp::Pass, 2)
                })
        };
        let compartments = compartments(population, dendrite.is_some());
        if let Some(core_type) = room.seat(chip, compartments, legal) {
            let threshold_shift = binding.threshold_shift;
            return Ok(Choice { core_type, program, dendrite, threshold_shift });
        }
    }
    Err(no_program(network, population, model, chip))
}

/// The first kind of core that may run the program that given neurons name.
fn seat_given(
    network: &str,
    population: &Population,
    given: &GivenNeurons,
    (chip, room): (&Chip, &Room),
) -> Result<Choice, Diagnostic> {
    let refuse = |message: String| {
        Diagnostic::error(codes::NO_PROGRAM, message)
            .at(network, &population.name, "this layer")
            .at(&chip.name, "core_types", legal_programs(chip))
            .help("choose a chip that runs it: one with programmable cores, such as loihi2")
    };
    let program = match &given.program {
        GivenProgram::Own(program) => (**program).clone(),
        GivenProgram::Shipped(name) => {
            shipped(name).ok_or_else(|| refuse(format!("there is no neuron program `{name}`")))?
        }
    };
    let seat = room.seat(chip, compartments(population, false), |core| may_run(core, &program));
    let core_type = seat.ok_or_else(|| {
        let bits = program.payload_bits();
        let payload = match bits {
            0 => String::new(),
            bits => format!(", whose spikes carry {bits} bits"),
        };
        let (chip, layer, program) = (&chip.name, &population.name, program.name());
        refuse(format!("no core of `{chip}` runs `{program}` for `{layer}`{payload}"))
    })?;
    Ok(Choice { core_type, program, dendrite: None, threshold_shift: 0 })
}

/// The shipped program called `name`.
fn shipped(name: &str) -> Option<NeuronProgram> {
    library::find(name).and_then(|shipped| NeuronProgram::parse(shipped.text, name).ok())
}

/// Whether a core of the type may run the program.
pub(crate) fn may_run(core: &CoreType, program: &NeuronProgram) -> bool {
    if program.payload_bits() > core.payload_bits {
        return false;
    }
    match &core.programs {
        Programs::Fixed(names) => names.iter().any(|name| name == program.name()),
        Programs::Programmable { state_bits, instructions } => {
            let length = program.instruction_count();
            program.state_bits() <= *state_bits && length.update + length.spike <= *instructions
        }
    }
}

/// The refusal of a population that does not fire.
fn graded(network: &str, population: &Population, model: &NeuronModel) -> Diagnostic {
    let message = format!(
        "neurons must fire, but `{}` puts out its membrane ({})",
        population.name,
        model.kind.name()
    );
    Diagnostic::error(codes::GRADED_OUTPUT, message)
        .at(network, &population.name, "this node has no threshold")
        .help("train with a firing output layer and count its spikes")
}

/// The refusal of a model that no kind of core computes.
fn no_program(
    network: &str,
    population: &Population,
    model: &NeuronModel,
    chip: &Chip,
) -> Diagnostic {
    let subtracts = model.firing.as_ref().is_some_and(|f| f.reset == ResetMode::Subtract);
    let mut wants = vec![if subtracts { "a reset by subtraction" } else { "a reset to zero" }];
    if model.voltage_decay.iter().any(|&decay| decay != 1.0) {
        wants.push("a leaky membrane");
    }
    if model.current_decay.is_some() {
        wants.push("a synaptic current");
    }
    let computing = BINDINGS.iter().filter(|binding| binding.computes(model));
    let known: Vec<String> = computing.map(|binding| in_words(binding.program, chip)).collect();
    let two = two_compartments(model, chip);
    let message = format!(
        "no core of `{}` runs a program for `{}` ({}), which needs {}{two}",
        chip.name,
        population.name,
        model.kind.name(),
        wants.join(", ")
    );
    let help = match (subtracts, known.as_slice()) {
        (true, []) => "import with `--reset zero`".to_owned(),
        (true, known) => {
            format!("import with `--reset zero`, or choose a chip that runs {}", known.join(" or "))
        }
        (false, []) => "no shipped program computes this model".to_owned(),
        (false, known) => format!("choose a chip that runs {}", known.join(" or ")),
    };
    Diagnostic::error(codes::NO_PROGRAM, message)
        .at(network, &population.name, "this node")
        .at(&chip.name, "core_types", legal_programs(chip))
        .help(help)
}

/// A program's name, and what it takes of cores that run any program that fits.
fn in_words(name: &str, chip: &Chip) -> String {
    let mut cores = chip.core_types.iter();
    let programmable = cores.any(|core| matches!(core.programs, Programs::Programmable { .. }));
    let Some(program) = shipped(name).filter(|_| programmable) else { return name.to_owned() };
    let length = program.instruction_count();
    let instructions = length.update + length.spike;
    format!("{name} ({} state bits, {instructions} instructions)", program.state_bits())
}

/// What the cores of a chip may run, in words.
fn legal_programs(chip: &Chip) -> String {
    let legal = chip.core_types.iter().map(|core| match &core.programs {
        Programs::Fixed(names) => format!("`{}` runs {}", core.name, names.join(", ")),
        Programs::Programmable { state_bits, instructions } => format!(
            "`{}` runs what fits {state_bits} state bits and {instructions} instructions",
            core.name
        ),
    });
    legal.collect::<Vec<String>>().join("; ")
}

/// Why two compartments do not serve either, where they could have.
fn two_compartments(model: &NeuronModel, chip: &Chip) -> String {
    let subtracts = model.firing.as_ref().is_some_and(|f| f.reset == ResetMode::Subtract);
    let runs = |name: &str| {
        shipped(name).is_some_and(|p| chip.core_types.iter().any(|core| may_run(core, &p)))
    };
    let mut pairs = BINDINGS.iter().filter(|binding| subtracts && runs(binding.program));
    let Some(pair) = pairs.find(|binding| binding.dendrite.is_some_and(runs)) else {
        return String::new();
    };
    if pair.computes(model) {
        "; two compartments would do, but its cores do not join any by `pass`".to_owned()
    } else {
        "; two compartments subtract exactly only where nothing leaks".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{BINDINGS, shipped};
    use quarrion_isa::neuron::{default_parameters, step_compartment};

    /// The measure of thresholds is the program text's: found out by running it.
    #[test]
    fn thresholds_count_as_the_programs_compare() {
        for binding in BINDINGS {
            let program = shipped(binding.program).expect("shipped");
            let mut parameters = default_parameters(&program);
            let vth = program.parameter_index("vth").expect("every program has a threshold");
            parameters[vth] = 100;
            for (excess, fires) in [(0, false), (1, true)] {
                let drive = (100 << binding.threshold_shift) + excess;
                let mut state = program.initial_state(&parameters);
                let outcome =
                    step_compartment(&program, &mut state, &[drive], &parameters, &mut |_| 0);
                assert_eq!(outcome.spike.is_some(), fires, "{} at +{excess}", binding.program);
            }
            if binding.dendrite.is_none() {
                assert_eq!(program.parameter_index("dv").is_some(), binding.leak);
                assert_eq!(program.parameter_index("du").is_some(), binding.current);
            }
        }
    }
}
