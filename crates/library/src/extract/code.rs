//! Source code and other text that programs read: as code, under the headings that its definitions are.
//!
//! No grammar of any language: a line is a definition by its first words, which most languages share. What
//! is taken for one by mistake is a line of the text like every other.

use super::{Flow, Page, load, text::decode, tidy};
use protocol::Fault;
use std::path::Path;

/// Endings of the files.
pub const EXTENSIONS: &[&str] = &[
    "rs",
    "py",
    "pyi",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "tsx",
    "java",
    "kt",
    "kts",
    "scala",
    "c",
    "h",
    "cc",
    "cpp",
    "cxx",
    "hpp",
    "hh",
    "cs",
    "go",
    "rb",
    "php",
    "swift",
    "m",
    "mm",
    "r",
    "jl",
    "lua",
    "pl",
    "pm",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ps1",
    "bat",
    "cmd",
    "sql",
    "proto",
    "toml",
    "yaml",
    "yml",
    "json",
    "jsonl",
    "ndjson",
    "xml",
    "xsd",
    "xsl",
    "ini",
    "cfg",
    "conf",
    "env",
    "properties",
    "css",
    "scss",
    "less",
    "vue",
    "svelte",
    "tex",
    "sty",
    "cls",
    "bib",
    "make",
    "mk",
    "cmake",
    "gradle",
    "dockerfile",
    "tf",
    "hcl",
    "nix",
    "ex",
    "exs",
    "erl",
    "hs",
    "ml",
    "clj",
    "dart",
    "zig",
    "asm",
    "s",
    "vb",
    "vbs",
    "bas",
    "f90",
    "f",
    "pas",
    "diff",
    "patch",
    "ipynb",
    "graphql",
];

/// Words before a definition that say who may use it, or how.
const BEFORE: &[&str] = &[
    "pub",
    "crate)",
    "super)",
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "final",
    "abstract",
    "async",
    "const",
    "unsafe",
    "export",
    "default",
    "override",
    "virtual",
    "inline",
    "extern",
    "sealed",
    "partial",
    "open",
    "data",
    "suspend",
    "declare",
    "local",
];
/// Words that begin a definition.
const DEFINES: &[&str] = &[
    "fn",
    "def",
    "class",
    "struct",
    "enum",
    "trait",
    "impl",
    "mod",
    "interface",
    "function",
    "func",
    "fun",
    "module",
    "namespace",
    "object",
    "record",
    "type",
    "union",
    "macro_rules!",
    "sub",
    "protocol",
    "extension",
    "defmodule",
    "service",
    "message",
];
/// Pairs of words that do.
const DEFINES_IN_TWO: &[(&str, &str)] = &[
    ("create", "table"),
    ("create", "view"),
    ("create", "index"),
    ("create", "function"),
    ("create", "procedure"),
    ("create", "trigger"),
    ("create", "or"),
    ("alter", "table"),
];
/// TeX's sections, from the highest.
const SECTIONS: &[&str] = &["\\part", "\\chapter", "\\section", "\\subsection", "\\subsubsection"];
/// Definitions that stand deeper are details.
const DEEPEST_INDENT: usize = 4;
/// The longest heading, in chars.
const LONGEST_HEADING: usize = 160;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    flow(&tidy(&decode(&load(path)?, None))).pages(out)?;
    Ok(Vec::new())
}

pub(super) fn flow(text: &str) -> Flow {
    let mut flow = Flow::default();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        match level(line) {
            Some(level) if line.chars().count() <= LONGEST_HEADING => {
                flow.code(&lines.join("\n"));
                lines.clear();
                flow.heading(line, level);
            }
            Some(_) | None => lines.push(line),
        }
    }
    flow.code(&lines.join("\n"));
    flow
}

/// The level of the heading that a line is; None where it defines nothing.
fn level(line: &str) -> Option<u8> {
    let content = line.trim_start();
    let indent = line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum::<usize>();
    if let Some(at) = SECTIONS
        .iter()
        .rposition(|section| content.strip_prefix(section).is_some_and(|rest| rest.starts_with(['{', '*', '['])))
    {
        return Some(at as u8 + 1);
    }
    if indent > DEEPEST_INDENT || !content.starts_with(|c: char| c.is_alphabetic()) {
        return None;
    }
    let mut words = content
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | '<' | '{' | ';'))
        .filter(|word| !word.is_empty())
        .skip_while(|word| BEFORE.contains(word));
    let first = words.next()?;
    let second = words.next();
    let lower = first.to_lowercase();
    let in_two =
        || second.is_some_and(|second| DEFINES_IN_TWO.contains(&(lower.as_str(), second.to_lowercase().as_str())));
    let named =
        second.is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '*' | '\'' | '&')));
    // `type x = 1;` is a definition, and `class: wide` of a style is none.
    let defines = DEFINES.contains(&first) && (named || first == "impl") || in_two();
    defines.then_some(if indent == 0 { 2 } else { 3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_headings() {
        for (line, expected) in [
            ("pub(crate) async fn read(path: &Path) {", Some(2)),
            ("    fn inner(&self) {", Some(3)),
            ("def price(amount):", Some(2)),
            ("class Lease(Base):", Some(2)),
            ("    def end(self):", Some(3)),
            ("export default function App() {", Some(2)),
            ("public final class Rent extends Sum {", Some(2)),
            ("func (s *Store) Read() error {", Some(2)),
            ("func Read() error {", Some(2)),
            ("impl<T> Trait for X {", Some(2)),
            ("CREATE TABLE leases (", Some(2)),
            ("create or replace view x as", Some(2)),
            ("\\subsection{Rent}", Some(4)),
            ("\\section*{Rent}", Some(3)),
            ("\\sectionmark", None),
            ("class: wide", None),
            ("            fn deep() {", None),
            ("type: object", None),
            ("let x = 1;", None),
            ("", None),
        ] {
            assert_eq!(level(line), expected, "{line}");
        }
    }

    #[test]
    fn code_keeps_its_lines() {
        let source = "use std::fs;\n\n/// The rent.\npub fn rent() -> u32 {\n    900\n}\n";
        let mut pages = Vec::new();
        flow(source)
            .pages(&mut |page| {
                pages.push(page);
                Ok(())
            })
            .unwrap();
        assert_eq!(pages[0].text, "use std::fs;\n/// The rent.\n\npub fn rent() -> u32 {\n\n    900\n}");
        assert_eq!(pages[0].headings.len(), 1);
    }
}
