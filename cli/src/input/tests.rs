//! Good inputs agree in every spelling; each bad one ends in its own code.

use super::*;
use crate::counts::ArchiveWriter;

const RULES: InputRules<'static> = InputRules {
    source: "in.npz",
    neurons: 6,
    shape: &[2, 3],
    payload: Payload::Binary,
    steps: None,
    samples: None,
};

type Array<'a> = (&'a str, &'a str, &'a [usize], Vec<u8>);

fn archive(arrays: &[Array<'_>]) -> Vec<u8> {
    let mut writer = ArchiveWriter::default();
    for (name, descr, shape, data) in arrays {
        writer.add_bytes(name, descr, shape, data).expect("written to memory");
    }
    writer.finish().expect("written to memory")
}

fn integers(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Two samples of two steps: neuron 0 in step 1 of sample 0, neurons 2 and 5 in step 0 of sample 1.
fn bits() -> Vec<u8> {
    let mut bits = vec![0; 24];
    bits[6] = 1;
    bits[12 + 2] = 1;
    bits[12 + 5] = 1;
    bits
}

fn stimulus(input: Result<Input, Diagnostic>) -> Stimulus {
    match input.expect("a good input").content {
        Content::Spikes(stimulus) => stimulus,
        Content::Images(_) => panic!("spikes expected"),
    }
}

#[test]
fn every_spelling_gives_the_same_stimulus() {
    let dense = archive(&[("spikes", "|u1", &[2, 2, 2, 3], bits())]);
    let expected = stimulus(read_input(&dense, &RULES));
    let triples: Vec<_> = expected
        .samples
        .iter()
        .enumerate()
        .flat_map(|(sample, s)| {
            s.spikes.iter().map(move |spike| (sample, spike.step, spike.neuron))
        })
        .collect();
    assert_eq!(triples, [(0, 1, 0), (1, 0, 2), (1, 0, 5)]);

    let floats: Vec<u8> = bits().iter().flat_map(|&b| f32::from(b).to_le_bytes()).collect();
    let big: Vec<u8> = bits().iter().flat_map(|&b| i16::from(b).to_be_bytes()).collect();
    for (descr, data) in [("|b1", bits()), ("<f4", floats), (">i2", big)] {
        let bytes = archive(&[("spikes", descr, &[2, 2, 6], data)]);
        assert_eq!(stimulus(read_input(&bytes, &RULES)), expected, "{descr}");
    }
    let events = archive(&[
        ("sample", "<i8", &[3], integers(&[1, 0, 1])),
        ("t", "<i8", &[3], integers(&[0, 1, 0])),
        ("i", "<i8", &[3], integers(&[5, 0, 2])),
    ]);
    assert_eq!(stimulus(read_input(&events, &RULES)), expected, "events");
    let rules = InputRules { source: "in.csv", ..RULES };
    let table = b"sample,step,neuron\n0, 1, 0\n1,0,5\n1,0,2\n";
    assert_eq!(stimulus(read_input(table, &rules)), expected, "table");
    let first = InputRules { samples: Some(1), ..RULES };
    for bytes in [&dense, &events] {
        assert_eq!(stimulus(read_input(bytes, &first)).samples, expected.samples[..1]);
    }
}

/// Payloads, where the chip carries them, in every spelling; and what is none.
#[test]
fn graded_spikes_keep_their_payloads() {
    let graded = InputRules { payload: Payload::of_bits(8), ..RULES };
    let mut values = vec![0_i64; 12];
    (values[1], values[9]) = (-128, 127);
    let shape = &[1, 2, 6][..];
    let dense = archive(&[("spikes", "<i8", shape, integers(&values))]);
    let spike = |step, neuron, payload| InputSpike { step, neuron, payload };
    let expected = [spike(0, 1, -128), spike(1, 3, 127)];
    assert_eq!(stimulus(read_input(&dense, &graded)).samples[0].spikes, expected);
    let events = |payload: &[i64]| {
        archive(&[
            ("sample", "<i8", &[2], integers(&[0, 0])),
            ("t", "<i8", &[2], integers(&[1, 0])),
            ("i", "<i8", &[2], integers(&[3, 1])),
            ("payload", "<i8", &[payload.len()], integers(payload)),
        ])
    };
    let listed = stimulus(read_input(&events(&[127, -128]), &graded));
    assert_eq!(listed.samples[0].spikes, expected);
    let table = InputRules { source: "in.csv", ..graded };
    let text = b"sample,step,neuron,payload\n0,1,3,127\n0,0,1,-128\n";
    assert_eq!(stimulus(read_input(text, &table)).samples[0].spikes, expected);

    let code = |bytes: &[u8], rules: &InputRules<'_>| read_input(bytes, rules).map_err(|e| e.code);
    assert_eq!(code(&dense, &RULES), Err("QI007"), "the chip is binary");
    assert_eq!(code(&events(&[127, -128]), &RULES), Err("QI007"), "the chip is binary");
    assert!(code(&events(&[1, 1]), &RULES).is_ok(), "payloads of 1 are binary spikes");
    values[0] = 128;
    let wide = archive(&[("spikes", "<i8", shape, integers(&values))]);
    assert_eq!(code(&wide, &graded), Err("QI007"), "one bit too wide");
    let half = archive(&[("spikes", "<f8", &[1, 1, 6], 0.5_f64.to_le_bytes().repeat(6))]);
    assert_eq!(code(&half, &graded), Err("QI007"), "no integer");
    assert_eq!(code(&events(&[1, 0]), &graded), Err("QI007"), "zero is no spike");
    assert_eq!(code(&events(&[1]), &graded), Err("QI005"), "one payload for two spikes");
    assert_eq!(code(b"sample,step,neuron,payload\n0,1,3\n", &table), Err("QI012"));
}

#[test]
fn labels_dt_and_images_are_read() {
    let dt = 1e-4_f64.to_le_bytes().to_vec();
    let bytes = archive(&[
        ("spikes", "|u1", &[2, 2, 6], bits()),
        ("labels", "<i8", &[2], integers(&[7, 3])),
        ("dt", "<f8", &[], dt),
    ]);
    let input = read_input(&bytes, &RULES).expect("good");
    assert_eq!((input.labels, input.dt), (Some(vec![7, 3]), Some(1e-4)));
    let one = InputRules { samples: Some(1), ..RULES };
    assert_eq!(read_input(&bytes, &one).expect("good").labels, Some(vec![7]));

    let values: Vec<u8> = (0..12).flat_map(|v| (f64::from(v) / 8.0).to_le_bytes()).collect();
    let images = archive(&[("bias", "<f8", &[2, 6], values)]);
    let rules = InputRules { steps: Some(5), ..RULES };
    let Content::Images(images) = read_input(&images, &rules).expect("good").content else {
        panic!("images expected");
    };
    assert_eq!((images.steps, images.values[1][1]), (5, 7.0 / 8.0));
}

/// A value that replaces one part of a good input, and the code that must follow.
#[test]
fn each_bad_input_has_its_code() {
    let ones = |n: usize| vec![1_u8; n];
    let nan = f64::NAN.to_le_bytes().repeat(6);
    let column = |values: &[i64]| integers(values);
    let events = |sample: &[i64], t: &[i64], i: &[i64]| {
        archive(&[
            ("sample", "<i8", &[sample.len()], column(sample)),
            ("t", "<i8", &[t.len()], column(t)),
            ("i", "<i8", &[i.len()], column(i)),
        ])
    };
    let mut two = bits();
    two[3] = 2;
    let mut flipped = archive(&[("spikes", "|u1", &[2, 2, 6], bits())]);
    let directory = flipped.windows(4).position(|four| four == b"PK\x01\x02").expect("one entry");
    flipped[directory + 16] ^= 0x40; // its checksum
    let good = || ("spikes", "|u1", &[2, 2, 6][..], bits());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("QI001", b"\x89HDF".to_vec()),
        ("QI001", b"\x93NUMPY".to_vec()),
        ("QI002", b"PK\x03\x04 and no more".to_vec()),
        ("QI002", archive(&[("spikes", "|u1", &[2, 200, 6], bits())])),
        ("QI002", flipped),
        ("QI003", archive(&[("x", "|u1", &[2, 2, 6], bits())])),
        ("QI003", archive(&[("sample", "<i8", &[1], column(&[0]))])),
        ("QI004", archive(&[("spikes", "<c16", &[2, 2, 6], ones(24))])),
        ("QI005", archive(&[("spikes", "|u1", &[2, 2, 5], ones(20))])),
        ("QI005", archive(&[("spikes", "|u1", &[24], bits())])),
        ("QI005", events(&[0, 0], &[0, 1], &[1])),
        ("QI006", archive(&[("spikes", "|u1", &[0, 2, 6], Vec::new())])),
        ("QI006", events(&[], &[], &[])),
        ("QI007", archive(&[("spikes", "|u1", &[2, 2, 6], two)])),
        ("QI007", events(&[0, 0], &[1, 1], &[3, 3])),
        ("QI008", events(&[0], &[0], &[6])),
        ("QI008", events(&[0], &[-1], &[0])),
        ("QI009", archive(&[good(), ("labels", "<i8", &[1], column(&[1]))])),
        ("QI009", archive(&[good(), ("labels", "<i8", &[2], column(&[1, -1]))])),
        ("QI010", archive(&[("spikes", "|u1", &[1 << 32, 2, 6], bits())])),
        ("QI010", events(&[1 << 31], &[0], &[0])),
        ("QI011", archive(&[("bias", "<f8", &[1, 6], nan.clone())])),
        ("QI011", archive(&[("spikes", "|u1", &[2, 0, 6], Vec::new())])),
        ("QI013", archive(&[good(), ("dt", "<f8", &[], nan[..8].to_vec())])),
        ("QI014", archive(&[good(), ("bias", "<f8", &[1, 6], nan)])),
    ];
    for (number, (code, bytes)) in cases.iter().enumerate() {
        let found = read_input(bytes, &RULES).expect_err("a bad input");
        assert_eq!(found.code, *code, "case {number}: {found}");
        assert!(found.labels[0].source == "in.npz" && !found.message.ends_with('.'), "{found}");
    }
    let steps = InputRules { steps: Some(3), ..RULES };
    let dense = archive(&[good()]);
    assert_eq!(read_input(&dense, &steps).expect_err("other steps").code, "QI011");
    let images = archive(&[("bias", "<f8", &[1, 6], f64::NAN.to_le_bytes().repeat(6))]);
    assert_eq!(read_input(&images, &steps).expect_err("not finite").code, "QI015");
    let table = InputRules { source: "in.csv", ..RULES };
    for text in ["", "a,b,c\n", "sample,step,neuron\n0,0\n", "sample,step,neuron\n0,0,x\n"] {
        assert_eq!(read_input(text.as_bytes(), &table).expect_err(text).code, "QI012");
    }
    let silent = archive(&[("spikes", "|u1", &[2, 2, 6], vec![0; 24])]);
    assert_eq!(read_input(&silent, &RULES).expect("idle is allowed").warnings[0].code, "QI016");
}

#[test]
fn no_flipped_byte_panics() {
    let good = archive(&[
        ("spikes", "|u1", &[2, 2, 6], bits()),
        ("labels", "<i8", &[2], integers(&[7, 3])),
    ]);
    let mut refused = 0;
    for at in 0..good.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            refused += u32::from(read_input(&bad, &RULES).is_err());
        }
        refused += u32::from(read_input(&good[..at], &RULES).is_err());
    }
    assert!(refused as usize > good.len(), "only {refused} refused");
}
