//! The files that a command reads, and those that it writes in the place of what is there.

use std::path::{Path, PathBuf};

use quarrion_isa::diagnostic::Diagnostic;

use super::{ChipArgs, Command, ImportArgs, LearnArgs, MapperArgs};

/// A file with the flag that names it.
type Named<'a> = (&'static str, &'a Path);

/// Files of a command.
#[derive(Default)]
struct Files<'a> {
    reads: Vec<Named<'a>>,
    writes: Vec<Named<'a>>,
}

/// Refuses a command whose result would replace a file that it reads, or another of its results.
///
/// # Errors
/// QU011: two flags name one file.
pub(crate) fn check_files(command: &Command) -> Result<(), Diagnostic> {
    let files = files(command);
    for (at, (flag, path)) in files.writes.iter().enumerate() {
        let Some(result) = place(path) else { continue };
        let mut others = files.reads.iter().chain(&files.writes[..at]);
        if let Some((other, _)) = others.find(|(_, other)| place(other).as_ref() == Some(&result)) {
            let message = format!("a result would replace the file of {other}");
            return Err(Diagnostic::error("QU011", message)
                .at(flag, &path.display().to_string(), "names the same file")
                .help("name another file; nothing was written"));
        }
    }
    Ok(())
}

/// Where a file lies, whatever way leads there; a device lies nowhere.
fn place(path: &Path) -> Option<PathBuf> {
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return None;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let there = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(there)
}

fn files(command: &Command) -> Files<'_> {
    let mut files = Files::default();
    match command {
        Command::Run(args) => {
            files.network(&args.network, &args.chip, (&args.import, &args.mapper));
            files.rules(&args.learning);
            files.reads.push(("--input", &args.input));
            files.result("--counts", args.counts.as_deref());
            files.result("--packets", args.packets.packets.as_deref());
        }
        Command::Compile(args) => {
            files.network(&args.network, &args.chip, (&args.import, &args.mapper));
            files.rules(&args.learning);
            files.result("--out", args.out.as_deref());
        }
        Command::Map(args) => {
            files.network(&args.network, &args.chip, (&args.import, &args.mapper));
            files.result("--out", args.out.as_deref());
            files.result("--picture", args.picture.as_deref());
        }
        Command::Mesh(args) => {
            files.reads.push(("--chip", Path::new(&args.chip.chip)));
            files.reads.push(("--traffic", Path::new(&args.traffic)));
            files.result("--svg", args.svg.as_deref());
            files.result("--links", args.links.as_deref());
            files.result("--picture", args.picture.as_deref());
            files.result("--packets", args.packets.as_deref());
        }
        Command::Retime(args) => {
            files.reads.extend(args.chip.as_ref().map(|chip| ("--chip", Path::new(chip))));
            files.result("--packets", args.packets.packets.as_deref());
        }
        Command::Chip(_)
        | Command::Reprice(_)
        | Command::Explain(_)
        | Command::Neuron(_)
        | Command::Rule(_)
        | Command::Completions(_) => {}
    }
    files
}

impl<'a> Files<'a> {
    fn network(
        &mut self,
        network: &'a Path,
        chip: &'a ChipArgs,
        (import, mapper): (&'a ImportArgs, &'a MapperArgs),
    ) {
        let program = |text: &'a String| {
            let (_, program) = text.split_once('=')?;
            Some(("--neuron", Path::new(program.split(',').next()?.trim())))
        };
        self.reads.extend(import.neurons.iter().filter_map(program));
        self.reads.push(("NET", network));
        self.reads.push(("--chip", Path::new(&chip.chip)));
        self.reads.extend(mapper.mapping.as_deref().map(|file| ("--mapping", file)));
        self.reads.extend(mapper.like.as_deref().map(|file| ("--like", file)));
    }

    fn rules(&mut self, learning: &'a LearnArgs) {
        let rule = |text: &'a String| Some(("--learn", Path::new(text.split_once('=')?.1.trim())));
        self.reads.extend(learning.learn.iter().filter_map(rule));
    }

    fn result(&mut self, flag: &'static str, file: Option<&'a Path>) {
        self.writes.extend(file.map(|file| (flag, file)));
    }
}
