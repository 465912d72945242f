//! What a run leaves: the record, the summary on screen and as JSON, the run folder.
//!
//! A [`RunRecord`] holds counts and times in integers; a [`RunReport`] is a record with prices. So
//! a run can be priced again without being run again.

mod codes;
pub mod figures;
#[cfg(test)]
mod fixture;
mod folder;
mod html;
mod human;
mod manifest;
mod overload;
mod picture;
pub mod plot;
mod record;
mod summary;

pub use codes::CODES;
pub use folder::{
    Existing, RunFolder, SpikeRow, StoredRun, load_activity, load_run, write_links, write_packets,
};
pub use html::render_html;
pub use manifest::{
    Assumption, HostSection, Manifest, RUN_FORMAT, RUN_VERSION, Settings, Source, parse_manifest,
};
pub use overload::Overload;
pub use picture::{PlacementMarks, draw_mesh, draw_placement};
pub use record::{
    BoundTime, Layer, LinkQueue, LinkUse, ResourceUse, RunFacts, RunRecord, TimeRecord,
};
pub use summary::{
    BoundShare, EnergyReport, KindReport, LastPacket, LatencyBucket, LatencyReport, LayerReport,
    LinkReport, NotModelled, OverloadReport, PathLeg, Prices, Range, ResourceShare, RunReport,
    SUMMARY_VERSION, StepReport, Totals, Wait,
};
