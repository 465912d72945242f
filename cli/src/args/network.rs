//! Arguments of `mesh`: the network of a chip alone.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ChipArgs, SEED};

/// Which timing model runs the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PacketTiming {
    /// One record per packet.
    Queue,
    /// Flit by flit.
    Cycle,
}

/// Arguments of `mesh`.
#[derive(Clone, Debug, Args)]
pub struct MeshArgs {
    /// Which chip.
    #[command(flatten)]
    pub chip: ChipArgs,
    /// Who sends to whom: uniform, transpose, bit-complement, hotspot (a fifth of the packets to
    /// four cores), bursts (uniform, all at once), or a trace: a .csv of
    /// `time_ps,source,destination,flits` or `cycle,source,destination,flits`.
    #[arg(long, value_name = "PATTERN|FILE", default_value = "uniform")]
    pub traffic: String,
    /// Offered loads in flits per core and cycle, 0 to 1: a list (0.1,0.2) or from:to:step
    /// [default: around saturation].
    #[arg(long, visible_alias = "rate", value_name = "LIST|FROM:TO:STEP")]
    pub rates: Option<String>,
    /// Timing model.
    #[arg(long, value_enum, default_value_t = PacketTiming::Queue)]
    pub timing: PacketTiming,
    /// Cycles that are measured, after half as many to warm up [default: by the size of the mesh].
    #[arg(long, value_name = "N")]
    pub cycles: Option<u64>,
    /// Packets of each core, with bursts [default: 16].
    #[arg(long, value_name = "N")]
    pub burst: Option<u32>,
    /// Flits of a packet, but for traces.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub flits: u32,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u32,
    /// Worker threads [default: all]; changes no byte of a result.
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Draw the latency curve (of bursts and traces: the latencies) into this file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the links between tiles here, as a table (.csv): packets, flits, busy share, queues;
    /// of steady loads at saturation.
    #[arg(long, value_name = "FILE")]
    pub links: Option<PathBuf>,
    /// Draw the board with its links, wider the more they carry, into this file (SVG).
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Write the packets of a burst or trace link by link here, as a table (.csv).
    #[arg(long, value_name = "FILE")]
    pub packets: Option<PathBuf>,
}
