//! The words of a RON text.

use quarrion_isa::diagnostic::Span;

/// A text that is no tree, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The place.
    pub(crate) span: Span,
    /// What is wrong with it, in one sentence.
    pub(crate) message: String,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A number without its underscores.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// A bare name.
    Name(String),
    /// One of `( ) [ ] { } : ,`.
    Mark(char),
    /// The end of the text.
    End,
}

/// Reads words one by one.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Starts behind the byte order mark and the `#![…]` attributes.
    pub(super) fn new(text: &'a str) -> Result<Self, Problem> {
        let mut lexer = Self { text, at: 0 };
        if text.starts_with('\u{feff}') {
            lexer.at = '\u{feff}'.len_utf8();
        }
        lexer.skip_blank()?;
        while lexer.rest().starts_with('#') {
            let end = lexer.rest().find(']').ok_or_else(|| lexer.problem(1, "`#![` has no end"))?;
            lexer.at += end + 1;
            lexer.skip_blank()?;
        }
        Ok(lexer)
    }

    /// The next word with its place.
    pub(super) fn next(&mut self) -> Result<(Word, Span), Problem> {
        self.skip_blank()?;
        let start = self.at;
        let word = match self.rest().chars().next() {
            None => Word::End,
            Some(mark) if "()[]{}:,".contains(mark) => {
                self.at += 1;
                Word::Mark(mark)
            }
            Some('"') => self.text_word()?,
            Some('r') if self.raw_hashes().is_some() => self.raw_text_word()?,
            Some(first) if first.is_ascii_digit() || "+-.".contains(first) => self.number_word(),
            Some(first) if first.is_alphabetic() || first == '_' => {
                Word::Name(self.take(|c| c.is_alphanumeric() || c == '_').to_owned())
            }
            Some(other) => {
                let problem = format!("a chip file cannot hold {other:?} here");
                return Err(self.problem(other.len_utf8(), &problem));
            }
        };
        Ok((word, Span { start, end: self.at }))
    }

    /// What is left.
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// A problem with the next `length` bytes.
    fn problem(&self, length: usize, message: &str) -> Problem {
        let end = (self.at + length).min(self.text.len());
        Problem { span: Span { start: self.at, end }, message: message.to_owned() }
    }

    /// Takes characters as long as they fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Skips white space and comments; block comments nest.
    fn skip_blank(&mut self) -> Result<(), Problem> {
        loop {
            self.take(char::is_whitespace);
            if self.rest().starts_with("//") {
                self.take(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                self.skip_block()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Skips one block comment.
    fn skip_block(&mut self) -> Result<(), Problem> {
        let start = self.problem(2, "this comment has no end");
        let mut depth = 0_usize;
        loop {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else {
                let next = self.rest().chars().next().ok_or_else(|| start.clone())?;
                self.at += next.len_utf8();
            }
        }
    }

    /// A number: everything that can belong to one, so that `1x` is one bad number.
    fn number_word(&mut self) -> Word {
        let start = self.at;
        self.take(|c| "+-".contains(c));
        loop {
            let before = self.at;
            self.take(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
            let exponent = self.text[..self.at].ends_with(['e', 'E']);
            if exponent && self.at > before {
                self.take(|c| "+-".contains(c));
            } else {
                break;
            }
        }
        Word::Number(self.text[start..self.at].replace('_', ""))
    }

    /// A string in quotes.
    fn text_word(&mut self) -> Result<Word, Problem> {
        let open = self.problem(1, "this string has no end");
        self.at += 1;
        let mut text = String::new();
        loop {
            let next = self.rest().chars().next().ok_or_else(|| open.clone())?;
            match next {
                '"' => {
                    self.at += 1;
                    return Ok(Word::Text(text));
                }
                '\\' => text.extend(self.escape()?),
                _ => {
                    self.at += next.len_utf8();
                    text.push(next);
                }
            }
        }
    }

    /// One escape; a line's end and the blanks behind it stand for nothing.
    fn escape(&mut self) -> Result<Option<char>, Problem> {
        let problem = self.problem(2, "this escape is not known");
        self.at += 1;
        let kind = self.rest().chars().next().ok_or_else(|| problem.clone())?;
        self.at += kind.len_utf8();
        let digits = match kind {
            'n' => return Ok(Some('\n')),
            't' => return Ok(Some('\t')),
            'r' => return Ok(Some('\r')),
            '0' => return Ok(Some('\0')),
            '\\' | '"' | '\'' => return Ok(Some(kind)),
            'x' => {
                let digits = self.rest().get(..2).ok_or_else(|| problem.clone())?;
                self.at += 2;
                digits
            }
            'u' => {
                let inner = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}'));
                let (digits, _) = inner.ok_or_else(|| problem.clone())?;
                self.at += digits.len() + 2;
                digits
            }
            _ => return Err(problem),
        };
        let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        code.map(Some).ok_or(problem)
    }

    /// The hashes of a raw string that begins here.
    fn raw_hashes(&self) -> Option<usize> {
        let rest = self.rest().strip_prefix('r')?;
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        rest[hashes..].starts_with('"').then_some(hashes)
    }

    /// A raw string.
    fn raw_text_word(&mut self) -> Result<Word, Problem> {
        let hashes = self.raw_hashes().unwrap_or_default();
        let open = self.problem(hashes + 2, "this string has no end");
        let close = format!("\"{}", "#".repeat(hashes));
        let inner = &self.rest()[hashes + 2..];
        let end = inner.find(&close).ok_or(open)?;
        self.at += hashes + 2 + end + close.len();
        Ok(Word::Text(inner[..end].to_owned()))
    }
}
