//! The command line of Quarrion: flags, terminals, exit codes.
//!
//! The binary `quarrion` calls [`run_command_line`]; everything else here serves it.

pub mod args;
pub mod bounds;
mod codes;
pub mod commands;
pub mod counts;
pub mod exit;
pub mod failure;
pub mod following;
pub mod input;
pub mod interrupt;
pub mod learning;
pub mod neurons;
mod panic;
pub mod pipeline;
pub mod probes;
pub mod rates;
pub mod render;
pub mod terminal;
pub mod texts;

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

pub use codes::CODES;

use quarrion_isa::diagnostic::Diagnostic;

use args::{Command, CommandLine, FormatChoice, check_files};
use failure::Failure;
use terminal::Terminal;
use texts::Texts;

/// Carries out the process's command line and returns its exit code.
#[must_use]
pub fn run_command_line() -> ExitCode {
    let line = match CommandLine::read() {
        Ok(line) => line,
        Err(error) => {
            if error.use_stderr() && wants_json() {
                let said = render::finding::to_json(&unreadable(&error));
                let _ = std::io::stderr().lock().write_all(said.as_bytes());
                return ExitCode::from(exit::BAD_INPUT);
            }
            // Help and version go to stdout and are good; where nobody reads, nobody minds.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::BAD_INPUT } else { exit::GOOD });
        }
    };
    let terminal = Terminal::new(&line);
    interrupt::survive_file_size_limit();
    interrupt::install();
    let mut texts = Texts::default();
    let ended = panic::catch(|| carry_out(&line, &terminal, &mut texts));
    match ended {
        Ok(()) => ExitCode::from(exit::GOOD),
        Err(failure) => {
            say_failure(&failure, &terminal, &texts);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Whether a command line that does not parse asks for JSON.
fn wants_json() -> bool {
    let words: Vec<String> = std::env::args().collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair == ["--format", "json"])
}

/// A command line that does not parse, as a finding.
fn unreadable(error: &clap::Error) -> Diagnostic {
    let text = error.to_string();
    let mut parts = text.split("\n\n");
    let message = parts.next().unwrap_or_default().trim_start_matches("error: ");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Diagnostic::error("QU017", message)
        .at("the command", "", "cannot be read")
        .help("`quarrion COMMAND --help` lists what a command takes")
}

/// Carries out one command.
fn carry_out(line: &CommandLine, terminal: &Terminal, texts: &mut Texts) -> Result<(), Failure> {
    if line.format == FormatChoice::Csv && !matches!(line.command, Command::Mesh(_)) {
        let message = "only the results of `mesh` are a single table";
        return Err(Diagnostic::error("QU004", message)
            .at("--format", "csv", "asked for here")
            .help("use --format json, or the tables of a run folder (run --out)")
            .into());
    }
    check_files(&line.command)?;
    match &line.command {
        Command::Mesh(args) => commands::mesh::run(args, line.format, terminal, texts),
        Command::Run(args) => commands::run::run(args, terminal, texts),
        Command::Compile(args) => commands::compile::run(args, terminal, texts),
        Command::Map(args) => commands::map::run(args, terminal, texts),
        Command::Chip(command) => commands::chip::run(command, terminal, texts),
        Command::Retime(args) => commands::retime::run(args, terminal, texts),
        Command::Reprice(args) => commands::reprice::run(args, terminal, texts),
        Command::Explain(args) => commands::explain::run(args, terminal),
        Command::Neuron(command) => commands::neuron::run(command, terminal, texts),
        Command::Rule(command) => commands::rule::run(command, terminal, texts),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut CommandLine::command(), NAME, &mut script);
            terminal.result(&String::from_utf8_lossy(&script))
        }
    }
}

/// Name of the binary.
const NAME: &str = "quarrion";

/// Says why there is no result.
fn say_failure(failure: &Failure, terminal: &Terminal, texts: &Texts) {
    match failure {
        Failure::Input(found) => terminal.say(found, texts),
        Failure::Limit(found) => terminal.say(std::slice::from_ref(found), texts),
        Failure::DoesNotFit(result) => terminal.write_error(&match terminal.format {
            args::Format::Human => format!("{result}\n"),
            args::Format::Json => render::misfit_json(result),
        }),
        Failure::Interrupted => terminal.write_error("interrupted; nothing was written\n"),
        Failure::Bug(what) => terminal.write_error(&panic::our_bug(what)),
        Failure::Differs | Failure::NobodyReads => {}
    }
}
