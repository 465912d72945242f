//! Codes of the diagnostics about fabrics and traffic.

use quarrion_isa::diagnostic::CodeEntry;

/// A router has more buffers than the timing models' masks hold.
pub const TOO_MANY_LANES: &str = "QE101";
/// A fabric contradicts itself.
pub const BAD_FABRIC: &str = "QE102";
/// A packet contradicts the fabric.
pub const BAD_TRAFFIC: &str = "QE103";
/// The channel dependency graph has a cycle.
pub const DEADLOCK_POSSIBLE: &str = "QE104";
/// The routing cannot be used on this fabric.
pub const BAD_ROUTING: &str = "QE105";
/// No route leads to a destination.
pub const NO_ROUTE: &str = "QE106";

/// A multicast tree cannot be used.
pub const BAD_TREE: &str = "QE107";

/// Explanations of the mesh's codes.
pub const CODES: &[CodeEntry] = &[
    CodeEntry {
        code: TOO_MANY_LANES,
        title: "a router holds at most 64 buffers",
        explanation: "The queue and cycle models keep the state of a router in 64-bit masks with \
                      one bit for each input buffer: ports times virtual channels. Use fewer \
                      virtual channels or fewer cores per tile.",
    },
    CodeEntry {
        code: BAD_FABRIC,
        title: "the network description contradicts itself",
        explanation: "Each router port carries at most one link in each direction, periods and \
                      buffers are at least one, and every core has a link in and a link out in \
                      every physical plane.",
    },
    CodeEntry {
        code: BAD_TRAFFIC,
        title: "a packet does not fit the network",
        explanation: "Source and destination must exist, a packet has at least one flit, and with \
                      virtual cut-through every buffer on its way holds the whole packet.",
    },
    CodeEntry {
        code: DEADLOCK_POSSIBLE,
        title: "packets could wait for each other in a ring",
        explanation: "A channel depends on the next one of every route through it. When these \
                      dependencies close a ring, a full ring of packets can never move again. \
                      Dimension order is free of rings on a mesh; a torus needs two classes of \
                      virtual channels, and so does a mix of x-first and y-first routes.",
    },
    CodeEntry {
        code: BAD_ROUTING,
        title: "the routing cannot be used on this network",
        explanation: "x-first, y-first and mixed routing need a grid; a torus and mixed routing \
                      need two virtual channels, and the two do not combine; tree multicast needs \
                      virtual cut-through with buffers of at least the longest packet.",
    },
    CodeEntry {
        code: NO_ROUTE,
        title: "no working route leads to a destination",
        explanation: "Every way from the source to the destination crosses a dead link or a dead \
                      router, or the route table has no entry. Place the two cores elsewhere or \
                      use table routing around the dead parts.",
    },
    CodeEntry {
        code: BAD_TREE,
        title: "a multicast tree cannot be used",
        explanation: "A packet that branches holds its buffer until the last copy has left, so it \
                      needs virtual cut-through with buffers of at least the longest packet; \
                      wormhole routers would hold some outputs while they wait for others. The \
                      tree starts at its source's router, follows working links and ends in \
                      ports. Only the queue model times trees and drops.",
    },
];
