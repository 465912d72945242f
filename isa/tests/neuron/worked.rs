//! Programs that no public tool has recorded runs of, against steps worked out by hand; and the
//! settings in which public models of Loihi 1 differ, each against a result that it changes.

use quarrion_isa::neuron::{NeuronProgram, TraceRow, library, set_parameters, trace};

/// Steps of one compartment: inputs, then state words in order of declaration and the spike.
type Step<'a> = (&'a [i64], &'a [i32], Option<i32>);

fn run(name: &str, settings: &[(&str, i64)], inputs: &[Vec<i64>]) -> Vec<TraceRow> {
    let text = library::find(name).expect("shipped").text;
    let program = NeuronProgram::parse(text, name).expect("valid");
    let parameters = set_parameters(&program, settings).expect("legal");
    trace(&program, &parameters, inputs, 7).expect("legal")
}

fn check(name: &str, settings: &[(&str, i64)], steps: &[Step<'_>]) {
    let inputs: Vec<Vec<i64>> = steps.iter().map(|step| step.0.to_vec()).collect();
    for (row, (_, state, spike)) in run(name, settings, &inputs).iter().zip(steps) {
        assert_eq!((row.state.as_slice(), row.spike), (*state, *spike), "{name} {}", row.step);
    }
}

/// The last state of a compartment with one input.
fn end(name: &str, settings: &[(&str, i64)], inputs: &[i64]) -> Vec<i32> {
    let inputs: Vec<Vec<i64>> = inputs.iter().map(|&value| vec![value]).collect();
    run(name, settings, &inputs).pop().expect("a step").state
}

/// Thresholds of 640; what is kept is halved or loses a quarter, magnitudes rounded down.
#[test]
fn leaky_neurons_do_what_was_worked_out() {
    let alif = [("dv", 2048), ("dtheta", 2048), ("vth", 10), ("theta_step", 5)];
    // u, v, theta: a spike raises the threshold by 320.
    check(
        "alif",
        &alif,
        &[
            (&[700], &[700, 0, 320], Some(1)),
            (&[700], &[700, 700, 160], None),
            (&[700], &[700, 0, 400], Some(1)),
            (&[900], &[900, 0, 520], Some(1)),
            (&[0], &[0, 0, 260], None),
        ],
    );
    // u, v: a spike takes 640 off, once a step.
    check(
        "lif_subtract",
        &[("du", 2047), ("dv", 1024), ("vth", 10)],
        &[
            (&[800], &[800, 160], Some(1)),
            (&[0], &[400, 520], None),
            (&[0], &[200, 590], None),
            (&[-400], &[-300, 142], None),
            (&[2000], &[1850, 1316], Some(1)),
        ],
    );
    // u, v, error: the second input goes to the third word only.
    check(
        "lif_error",
        &[("dv", 2048), ("de", 1024), ("vth", 10)],
        &[
            (&[700, 100], &[700, 0, 100], Some(1)),
            (&[0, -200], &[0, 0, -125], None),
            (&[300, 0], &[300, 300, -93], None),
        ],
    );
    // u, v and the step counter are cleared before step 2 and every third step from there.
    let rows = run(
        "lif_reset",
        &[("vth", 10), ("reset_interval", 3), ("first_reset", 2)],
        &vec![vec![100]; 7],
    );
    let v: Vec<i32> = rows.iter().map(|row| row.state[1]).collect();
    assert_eq!(v, [100, 200, 100, 200, 300, 100, 200]);
}

#[test]
fn integrators_do_what_was_worked_out() {
    let settings = [("vth", 10), ("vmin", -5)];
    let inputs: [&[i64]; 8] = [&[4], &[7], &[-9], &[10], &[5], &[1], &[25], &[0]];
    let check_all = |name: &str, v: [i32; 8], spikes: [bool; 8]| {
        let words: Vec<[i32; 1]> = v.iter().map(|&v| [v]).collect();
        let steps = inputs.iter().zip(&words).zip(spikes);
        let steps: Vec<Step<'_>> =
            steps.map(|((a, v), s)| (*a, v.as_slice(), s.then_some(1))).collect();
        check(name, &settings, &steps);
    };
    // Strictly above the threshold; never below the floor.
    let [no, yes] = [false, true];
    check_all("if_zero", [4, 0, -5, 5, 10, 0, 0, 0], [no, yes, no, no, no, yes, yes, no]);
    check_all("if_subtract", [4, 1, -5, 5, 10, 1, 16, 6], [no, yes, no, no, no, yes, yes, yes]);
    // sigma, act: what was sent is a multiple of four, and act holds just that.
    check(
        "sigma_delta_corrected",
        &[("vth", 8), ("state_exp", 2)],
        &[
            (&[13], &[13, 12], Some(3)),
            (&[0], &[13, 12], None),
            (&[-20], &[-7, 0], Some(-3)),
            (&[9], &[2, 0], None),
            (&[20], &[22, 20], Some(5)),
        ],
    );
}

/// Every selectable difference between models of the compartment shows in some result.
#[test]
fn each_difference_between_loihi_models_changes_a_result() {
    let quiet = ("vth", 131_071);
    // The offset bit of the current's decay loses one in 4096 more.
    let u = |offset| end("cuba_lif", &[quiet, ("du", 2047), ("du_offset", offset)], &[100_000, 0]);
    assert_eq!((u(1)[0], u(0)[0]), (50_000, 50_024));
    assert_eq!(end("cuba_lif", &[quiet, ("du", 0)], &[640, 0])[0], 639, "a decay of 0 loses one");
    // The voltage is clipped at both ends.
    let v = |settings: &[(&str, i64)], input| end("cuba_lif", settings, &[input])[1];
    assert_eq!(v(&[quiet, ("vmin", -1000)], -5000), -1000);
    assert_eq!(v(&[quiet, ("vmax", 511)], 5000), 511);
    assert_eq!((v(&[quiet], -5000), v(&[quiet], 5000)), (-5000, 5000));
    // A refractory delay of n is n - 1 dead steps.
    let spikes = |delay| {
        let settings = [("vth", 1), ("refractory_delay", delay)];
        let rows = run("cuba_lif", &settings, &vec![vec![100]; 12]);
        rows.iter().filter(|row| row.spike.is_some()).count()
    };
    assert_eq!([1, 2, 3, 4].map(spikes), [12, 6, 4, 3]);
    // The current wraps at 24 bits; in Lava the largest sum but one step survives.
    let sums = [2_097_151, 2_097_151, 2_097_151, 2_097_151, 4];
    let lossless = [quiet, ("du", 0), ("du_offset", 0)];
    assert_eq!(end("cuba_lif", &lossless, &sums)[0], -8_388_608);
    assert_eq!(end("cuba_lif_lava", &[quiet], &[8_388_608])[0], 8_388_608);
    assert_eq!(end("cuba_lif_lava", &[quiet], &[8_388_609])[0], -8_388_607);
    // In Brian2Loihi nothing is clipped, and the current has no offset bit.
    assert_eq!(end("cuba_lif_brian2", &[quiet, ("decay_i", 2048)], &[100_000, 0])[0], 50_000);
    assert_eq!(end("cuba_lif_brian2", &[quiet], &[-9_000_000])[1], -9_000_000);
}

/// (r + 64 offset) 2^(exponent - 7) with r in -127..127, on the current or on the voltage.
#[test]
fn noise_has_its_range_and_goes_where_it_is_sent() {
    let noisy = |on_v, offset, exponent| {
        let settings = [
            ("vth", 131_071),
            ("dv", 4095),
            ("noise_on_v", on_v),
            ("noise_offset", offset),
            ("noise_exponent", exponent),
        ];
        run("cuba_lif_noise", &settings, &vec![vec![0]; 4000])
    };
    let on_u: Vec<i32> = noisy(0, 2, 7).iter().map(|row| row.state[0]).collect();
    assert_eq!((on_u.iter().min(), on_u.iter().max()), (Some(&1), Some(&255)));
    let mean = on_u.iter().map(|&u| f64::from(u)).sum::<f64>() / on_u.len() as f64;
    assert!((mean - 128.0).abs() < 5.0, "{mean}");
    let on_v = noisy(1, 2, 7);
    assert!(on_v.iter().all(|row| row.state[0] == 0 && row.state[1] > 0));
    let doubled: Vec<i32> = noisy(0, 2, 8).iter().map(|row| row.state[0]).collect();
    assert_eq!(doubled, on_u.iter().map(|u| 2 * u).collect::<Vec<_>>());
    assert!(noisy(0, -2, 7).iter().all(|row| row.state[0] < 0));
}
