//! The arithmetic's corner cases; recorded vectors are compared in `tests/neuron`.

use super::weight::{WeightRounding, WeightRule};
use super::{Delivery, DeliverySettings, Overflow, Scaling, SynapseMode, nearest};
use crate::chip::SignMode;
use crate::neuron::NeuronProgram;

fn settings(scaling: Scaling, exponent: i32, overflow: Overflow) -> DeliverySettings {
    DeliverySettings {
        exponent,
        input_shift: 6,
        scaling,
        contribution_bits: None,
        accumulator_bits: 18,
        overflow,
        synapse: SynapseMode::Plain,
    }
}

#[test]
fn a_plain_shift_and_one_settling_equal_the_step_by_step_sum() {
    let mut compared = 0;
    for scaling in [Scaling::EachDown, Scaling::EachNearest, Scaling::Sum] {
        for exponent in -8..=7 {
            let delivery =
                Delivery::check(settings(scaling, exponent, Overflow::Wrap)).expect("legal");
            let Some(shift) = delivery.plain_shift() else { continue };
            let (mut slow, mut fast) = (0_i32, 0_i32);
            for index in 0..3000_i32 {
                let weight = index * 7919 % 512 - 200;
                slow = delivery.accumulate(slow, delivery.contribution(weight, 1));
                fast = fast.wrapping_add(weight.wrapping_shl(shift));
                assert_eq!(delivery.settle(slow), delivery.settle(fast));
                compared += 1;
            }
        }
    }
    assert!(compared > 20_000);
}

#[test]
fn the_order_of_scaling_and_summing_matters_below_one() {
    let of = |scaling| Delivery::check(settings(scaling, -3, Overflow::Wrap)).expect("legal");
    let sum = |delivery: Delivery| {
        let each = [7, 7, -1].map(|weight| delivery.contribution(weight, 1));
        let sum = each.iter().fold(0, |sum, each| delivery.accumulate(sum, *each));
        delivery.settle(sum)
    };
    assert_eq!(sum(of(Scaling::EachDown)), -64);
    assert_eq!(sum(of(Scaling::EachNearest)), 2 * 64);
    assert_eq!(sum(of(Scaling::Sum)), 64);
}

#[test]
fn saturation_depends_on_the_order_and_never_wraps() {
    let delivery =
        Delivery::check(settings(Scaling::EachDown, 7, Overflow::Saturate)).expect("legal");
    assert!(!delivery.commutes());
    let up = delivery.contribution(i32::MAX, i32::MAX);
    let down = delivery.contribution(i32::MIN, i32::MAX);
    assert_eq!(delivery.accumulate(delivery.accumulate(0, up), -64), (1 << 17) - 1 - 64);
    assert_eq!(delivery.accumulate(delivery.accumulate(0, down), 64), -(1 << 17) + 64);
}

#[test]
fn a_stochastic_synapse_adds_its_sign_where_the_weight_reaches_the_draw() {
    let mut stochastic = settings(Scaling::EachDown, 0, Overflow::Wrap);
    stochastic.synapse = SynapseMode::Stochastic { bits: 8 };
    let delivery = Delivery::check(stochastic).expect("legal");
    let drawn = |weight, draw: u32| delivery.drawn_weight(weight, draw << 24);
    assert_eq!((drawn(5, 5), drawn(5, 6), drawn(-5, 5), drawn(-5, 6)), (1, 0, -1, 0));
    assert_eq!((delivery.draws(), delivery.plain_shift()), (1, None));
}

#[test]
fn nearest_rounds_ties_to_even() {
    let rounded = [-12, -10, -6, -4, -3, -2, -1, 1, 2, 3, 4, 6, 10].map(|x| nearest(x, 2));
    assert_eq!(rounded, [-3, -2, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 2]);
}

#[test]
fn a_stored_delivery_is_checked_when_it_is_read() {
    let mut wide = settings(Scaling::Sum, 20, Overflow::Wrap);
    let stored = postcard::to_stdvec(&wide).expect("writes");
    assert!(postcard::from_bytes::<Delivery>(&stored).is_err());
    wide.exponent = 2;
    let stored = postcard::to_stdvec(&wide).expect("writes");
    assert_eq!(postcard::from_bytes(&stored), Ok(Delivery::check(wide).expect("legal")));
}

#[test]
fn settings_beyond_the_arithmetic_are_refused_with_their_code() {
    let good = settings(Scaling::EachDown, 0, Overflow::Wrap);
    let code = |settings| Delivery::check(settings).map_err(|found| found.code);
    for wrong in [
        DeliverySettings { exponent: 33, ..good },
        DeliverySettings { exponent: -33, ..good },
        DeliverySettings { input_shift: 32, ..good },
        DeliverySettings { accumulator_bits: 1, ..good },
        DeliverySettings { accumulator_bits: 33, ..good },
        DeliverySettings { contribution_bits: Some(6), ..good },
        DeliverySettings { contribution_bits: Some(32), ..good },
        DeliverySettings { synapse: SynapseMode::Stochastic { bits: 0 }, ..good },
    ] {
        assert_eq!(code(wrong).err(), Some("QP040"), "{wrong:?}");
    }
    let wide =
        DeliverySettings { accumulator_bits: 30, ..settings(Scaling::Sum, 2, Overflow::Wrap) };
    assert_eq!(code(wide).err(), Some("QP041"));
    let weight = |bits, sign| WeightRule::check(bits, 8, sign, WeightRounding::Down);
    assert!(weight(9, SignMode::Mixed).is_ok() && weight(8, SignMode::Excitatory).is_ok());
    for (bits, sign) in [(0, SignMode::Mixed), (10, SignMode::Mixed), (9, SignMode::Inhibitory)] {
        let code = weight(bits, sign).map_err(|found| found.code);
        assert_eq!(code.err(), Some("QP043"), "{bits} {sign:?}");
    }
}

#[test]
fn an_input_too_narrow_for_what_is_delivered_is_refused() {
    let delivery =
        Delivery::check(settings(Scaling::EachDown, 0, Overflow::Wrap)).expect("legal settings");
    let input = |bits: u32| {
        let text = format!(
            "program narrow\ninput a: s{bits} wrap\nstate v: s24 = 0\nv = clip(a, -9, 9)\n"
        );
        let program = NeuronProgram::parse(&text, "narrow").expect("a program");
        delivery.check_input(&program.inputs()[0], "narrow").map_err(|found| found.code)
    };
    assert_eq!(input(18), Ok(()));
    assert_eq!(input(17).err(), Some("QP042"));
}
