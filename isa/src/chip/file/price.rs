//! Prices, static power and area as the chip file writes them.

use serde::Deserialize;

use super::super::Standing;

/// The energy of one event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceFile {
    /// Nominal energy.
    pub energy_pj: f64,
    /// How far the true energy may lie from the nominal one.
    pub spread: Spread,
    /// Where the figure comes from.
    pub source: String,
    /// What the figure rests on.
    pub standing: Standing,
    /// How the price follows parameters of the chip.
    #[serde(default)]
    pub scaling: Vec<ScalingLaw>,
}

/// How far the true figure may lie from the nominal one.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Spread {
    /// Nobody has said.
    Unknown,
    /// Between two bounds.
    Range {
        /// Lower bound.
        low_pj: f64,
        /// Upper bound.
        high_pj: f64,
    },
}

/// A law by which a figure follows a parameter: figure x (new / old)^exponent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalingLaw {
    /// Path of the parameter in the chip file.
    pub parameter: String,
    /// The exponent.
    pub exponent: f64,
    /// Where the law comes from.
    pub source: String,
}

/// Power that flows whatever happens; a part that is missing is not modelled.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaticPowerFile {
    /// Each powered core.
    pub core: Option<PowerFigure>,
    /// Each powered chip, beside its cores.
    pub chip: Option<PowerFigure>,
    /// The host processor.
    pub host: Option<PowerFigure>,
}

/// A power.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerFigure {
    /// The power.
    pub power_mw: f64,
    /// Where the figure comes from.
    pub source: String,
    /// What the figure rests on.
    pub standing: Standing,
    /// How the figure follows parameters of the chip.
    #[serde(default)]
    pub scaling: Vec<ScalingLaw>,
}

/// Silicon area; a part that is missing is not modelled.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AreaFile {
    /// One core.
    pub core: Option<AreaFigure>,
    /// The whole die.
    pub die: Option<AreaFigure>,
    /// One KiB of SRAM.
    pub sram_kib: Option<AreaFigure>,
    /// One router.
    pub router: Option<AreaFigure>,
}

/// An area.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaFigure {
    /// The area.
    pub area_mm2: f64,
    /// Where the figure comes from.
    pub source: String,
    /// What the figure rests on.
    pub standing: Standing,
    /// How the figure follows parameters of the chip.
    #[serde(default)]
    pub scaling: Vec<ScalingLaw>,
}
