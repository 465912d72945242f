//! Names near a mistyped one.

/// The known names nearest to `name`, best first, three at most.
#[must_use]
pub fn near_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(usize, &str)> = known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| {
            distance <= name.chars().count().max(candidate.chars().count()) / 3
                || name.len() >= 3 && (candidate.contains(name) || name.contains(candidate))
        })
        .collect();
    scored.sort_unstable();
    scored.truncate(3);
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Help on a mistyped name: the near ones, or all of them where they are few enough to read.
#[must_use]
pub fn help(name: &str, known: &[&str]) -> String {
    let near = near_names(name, known.iter().copied());
    match near.as_slice() {
        [] if known.is_empty() => "drop it".to_owned(),
        [] if known.len() > READER_NAMES => {
            let mut nearest = known.to_vec();
            nearest.sort_by_key(|candidate| distance(name, candidate));
            format!("the nearest names are {}", nearest[..3].join(", "))
        }
        [] => format!("the names here are {}", known.join(", ")),
        [only] => format!("did you mean `{only}`?"),
        several => format!("did you mean one of `{}`?", several.join("`, `")),
    }
}

/// The most names that a line of help lists.
const READER_NAMES: usize = 12;

/// The longest name that distances are taken of, so that a hostile one costs nothing.
const READER_NAME: usize = 64;

/// How many letters must be inserted, dropped, replaced or swapped with a neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(READER_NAME).collect(), b.chars().take(READER_NAME).collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let kept = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = kept.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::near_names;

    #[test]
    fn mistyped_names_find_their_neighbours() {
        let known = ["width", "height", "chips_x", "routing"];
        assert_eq!(near_names("widht", known), ["width"]);
        assert_eq!(near_names("rooting", known), ["routing"]);
        assert!(near_names("zzz", known).is_empty());
    }
}
