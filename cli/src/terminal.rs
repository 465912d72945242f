//! The terminal: data on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use quarrion_isa::diagnostic::{Diagnostic, Severity};

use crate::args::{CommandLine, Format, FormatChoice};
use crate::failure::Failure;
use crate::render::finding::{Colour, to_json, to_text};
use crate::texts::Texts;

/// Where a command writes, and how.
#[derive(Debug)]
pub struct Terminal {
    /// Form of results and findings.
    pub format: Format,
    quiet: bool,
    colour: Colour,
}

impl Terminal {
    /// The process's own terminal.
    #[must_use]
    pub fn new(line: &CommandLine) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour =
            if !plain && io::stderr().is_terminal() { Colour::Always } else { Colour::Never };
        let format = match line.format {
            FormatChoice::Human | FormatChoice::Csv => Format::Human,
            FormatChoice::Json => Format::Json,
        };
        Self { format, quiet: line.quiet, colour }
    }

    /// Writes a result.
    ///
    /// # Errors
    /// [`Failure::NobodyReads`] where stdout is closed, QU002 where it cannot be written.
    pub fn result(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Diagnostic::error("QU002", "the result cannot be written")
                .at("stdout", "", crate::texts::describe(&error))
                .help("make room where stdout leads")
                .into(),
        })
    }

    /// Says what was found.
    pub fn say(&self, findings: &[Diagnostic], texts: &Texts) {
        for finding in findings {
            if self.quiet && finding.severity == Severity::Note {
                continue;
            }
            self.write_error(&match self.format {
                Format::Human => to_text(finding, texts, self.colour),
                Format::Json => to_json(finding),
            });
        }
    }

    /// Writes to stderr; where nobody reads that either, nothing more can be said.
    pub fn write_error(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// A bar of samples; hidden where stderr is no terminal.
    #[must_use]
    pub fn progress(&self, samples: u64) -> ProgressBar {
        if self.quiet || self.format == Format::Json {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(samples), ProgressDrawTarget::stderr());
        let template = "{bar:40} {pos}/{len} samples, {elapsed} (about {eta} left)";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}
