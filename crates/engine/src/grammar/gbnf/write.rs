//! How is a grammar over lexemes spelled in llguidance's dialect of Lark?

use super::{
    Node, Set,
    overlap::empty,
    shape::{Part, Shaped},
};
use std::fmt::Write;

/// How deep a rule may be nested: what lies deeper becomes a rule of its own, because llguidance takes 30 brackets.
const MAX_NESTED: usize = 10;

/// The grammar: rules `r0`, `r1`, …, parts of them `p0`, `p1`, …, and lexemes `T0`, `T1`, …
pub(super) fn lark(shaped: &Shaped) -> String {
    let mut writer = Writer { shaped, parts: Vec::new(), out: String::from("start: r0\n") };
    for (number, rule) in shaped.rules.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(writer.out, "r{number}: ");
        writer.part(rule, 0);
        writer.out.push('\n');
    }
    let mut next = 0;
    while let Some(part) = writer.parts.get(next).copied() {
        let _ = write!(writer.out, "p{next}: ");
        writer.part(part, 0);
        writer.out.push('\n');
        next += 1;
    }
    let mut out = writer.out;
    for (number, node) in shaped.lexemes.nodes.iter().enumerate() {
        let _ = write!(out, "T{number}: /");
        expression(node, &mut out);
        // What may be left out is said where the lexeme stands.
        out.push_str(if empty(node) { "/ & /(?s:.+)/\n" } else { "/\n" });
    }
    out
}

struct Writer<'a> {
    shaped: &'a Shaped,
    /// Parts that become rules.
    parts: Vec<&'a Part>,
    out: String,
}

impl<'a> Writer<'a> {
    fn part(&mut self, part: &'a Part, depth: usize) {
        match part {
            Part::Lexeme(number) => {
                let maybe = if empty(&self.shaped.lexemes.nodes[*number]) { "?" } else { "" };
                let _ = write!(self.out, "T{number}{maybe}");
            }
            Part::Rule(number) => {
                let _ = write!(self.out, "r{number}");
            }
            Part::Seq(all) if all.is_empty() => self.out.push_str("\"\""),
            _ if depth == MAX_NESTED => {
                let _ = write!(self.out, "p{}", self.parts.len());
                self.parts.push(part);
            }
            Part::Seq(all) => self.joined(all, " ", depth),
            Part::Any(all) => self.joined(all, " | ", depth),
            Part::Many(one, least, most) => {
                self.joined(std::slice::from_ref(one), "", depth);
                self.out.push_str(&times(*least, *most));
            }
        }
    }

    fn joined(&mut self, all: &'a [Part], between: &str, depth: usize) {
        self.out.push('(');
        for (at, one) in all.iter().enumerate() {
            self.out.push_str(if at > 0 { between } else { "" });
            self.part(one, depth + 1);
        }
        self.out.push(')');
    }
}

fn times(least: u32, most: Option<u32>) -> String {
    match (least, most) {
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (0, Some(1)) => "?".to_owned(),
        (least, None) => format!("{{{least},}}"),
        (least, Some(most)) if least == most => format!("{{{least}}}"),
        (least, Some(most)) => format!("{{{least},{most}}}"),
    }
}

/// A lexeme as a regular expression.
fn expression(node: &Node, out: &mut String) {
    match node {
        Node::One(set) => class(set, out),
        // A lexeme has no names in it.
        Node::Rule(_) => {}
        Node::Seq(all) => all.iter().for_each(|node| grouped(node, out)),
        Node::Any(all) => {
            for (at, node) in all.iter().enumerate() {
                out.push_str(if at > 0 { "|" } else { "" });
                grouped(node, out);
            }
        }
        Node::Many(node, least, most) => {
            grouped(node, out);
            out.push_str(&times(*least, *most));
        }
    }
}

/// In brackets, unless it is one character: what stands behind or beside it would else change its meaning.
fn grouped(node: &Node, out: &mut String) {
    if matches!(node, Node::One(_)) {
        return expression(node, out);
    }
    out.push_str("(?:");
    expression(node, out);
    out.push(')');
}

fn class(set: &Set, out: &mut String) {
    if let [(from, to)] = set.ranges()
        && from == to
    {
        return character(*from, out);
    }
    out.push('[');
    for (from, to) in set.ranges() {
        character(*from, out);
        if from < to {
            out.push('-');
            character(*to, out);
        }
    }
    out.push(']');
}

/// A character so that it means itself, inside a class and outside.
fn character(code: u32, out: &mut String) {
    match char::from_u32(code).filter(char::is_ascii_alphanumeric) {
        Some(c) => out.push(c),
        None => {
            let _ = write!(out, "\\x{{{code:X}}}");
        }
    }
}
