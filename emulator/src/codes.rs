//! Codes of the diagnostics about runs and timing, beside the mesh's own.

use quarrion_isa::diagnostic::CodeEntry;

/// Explanations of the codes of runs and timing.
pub const CODES: &[CodeEntry] = &[
    CodeEntry {
        code: "QE021",
        title: "the packets of a timestep deadlock",
        explanation: "Packets wait for each other's buffers in a ring, so the timestep never ends. \
                      Dimension-order routing on a mesh cannot deadlock; a torus and mixed routing \
                      need two classes of virtual channels. Add virtual channels or change the \
                      routing.",
    },
    CodeEntry {
        code: "QE023",
        title: "an activity record does not fit the chip",
        explanation: "A stored record is timed again on a chip with the cores that it names. It \
                      was written for other cores, by another build, or it is damaged.",
    },
    CodeEntry {
        code: "QE024",
        title: "the network cannot be timed alone",
        explanation: "Loads are flits per core and cycle, where a cycle is the routers' clock \
                      period or, without a clock, what a flit takes of a link. The chip file \
                      gives zero for every link: its times of the network were never published. \
                      Give the links' `occupancy_ns` and `latency_ns`.",
    },
    CodeEntry {
        code: "QE025",
        title: "a run cannot be timed again on that chip",
        explanation: "A stored run says what was computed and on which core. Another chip can time \
                      it if it differs in times, links, routers, service times, barrier and prices \
                      alone; with other memories, another mesh or other dead parts the network has \
                      to be mapped and run again. Where no barrier ends a timestep, or routers drop \
                      packets, time decides what is computed, and nothing can be timed again.",
    },
    CodeEntry {
        code: "QE030",
        title: "a program uses broken parts of the chip",
        explanation: "The chip file, or the seed of the run, says that a core, router or link is \
                      dead, and the program has neurons on that core or sends packets across it. \
                      Compile the network for the chip with its faults and with the same seed; \
                      routes by table lead around dead links.",
    },
    CodeEntry {
        code: "QE031",
        title: "the network of a ticking chip is never empty",
        explanation: "On a global tick, and where cores run freely, packets may stay under way \
                      when the next tick begins. Packets came faster than they went for 64 \
                      ticks, so the chip cannot keep up with its traffic.",
    },
    CodeEntry {
        code: "QE032",
        title: "learning needs packets that arrive in their timestep",
        explanation: "Learning epochs end with timesteps in which everything has arrived. Where \
                      cores run freely or routers drop packets, learning is not built. On a \
                      global tick a program that learns is run as if every packet came in time.",
    },
    CodeEntry {
        code: "QE033",
        title: "packets were lost, dropped or late",
        explanation: "The chip file loses packets, its routers drop them, or a tick was too short \
                      for packets to arrive or for a core to finish. The result of the run \
                      contains these faults; the counts say how many there were.",
    },
    CodeEntry {
        code: "QE034",
        title: "timesteps have more to do than a tick lets them",
        explanation: "Without a barrier the next timestep begins whether or not the last one's \
                      work is done. Where its updates, packets or synapse lists take longer than \
                      the tick, they run into later timesteps, and all times of the run show the \
                      tick, not the work. Lengthen the tick, spread the network over more cores, \
                      or give less input in a step.",
    },
];
