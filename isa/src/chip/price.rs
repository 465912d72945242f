//! Prices, static power and area of a chip, each with its source and standing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::EventKind;
use crate::quantity::{Attojoules, Picowatts};

/// What a figure rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Read off silicon.
    Measured,
    /// Printed by the chip's makers.
    Published,
    /// Fitted to measurements; the source says to which.
    Fitted,
    /// Our assumption; the source says from what.
    Assumed,
}

/// The energy of one event, with its doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Nominal energy of one event.
    pub nominal: Attojoules,
    /// Lower and upper bound; `None` where the spread is unknown.
    pub bounds: Option<(Attojoules, Attojoules)>,
    /// What the figure rests on.
    pub standing: Standing,
    /// Where the figure comes from.
    pub source: String,
}

/// Price by event kind; a kind that is missing is not modelled.
pub type PriceTable = BTreeMap<EventKind, Price>;

/// Power that flows whatever happens; a part that the file does not give is not modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticPower {
    /// Each powered core.
    pub core: Option<Picowatts>,
    /// Each powered chip, beside its cores.
    pub chip: Option<Picowatts>,
    /// The host processor.
    pub host: Option<Picowatts>,
}

/// Silicon area, where the file gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// One core, in square millimetres.
    pub core_mm2: Option<f64>,
    /// The whole die, in square millimetres.
    pub die_mm2: Option<f64>,
    /// One KiB of SRAM, in square millimetres.
    pub sram_kib_mm2: Option<f64>,
    /// One router, in square millimetres.
    pub router_mm2: Option<f64>,
}
