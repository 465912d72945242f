//! Pure pricing: counts and powered time to energy.
//!
//! Parts sum to the whole exactly, because everything is integer attojoules; decimals appear only
//! on the screen.

use serde::{Deserialize, Serialize};

use crate::chip::{PriceTable, StaticPower};
use crate::event::{Category, EventCounts, EventKind, Phase};
use crate::quantity::{Attojoules, Picoseconds};

/// An energy with its bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Energy {
    /// From the lower bounds of the prices.
    pub low: Attojoules,
    /// From the nominal prices.
    pub nominal: Attojoules,
    /// From the upper bounds of the prices.
    pub high: Attojoules,
}

impl Energy {
    /// An energy without spread.
    #[must_use]
    pub fn exact(energy: Attojoules) -> Self {
        Self { low: energy, nominal: energy, high: energy }
    }

    fn times(self, events: u64) -> Self {
        let events = u128::from(events);
        Self {
            low: Attojoules(self.low.0 * events),
            nominal: Attojoules(self.nominal.0 * events),
            high: Attojoules(self.high.0 * events),
        }
    }
}

impl std::ops::Add for Energy {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            nominal: self.nominal + other.nominal,
            high: self.high + other.high,
        }
    }
}

impl std::iter::Sum for Energy {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |total, item| total + item)
    }
}

/// One kind of event, counted and priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedKind {
    /// The kind.
    pub kind: EventKind,
    /// How many.
    pub events: u64,
    /// Their energy; `None` where the chip file gives no price: not modelled.
    pub energy: Option<Energy>,
    /// Whether the price states its bounds.
    pub bounded: bool,
}

/// How long how much of the hardware was powered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Powered {
    /// Simulated time.
    pub time: Picoseconds,
    /// Powered cores.
    pub cores: u32,
    /// Powered chips.
    pub chips: u32,
}

/// The energy of a run or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnergyBill {
    /// Every kind that was counted.
    pub kinds: Vec<PricedKind>,
    /// Static energy of cores and chips; `None` where the chip file gives no static power.
    pub static_power: Option<Energy>,
    /// Energy of the host: its events and its power; `None` where nothing of it is priced.
    pub host: Option<Energy>,
}

/// Prices counted events and powered time.
#[must_use]
pub fn price_counts(
    counts: &EventCounts,
    powered: Powered,
    prices: &PriceTable,
    power: &StaticPower,
) -> EnergyBill {
    let kinds: Vec<PricedKind> = counts
        .iter()
        .filter(|&(_, events)| events > 0)
        .map(|(kind, events)| price_kind(kind, events, prices))
        .collect();
    let host_power = power.host.map(|host| Energy::exact(host.over(powered.time)));
    let host_events: Vec<Energy> = kinds
        .iter()
        .filter(|priced| !priced.kind.category().is_network())
        .filter_map(|priced| priced.energy)
        .collect();
    let host = (host_power.is_some() || !host_events.is_empty())
        .then(|| host_events.into_iter().chain(host_power).sum());
    let cores = power.core.map(|core| core.over(powered.time).0 * u128::from(powered.cores));
    let chips = power.chip.map(|chip| chip.over(powered.time).0 * u128::from(powered.chips));
    let static_power = (cores.is_some() || chips.is_some())
        .then(|| Energy::exact(Attojoules(cores.unwrap_or(0) + chips.unwrap_or(0))));
    EnergyBill { kinds, static_power, host }
}

fn price_kind(kind: EventKind, events: u64, prices: &PriceTable) -> PricedKind {
    let price = prices.get(&kind);
    let energy = price.map(|price| {
        let (low, high) = price.bounds.unwrap_or((price.nominal, price.nominal));
        Energy { low, nominal: price.nominal, high }.times(events)
    });
    PricedKind { kind, events, energy, bounded: price.is_some_and(|p| p.bounds.is_some()) }
}

impl EnergyBill {
    /// Energy of the network: every priced event but what the host does and orders.
    #[must_use]
    pub fn network(&self) -> Energy {
        self.sum(|kind| kind.category().is_network())
    }

    /// Network and static energy.
    #[must_use]
    pub fn with_static(&self) -> Energy {
        self.network() + self.static_power.unwrap_or_default()
    }

    /// Network, static and host energy.
    #[must_use]
    pub fn with_host(&self) -> Energy {
        self.with_static() + self.host.unwrap_or_default()
    }

    /// Energy of one category; `None` where nothing of it was counted and priced.
    #[must_use]
    pub fn category(&self, category: Category) -> Option<Energy> {
        self.part(|kind| kind.category() == category)
    }

    /// Energy of one phase of the timestep; `None` where nothing of it was counted and priced.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> Option<Energy> {
        self.part(|kind| kind.phase() == phase)
    }

    /// Kinds that were counted and that the chip file does not price.
    pub fn not_modelled(&self) -> impl Iterator<Item = &PricedKind> {
        self.kinds.iter().filter(|priced| priced.energy.is_none())
    }

    fn sum(&self, belongs: impl Fn(EventKind) -> bool) -> Energy {
        self.part(belongs).unwrap_or_default()
    }

    fn part(&self, belongs: impl Fn(EventKind) -> bool) -> Option<Energy> {
        self.kinds
            .iter()
            .filter(|priced| belongs(priced.kind))
            .filter_map(|priced| priced.energy)
            .reduce(|total, energy| total + energy)
    }
}
