//! A panic is our bug, and is said to be.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::Mutex;

use crate::failure::Failure;

/// What the first panic said, for the thread that catches it.
static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// Carries out work, and makes a panic a [`Failure::Bug`].
pub(crate) fn catch(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    set_hook(Box::new(remember));
    // What the work leaves behind is not looked at again after a panic.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let said = FIRST.lock().ok().and_then(|mut first| first.take());
        Err(Failure::Bug(said.unwrap_or_else(|| "a panic without a message".into())))
    })
}

fn remember(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    if let Ok(mut first) = FIRST.lock() {
        first.get_or_insert(format!("{message}{place}"));
    }
}

/// The words for a fault of ours.
pub(crate) fn our_bug(what: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "error: this is our bug, not yours: {what}\n\
         Please report it with the command, its input files and the version, {version}.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_said_to_be_ours() {
        let ended = catch(|| panic!("the index is wrong"));
        let Err(Failure::Bug(what)) = ended else { panic!("a panic was lost: {ended:?}") };
        assert!(what.starts_with("the index is wrong at "), "{what}");
        assert!(our_bug(&what).contains("this is our bug"));
        assert_eq!(Failure::Bug(what).exit_code(), crate::exit::OUR_BUG);
    }
}
