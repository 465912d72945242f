//! A tree back into a RON text that reads to the same tree.

use super::{Field, KeyStyle, Node, Value};

/// The longest line that a value is printed on whole.
const LINE: usize = 100;

/// Prints the tree as a RON text.
pub(crate) fn print(node: &Node) -> String {
    let mut text = String::from("#![enable(implicit_some)]\n");
    broken(node, 0, &mut text);
    text.push('\n');
    text
}

/// Prints a value on one line, where it fits, or on several.
fn broken(node: &Node, indent: usize, text: &mut String) {
    let mut line = String::new();
    flat(node, &mut line);
    if line.len() + 4 * indent <= LINE {
        text.push_str(&line);
        return;
    }
    match &node.value {
        Value::List(items) => block(("[", "]"), indent, text, items, broken),
        Value::Tuple(name, items) => {
            text.push_str(name.as_deref().unwrap_or_default());
            block(("(", ")"), indent, text, items, broken);
        }
        Value::Record(name, fields) => {
            text.push_str(name.as_deref().unwrap_or_default());
            block(("(", ")"), indent, text, fields, |field, indent, text| {
                key(field, text);
                broken(&field.node, indent, text);
            });
        }
        Value::Map(fields) => block(("{", "}"), indent, text, fields, |field, indent, text| {
            key(field, text);
            broken(&field.node, indent, text);
        }),
        _ => text.push_str(&line),
    }
}

/// Prints items one a line between brackets.
fn block<T>(
    (open, close): (&str, &str),
    indent: usize,
    text: &mut String,
    items: &[T],
    print: impl Fn(&T, usize, &mut String),
) {
    text.push_str(open);
    text.push('\n');
    for item in items {
        text.push_str(&"    ".repeat(indent + 1));
        print(item, indent + 1, text);
        text.push_str(",\n");
    }
    text.push_str(&"    ".repeat(indent));
    text.push_str(close);
}

/// Prints a value on one line.
fn flat(node: &Node, text: &mut String) {
    match &node.value {
        Value::Number(number) => text.push_str(number),
        Value::Text(string) => text.push_str(&quoted(string)),
        Value::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Name(name) => text.push_str(name),
        Value::List(items) => flat_items(("[", "]"), items, text),
        Value::Tuple(name, items) => {
            text.push_str(name.as_deref().unwrap_or_default());
            flat_items(("(", ")"), items, text);
        }
        Value::Record(name, fields) => {
            text.push_str(name.as_deref().unwrap_or_default());
            flat_fields(("(", ")"), fields, text);
        }
        Value::Map(fields) => flat_fields(("{", "}"), fields, text),
    }
}

/// Prints items on one line.
fn flat_items((open, close): (&str, &str), items: &[Node], text: &mut String) {
    text.push_str(open);
    for (position, item) in items.iter().enumerate() {
        text.push_str(if position > 0 { ", " } else { "" });
        flat(item, text);
    }
    text.push_str(close);
}

/// Prints named values on one line.
fn flat_fields((open, close): (&str, &str), fields: &[Field], text: &mut String) {
    text.push_str(open);
    for (position, field) in fields.iter().enumerate() {
        text.push_str(if position > 0 { ", " } else { "" });
        key(field, text);
        flat(&field.node, text);
    }
    text.push_str(close);
}

/// Prints the name of a field as it was written.
fn key(field: &Field, text: &mut String) {
    match field.style {
        KeyStyle::Plain => text.push_str(&field.key),
        KeyStyle::Quoted => text.push_str(&quoted(&field.key)),
    }
    text.push_str(": ");
}

/// A string with quotes, backslashes and control characters escaped as RON reads them.
fn quoted(string: &str) -> String {
    let mut text = String::from("\"");
    for character in string.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            control if control.is_control() => {
                text.push_str(&format!("\\u{{{:x}}}", u32::from(control)));
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
    text
}
