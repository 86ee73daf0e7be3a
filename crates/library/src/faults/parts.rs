//! What can be wrong with the files inside a file, and with files whose text is not read.

use super::{SAFE, damaged_kind};
use protocol::{Fault, FaultKind};

/// It unpacks to far more than it is.
pub fn bomb() -> Fault {
    damaged_kind(
        "document.bomb",
        "The file unpacks to far more than a file of its size can hold; unpacking was stopped.".into(),
    )
    .hint("Nothing of it was kept. If you trust it, unpack it with another program and import the folder.")
}

fn left_out(code: &str, message: String, names: &str, count: usize) -> Fault {
    damaged_kind(code, message).with("names", names).with("count", count)
}

/// Files inside that ask for a password.
pub fn parts_encrypted(names: &str, count: usize) -> Fault {
    left_out(
        "document.parts_encrypted",
        format!("Files inside that are protected with a password and were left out ({count}): {names}."),
        names,
        count,
    )
    .hint("Unpack them with another program and import the folder.")
}

/// Files inside that are damaged.
pub fn parts_damaged(names: &str, count: usize) -> Fault {
    left_out(
        "document.parts_damaged",
        format!("Files inside that are damaged and were left out ({count}): {names}."),
        names,
        count,
    )
}

/// Files inside that are packed in a way that is not known.
pub fn parts_packed_otherwise(names: &str, count: usize) -> Fault {
    left_out(
        "document.parts_packed_otherwise",
        format!("Files inside that are packed in a way that cannot be read and were left out ({count}): {names}."),
        names,
        count,
    )
    .hint("Unpack them with another program and import the folder.")
}

/// Files inside that are too large.
pub fn parts_too_large(names: &str, count: usize, limit: u64) -> Fault {
    left_out(
        "document.parts_too_large",
        format!("Files inside that are larger than {} MB and were left out ({count}): {names}.", limit >> 20),
        names,
        count,
    )
    .with("limit_mb", limit >> 20)
}

/// More files inside than are taken.
pub fn parts_too_many(most: usize, count: usize) -> Fault {
    damaged_kind(
        "document.parts_too_many",
        format!("Only the first {most} files inside were taken; {count} were left out."),
    )
    .hint("Unpack it with another program and import the folder in parts.")
    .with("most", most)
    .with("count", count)
}

/// It lies in too many others.
pub fn parts_too_deep(deepest: u32) -> Fault {
    damaged_kind(
        "document.parts_too_deep",
        format!("It lies {deepest} files deep in others; the files inside it were not taken out."),
    )
    .hint("Save it by itself and import that.")
    .with("deepest", deepest)
}

/// The outermost container has brought enough.
pub fn parts_beyond() -> Fault {
    damaged_kind(
        "document.parts_beyond",
        "The files inside it were not taken out: the file that it came in holds more than one import takes.".into(),
    )
    .hint("Save it by itself and import that.")
}

/// A file of a kind that is not read.
pub fn text_not_read(format: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "document.text_not_read",
        format!("Text not readable: files of this kind ({format}) are kept and found by their name only."),
    )
    .safe(SAFE)
    .hint("If it holds text, save or print it as PDF and import that.")
    .with("format", format)
}

/// A picture that could be read where Tesseract is installed.
pub fn picture_not_read(format: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "document.picture_not_read",
        format!("The text in this picture ({format}) is not read: it is found by its name only."),
    )
    .safe(SAFE)
    .hint(GET_OCR)
    .with("format", format)
}

/// A picture of a kind that is not read.
pub fn picture_of_another_kind(format: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "document.picture_of_another_kind",
        format!("Text in pictures of this kind ({format}) is not read: it is found by its name only."),
    )
    .safe(SAFE)
    .hint("Save it as PNG or JPEG, or print it as PDF, and import that.")
    .with("format", format)
}

/// A book of which not all was read.
pub fn book_shortened(most: u64) -> Fault {
    damaged_kind("document.book_shortened", format!("Of this book only the first {} MB were read.", most >> 20))
        .with("limit_mb", most >> 20)
}

/// How to have text in pictures read.
pub(super) const GET_OCR: &str = "To have it read, install the program Tesseract (text recognition) with the languages of your \
                       documents on this computer, start Atelier again, then index the document again.";

/// The code where text in pictures cannot be read.
pub const NO_OCR: &str = "document.no_ocr";

/// Text in pictures cannot be read on this machine.
pub fn no_ocr() -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "document.no_ocr",
        "Text in pictures cannot be read: Tesseract is not installed.",
    )
    .safe(SAFE)
    .hint(GET_OCR)
}

/// A picture in which no text was found.
pub fn no_text_in_picture() -> Fault {
    damaged_kind(
        "document.no_text_in_picture",
        "No text was found in this picture: it is found by its name only.".into(),
    )
}

/// Text that was read in pictures.
pub fn pages_recognised(pages: &[u32]) -> Fault {
    damaged_kind(
        "document.pages_recognised",
        format!("The text of these pages was read from their picture and may have mistakes: {}.", super::ranges(pages)),
    )
    .with("pages", super::ranges(pages))
}

/// The code of a document with text that was read in pictures.
pub const RECOGNISED: &str = "document.pages_recognised";
