//! Codes of the rules on chips.

use crate::diagnostic::CodeEntry;

/// Every code of a rule on chips with its explanation.
pub const CODES: &[CodeEntry] = &[
    CodeEntry {
        code: "QC020",
        title: "A count is at least one and within what can be laid out",
        explanation: "Sizes of the mesh, compartments, table entries, word widths, planes, buffers \
                      and lanes are whole numbers from 1 on. A chip with none of something that \
                      every chip has cannot run anything, and a size of zero would divide by zero \
                      further on. Leave an optional limit out instead of writing 0.",
    },
    CodeEntry {
        code: "QC021",
        title: "A description stays within what the reader lays out",
        explanation: "Before any memory is asked for, the board is bounded: at most 1,048,576 \
                      tiles, 4,194,304 cores and 2^40 bits of one memory. These are limits of this \
                      reader, not of any chip; a figure beyond them is nearly always a slip of \
                      measure (bytes for bits, cores of a board for cores of a tile).",
    },
    CodeEntry {
        code: "QC022",
        title: "A figure is not negative",
        explanation: "Energies, times, powers and areas cannot be below zero. A negative price \
                      would let a busier network cost less.",
    },
    CodeEntry {
        code: "QC023",
        title: "A figure is finite",
        explanation: "NaN and infinity cannot be counted. Leave the entry out if the figure is \
                      unknown: what has no price is reported as `not modelled`, never as 0.",
    },
    CodeEntry {
        code: "QC024",
        title: "A figure is small enough to be counted exactly",
        explanation: "Energies are counted in attojoules, times in picoseconds, powers in \
                      picowatts. One event may cost at most one joule and one second, so that the \
                      sums of a long run stay exact. A larger figure is nearly always in the wrong \
                      measure: the fields are in pJ, ns, mW and mm2.",
    },
    CodeEntry {
        code: "QC025",
        title: "The file format is one that this version reads",
        explanation: "A chip file says which version of the file format it is written in (`format: \
                      1`). A reader refuses what it does not know instead of guessing.",
    },
    CodeEntry {
        code: "QC026",
        title: "Chips and core types have plain names",
        explanation: "The name of a chip and of a core type has 1 to 64 letters, digits, `-` and \
                      `_`; a chip has at least one core type. Names appear in paths \
                      (`core_types.neuro.compartments`), folders and tables.",
    },
    CodeEntry {
        code: "QC027",
        title: "Weight widths are ascending, from 1 to 31 bits",
        explanation: "`weights.widths` lists the stored widths that a synapse list may choose \
                      from. The smallest that holds the list's weights is chosen, so the list must \
                      ascend without repetition.",
    },
    CodeEntry {
        code: "QC028",
        title: "A core has at least one sign mode, each once",
        explanation: "`weights.signs` lists which signs the weights of one list may have: mixed, \
                      excitatory, inhibitory.",
    },
    CodeEntry {
        code: "QC029",
        title: "Weight exponents, shift and accumulator lie within what is computed",
        explanation: "Exponents lie from -32 to 32 with the smallest not above the largest, the \
                      input shift from 0 to 32, the accumulator from 2 to 63 bits, sign included: \
                      delivery is computed in 64-bit integers.",
    },
    CodeEntry {
        code: "QC030",
        title: "Sparse and run-length formats list index widths, the others none",
        explanation: "A sparse list stores for each synapse which compartment it ends in, a \
                      run-length list how many compartments further than the synapse before; \
                      their `index_widths` ascend. Dense lists and kernels imply the compartment \
                      by position and store no index.",
    },
    CodeEntry {
        code: "QC031",
        title: "Prefix and delay fields have sensible widths",
        explanation: "`delay_widths` lists the widths that the delay field may take, ascending, at \
                      most 16 bits, 0 where no delay is stored. `prefix_bits` is at most 4,096.",
    },
    CodeEntry {
        code: "QC032",
        title: "A core has at least one synapse format, one of each kind",
        explanation: "Formats are told apart by their kind (dense, sparse, run_length, kernel); two of a kind \
                      would leave open which one a list uses, none would leave nowhere to store a \
                      synapse.",
    },
    CodeEntry {
        code: "QC033",
        title: "A register has at most 48 mantissa bits and exponents in order",
        explanation: "A register holds mantissa x 2^exponent. Its mantissa has 0 to 48 bits (0: \
                      the core has no such register and the parameter stays 0), its exponent 0 to \
                      32.",
    },
    CodeEntry {
        code: "QC036",
        title: "A core can run at least one neuron program, each named once",
        explanation: "`programs: fixed([…])` names the neuron programs that the core can run; \
                      `programmable(…)` gives the memory for any program. Neither may be empty.",
    },
    CodeEntry {
        code: "QC038",
        title: "A period is at least a picosecond",
        explanation: "Clocks, ticks and timers have a period; times are counted in picoseconds, so \
                      a period rounds to at least one.",
    },
    CodeEntry {
        code: "QC039",
        title: "A barrier table ascends",
        explanation: "`synchronisation.latency: table([…])` gives the latency by the tiles that \
                      the program uses; entries ascend by tiles, and between them the latency is \
                      linear.",
    },
    CodeEntry {
        code: "QC040",
        title: "Synapse memory is a multiple of its word",
        explanation: "Synapse lists are read word by word. A memory that ends inside a word has a \
                      rest that no list can use; the figure is then likely to be in another \
                      measure (bytes, bits with error correction).",
    },
    CodeEntry {
        code: "QC041",
        title: "An index reaches every compartment",
        explanation: "A sparse synapse names its compartment by an index. If the widest index has \
                      fewer codes than the core has compartments, the last compartments could not \
                      be reached.",
    },
    CodeEntry {
        code: "QC042",
        title: "One list fits the synapse memory",
        explanation: "`list_words` is the most words that one axon's list may own; it cannot \
                      exceed the whole synapse memory of the core.",
    },
    CodeEntry {
        code: "QC043",
        title: "The largest delay fits a delay field",
        explanation: "`delay_max` is the largest synaptic delay; some format's widest delay field \
                      must be able to hold it.",
    },
    CodeEntry {
        code: "QC044",
        title: "One weight fits the accumulator",
        explanation: "A weight of the widest kind, shifted left by the largest exponent and the \
                      input shift, must fit the accumulator with its sign. Otherwise a single \
                      spike of the largest weight would wrap around.",
    },
    CodeEntry {
        code: "QC045",
        title: "A register's value fits a state word",
        explanation: "Thresholds and biases are compared with or added to state words. If the \
                      largest mantissa with the largest exponent has more bits than a state word \
                      holds beside its sign, part of the register's range could never matter.",
    },
    CodeEntry {
        code: "QC046",
        title: "Regions lie inside the chip and leave room for cores",
        explanation: "`mesh.regions` speaks of the tiles of one chip, counted from its north-west \
                      corner. Some tile must be left that holds a core.",
    },
    CodeEntry {
        code: "QC047",
        title: "Regions do not overlap",
        explanation: "A tile holds one thing: cores of one kind, I/O, or nothing. Two regions that \
                      speak of the same tile leave open which of them holds.",
    },
    CodeEntry {
        code: "QC048",
        title: "Core types are known by name",
        explanation: "`mesh.core_type` and the regions name entries of `core_types`. A file with \
                      several core types must say which one fills the tiles that no region speaks \
                      of.",
    },
    CodeEntry {
        code: "QC049",
        title: "The host port lies on the board",
        explanation: "`host.port` is the tile where the host's packets enter and leave the mesh; \
                      with several chips, columns and rows are counted over the whole board.",
    },
    CodeEntry {
        code: "QC050",
        title: "The host port is an I/O tile where the chip has some",
        explanation: "If a region holds I/O tiles, the host enters there and nowhere else: routers \
                      of other tiles have no port for it.",
    },
    CodeEntry {
        code: "QC051",
        title: "Tree multicast has room for whole packets",
        explanation: "A packet that branches along a tree holds one output while it waits for \
                      another. Without room for the whole packet in one buffer, two such packets \
                      can wait for each other for ever; with it (virtual cut-through) they cannot.",
    },
    CodeEntry {
        code: "QC052",
        title: "A torus has two virtual channels",
        explanation: "The rings of a torus close circles of buffers that wait for each other. The \
                      known way out is a dateline: packets change to a second virtual channel \
                      where they cross it. Routers without a clock have one channel; routes by table \
                      need no dateline.",
    },
    CodeEntry {
        code: "QC053",
        title: "Mixed XY and YX routing has two virtual channels",
        explanation: "XY packets and YX packets together take all eight turns, which closes \
                      circles of waiting buffers. Each kind needs a channel class of its own.",
    },
    CodeEntry {
        code: "QC054",
        title: "A price lies between its bounds",
        explanation: "`spread: range(low_pj, high_pj)` bounds the nominal energy. Where nobody has \
                      said how far off the figure may be, write `spread: unknown`.",
    },
    CodeEntry {
        code: "QC055",
        title: "A core prices and times updates or instructions, never both",
        explanation: "A core with fixed programs prices a whole update as inactive, active or \
                      spiking; a programmable core prices each instruction. With both, every \
                      update would be paid twice.",
    },
    CodeEntry {
        code: "QC056",
        title: "A packet has at most 64 flits",
        explanation: "A link narrower than a packet sends it in several flits. More than 64 is \
                      nearly always a width in bytes instead of bits.",
    },
    CodeEntry {
        code: "QC057",
        title: "Links that the board has are described",
        explanation: "More than one column needs `east_west` links, more than one row \
                      `north_south` links, more than one chip `chip_edge` links. A missing class \
                      would make hops that take no time.",
    },
    CodeEntry {
        code: "QC060",
        title: "A barrier table begins at one tile",
        explanation: "A program may use a single tile; the table must say how long the barrier \
                      takes then.",
    },
    CodeEntry {
        code: "QC061",
        title: "The barrier table should reach the whole board",
        explanation: "Beyond its last entry a barrier table is constant, which flatters large \
                      programs. Add an entry for the whole board, marked as assumed if it is.",
    },
    CodeEntry {
        code: "QC062",
        title: "A memory is no larger than the whole it is a part of",
        explanation: "`memory_bits` is the memory that synapses and state share on cores that \
                      divide it freely; each part has a limit of its own, which cannot exceed the \
                      whole.",
    },
    CodeEntry {
        code: "QC064",
        title: "A register feeds a parameter of a legal program",
        explanation: "Registers are named by the parameter of the neuron program that they feed. A \
                      register that feeds none is a slip of spelling: the parameter that it was \
                      meant for would go without a limit.",
    },
    CodeEntry {
        code: "QC066",
        title: "One compartment's axons fit the core's table",
        explanation: "`fan_out` limits the axon-out entries of one compartment; the core's table \
                      of `axons_out` entries serves all its compartments.",
    },
    CodeEntry {
        code: "QC067",
        title: "State memory holds a word for each compartment",
        explanation: "Where a core fixes the width of a state word, its state memory must hold one \
                      for every compartment.",
    },
    CodeEntry {
        code: "QC068",
        title: "Widths of on-chip learning are within what rules are computed in",
        explanation: "Traces have 1 to 16 bits, tags up to 16, the learning accumulator 2 to 32, a \
                      product's mantissa 2 to 16 with its sign; exponents lie from -32 to 32, \
                      smallest first; an epoch has 1 to 65,535 steps. A limit that the chip does \
                      not have is left out.",
    },
    CodeEntry {
        code: "QC069",
        title: "The learning accumulator holds a weight",
        explanation: "Changes are added to the weight in `learning.accumulator_bits`, whose bits \
                      beyond the widest weight and its sign are fraction. An accumulator that is \
                      narrower than a weight could not hold it.",
    },
    CodeEntry {
        code: "QC070",
        title: "The program is not among the shipped ones",
        explanation: "A core may run a program of your own: give its text with the network. If \
                      that was not meant, the name is misspelt.",
    },
    CodeEntry {
        code: "QC080",
        title: "a fault names a part that is not there",
        explanation: "Dead cores are named by number, dead routers by their tile, and links by a \
                      tile and the side on which its neighbour lies. All of them must be on the \
                      board, and the router of the host's port must work.",
    },
    CodeEntry {
        code: "QC081",
        title: "a fault's share lies outside 0 to 1",
        explanation: "`packet_loss` is the share of packets that get lost, from 0 to below 1. The \
                      `speed` of a slow link is the share of its speed that is left, from one \
                      millionth to below 1; a link without any is a dead one.",
    },
    CodeEntry {
        code: "QC082",
        title: "more faults are drawn than there are parts",
        explanation: "`drawn_links`, `drawn_routers` and `drawn_cores` say how many parts the \
                      seed of a run breaks. The board must have as many; the host's router is \
                      never drawn.",
    },
    CodeEntry {
        code: "QC083",
        title: "packets are dropped only with multicast by table",
        explanation: "Routers that drop a packet after it has waited too long are those of chips \
                      with multicast tables. With copies or trees a packet waits until it can go \
                      on, and a timestep ends when all have arrived.",
    },
    CodeEntry {
        code: "QC084",
        title: "branching packets do not go with classes of channels",
        explanation: "A torus with dimension-order routes, and a mix of XY and YX routes, are \
                      free of deadlock because packets keep to classes of virtual channels. One \
                      packet that branches would have to be in several classes at once. Routes \
                      by table need no classes.",
    },
    CodeEntry {
        code: "QC085",
        title: "the board is too large for a route table",
        explanation: "A route table holds an entry for every pair of tiles, so it grows with the \
                      square of the board. Dimension-order routes need no table.",
    },
    CodeEntry {
        code: "QC086",
        title: "xy_yx routing is for a mesh",
        explanation: "XY-YX routing keeps XY and YX packets in classes of virtual channels of \
                      their own; a torus needs classes for packets before and after its wrap \
                      links. A router does one of the two.",
    },
    CodeEntry {
        code: "QC087",
        title: "Join operations are named once",
        explanation: "`joins.ops` lists how the compartments of one neuron may put their outputs \
                      together: add, max, min, or, and, pass. A core whose compartments are \
                      neurons of their own leaves `joins` out.",
    },
    CodeEntry {
        code: "QC088",
        title: "A joined neuron has two compartments or more",
        explanation: "`joins.depth` is the most compartments from the innermost to the outermost \
                      of a neuron. Joining takes two.",
    },
    CodeEntry {
        code: "QC090",
        title: "The value is checked, but nothing reads it yet",
        explanation: "The schema is ahead of the tools: the value is read and checked, but no \
                      compiler pass, engine or report uses it in this version. Changing it changes \
                      no result.",
    },
    CodeEntry {
        code: "QC091",
        title: "A time is not modelled",
        explanation: "The file gives no time for this stage, so it takes none, and every result \
                      that would depend on it says `not modelled`. Give a figure with its source, \
                      marked as assumed if it is.",
    },
    CodeEntry {
        code: "QC092",
        title: "An energy or a static power is not modelled",
        explanation: "The file gives no price for these events; they are counted, and reports \
                      print `not modelled` for their energy, never 0.",
    },
];
