//! Time: from an activity record and a chip to picoseconds.
//!
//! Every timing model reads the record and the chip and nothing else, so a stored run can be timed
//! again. [`Traffic`] expands a record into packets on their routes, once, for the timing model and
//! the ledger alike.

mod count;
mod traffic;

pub use count::CountModel;
pub use traffic::{Origin, Packet, Traffic};
