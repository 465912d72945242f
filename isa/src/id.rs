//! Typed indices: every id is a `u32` newtype, so that a core can never be used as a tile.

use serde::{Deserialize, Serialize};

/// Declares one id type over `u32`.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// Makes the id of position `index`; positions stay below 2^32 by construction.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("ids are checked against u32 where they are made"))
            }

            /// The position that this id names in a dense table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A core, counted over the whole board: chip by chip, tile by tile, core by core.
    CoreId
);
id!(
    /// A tile (a router and the cores on it), counted over the whole board, row by row.
    TileId
);
id!(
    /// A chip (a die) on the board.
    ChipId
);
id!(
    /// A directed link between two routers, or between a router and a core or host port.
    LinkId
);
id!(
    /// A compartment: one physical neuron slot of one core.
    CompartmentId
);
id!(
    /// An axon-in entry of one core.
    AxonInId
);
id!(
    /// A logical group of neurons.
    PopulationId
);
id!(
    /// A logical group of synapses between two populations.
    ProjectionId
);
id!(
    /// A compartment group of one core: compartments that share program and group parameters.
    GroupId
);
