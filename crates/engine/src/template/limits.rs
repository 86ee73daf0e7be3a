//! How much may a template make? Bytes in one value, in a list, and in all that one rendering makes.

use super::guard::{ASSIGNED, GROWN, JOINED, NESTED};
use crate::tokenizer;
use minijinja::{
    Environment, Error, ErrorKind, State, Value, filters,
    value::{Kwargs, ValueKind},
};
use std::{cell::Cell, fmt::Write as _, io};

/// The longest text, in bytes: the longest request is as long.
pub(super) const MAX_TEXT: usize = 16 << 20;
/// The most values in a list.
const MAX_ITEMS: usize = 1 << 20;
/// Bytes of all texts and lists that one rendering makes, those it drops again included, so that memory
/// stays below. A template that appends each of 1000 messages to a text makes 250 MB of a chat of 500 KB.
const BUDGET: usize = 512 << 20;
/// Bytes that one rendering may put out: no longer text is tokenized.
const MAX_WRITTEN: usize = tokenizer::MAX_TEXT;
/// What a list takes for each value, in bytes.
const ITEM: usize = 24;
/// How deep lists and objects may nest: requests nest 128 deep at most.
pub(super) const MAX_NESTED: usize = 200;
/// What looking at a value costs, in bytes: lists that hold each other twice make 2^200 places to look at.
const LOOK: usize = 128;
/// The widest indentation.
const MAX_WIDTH: usize = 1000;

thread_local! {
    /// What is left to the rendering on this thread.
    static LEFT: Cell<usize> = const { Cell::new(0) };
    /// What it may still put out, blocks that it keeps in variables included.
    static UNWRITTEN: Cell<usize> = const { Cell::new(0) };
}

/// A rendering begins.
pub(super) fn begin() {
    LEFT.set(BUDGET);
    UNWRITTEN.set(MAX_WRITTEN);
}

fn too_large() -> Error {
    Error::new(ErrorKind::InvalidOperation, "it makes more text than a prompt can hold")
}

/// Takes bytes from what is left; an error where one value or all of them are too many.
pub(super) fn charge(bytes: usize) -> Result<(), Error> {
    let left = LEFT.get().checked_sub(bytes).filter(|_| bytes <= MAX_TEXT.max(MAX_ITEMS * ITEM));
    LEFT.set(left.unwrap_or(0));
    left.map(|_| ()).ok_or_else(too_large)
}

/// Lets a value through that is within the limits.
fn grown(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => {
            let length = value.as_str().map_or_else(|| value.len().unwrap_or(0), str::len);
            if length > MAX_TEXT {
                return Err(too_large());
            }
            charge(length)?;
        }
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            // What does not know its length, such as a list repeated without end, is not made.
            let items = value.len().filter(|items| *items <= MAX_ITEMS).ok_or_else(too_large)?;
            charge(items * ITEM)?;
            // minijinja joins, repeats and cuts lists by keeping the old ones inside: a loop would nest without end.
            if value.kind() == ValueKind::Iterable {
                return Ok(Value::from(value.try_iter()?.collect::<Vec<Value>>()));
            }
        }
        ValueKind::Undefined | ValueKind::None | ValueKind::Bool | ValueKind::Number => {}
        // minijinja's list of kinds may grow.
        _ => {}
    }
    Ok(value)
}

/// The same, if it does not nest too deep.
fn nested(value: Value) -> Result<Value, Error> {
    let value = grown(value)?;
    descend(&value, MAX_NESTED, false)?;
    Ok(value)
}

/// What is assigned to an attribute of a namespace, with the namespace: in the order in which they are unpacked.
/// Data only: a namespace that could be reached from itself would never be freed, and written without end.
fn assigned(value: Value, namespace: Value) -> Result<Value, Error> {
    descend(&value, MAX_NESTED, true)?;
    Ok(Value::from(vec![namespace, value]))
}

/// Looks at all that is inside a value, and pays for it. With `data`, nothing there may hold what changes.
fn descend(value: &Value, left: usize, data: bool) -> Result<(), Error> {
    let wrong = |what: &'static str| Err(Error::new(ErrorKind::InvalidOperation, what));
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {}
        ValueKind::Plain if data => return wrong("only data can be kept in a namespace"),
        _ => return Ok(()),
    }
    if data && value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace")) {
        return wrong("a namespace cannot be kept in a namespace");
    }
    let Some(left) = left.checked_sub(1) else { return wrong("it nests lists too deep") };
    for item in value.try_iter()? {
        charge(LOOK)?;
        if value.kind() == ValueKind::Map {
            descend(&value.get_item(&item)?, left, data)?;
        }
        descend(&item, left, data)?;
    }
    Ok(())
}

/// A list or an object as the text that it is joined as; anything else as it is.
fn text(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            let mut out = Bounded::default();
            write!(out, "{value}").map_err(|_| too_large())?;
            Ok(Value::from(out.0))
        }
        _ => Ok(value),
    }
}

/// Two values as one text.
fn joined(left: &Value, right: &Value) -> Result<Value, Error> {
    let mut out = Bounded::default();
    write!(out, "{left}{right}").map_err(|_| too_large())?;
    charge(out.0.len())?;
    Ok(Value::from(out.0))
}

/// A text that ends with an error where it gets too long.
#[derive(Default)]
pub(super) struct Bounded(pub(super) String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> std::fmt::Result {
        if self.0.len() + more.len() > MAX_TEXT {
            return Err(std::fmt::Error);
        }
        self.0.push_str(more);
        Ok(())
    }
}

/// The same for bytes.
#[derive(Default)]
pub(super) struct BoundedBytes(pub(super) Vec<u8>);

impl io::Write for BoundedBytes {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.0.len() + more.len() > MAX_TEXT {
            return Err(io::Error::other("too large"));
        }
        self.0.extend_from_slice(more);
        Ok(more.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what a template puts out, and counts it.
fn format(out: &mut minijinja::Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let value = text(value.clone())?;
    let length = value.as_str().map_or(32, str::len);
    charge(length)?;
    UNWRITTEN.set(UNWRITTEN.get().checked_sub(length).ok_or_else(too_large)?);
    minijinja::escape_formatter(out, state, &value)
}

/// `replace`, whose result may be the product of its texts.
fn replace(value: &str, from: &str, to: &str) -> Result<String, Error> {
    let count = if from.is_empty() { value.chars().count() + 1 } else { value.matches(from).count() };
    if value.len().saturating_add(count.saturating_mul(to.len())) > MAX_TEXT {
        return Err(too_large());
    }
    Ok(value.replace(from, to))
}

/// `join`, whose result may be the product of a list and a text.
fn join(values: &Value, between: &str) -> Result<String, Error> {
    let mut out = Bounded::default();
    for (index, value) in values.try_iter()?.enumerate() {
        let between = if index > 0 { between } else { "" };
        write!(out, "{between}{value}").map_err(|_| too_large())?;
    }
    Ok(out.0)
}

/// `indent` as in Python, where a text keeps the end of its last line.
fn indent(
    value: &str,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
    more: Kwargs,
) -> Result<String, Error> {
    let width = width.or(more.get("width")?).unwrap_or(4);
    let first = first.or(more.get("first")?).unwrap_or(false);
    let blank = blank.or(more.get("blank")?).unwrap_or(false);
    more.assert_all_used()?;
    if width > MAX_WIDTH {
        return Err(too_large());
    }
    let mut out = Bounded::default();
    for (index, line) in value.split('\n').enumerate() {
        let space = if (index > 0 || first) && (blank || !line.is_empty()) { width } else { 0 };
        let end = if index > 0 { "\n" } else { "" };
        write!(out, "{end}{:space$}{line}", "").map_err(|_| too_large())?;
    }
    Ok(out.0)
}

/// Lets a text be cut where that makes no more pieces than a list may have: at `between`, or at blanks and lines.
fn few_pieces(value: &str, between: Option<&str>) -> Result<(), Error> {
    let pieces = match between {
        Some(between) => value.matches(between).take(MAX_ITEMS + 1).count(),
        None => value.chars().filter(|c| c.is_whitespace()).take(MAX_ITEMS + 1).count(),
    };
    if pieces > MAX_ITEMS { Err(too_large()) } else { Ok(()) }
}

/// Python's methods, those that may make much by the rules above.
fn method(state: &State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let texts: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
    match (name, value.as_str(), &texts[..], args.len()) {
        ("replace", Some(value), [from, to], 2) => return replace(value, from, to).map(Value::from),
        ("join", Some(between), _, 1) => return join(&args[0], between).map(Value::from),
        ("split", Some(value), ..) => few_pieces(value, texts.first().copied())?,
        ("splitlines", Some(value), ..) => few_pieces(value, None)?,
        // A width in a form for numbers is a number of bytes.
        ("format", Some(form), ..) if form.bytes().filter(u8::is_ascii_digit).count() > 16 || wide(form) => {
            return Err(too_large());
        }
        _ => {}
    }
    minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args)
}

/// Whether a form for numbers has a width of more than three digits.
fn wide(form: &str) -> bool {
    form.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 3)
}

/// Gives an environment the measuring functions, and bounded ones in place of those that are not.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_function(GROWN, grown);
    environment.add_function(NESTED, nested);
    environment.add_function(ASSIGNED, assigned);
    environment.add_function(JOINED, joined);
    environment.set_formatter(format);
    environment.set_unknown_method_callback(method);
    environment.add_filter("replace", |value: &Value, from: String, to: String| {
        let value = text(value.clone())?;
        replace(value.as_str().unwrap_or(&value.to_string()), &from, &to)
    });
    environment
        .add_filter("join", |values: &Value, between: Option<String>| join(values, between.as_deref().unwrap_or("")));
    environment.add_filter(
        "indent",
        |value: String, width: Option<usize>, first: Option<bool>, blank: Option<bool>, more: Kwargs| {
            indent(&value, width, first, blank, more)
        },
    );
    environment.add_filter("string", |value: Value| {
        let value = text(value)?;
        Ok::<_, Error>(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    environment.add_filter("split", |value: &Value, between: Option<String>, most: Option<i64>| {
        few_pieces(value.as_str().unwrap_or_default(), between.as_deref())?;
        filters::split(value, between.map(Into::into), most)
    });
    environment.add_filter("lines", |value: &Value| {
        few_pieces(value.as_str().unwrap_or_default(), None)?;
        filters::lines(value)
    });
    environment.add_filter("list", |state: &State<'_, '_>, value: Value| {
        // The letters of a text.
        few_pieces(value.as_str().unwrap_or_default(), Some(""))?;
        filters::list(state, value)
    });
    // These make as much as a number says, and no template for chats needs them.
    for name in ["batch", "slice", "format", "pprint", "urlencode"] {
        environment.remove_filter(name);
    }
}
