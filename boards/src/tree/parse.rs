//! A RON text into a tree.

use quarrion_isa::diagnostic::Span;

use super::lex::{Lexer, Problem, Word};
use super::{Field, KeyStyle, Layer, Node, Origin, Value};

/// The deepest nesting that is followed; a reader's limit.
const READER_DEPTH: usize = 64;

/// Parses the text of one layer.
///
/// # Errors
/// The first place that is no RON of the kind that chip files hold.
pub(crate) fn parse(text: &str, layer: Layer) -> Result<Node, Problem> {
    let mut lexer = Lexer::new(text)?;
    let ahead = lexer.next()?;
    let mut parser = Parser { lexer, ahead, layer, end: 0, open: Vec::new() };
    let node = parser.value(0)?;
    match parser.ahead {
        (Word::End, _) => Ok(node),
        (_, span) => Err(problem(span, "the description ends before this")),
    }
}

/// A problem at a place.
fn problem(span: Span, message: &str) -> Problem {
    Problem { span, message: message.to_owned() }
}

/// A reader with one word of foresight.
struct Parser<'a> {
    lexer: Lexer<'a>,
    ahead: (Word, Span),
    layer: Layer,
    /// Where the last word taken ends.
    end: usize,
    /// The brackets that are open.
    open: Vec<Span>,
}

impl Parser<'_> {
    /// Takes the next word.
    fn take(&mut self) -> Result<(Word, Span), Problem> {
        let next = self.lexer.next()?;
        let taken = std::mem::replace(&mut self.ahead, next);
        self.end = taken.1.end;
        match taken.0 {
            Word::Mark('(' | '[' | '{') => self.open.push(taken.1),
            Word::Mark(')' | ']' | '}') => drop(self.open.pop()),
            _ => {}
        }
        Ok(taken)
    }

    /// A problem with the next word; at the end of the text, with the bracket left open.
    fn unexpected(&self, message: &str) -> Problem {
        match (&self.ahead.0, self.open.last()) {
            (Word::End, Some(&open)) => problem(open, "this bracket is never closed"),
            (Word::End, None) => problem(self.ahead.1, "the text ends too early"),
            _ => problem(self.ahead.1, message),
        }
    }

    /// Takes the mark if it is next.
    fn takes(&mut self, mark: char) -> Result<bool, Problem> {
        let next = self.ahead.0 == Word::Mark(mark);
        if next {
            self.take()?;
        }
        Ok(next)
    }

    /// Takes the mark, which must be next.
    fn expect(&mut self, mark: char) -> Result<(), Problem> {
        if self.takes(mark)? {
            return Ok(());
        }
        Err(self.unexpected(&format!("expected `{mark}` here")))
    }

    /// A place from `start` to the last word taken.
    fn origin(&self, start: usize) -> Origin {
        Origin { layer: self.layer, span: Span { start, end: self.end } }
    }

    /// One value.
    fn value(&mut self, depth: usize) -> Result<Node, Problem> {
        if depth > READER_DEPTH {
            let message = format!("values are nested more than {READER_DEPTH} deep");
            return Err(problem(self.ahead.1, &message));
        }
        if self.ahead.0 == Word::End {
            return Err(self.unexpected("expected a value"));
        }
        let (word, span) = self.take()?;
        let value = match word {
            Word::Number(number) => Value::Number(number),
            Word::Text(text) => Value::Text(text),
            Word::Name(name) if name == "true" || name == "false" => Value::Flag(name == "true"),
            Word::Name(name) if self.takes('(')? => self.parenthesised(Some(name), depth)?,
            Word::Name(name) if name == "NaN" || name == "inf" => Value::Number(name),
            Word::Name(name) => Value::Name(name),
            Word::Mark('(') => self.parenthesised(None, depth)?,
            Word::Mark('[') => Value::List(self.items(']', depth)?),
            Word::Mark('{') => Value::Map(self.map_fields(depth)?),
            Word::Mark(mark) => {
                return Err(problem(span, &format!("expected a value, found `{mark}`")));
            }
            Word::End => return Err(problem(span, "the text ends too early")),
        };
        Ok(Node { value, origin: self.origin(span.start) })
    }

    /// What stands in round brackets: a record where a name and a colon come first.
    fn parenthesised(&mut self, name: Option<String>, depth: usize) -> Result<Value, Problem> {
        if self.takes(')')? {
            return Ok(Value::Tuple(name, Vec::new()));
        }
        let Word::Name(_) = self.ahead.0 else {
            return Ok(Value::Tuple(name, self.items(')', depth)?));
        };
        let first = self.value(depth + 1)?;
        if !self.takes(':')? {
            let mut items = vec![first];
            if self.separated(')')? {
                items.extend(self.items(')', depth)?);
            }
            return Ok(Value::Tuple(name, items));
        }
        let Value::Name(key) = first.value else {
            return Err(problem(first.origin.span, "a field has a plain name"));
        };
        let node = self.value(depth + 1)?;
        let mut fields =
            vec![Field { key, style: KeyStyle::Plain, key_origin: first.origin, node }];
        while self.separated(')')? {
            if self.takes(')')? {
                break;
            }
            let (word, span) = self.take()?;
            let Word::Name(key) = word else {
                return Err(problem(span, "expected the name of a field"));
            };
            let key_origin = self.origin(span.start);
            self.expect(':')?;
            let node = self.value(depth + 1)?;
            fields.push(Field { key, style: KeyStyle::Plain, key_origin, node });
        }
        Ok(Value::Record(name, fields))
    }

    /// Items up to the closing mark, which is taken.
    fn items(&mut self, close: char, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        while !self.takes(close)? {
            items.push(self.value(depth + 1)?);
            if !self.separated(close)? {
                break;
            }
        }
        Ok(items)
    }

    /// Keys and values up to the closing brace, which is taken.
    fn map_fields(&mut self, depth: usize) -> Result<Vec<Field>, Problem> {
        let mut fields = Vec::new();
        while !self.takes('}')? {
            let (word, span) = self.take()?;
            let (key, style) = match word {
                Word::Text(key) => (key, KeyStyle::Quoted),
                Word::Name(key) | Word::Number(key) => (key, KeyStyle::Plain),
                _ => return Err(problem(span, "expected a key")),
            };
            let key_origin = self.origin(span.start);
            self.expect(':')?;
            let node = self.value(depth + 1)?;
            fields.push(Field { key, style, key_origin, node });
            if !self.separated('}')? {
                break;
            }
        }
        Ok(fields)
    }

    /// Takes a comma (then more may follow) or the closing mark (then nothing does).
    fn separated(&mut self, close: char) -> Result<bool, Problem> {
        if self.takes(',')? {
            return Ok(true);
        }
        if self.takes(close)? {
            return Ok(false);
        }
        Err(self.unexpected(&format!("expected `,` or `{close}` here")))
    }
}
