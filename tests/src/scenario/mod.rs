//! Scenarios: small programs made by hand, with what must come out, run on every engine.
//!
//! A scenario is a RON file: changes to the bench chip, populations with their places, projections,
//! samples, and the expected spikes, state words, event counts and step times. What is expected was
//! worked out on paper; the engines are held to it, not to each other.

mod build;
mod check;
mod file;

pub use build::Scenario;
pub use check::{Engine, check_scenario};
pub use file::ScenarioFile;

use std::path::Path;

/// Loads every scenario of a folder, by name.
///
/// # Errors
/// A file that cannot be read or says something impossible, and a folder without scenarios.
pub fn load_scenarios(folder: &Path) -> Result<Vec<Scenario>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "ron")).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: no scenarios", folder.display()));
    }
    let load = |path: &std::path::PathBuf| {
        let named = |error: String| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
        let file: ScenarioFile = ron::from_str(&text).map_err(|error| named(error.to_string()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Scenario::build(name, file).map_err(named)
    };
    paths.iter().map(load).collect()
}

#[cfg(test)]
mod tests {
    use super::load_scenarios;

    #[test]
    fn a_folder_without_scenarios_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no scenario").unwrap();
        assert!(load_scenarios(folder.path()).unwrap_err().contains("no scenarios"));
    }

    #[test]
    fn a_scenario_with_an_unknown_name_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let text = "(about: \"\", populations: [], projections: [], output: \"out\", \
                    samples: [], expect: ())";
        std::fs::write(folder.path().join("lost.ron"), text).unwrap();
        let error = load_scenarios(folder.path()).unwrap_err();
        assert!(error.contains("lost.ron") && error.contains("no population is called `out`"));
    }
}
