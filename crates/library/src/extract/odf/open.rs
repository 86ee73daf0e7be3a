//! What is open while an OpenDocument file is read.

use super::super::xml::Tag;

/// What the file is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mode {
    Text,
    Sheets,
    Slides,
}

/// What a frame on a slide is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Class {
    None,
    Title,
    Outline,
    Passed,
}

#[derive(Default)]
pub(super) struct Para {
    pub text: String,
    pub heading: Option<u8>,
    pub style: String,
    pub notes: Vec<String>,
}

/// A note that is being read.
#[derive(Default)]
pub(super) struct Aside {
    pub citation: String,
    pub said: Vec<String>,
    pub author: String,
}

/// What a reader does not see: deleted text, how an index is made, how a word is pronounced, forms' code.
pub(super) fn is_passed_over(tag: &Tag<'_>) -> bool {
    matches!(
        tag.prefixed(),
        "text:tracked-changes"
            | "table:tracked-changes"
            | "text:ruby-text"
            | "office:forms"
            | "office:scripts"
            | "office:font-face-decls"
            | "office:automatic-styles"
            | "office:styles"
            | "office:event-listeners"
            | "svg:title"
            | "svg:desc"
            | "table:content-validations"
            | "presentation:settings"
    ) || (tag.prefixed().starts_with("text:") && tag.name().ends_with("-source"))
}
