//! Text to tokens.

use crate::diagnostic::{Diagnostic, Span};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Name(String),
    Number(i64),
    Sign(&'static str),
    /// A line break or `;`.
    Break,
    End,
}

/// A token with its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

impl Token {
    /// How a message names this token.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            TokenKind::Name(name) => format!("`{name}`"),
            TokenKind::Number(value) => format!("`{value}`"),
            TokenKind::Sign(sign) => format!("`{sign}`"),
            TokenKind::Break => "the end of the line".into(),
            TokenKind::End => "the end of the text".into(),
        }
    }
}

/// Longest text that is read: a program is a page, not a book.
pub(crate) const LONGEST_TEXT: usize = 64 * 1024;

/// All signs, longest first so that `<<` is not read as two `<`.
const SIGNS: [&str; 21] = [
    "<<", ">>", "<=", ">=", "==", "!=", "..", "<", ">", "=", "+", "-", "*", "&", "|", "(", ")",
    "{", "}", ",", ":",
];

/// Which texts are read: both have the same words, numbers and signs, but for the power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Neuron programs.
    Neuron,
    /// Learning rules, which write a power of two as `2^-4`.
    Rule,
}

/// Splits a text into tokens.
///
/// # Errors
/// The first character or number that the language does not have; the author of the text acts.
pub(crate) fn split_tokens(
    text: &str,
    source: &str,
    language: Language,
) -> Result<Vec<Token>, Diagnostic> {
    if text.len() > LONGEST_TEXT {
        let message = format!(
            "a program text has at most {LONGEST_TEXT} bytes, but this one has {}",
            text.len()
        );
        return Err(Diagnostic::error("QP004", message).at(source, "", "the whole text"));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    // Line breaks inside round brackets separate nothing.
    let mut brackets = 0_u32;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = if first == ';' || (first == '\n' && brackets == 0) {
            (Some(TokenKind::Break), 1)
        } else if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first == '#' {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if first.is_ascii_digit() {
            let (value, length) = read_number(rest, at, source)?;
            (Some(TokenKind::Number(value)), length)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = word_length(rest);
            (Some(TokenKind::Name(rest[..length].into())), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            match *sign {
                "(" => brackets += 1,
                ")" => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            (Some(TokenKind::Sign(sign)), sign.len())
        } else if first == '^' && language == Language::Rule {
            (Some(TokenKind::Sign("^")), 1)
        } else {
            return Err(unknown_character(first, at, source));
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, span: Span { start: at, end: at + length } });
        }
        at += length;
    }
    tokens.push(Token { kind: TokenKind::End, span: Span { start: at, end: at } });
    Ok(tokens)
}

/// Bytes of the letters, digits and underscores at the start of `rest`.
fn word_length(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

/// Reads `123`, `1_000` or `0xff` at the start of `rest`.
fn read_number(rest: &str, at: usize, source: &str) -> Result<(i64, usize), Diagnostic> {
    let length = word_length(rest);
    let digits: String = rest[..length].chars().filter(|c| *c != '_').collect();
    let parsed = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    match parsed {
        Ok(value) => Ok((value, length)),
        Err(_) => {
            let span = Span { start: at, end: at + length };
            let message =
                format!("a number is an integer below 2^63, but this is `{}`", &rest[..length]);
            Err(Diagnostic::error("QP002", message)
                .at_span(source, span, "not such a number")
                .help("write an integer such as 4096, 1_000 or 0xfff"))
        }
    }
}

fn unknown_character(found: char, at: usize, source: &str) -> Diagnostic {
    let span = Span { start: at, end: at + found.len_utf8() };
    let help = match found {
        '^' => "write a power of two as a shift: 2^6 is `1 << 6`",
        '/' | '%' => "there is no division: use `>>` (floor), `shr_zero` or `dec`",
        '.' => "numbers are integers; scale them, as the chip does",
        _ => "`#` starts a comment",
    };
    Diagnostic::error("QP001", format!("the character `{}` has no meaning", found.escape_debug()))
        .at_span(source, span, "here")
        .help(help)
}
