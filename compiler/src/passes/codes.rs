//! The codes of mapping and compilation, with their explanations.

use quarrion_isa::diagnostic::CodeEntry;

/// A network that no chip can run as it is.
pub(crate) const NO_OUTPUT: &str = "QM001";
/// More than one output population.
pub(crate) const SEVERAL_OUTPUTS: &str = "QM002";
/// Option `rates` of the wrong shape.
pub(crate) const WRONG_RATES: &str = "QM003";
/// A mapping that does not hold the network.
pub(crate) const WRONG_MAPPING: &str = "QM004";
/// A file that is no mapping.
pub(crate) const UNREADABLE_MAPPING: &str = "QM005";
/// Paths that cannot meet in the same step.
pub(crate) const UNBALANCED: &str = "QM010";
/// A population that puts out its membrane.
pub(crate) const GRADED_OUTPUT: &str = "QM020";
/// No core type runs a program for the model.
pub(crate) const NO_PROGRAM: &str = "QM021";
/// A constant input of the current that becomes one of the membrane.
pub(crate) const CURRENT_BIAS: &str = "QM022";
/// A reset that takes two compartments a neuron.
pub(crate) const TWO_COMPARTMENTS: &str = "QM023";
/// A number that no register holds.
pub(crate) const NO_REGISTER: &str = "QM030";
/// A scale at which a sum could leave its word.
pub(crate) const SCALE_RISK: &str = "QM031";
/// Decays rounded far from what they were.
pub(crate) const COARSE_DECAY: &str = "QM032";
/// Weights that no exponent and mantissa hold.
pub(crate) const COARSE_WEIGHTS: &str = "QM033";
/// An integer of the network file that a register does not hold.
pub(crate) const GIVEN_INTEGER: &str = "QM034";
/// Weights of the network file that no list of the chip holds.
pub(crate) const GIVEN_WEIGHT: &str = "QM035";
/// A delay that the chip does not store.
pub(crate) const GIVEN_DELAY: &str = "QM036";
/// No synapse format stores a projection.
pub(crate) const NO_FORMAT: &str = "QM040";
/// Cores shared by populations for want of cores.
pub(crate) const SHARED_CORES: &str = "QM041";
/// The way out of a mapping that does not hold the network.
pub(crate) const MEND_MAPPING: &str =
    "correct this entry, or let `quarrion map NET --chip CHIP --out FILE` write a mapping";
/// No placement whose packets avoid what is dead.
pub(crate) const UNREACHABLE: &str = "QM042";
/// An earlier mapping that was not kept.
pub(crate) const NOT_KEPT: &str = "QM045";
/// A mapping made for something else.
pub(crate) const OTHER_MAPPING: &str = "QM046";
/// Neurons that several compartments compute.
pub(crate) const COPIES: &str = "QM043";
/// Input that is summed in parts.
pub(crate) const PARTIAL_SUMS: &str = "QM044";
/// A learning rule that cannot teach what it was given to.
pub(crate) const LEARNING: &str = "QM060";
/// The verifier found a program that is not the network.
pub(crate) const VERIFY: &str = "QM090";
/// A constant image that a bias register cannot hold.
pub(crate) const IMAGE_RANGE: &str = "QM050";
/// Constant images where they cannot enter.
pub(crate) const IMAGE_TARGET: &str = "QM051";

/// Every code of the passes.
pub const CODES: &[CodeEntry] = &[
    CodeEntry {
        code: NO_OUTPUT,
        title: "a network needs an output population of neurons",
        explanation: "Results are read as spikes of one population. The network names none, or the \
                      one it names is an input. Connect a spiking layer to the Output node.",
    },
    CodeEntry {
        code: SEVERAL_OUTPUTS,
        title: "one population is read out",
        explanation: "Several populations lead to Output nodes, and a program reads one. Join them \
                      into one population, or export a network with the one that matters.",
    },
    CodeEntry {
        code: WRONG_RATES,
        title: "rates are one number in 0..=1 for every neuron",
        explanation: "Given spike rates must have one row for every population of the network and \
                      one value for every neuron, in spikes per timestep.",
    },
    CodeEntry {
        code: WRONG_MAPPING,
        title: "a mapping places every neuron once, on a core of its kind",
        explanation: "The given mapping names a core or neuron that does not exist, leaves a neuron \
                      out, places one twice (other than among `copies`), or uses a core that cannot \
                      run the neuron's program. Make it again for this network and chip, or leave \
                      it out.",
    },
    CodeEntry {
        code: UNREADABLE_MAPPING,
        title: "a mapping file has the format of `map --out`",
        explanation: "A mapping is RON: format, network, chip and cores, each core with what it \
                      holds: populations by name and neurons as ranges, such as 0-47, 96. The \
                      file named is not, at the place shown.",
    },
    CodeEntry {
        code: UNBALANCED,
        title: "spikes of one input step should meet in one step",
        explanation: "A chip takes one step a layer, so shorter paths are delayed until all paths \
                      meet. This edge would need a delay that the chip does not store, or a loop \
                      leaves no room for the steps that its populations cost. The program runs, but \
                      its spikes arrive earlier or later than in the trained network. Shorten the \
                      skip connection, or add a population to the shorter path.",
    },
    CodeEntry {
        code: GRADED_OUTPUT,
        title: "neurons must fire",
        explanation: "The population puts out its membrane instead of spikes (I, LI, CubaLI, or a \
                      linear output layer), and no shipped neuron program sends a membrane over the \
                      mesh. Train with a firing output layer and count its spikes.",
    },
    CodeEntry {
        code: NO_PROGRAM,
        title: "some core type must run a program for every neuron model",
        explanation: "The chip's cores run a fixed list of neuron programs, or have too little state \
                      or instruction memory, and none that fits computes this model: its reset, \
                      leak or synaptic current. Import with another reset, or choose another chip.",
    },
    CodeEntry {
        code: CURRENT_BIAS,
        title: "a constant input of a leaky current acts on the membrane",
        explanation: "The program has one bias register, and it acts on the membrane. The constant \
                      input of the synaptic current is replaced by what it adds to the membrane in \
                      the long run; the first steps, while the current would rise, differ.",
    },
    CodeEntry {
        code: NO_REGISTER,
        title: "every parameter must fit its register",
        explanation: "At no scale does this number fit the register that the chip file gives for \
                      the parameter. A negative threshold or a bias far above the threshold are \
                      the usual causes.",
    },
    CodeEntry {
        code: TWO_COMPARTMENTS,
        title: "a reset by subtraction can take a second compartment",
        explanation: "No compartment of the core subtracts its threshold, but two together do: the \
                      first integrates without a threshold, the second compares and spikes, and a \
                      synapse of the neuron to its own first compartment takes the threshold off \
                      before the next step. That is exact where neither membrane nor current \
                      leaks, and thresholds are kept as multiples of what a weight can store. It \
                      costs a second compartment, its updates, and a packet for every spike.",
    },
    CodeEntry {
        code: SCALE_RISK,
        title: "sums stay inside their words for the inputs that are expected",
        explanation: "If every input fired at once, the accumulator or the membrane would leave its \
                      word. A scale that rules this out would cost weight precision, so a larger one \
                      was chosen that holds for a quarter of the inputs (or the given rates) plus \
                      six standard deviations.",
    },
    CodeEntry {
        code: COARSE_DECAY,
        title: "decays should survive rounding",
        explanation: "Decays have few bits. A time constant of thousands of steps rounds to none \
                      at all or to one that is far off. Use a longer timestep.",
    },
    CodeEntry {
        code: COARSE_WEIGHTS,
        title: "weights should survive rounding",
        explanation: "After scaling to the chip's weight bits the error is a large part of the \
                      weights themselves. A few very large weights, or thresholds and biases of \
                      very unlike size, force a scale at which the rest becomes zero.",
    },
    CodeEntry {
        code: GIVEN_INTEGER,
        title: "integers of the network file are kept as they are",
        explanation: "The file was quantised for a chip: its thresholds, decays and biases are \
                      registers, and are never rounded again. This one does not fit the register \
                      of the chip that was chosen.",
    },
    CodeEntry {
        code: GIVEN_WEIGHT,
        title: "integer weights of the network file are kept as they are",
        explanation: "The file was quantised for a chip, and its weights are never rounded again. \
                      All weights of a layer share an exponent, a list of both signs stores every \
                      second integer only, and lists of one sign each are tried where both do not \
                      fit. These weights fit no way.",
    },
    CodeEntry {
        code: GIVEN_DELAY,
        title: "delays of the network file are kept as they are",
        explanation: "The file delays the spikes of a layer, and the chip stores no delay so long, \
                      neither with its synapses nor at its axons.",
    },
    CodeEntry {
        code: NO_FORMAT,
        title: "some synapse format must store every projection",
        explanation: "The core type's formats have no index wide enough, no delay field wide \
                      enough, or no weight width and sign mode for this projection.",
    },
    CodeEntry {
        code: SHARED_CORES,
        title: "populations share cores where cores are short",
        explanation: "A core of its own for every part of every population would take more cores \
                      than the chip has, so parts of different populations share cores. The \
                      function is the same; a timestep may take longer.",
    },
    CodeEntry {
        code: IMAGE_RANGE,
        title: "a constant input must fit the bias register",
        explanation: "The image, weighted by the first layer and scaled like the population, gives \
                      a bias beyond the register. Scale the image down.",
    },
    CodeEntry {
        code: IMAGE_TARGET,
        title: "constant input enters through undelayed connections from the input",
        explanation: "An image as constant input is written into the biases of the populations that \
                      the input feeds. The image must have one value for every input neuron, and \
                      the neuron program a bias for every compartment.",
    },
    CodeEntry {
        code: UNREACHABLE,
        title: "every packet goes around what is dead",
        explanation: "Links and routers of the chip are dead, and with its routing packets of the \
                      mapping given would cross one of them. Without a mapping the compiler places \
                      around what is dead, or says that nothing fits; routing by table goes around \
                      dead parts.",
    },
    CodeEntry {
        code: NOT_KEPT,
        title: "an earlier mapping can be kept only where it has to do with the network",
        explanation: "`--like` keeps neurons on the cores where an earlier mapping had them and \
                      places the rest on cores that are free. Where the mapping names no \
                      population of the network, or leaves no core free, there is nothing to keep \
                      or no room, and the mapping is made as if it were not there.",
    },
    CodeEntry {
        code: OTHER_MAPPING,
        title: "a mapping file names the network and the chip that it was made for",
        explanation: "Populations are found by name and cores by number, so a mapping for another \
                      network or chip can hold by chance: it is checked like any other, but it \
                      was not made for this, and its cores may lie far apart here.",
    },
    CodeEntry {
        code: COPIES,
        title: "a neuron with more ways than a core has axons is computed several times",
        explanation: "Every core that a spike goes to takes an axon-out entry of the core that it \
                      leaves. A neuron that needs more of them than `axons_out` (or `fan_out`) \
                      allows is computed by several compartments: each gets all its input and draws \
                      the same random numbers, so all fire alike, and each sends to a share of the \
                      destinations. Results and probes read one of them. On chips where packets can \
                      be lost, dropped or late the copies need not get the same spikes; there it is \
                      a warning.",
    },
    CodeEntry {
        code: PARTIAL_SUMS,
        title: "the input of a layer is summed in parts",
        explanation: "A neuron whose input no core holds (`axons_in`, `fan_in` or synapse memory) is \
                      split where spikes carry numbers: cores sum the input of a share of its \
                      sources and send the sum on, and the neuron adds the sums one step later. \
                      That is exact where sums wrap, nothing learns and the layer is in no loop; a \
                      network that is not so does not fit instead. A mapping file that places \
                      `LAYER.sumGofK` asks for K parts.",
    },
    CodeEntry {
        code: LEARNING,
        title: "a rule teaches a projection that can follow it",
        explanation: "A projection is named as in the network, or by its populations as \
                      SOURCE->TARGET. All plastic projections onto a population share one rule, as \
                      a compartment keeps one set of traces; a core has few trace configurations. \
                      Rules that change delays run on both engines, but the compiler does not lay \
                      them out yet.",
    },
    CodeEntry {
        code: VERIFY,
        title: "the program must be the network",
        explanation: "The verifier decodes the finished program and compares it with the quantised \
                      network and the chip's limits. It found a difference. If the program was not \
                      changed by hand, this is a fault of the compiler: please report it.",
    },
];
