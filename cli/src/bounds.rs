//! Ranges on the command line: a number, or `a..b` without its end, of which either side may be
//! left out.

use std::ops::Range;

/// Both ends of a range, where they were given.
#[derive(Clone, Copy, Debug)]
pub struct Bounds(Option<u32>, Option<u32>);

impl Bounds {
    /// Everything.
    pub const ALL: Self = Self(None, None);

    /// Reads a range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = |text: &str| match text.trim() {
            "" => Some(None),
            number => number.parse().ok().map(Some),
        };
        match text.split_once("..") {
            Some((first, last)) => Some(Self(end(first)?, end(last)?)),
            None => {
                let number: u32 = text.trim().parse().ok()?;
                Some(Self(Some(number), Some(number.checked_add(1)?)))
            }
        }
    }

    /// The range, if it is one of `size` things.
    ///
    /// # Errors
    /// What is wrong, and a way out.
    pub fn within(self, size: u32, what: &str) -> Result<Range<u32>, (String, String)> {
        let range = self.0.unwrap_or(0)..self.1.unwrap_or(size);
        if range.start < range.end && range.end <= size {
            return Ok(range);
        }
        let Range { start, end } = range;
        let message = format!("there are {size} {what}, and {start}..{end} is no part of them");
        let help = format!("ask for {what} from 0..{size}; the end of a range is not in it");
        Err((message, help))
    }
}
