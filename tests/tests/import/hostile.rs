//! Damaged files: whatever the bytes, an answer comes soon and nothing panics.

use std::path::Path;
use std::time::{Duration, Instant};

use quarrion_compiler::import::ImportPolicy;
use quarrion_compiler::import::lava::read_lava;
use quarrion_compiler::import::nir::read_nir;
use quarrion_compiler::network::lower_network;

/// Mutations of each file.
const MUTATIONS: u64 = 1_500;
/// No file of a few thousand bytes may take longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A small generator, so that a failing mutation can be made again from its number.
struct Numbers(u64);

impl Numbers {
    /// A number below `bound` (SplitMix64).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(bytes.len());
        match numbers.below(7) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = 0xff,
            2 => bytes[at] = 0,
            3 => bytes[at] = numbers.below(256) as u8,
            4 => {
                // An address or a length becomes another one of the same file.
                let last = bytes.len().saturating_sub(8);
                let (from, to) = (numbers.below(last.max(1)), at.min(last));
                bytes.copy_within(from..from + 8.min(last), to);
            }
            5 => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].fill(0x7f);
            }
            _ if numbers.below(20) == 0 => bytes.truncate(at.max(1)),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
}

/// The same for Lava's files: every answer is a network or a reason.
#[test]
fn mutated_lava_files_neither_panic_nor_hang() {
    let (mut read, mut refused) = (0, 0);
    let wanted = ["conv", "concat", "sdnn", "resonators"];
    let files = super::lava::files("good").into_iter();
    for (index, (name, path)) in files.filter(|(name, _)| wanted.contains(&&**name)).enumerate() {
        let whole = std::fs::read(path).expect("a good file");
        for mutation in 0..MUTATIONS {
            let mut numbers = Numbers(0x1a4a_0000 + index as u64 * MUTATIONS + mutation);
            let mut bytes = whole.clone();
            mutate(&mut bytes, &mut numbers);
            let start = Instant::now();
            let answer = std::panic::catch_unwind(|| read_lava(&bytes, "mutated", None));
            assert!(start.elapsed() < PATIENCE, "{name} mutation {mutation}");
            match answer.unwrap_or_else(|_| panic!("{name} mutation {mutation} panicked")) {
                Ok(_) => read += 1,
                Err(found) => {
                    assert!(!found.is_empty(), "{name} mutation {mutation}: no reason");
                    refused += 1;
                }
            }
        }
        // What comes last is only informational.
        for cut in 0..48 {
            let bytes = &whole[..whole.len() * cut / 64];
            assert!(read_lava(bytes, "cut off", None).is_err(), "{name} cut at {cut} of 64");
        }
    }
    println!("{read} still good, {refused} refused");
    assert!(refused > 500 && read > 500, "{refused} refused, {read} good");
}

#[test]
fn mutated_files_neither_panic_nor_hang() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/nir");
    let (mut read, mut lowered, mut refused) = (0, 0, 0);
    let mut slowest = Duration::ZERO;
    let files = ["encodings/plain", "encodings/gzip9", "encodings/latest_libver", "good/nested"];
    for (index, name) in files.into_iter().enumerate() {
        let whole = std::fs::read(folder.join(format!("{name}.nir"))).expect("a good file");
        for mutation in 0..MUTATIONS {
            let mut numbers = Numbers(index as u64 * MUTATIONS + mutation);
            let mut bytes = whole.clone();
            mutate(&mut bytes, &mut numbers);
            let start = Instant::now();
            let answer = std::panic::catch_unwind(|| {
                read_nir(&bytes, "mutated").map(|graph| {
                    lower_network(&graph, &ImportPolicy::default(), "mutated").map(|_| ())
                })
            });
            let elapsed = start.elapsed();
            slowest = slowest.max(elapsed);
            assert!(elapsed < PATIENCE, "{name} mutation {mutation}: {elapsed:?}");
            match answer {
                Err(_) => panic!("{name} mutation {mutation} panicked"),
                Ok(Ok(Ok(()))) => lowered += 1,
                Ok(Ok(Err(_))) => read += 1,
                Ok(Err(errors)) => {
                    assert!(!errors.is_empty(), "{name} mutation {mutation}: no reason");
                    refused += 1;
                }
            }
        }
    }
    println!("{lowered} still good, {read} read but not lowered, {refused} refused, {slowest:?}");
    // A harness that damages nothing, or everything, tests nothing.
    assert!(refused > 1_000 && lowered > 500, "{refused} refused, {lowered} good");
}
