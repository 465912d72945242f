//! Joins: how the compartments of one neuron put their outputs together.
//!
//! A neuron may be a tree of compartments. Each hands its `output` to the one that joins it, later
//! in the same update loop; that one reads the outputs of its children as a single value.

use serde::{Deserialize, Serialize};

use crate::delivery::Overflow;
use crate::neuron::InputDecl;
use crate::neuron::meaning::{WrapShape, wrap};

/// How several outputs become one value.
///
/// # Source
/// Davies et al., IEEE Micro 38(1), 2018: the join operations of a Loihi neuron's compartments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinOp {
    /// Their sum.
    Add,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// 1 where any is not zero, else 0.
    Or,
    /// 1 where none is zero, else 0.
    And,
    /// The only one, as it is.
    Pass,
}

impl JoinOp {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Add, Self::Max, Self::Min, Self::Or, Self::And, Self::Pass];

    /// Its name, as files have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Max => "max",
            Self::Min => "min",
            Self::Or => "or",
            Self::And => "and",
            Self::Pass => "pass",
        }
    }

    /// Whether it joins so many compartments.
    #[must_use]
    pub const fn joins(self, compartments: usize) -> bool {
        match self {
            Self::Pass => compartments == 1,
            _ => compartments >= 1,
        }
    }

    /// The value that a neuron program reads as `decl`: the outputs put together exactly, then
    /// wrapped or saturated once, so that their order does not matter.
    #[must_use]
    pub fn join(self, outputs: impl Iterator<Item = i32>, decl: &InputDecl) -> i32 {
        let mut outputs = outputs.map(i64::from);
        let value = match self {
            Self::Add => outputs.sum(),
            Self::Max => outputs.max().unwrap_or(0),
            Self::Min => outputs.min().unwrap_or(0),
            Self::Or => i64::from(outputs.any(|output| output != 0)),
            Self::And => i64::from(outputs.all(|output| output != 0)),
            Self::Pass => outputs.next().unwrap_or(0),
        };
        let range = decl.width.range();
        let settled = match decl.overflow {
            _ if range.contains(value) => value,
            Overflow::Saturate => value.clamp(range.low, range.high),
            Overflow::Wrap if decl.width.signed => wrap(value, decl.width.bits, WrapShape::Low),
            Overflow::Wrap => value & range.high,
        };
        // A declared width has at most 32 bits.
        settled as i32
    }
}

#[cfg(test)]
mod tests {
    use super::JoinOp;
    use crate::delivery::Overflow;
    use crate::neuron::{InputDecl, Width};

    fn joined(op: JoinOp, outputs: &[i32], bits: u32, signed: bool, overflow: Overflow) -> i32 {
        let decl = InputDecl { name: "d".into(), width: Width { bits, signed }, overflow };
        op.join(outputs.iter().copied(), &decl)
    }

    #[test]
    fn joins_settle_once_into_the_declared_width() {
        let of = |op, outputs: &[i32]| joined(op, outputs, 8, true, Overflow::Saturate);
        assert_eq!(of(JoinOp::Add, &[100, 100, -90]), 110, "no saturation in between");
        assert_eq!(of(JoinOp::Add, &[100, 100]), 127);
        assert_eq!(of(JoinOp::Add, &[i32::MIN, i32::MIN]), -128);
        assert_eq!(joined(JoinOp::Add, &[100, 100], 8, true, Overflow::Wrap), -56);
        assert_eq!(joined(JoinOp::Add, &[-1, 3, 255], 8, false, Overflow::Wrap), 1);
        assert_eq!(joined(JoinOp::Pass, &[-1], 8, false, Overflow::Saturate), 0);
        assert_eq!((of(JoinOp::Max, &[-3, 5]), of(JoinOp::Min, &[-3, 5])), (5, -3));
        assert_eq!((of(JoinOp::Or, &[0, -7]), of(JoinOp::Or, &[0, 0])), (1, 0));
        assert_eq!((of(JoinOp::And, &[2, -7]), of(JoinOp::And, &[2, 0])), (1, 0));
        assert!(JoinOp::Pass.joins(1) && !JoinOp::Pass.joins(2) && !JoinOp::Add.joins(0));
    }
}
