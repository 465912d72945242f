//! Mutated chip files: no panic, no hang; what loads is what the `ron` crate's own reader finds,
//! and what does not fit the schema does not fit there either.

use quarrion_boards::{find, load_chip_text};
use quarrion_isa::chip::file::ChipFile;
use quarrion_isa::diagnostic::Diagnostic;
use quarrion_isa::id::CoreId;
use quarrion_isa::random::philox;

use super::render::data;

/// How many mutations a run tries.
const MUTATIONS: u32 = 3000;

/// Words that hurt parsers and checks.
const WORDS: [&str; 22] = [
    "0",
    "-1",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "1e308",
    "1e-308",
    "NaN",
    "inf",
    "\"\"",
    "()",
    "[]",
    "{}",
    "(((",
    ")))",
    "/*",
    "//",
    "\"",
    "r#\"",
    "None",
    "Some(1)",
    "\u{1F980}",
];

#[test]
fn mutated_files_neither_panic_nor_hang() {
    let text = find("loihi1").expect("loihi1 is in the catalogue").text;
    let torus = std::fs::read_to_string(data().join("torus.ron")).expect("the base is there");
    let (mut loaded, mut refused) = (0, 0);
    for trial in 0..MUTATIONS {
        let mutated = mutate(if trial % 3 > 0 { text } else { &torus }, trial);
        match load_chip_text("mutated", &mutated, &[]) {
            Ok(loaded_chip) => {
                loaded += 1;
                let theirs: ChipFile = ron::from_str(&mutated)
                    .unwrap_or_else(|error| panic!("trial {trial}: only `ron` says {error}"));
                assert_eq!(loaded_chip.file, theirs, "trial {trial}");
                let chip = &loaded_chip.chip;
                assert!(!chip.cores.is_empty(), "trial {trial}");
                let last = CoreId::from_index(chip.cores.len() - 1);
                let route = chip.hops(CoreId(0), last).total();
                assert!(route <= chip.mesh.board_width() + chip.mesh.board_height());
                let again = load_chip_text("stored", &loaded_chip.text, &[]);
                let again = again.unwrap_or_else(|error| panic!("trial {trial}: {error}"));
                assert_eq!(again.chip, loaded_chip.chip, "trial {trial}");
            }
            Err(error) => {
                refused += 1;
                assert!(!error.diagnostics.is_empty(), "trial {trial}");
                let misfit = |found: &Diagnostic| ["QC005", "QC006", "QC015"].contains(&found.code);
                if error.diagnostics.iter().any(misfit) {
                    assert!(ron::from_str::<ChipFile>(&mutated).is_err(), "trial {trial}: {error}");
                }
                check_spans(&error, trial);
            }
        }
    }
    println!("{loaded} mutations loaded, {refused} were refused");
    assert!(loaded > MUTATIONS / 20 && refused > MUTATIONS / 3, "{loaded} and {refused}");
}

/// Labels point inside the text, at character boundaries.
fn check_spans(error: &quarrion_boards::LoadError, trial: u32) {
    for label in error.diagnostics.iter().flat_map(|found| &found.labels) {
        let (Some(span), Some(text)) = (label.span, error.sources.text(&label.source)) else {
            continue;
        };
        assert!(text.get(span.start..span.end).is_some(), "trial {trial}: {label:?}");
    }
}

/// One to three changes of the text, drawn from the trial's number.
fn mutate(text: &str, trial: u32) -> String {
    let mut draws = (0..).flat_map(|block| philox([trial, 7], [block, 0, 0, 0]));
    let mut draw = |below: usize| draws.next().map_or(0, |word: u32| word as usize % below.max(1));
    let mut mutated = text.to_owned();
    for _ in 0..=draw(3) {
        let at = boundary(&mutated, draw(mutated.len()));
        let to = boundary(&mutated, (at + draw(40)).min(mutated.len()));
        match draw(6) {
            0 => mutated.replace_range(at..to, ""),
            1 => mutated.insert_str(at, WORDS[draw(WORDS.len())]),
            2 => {
                let (start, end) = number_near(&mutated, at);
                mutated.replace_range(start..end, WORDS[draw(WORDS.len())]);
            }
            3 => {
                let (start, end) = number_near(&mutated, at);
                let number = format!("{}", draw(usize::MAX) % 100_000);
                mutated.replace_range(start..end, &number);
            }
            4 => {
                let copy = mutated[at..to].to_owned();
                let place = boundary(&mutated, draw(mutated.len()));
                mutated.insert_str(place, &copy);
            }
            _ => mutated.truncate(if draw(20) == 0 { at } else { mutated.len() }),
        }
    }
    mutated
}

/// The nearest character boundary at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The first number at or after a byte.
fn number_near(text: &str, at: usize) -> (usize, usize) {
    let start = text[at..].find(|c: char| c.is_ascii_digit()).map_or(at, |offset| at + offset);
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    (start, start + end)
}

#[test]
fn nesting_and_size_are_bounded() {
    for bad in ["(", "[", "{\"a\":", "(a:", "Some(", "/*", "\"", "r#####"] {
        let text = bad.repeat(200_000 / bad.len());
        let error = load_chip_text("deep", &text, &[]).expect_err("it is no chip");
        assert_eq!(error.diagnostics[0].code, "QC002", "{bad}");
    }
    let sets: Vec<String> = (0..200).map(|_| format!("mesh.width={}", "(".repeat(500))).collect();
    let text = find("loihi1").expect("loihi1 is in the catalogue").text;
    assert!(load_chip_text("loihi1", text, &sets).is_err());
}
