//! Numbers as a chip's registers hold them: mantissa x 2^exponent inside the program's range.

use quarrion_isa::chip::Register;
use quarrion_isa::neuron::ParameterDecl;

/// The largest value that a parameter can take.
pub(super) fn largest(declared: &ParameterDecl, register: Option<&Register>) -> i64 {
    let held = register.map_or(i64::MAX, |register| {
        register.mantissa_max() << register.exponent_max.min(62 - register.bits.min(61))
    });
    held.min(declared.range.high)
}

/// The nearest value to `wanted` that the register holds; `None` where none is near: the value is
/// beyond the register by more than its coarsest step.
pub(crate) fn nearest(
    wanted: f64,
    declared: &ParameterDecl,
    register: Option<&Register>,
) -> Option<i64> {
    let (exponents, mantissa_max, signed) = match register {
        Some(register) => (
            register.exponent_min..=register.exponent_max,
            register.mantissa_max(),
            register.signed,
        ),
        None => (0..=0, i64::MAX, true),
    };
    exponents.into_iter().find_map(|exponent| {
        let mantissa = (wanted / (1_i64 << exponent) as f64).round();
        // Every mantissa of a register is exact in f64; a plain integer saturates.
        let mantissa = mantissa as i64;
        let legal =
            mantissa.unsigned_abs() <= mantissa_max.unsigned_abs() && (signed || mantissa >= 0);
        let value = mantissa.checked_mul(1 << exponent)?;
        (legal && declared.range.contains(value)).then_some(value)
    })
}
