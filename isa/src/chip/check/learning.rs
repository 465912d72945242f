//! Rules on on-chip learning.

use super::super::Learning;
use super::super::file::{CoreTypeFile, LearningFile};
use super::counts;
use super::findings::Findings;

/// Widths that rules are computed in, each within what the arithmetic takes.
pub(super) fn check(
    path: &str,
    file: &CoreTypeFile,
    learning: &LearningFile,
    found: &mut Findings,
) -> Learning {
    let LearningFile {
        trace_bits,
        trace_configurations,
        tag_bits,
        accumulator_bits,
        epoch_max,
        products,
        mantissa_bits,
        exponent_min,
        exponent_max,
        product_bits,
    } = *learning;
    let limits = [
        ("trace_bits", i64::from(trace_bits), (1, 16)),
        ("trace_configurations", trace_configurations.into(), (1, 1 << 16)),
        ("tag_bits", tag_bits.into(), (0, 16)),
        ("accumulator_bits", accumulator_bits.into(), (2, 32)),
        ("epoch_max", epoch_max.into(), (1, 65_535)),
        ("products", products.unwrap_or(1).into(), (1, 1 << 16)),
        ("mantissa_bits", mantissa_bits.into(), (2, 16)),
        ("exponent_min", exponent_min.into(), (-32, 32)),
        ("exponent_max", exponent_max.into(), (exponent_min.into(), 32)),
        ("product_bits", product_bits.unwrap_or(1).into(), (1, 60)),
    ];
    for (field, value, limits) in limits {
        let place = format!("{path}.learning.{field}");
        counts::within(found, "QC068", &place, value, limits);
    }
    let widest = file.weights.widths.last().copied().unwrap_or(0);
    if accumulator_bits <= widest {
        let place = format!("{path}.learning.accumulator_bits");
        let message = format!(
            "`{place}` is {accumulator_bits}, but a weight of {widest} bits and its sign must fit"
        );
        let places = (place.as_str(), &*format!("{path}.weights.widths"));
        found.clash("QC069", places, message, "raise the accumulator or drop the widest weights");
    }
    Learning {
        trace_bits,
        trace_configurations,
        tag_bits,
        accumulator_bits,
        epoch_max,
        products,
        mantissa_bits,
        exponent_min,
        exponent_max,
        product_bits,
    }
}
