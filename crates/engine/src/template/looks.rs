//! What does it cost to look at a value, where looking makes nothing?
//!
//! minijinja counts an instruction as one, whatever it works on. Comparing two lists of a million places, or asking for
//! the length of a text of megabytes, makes nothing that [`super::limits`] could measure, and a loop of a few
//! instructions could do it for hours. So before each comparison, look-up, filter, test and method a function is called
//! that pays for what will be looked at out of the same budget.

use super::{
    guard::{COMPARED, HELD, KEYED, PASSED, SORTED},
    limits::{MAX_NESTED, charge},
};
use minijinja::{
    Environment, Error, ErrorKind, Value,
    machinery::Instruction,
    value::{Rest, ValueKind},
};

/// What a place in a list or an object costs, in bytes of the budget: some 20 ns each.
const PLACE: usize = 16;
/// Bytes of a text that cost one byte: looking at them is that much faster than making them.
const TEXT: usize = 2;
/// How often something may be looked at where it is sorted: the logarithm of the longest list.
const SORTING: usize = 20;

/// The function that pays for an instruction and how many values it takes; with `None`, as many as the uppermost says.
pub(super) fn before(instruction: &Instruction<'_>) -> Option<(&'static str, Option<u16>)> {
    match instruction {
        Instruction::Eq
        | Instruction::Ne
        | Instruction::Gt
        | Instruction::Gte
        | Instruction::Lt
        | Instruction::Lte
        | Instruction::CompareAndPreserve(_) => Some((COMPARED, Some(2))),
        Instruction::In => Some((HELD, Some(2))),
        Instruction::GetItem => Some((KEYED, Some(2))),
        Instruction::Slice => Some((PASSED, Some(4))),
        Instruction::PushLoop(_) => Some((PASSED, Some(1))),
        Instruction::ApplyFilter(name, count, _) => Some((filter(name), *count)),
        Instruction::PerformTest(name, count, _) => Some((test(name), *count)),
        Instruction::CallMethod(name, count) => Some((method(name), *count)),
        // Whatever else there is takes no longer for a large value than for a small one, or makes what is measured.
        _ => None,
    }
}

fn filter(name: &str) -> &'static str {
    match name {
        "sort" | "unique" | "groupby" | "dictsort" => SORTED,
        "min" | "max" | "sum" | "map" | "select" | "reject" | "selectattr" | "rejectattr" | "tojson" | "string"
        | "join" => COMPARED,
        _ => PASSED,
    }
}

fn test(name: &str) -> &'static str {
    match name {
        "eq" | "equalto" | "==" | "ne" | "!=" | "lt" | "lessthan" | "<" | "le" | "<=" | "gt" | "greaterthan" | ">"
        | "ge" | ">=" | "sameas" => COMPARED,
        "in" => HELD,
        _ => PASSED,
    }
}

fn method(name: &str) -> &'static str {
    match name {
        "get" | "pop" | "setdefault" => KEYED,
        "count" | "index" | "changed" | "remove" | "join" => COMPARED,
        _ => PASSED,
    }
}

/// Gives an environment the functions.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_function(COMPARED, |values: Rest<Value>| all(values, |values| look(values, 1)));
    environment.add_function(SORTED, |values: Rest<Value>| all(values, |values| look(values, SORTING)));
    environment.add_function(KEYED, |values: Rest<Value>| {
        all(values, |values| {
            let (first, others) =
                values.split_first().map_or((&values[..0], values), |(_, others)| (&values[..1], others));
            pass(first)?;
            look(others, 1)
        })
    });
    environment.add_function(HELD, |values: Rest<Value>| {
        all(values, |values| match values {
            // What an object holds is found by its key.
            [value, holder] if holder.kind() == ValueKind::Map => look(std::slice::from_ref(value), 1),
            values => look(values, 1),
        })
    });
    environment.add_function(PASSED, |values: Rest<Value>| all(values, pass));
}

/// Pays, and gives the values back as a list.
fn all(values: Rest<Value>, pay: impl Fn(&[Value]) -> Result<(), Error>) -> Result<Value, Error> {
    pay(&values)?;
    Ok(Value::from(values.0))
}

/// Pays for texts alone: what is passed on is not looked into.
fn pass(values: &[Value]) -> Result<(), Error> {
    values.iter().filter_map(Value::as_str).try_for_each(|text| charge(text.len() / TEXT))
}

/// Pays for all that is inside, `times` over.
fn look(values: &[Value], times: usize) -> Result<(), Error> {
    values.iter().try_for_each(|value| into(value, times, MAX_NESTED))
}

fn into(value: &Value, times: usize, left: usize) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {}
        _ => return charge(value.as_str().map_or(0, str::len) / TEXT * times),
    }
    // What the request holds nests less deep than this, and so does what a template makes.
    let left = left.checked_sub(1);
    let left = left.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "it nests lists too deep"))?;
    for item in value.try_iter()? {
        charge(PLACE * times)?;
        if value.kind() == ValueKind::Map {
            into(&value.get_item(&item)?, times, left)?;
        }
        into(&item, times, left)?;
    }
    Ok(())
}
