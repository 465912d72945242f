//! Ctrl-C: at once where nothing is half done, at the next sample where something is.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit;

/// Set by Ctrl-C while somebody polls.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Whether somebody polls.
static POLLED: AtomicBool = AtomicBool::new(false);

/// Makes a write beyond the file size limit an error that is told, instead of a silent death.
///
/// Threads inherit the mask, so this comes before any of them.
#[cfg(unix)]
pub fn survive_file_size_limit() {
    let mut mask = nix::sys::signal::SigSet::empty();
    mask.add(nix::sys::signal::Signal::SIGXFSZ);
    // Where it fails, the limit kills as it always did.
    let _ = mask.thread_block();
}

/// There is no such signal here.
#[cfg(not(unix))]
pub fn survive_file_size_limit() {}

/// Installs the handler; without one Ctrl-C ends the process as it always does.
pub fn install() {
    // Fails only where a handler exists already, as in tests that run several commands.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) || !POLLED.load(Ordering::SeqCst) {
            let _ = std::io::stderr().write_all(b"interrupted; nothing was written\n");
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    });
}

/// While this value lives, Ctrl-C sets a flag instead of ending the process.
#[derive(Debug)]
pub struct Polling(());

impl Polling {
    /// Starts polling.
    #[must_use]
    pub fn start() -> Self {
        POLLED.store(true, Ordering::SeqCst);
        Self(())
    }

    /// Whether Ctrl-C was pressed.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        INTERRUPTED.load(Ordering::SeqCst)
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        POLLED.store(false, Ordering::SeqCst);
    }
}
