//! The codes of messages about input data (QI) and command usage (QU).

use quarrion_isa::diagnostic::CodeEntry;

/// All codes of this crate, in order.
pub const CODES: &[CodeEntry] = &[
    entry(
        "QI001",
        "the input is of no known kind",
        "An input is a NumPy archive (.npz) or a table of spikes whose name ends in .csv. A \
         single array (.npy) has no name and so no meaning here: store it as \
         np.savez_compressed(FILE, spikes=array).",
    ),
    entry(
        "QI002",
        "the input is damaged",
        "The archive does not unpack, or holds fewer bytes than an array's header claims. \
         Claims are checked against what the stored bytes can unpack to before memory is \
         asked for. Copy or write the file again.",
    ),
    entry(
        "QI003",
        "an array is missing",
        "An archive holds `spikes` (samples, steps, neurons...), or the three event arrays \
         `sample`, `t` and `i` with one entry per spike (and `payload` beside them for graded \
         spikes), or `bias` (samples, neurons...) for \
         images as constant input. `labels` and `dt` may stand beside them.",
    ),
    entry(
        "QI004",
        "an array cannot be read",
        "Arrays of bool, signed and unsigned integers of 8 to 64 bits, float32 and float64 \
         are read, in either byte order and in C or Fortran order. Text, objects, complex and \
         structured arrays are not.",
    ),
    entry(
        "QI005",
        "an array has the wrong shape",
        "The dimensions after (samples, steps) multiply to the number of the network's input \
         neurons; a neuron's index is row-major over them, as in the network. Event arrays \
         have one dimension and equal lengths.",
    ),
    entry(
        "QI006",
        "an input without samples",
        "Accuracy, time and energy are means over samples, so there must be at least one. \
         `--samples 0` is refused for the same reason.",
    ),
    entry(
        "QI007",
        "a value that is no spike",
        "On a chip with binary spikes (payload_bits 0 in its file) an input neuron spikes in a \
         step or does not: elements are 0 or 1. Counts must be spread over steps before they are \
         given to such a chip. On a chip with graded spikes an element is the payload, a signed \
         integer of the chip's width, and 0 is no spike. No spike is listed twice.",
    ),
    entry(
        "QI008",
        "an index out of range",
        "Samples, steps and neurons are counted from 0. A spike that names a neuron, step or \
         sample which does not exist would be lost silently, so it is refused.",
    ),
    entry(
        "QI009",
        "labels do not match the samples",
        "`labels` has one class number per sample, in the same order. The class of a sample \
         is the output neuron with the most spikes, the lowest index in a tie.",
    ),
    entry(
        "QI010",
        "the input is too large",
        "One array unpacks to at most 16 GiB and an input has at most 2^28 spikes and 2^24 \
         samples. The bounds keep a small damaged or hostile file from filling the memory. \
         Split the samples over several files, or read the first ones with --samples.",
    ),
    entry(
        "QI011",
        "the number of steps is missing or wrong",
        "Images as constant input do not say for how long they are shown: give --steps, or \
         store a number `steps`. Dense spikes say it themselves, and --steps can only confirm \
         it.",
    ),
    entry(
        "QI012",
        "a spike table cannot be read",
        "The first line is `sample,step,neuron`; each further line is one spike with three \
         integers counted from 0. A fourth column `payload` gives graded spikes.",
    ),
    entry(
        "QI013",
        "the input's dt is not the network's",
        "`dt` in the input is the length in seconds of the timesteps that the spikes were \
         made for. Decays and currents were computed with another dt, so results will differ \
         from the framework's. Give --dt, or make the spikes again.",
    ),
    entry(
        "QI014",
        "more than one kind of input",
        "An archive with both `spikes` and events or images leaves open which one is meant.",
    ),
    entry(
        "QI015",
        "a value that is not finite",
        "Images are quantised onto the chip's bias registers, which hold no NaN and no infinity.",
    ),
    entry(
        "QI016",
        "an input without spikes",
        "Every element is zero. The run is carried out, but measures an idle chip.",
    ),
    entry(
        "QI017",
        "a packet trace cannot be read",
        "The first line is `time_ps,source,destination,flits`, or `cycle` in place of `time_ps`; \
         each further line is one packet. Source and destination are cores of the chip, counted \
         from 0, and a packet has at least one flit.",
    ),
    entry(
        "QI018",
        "rewards of the wrong shape or kind",
        "`reward` gives the third factor of learning rules with `reward r ... from host`: one \
         integer for every step of every sample, 0 where there is none. The host writes it where it \
         changes; rules narrow it to the bits that they declare.",
    ),
    entry(
        "QI019",
        "rewards and rules do not meet",
        "The input has rewards that no rule reads, or a rule waits for rewards of the host and the \
         input has none: its third factor stays 0.",
    ),
    entry(
        "QI020",
        "a packet from or to a dead core",
        "The chip has faults, and a trace sends a packet from or to a core that they leave dead.",
    ),
    entry(
        "QU001",
        "a file cannot be read",
        "The file that was named does not exist, is a folder, or may not be read.",
    ),
    entry(
        "QU002",
        "a result cannot be written",
        "The folder does not exist or may not be written, or the disk is full. Results are \
         written under a temporary name and renamed when they are whole, so nothing half \
         written is left.",
    ),
    entry(
        "QU003",
        "an unknown code",
        "Codes have two letters for the part (QC chip files, QN networks, QP neuron programs, \
         QM mapping, QE runs, QI input data, QR run folders, QU commands) and three digits.",
    ),
    entry(
        "QU004",
        "a flag that does not fit the command's other words",
        "The message names the flags that contradict each other or the value that is out of range.",
    ),
    entry(
        "QU005",
        "a compiled program that does not belong to the chip",
        "A program holds the core and memory places of one chip description. Compile the \
         network again after changing the chip.",
    ),
    entry(
        "QU006",
        "something that this version cannot do yet",
        "The chip or input is valid, but asks for a part that is not built. The README has a \
         table of what works and what does not.",
    ),
    entry(
        "QU007",
        "words that are no probe",
        "A probe is POPULATION.WORD[NEURONS]@STEPS. The word is what follows the last dot; \
         [NEURONS] and @STEPS may be left out, and are a number or a range a..b without its end, \
         such as lif1.v, lif1.v[7], lif1.u[0..100] or lif1.u[0..100]@10..50.",
    ),
    entry(
        "QU008",
        "a probe of something that is not there",
        "Probes record state words of the neurons' programs (`quarrion neuron show NAME` lists \
         them) for neurons and timesteps that the run has. A sample's timesteps are its input \
         steps and the depth of the network. Inputs have no state. All probes of a run record at \
         most 2^28 values.",
    ),
    entry(
        "QU009",
        "words that do not say what learns",
        "`--learn` takes a projection, `=`, and a learning rule: a name from `quarrion rule list` \
         or a file. The projection is named as in the network or by its populations, such as \
         'in->lif1=pairwise-stdp' (in quotes, for the shell's sake). A compiled program has its \
         rules already.",
    ),
    entry(
        "QU010",
        "packets that cannot be followed",
        "`--packets FILE` writes packets link by link, of the samples and timesteps that `--at` \
         names as SAMPLES@STEPS: each a number or a range a..b without its end, such as 0, 3@7 or \
         0..2@5..10; without it, the first sample's. Packets are followed where contention is \
         timed (timing queue or cycle).",
    ),
    entry(
        "QU011",
        "a result in the place of a file that the command reads",
        "A result replaces the file of its name. Where that is the network, the chip, the input or \
         another file of the same command, or another of its results, it would be lost.",
    ),
    entry(
        "QU012",
        "a flag of `compile` beside a compiled program",
        "A program has been read, mapped and taught already: flags that say how this is done come \
         too late. Give them to `compile`, or `run` the network file itself.",
    ),
    entry(
        "QU013",
        "changes that a command would pass over",
        "`reprice` takes the counts and times of a run as they are; `prices` and `static_power` are \
         all that it reads of a chip.",
    ),
    entry(
        "QU014",
        "a fault without effect",
        "Packets are lost by a draw for every spike and destination when a network runs. Traffic \
         without spikes loses none; dead cores, routers and links count there as well.",
    ),
    entry(
        "QU015",
        "a file of rates that is none",
        "`run --save-rates` writes rates.csv into the run folder: population, neuron, spikes and \
         timesteps, the neurons of a population in order from 0. `--rates RUN` reads it where it \
         is there, and otherwise takes one rate a layer from the run's summary.",
    ),
    entry(
        "QU016",
        "words that do not say which layer computes what",
        "`--neuron` takes LAYER=PROGRAM and, after commas, `scale=X`, `shift=N` and parameters of \
         the program as NAME=VALUE, such as 'lif1=my.neuron,scale=64,vth=100'. A program is a name \
         from `quarrion neuron list` or a file.",
    ),
    entry(
        "QU017",
        "a command line must be one that the command takes",
        "A flag, a value or a command is unknown, missing or given twice. With `--format json` that \
         is told as a finding like any other; without it in words, with the command's usage.",
    ),
    entry(
        "QU018",
        "a mesh that `mesh` has room for",
        "Every router, link and core is simulated with its buffers, at some 20 kB a core. Larger \
         boards are refused before memory is asked for.",
    ),
];

const fn entry(code: &'static str, title: &'static str, explanation: &'static str) -> CodeEntry {
    CodeEntry { code, title, explanation }
}
