//! What stands on a PDF page beside its text: what was filled into its form, and what people noted on it.
//!
//! PDFium's text does not hold it. It comes after the page's text, a paragraph each, and its words lie where
//! the field or the note does.

use super::Placed;
use crate::extract::{Page, WordBox, tidy};
use pdfium_render::prelude::*;

/// Fields and notes of one page, and chars of one.
const MOST: usize = 2_000;
const LONGEST: usize = 20_000;

/// Adds the fields and notes of a page to its text.
pub fn add(page: &PdfPage<'_>, place: &Placed<'_>, to: &mut Page) {
    let mut chars = to.text.chars().count() as u32;
    for annotation in page.annotations().iter().take(MOST) {
        let Some(said) = said(&annotation) else { continue };
        let said = tidy(&said).trim().chars().take(LONGEST).collect::<String>();
        // Some programs draw what was filled in as the page's own text.
        if said.is_empty() || to.text.contains(&said) {
            continue;
        }
        if !to.text.is_empty() {
            to.text.push_str("\n\n");
            chars += 2;
        }
        let sides = annotation.bounds().ok().and_then(place);
        let mut at = chars;
        for word in said.split_inclusive(char::is_whitespace) {
            let length = word.trim_end().chars().count();
            if let (Some(sides), Ok(length @ 1..)) = (sides, u16::try_from(length)) {
                to.words.push(WordBox { start: at, length, sides });
            }
            at += word.chars().count() as u32;
        }
        to.text.push_str(&said);
        chars = at;
    }
}

/// What an annotation says: `Name: value` of a field that is filled in, the words of a note.
fn said(annotation: &PdfPageAnnotation<'_>) -> Option<String> {
    if let Some(field) = annotation.as_form_field() {
        let name = field.name().unwrap_or_default();
        let value = match field {
            // What is typed there is nobody's to read.
            PdfFormField::Text(text) if text.is_password() => None,
            PdfFormField::Text(text) => text.value(),
            PdfFormField::ComboBox(combo) => combo.value(),
            PdfFormField::ListBox(list) => list.value(),
            PdfFormField::Checkbox(check) => check.is_checked().ok().filter(|checked| *checked).map(|_| "☑".to_owned()),
            PdfFormField::RadioButton(button) => {
                button.is_checked().ok().filter(|checked| *checked).and_then(|_| button.group_value())
            }
            PdfFormField::PushButton(_) | PdfFormField::Signature(_) | PdfFormField::Unknown(_) => None,
        };
        let value = value.filter(|value| !value.trim().is_empty())?;
        return Some(if name.trim().is_empty() { value } else { format!("{}: {value}", name.trim()) });
    }
    match annotation {
        // A link's words are the page's; a popup's are those of the note that it belongs to.
        PdfPageAnnotation::Link(_)
        | PdfPageAnnotation::Popup(_)
        | PdfPageAnnotation::Widget(_)
        | PdfPageAnnotation::XfaWidget(_)
        | PdfPageAnnotation::Redacted(_) => None,
        PdfPageAnnotation::Circle(_)
        | PdfPageAnnotation::FreeText(_)
        | PdfPageAnnotation::Highlight(_)
        | PdfPageAnnotation::Ink(_)
        | PdfPageAnnotation::Square(_)
        | PdfPageAnnotation::Squiggly(_)
        | PdfPageAnnotation::Stamp(_)
        | PdfPageAnnotation::Strikeout(_)
        | PdfPageAnnotation::Text(_)
        | PdfPageAnnotation::Underline(_)
        | PdfPageAnnotation::Unsupported(_) => {
            let contents = annotation.contents().filter(|contents| !contents.trim().is_empty())?;
            match annotation.creator().filter(|creator| !creator.trim().is_empty()) {
                Some(creator) => Some(format!("{}: {contents}", creator.trim())),
                None => Some(contents),
            }
        }
    }
}
