//! One word, one meaning: words that no item of ours may be called by.

use super::tree::{files, none};

/// Words with another meaning here, or with none.
const BANNED: [&str; 8] =
    ["cell", "device", "manager", "helper", "utils", "common", "system", "unit"];

/// Names that another crate's trait gives to its methods.
const NOT_OURS: [&str; 1] = ["unit_variant"];

/// What introduces the name of an item.
const INTRODUCERS: [&str; 8] = ["fn", "struct", "enum", "trait", "mod", "type", "const", "static"];

/// The words of a name: `LaneUnit2` and `lane_unit_2` have the word `unit`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for letter in name.chars() {
        let starts = letter.is_uppercase() && !before.is_uppercase();
        if letter == '_' || letter.is_ascii_digit() || starts {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            words.last_mut().expect("never empty").extend(letter.to_lowercase());
        }
        before = letter;
    }
    words
}

/// Names of the items that a line introduces, outside its comments and texts.
fn introduced(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let mut names = Vec::new();
    for part in code.split('"').step_by(2) {
        let letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        let tokens: Vec<&str> =
            part.split(|c| !letter(c)).filter(|token| !token.is_empty()).collect();
        let pairs = tokens.windows(2).filter(|pair| INTRODUCERS.contains(&pair[0]));
        names.extend(pairs.map(|pair| pair[1]));
    }
    names
}

#[test]
fn words_are_split_at_case_and_underscores() {
    assert_eq!(words("LaneUnit2"), ["", "lane", "unit", ""]);
    assert_eq!(words("synapse_cell"), ["synapse", "cell"]);
    assert_eq!(introduced("pub(crate) const fn of(x: u32) // fn other"), ["fn", "of"]);
    assert_eq!(introduced("say(\"fn other\"); struct Mine;"), ["Mine"]);
}

#[test]
fn items_and_files_use_no_banned_word() {
    let mut findings = Vec::new();
    for file in files(&[".rs"]) {
        let stem = file.path.trim_end_matches(".rs").replace('/', "_");
        for word in words(&stem).iter().filter(|word| BANNED.contains(&word.as_str())) {
            findings.push(format!("{}: the file's path has the word `{word}`", file.path));
        }
        for (number, line) in file.text.lines().enumerate() {
            for name in introduced(line).into_iter().filter(|name| !NOT_OURS.contains(name)) {
                for word in words(name).iter().filter(|word| BANNED.contains(&word.as_str())) {
                    let place = format!("{}:{}", file.path, number + 1);
                    findings.push(format!("{place}: `{name}` has the word `{word}`"));
                }
            }
        }
    }
    none(&findings);
}
