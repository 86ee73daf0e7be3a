//! What can be wrong with a document, each with its stable code and what to do.

mod office;
mod parts;
mod watch;

pub use office::*;
use parts::GET_OCR;
pub use parts::*;
pub use watch::*;

use protocol::{Fault, FaultKind};

const SAFE: &str = "The file itself is unchanged.";
const SAVE_AGAIN: &str = "Open it in the program it comes from, save it again, then retry.";

fn damaged_kind(code: &str, message: String) -> Fault {
    Fault::new(FaultKind::Damaged, code, message).safe(SAFE)
}

/// The parser found it damaged.
pub fn damaged(reason: &str) -> Fault {
    damaged_kind("document.damaged", format!("The document is damaged: {reason}."))
        .hint(SAVE_AGAIN)
        .with("reason", reason)
}

/// It has the name or the beginning of a PDF and nothing more of one.
pub fn not_a_pdf() -> Fault {
    damaged_kind("document.not_a_pdf", "The document is damaged: it is not a valid PDF.".into()).hint(SAVE_AGAIN)
}

/// A PDF without pages.
pub fn no_pages() -> Fault {
    damaged_kind("document.no_pages", "The document is damaged: the PDF has no pages.".into()).hint(SAVE_AGAIN)
}

/// A PDF all of whose pages are damaged.
pub fn no_readable_page() -> Fault {
    damaged_kind("document.no_readable_page", "The document is damaged: none of its pages can be read.".into())
        .hint(SAVE_AGAIN)
}

/// It is protected with a password, which its reader cannot use.
pub fn encrypted() -> Fault {
    damaged_kind("document.encrypted", "The document is protected with a password.".into())
        .hint("Save a copy without the password and import that.")
}

/// The code of a document that asks for its password; the interface offers to enter it.
pub const ASKS_PASSWORD: &str = "document.asks_password";

/// It asks for a password.
pub fn asks_password() -> Fault {
    damaged_kind("document.asks_password", "The document is protected with a password.".into())
        .hint("Enter its password, or save a copy without one and import that. The password is not kept.")
}

/// It asks for another password.
pub fn wrong_password() -> Fault {
    damaged_kind("document.wrong_password", "The document is protected, and this is not its password.".into())
        .hint("Enter the password again; capital letters count.")
}

/// It is protected against copying.
pub fn protected() -> Fault {
    damaged_kind("document.protected", "The book is protected against copying (DRM) and cannot be read.".into())
        .hint("Read it in the program of its shop; a copy without protection can be imported.")
}

/// The document was removed, or erased.
pub fn not_here() -> Fault {
    Fault::new(FaultKind::NotFound, "document.unknown", "This document is no longer here.")
        .safe("What was removed can be brought back until it is erased.")
}

/// Another workspace has no index that could be searched.
pub fn no_index_there(name: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, "library.no_index_there", format!("“{name}” has no index that can be searched."))
        .with("name", name)
        .safe("Nothing was changed in it.")
        .hint("Open that workspace once with this version; then it can be searched from here.")
}

/// Why a path that a person named cannot be looked at.
pub fn not_found(error: &std::io::Error) -> Fault {
    if error.kind() != std::io::ErrorKind::NotFound {
        return unreadable(&error.to_string());
    }
    Fault::new(FaultKind::NotFound, "document.not_found", "There is no such file or folder.")
        .hint("Check how the path is written.")
}

/// The system did not let us read it.
pub fn unreadable(reason: &str) -> Fault {
    damaged_kind("document.unreadable", format!("The file cannot be read: {reason}."))
        .hint("Check that it is there and that you may read it, then retry.")
        .with("reason", reason)
}

/// The workspace's copy of it is gone.
pub fn no_copy() -> Fault {
    Fault::new(FaultKind::Damaged, "document.no_copy", "The workspace's copy of the file is missing.")
        .hint("Remove the document, then import the file again.")
}

/// The stored text of a page has another hash than when it was read.
pub fn page_altered(name: &str, page: u32) -> Fault {
    let message = format!("The stored text of page {page} of “{name}” is not the text that was read from the file.");
    Fault::new(FaultKind::Damaged, "document.page_altered", message)
        .safe("The file itself is unchanged. Nothing is found or quoted on this page.")
        .hint("Read the document again from its file: Documents, Index again. Check the disk, and who can write to this folder.")
        .with("page", page)
        .with("name", name)
}

/// Larger than what is read.
pub fn too_large(limit: u64) -> Fault {
    Fault::new(FaultKind::Invalid, "document.too_large", format!("The file is larger than {} MB.", limit >> 20))
        .safe(SAFE)
        .hint("Split it into smaller files and import those.")
        .with("limit_mb", limit >> 20)
}

/// Nothing in it.
pub fn empty() -> Fault {
    Fault::new(FaultKind::Invalid, "document.empty", "The file is empty.").safe(SAFE)
}

/// A label that says nothing, or too much.
pub fn no_label(longest: usize) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "document.label",
        format!("A label has 1 to {longest} characters, a letter or digit among them."),
    )
    .with("longest", longest)
}

/// Not one of the formats.
pub fn unsupported(extension: &str) -> Fault {
    let formats: Vec<&str> = crate::extract::EXTRACTORS.iter().map(|e| e.format).collect();
    let formats = formats.join(", ");
    Fault::new(
        FaultKind::Invalid,
        "document.unsupported",
        format!("Files of this kind ({extension}) cannot be read yet."),
    )
    .safe(SAFE)
    .hint(format!("Formats that can be read: {formats}. Save or print it as PDF and import that."))
    .with("format", extension)
    .with("formats", formats)
}

/// The name of one of the formats, and no such content.
pub fn other_than_named(format: &str) -> Fault {
    let named = format.to_uppercase();
    damaged_kind(
        "document.other_than_named",
        format!("By its name it is a file of the kind {named}, but it does not hold one."),
    )
    .hint("Check that it was saved or fetched whole; if it is of another kind, give it its own ending.")
    .with("format", named)
}

/// A pipe, a socket, a device.
pub fn not_a_file() -> Fault {
    Fault::new(FaultKind::Invalid, "document.not_a_file", "It is neither a file nor a folder.").safe(SAFE)
}

/// More files than one import takes; the path beside it is the first that was not taken.
pub fn too_many_files(most: usize) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "import.too_many",
        format!("An import takes {most} files; this one and those after it were not taken."),
    )
    .safe(SAFE)
    .hint("Import the rest in parts, folder by folder.")
    .with("most", most)
}

/// A folder in too many others.
pub fn too_deep(deepest: usize) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "import.too_deep",
        format!("The folder lies more than {deepest} folders deep and was not entered."),
    )
    .safe(SAFE)
    .hint("Import that folder by itself.")
    .with("deepest", deepest)
}

/// What is said of documents whose pages can be looked at and not searched.
const PICTURES_ONLY: [&str; 2] = ["document.no_text", "document.no_words_found"];

/// Whether these notes say so.
pub(crate) fn is_wordless(notes: &[Fault]) -> bool {
    notes.iter().any(|note| PICTURES_ONLY.contains(&note.code.as_str()))
}

/// Pictures of text only, and no program that reads them.
pub fn no_text() -> Fault {
    damaged_kind("document.no_text", "The pages hold pictures only, no text.".into()).hint(GET_OCR)
}

/// Pictures only, in which text recognition has found none.
pub fn no_words_found() -> Fault {
    damaged_kind("document.no_words_found", "The pages hold pictures only, and no words were found in them.".into())
        .hint(OCR_FOUND_NONE)
}

/// What may help where text recognition has found nothing.
const OCR_FOUND_NONE: &str = "A sharper scan, or Tesseract's data for the language of the text, may help; then index the \
                              document again.";

/// Nothing to read in a text format.
pub fn nothing_to_read() -> Fault {
    damaged_kind("document.nothing_to_read", "The document holds no text.".into())
}

/// Some pages hold pictures only, and no program reads them.
pub fn pages_without_text(pages: &[u32]) -> Fault {
    damaged_kind("document.pages_without_text", format!("Pages without text: {}.", ranges(pages)))
        .hint(GET_OCR)
        .with("pages", ranges(pages))
}

/// Some pages hold pictures only, in which text recognition has found no words.
pub fn pages_without_words(pages: &[u32]) -> Fault {
    damaged_kind("document.pages_without_words", format!("Pages in which no words were found: {}.", ranges(pages)))
        .hint(OCR_FOUND_NONE)
        .with("pages", ranges(pages))
}

/// Some pages could not be read.
pub fn pages_damaged(pages: &[u32]) -> Fault {
    damaged_kind("document.pages_damaged", format!("Pages that are damaged and were left out: {}.", ranges(pages)))
        .with("pages", ranges(pages))
}

/// Some pages hold more than is read of one.
pub fn pages_shortened(pages: &[u32], chars: usize) -> Fault {
    damaged_kind(
        "document.pages_shortened",
        format!("Pages of which only the first {chars} characters were read: {}.", ranges(pages)),
    )
    .with("pages", ranges(pages))
    .with("chars", chars)
}

/// More pages than are read.
pub fn pages_left_out(read: u32, total: u32) -> Fault {
    damaged_kind("document.pages_left_out", format!("Only the first {read} of {total} pages were read."))
        .with("read", read)
        .with("total", total)
}

/// No such page.
pub fn no_page() -> Fault {
    Fault::new(FaultKind::NotFound, "document.no_page", "The document has no such page.")
}

/// The page was tried before and could not be drawn.
pub fn no_picture() -> Fault {
    damaged_kind("document.no_picture", "The page cannot be shown as it looks.".into())
        .hint("Its text is shown instead. Open the file in another program to see it.")
}

/// PDFium is missing.
pub fn no_pdfium(reason: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, "document.no_pdfium", "PDFium, which reads PDF files, was not found.")
        .safe(SAFE)
        .hint("Run `cargo xtask run` once, or set ATELIER_PDFIUM to the library's file; then retry.")
        .with("detail", reason)
}

/// The worker took too long.
pub fn too_slow(seconds: u64) -> Fault {
    damaged_kind("document.too_slow", format!("Reading it took more than {seconds} seconds and was stopped."))
        .hint("The file may be damaged. Save it again in the program it comes from, then retry.")
        .with("seconds", seconds)
}

/// The worker needed too much memory.
pub fn too_much_memory(limit: u64) -> Fault {
    damaged_kind(
        "document.too_much_memory",
        format!("Reading it needed more than {} MB of memory and was stopped.", limit >> 20),
    )
    .hint("The file may be damaged. Save it again in the program it comes from, then retry.")
    .with("limit_mb", limit >> 20)
}

/// The worker crashed.
pub fn crashed(how: &str) -> Fault {
    damaged_kind("document.crashed", format!("The reader crashed on this file ({how})."))
        .hint("Other documents are not touched. Save the file again in the program it comes from, then retry.")
        .with("how", how)
}

/// The app ended while it was being read, again and again.
pub fn gave_up(attempts: u32) -> Fault {
    damaged_kind("document.gave_up", format!("Reading it was begun {attempts} times and never ended."))
        .hint("Retry it alone, with other programs closed.")
        .with("attempts", attempts)
}

/// More text than a document may have.
pub fn too_much_text() -> Fault {
    damaged_kind("document.too_much_text", "The document holds more text than can be read.".into())
        .hint("Split it into smaller files and import those.")
}

/// The worker could not be started.
pub fn no_worker(reason: &str) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "document.no_worker",
        format!("The reader process could not be started: {reason}."),
    )
    .safe("The documents wait, and nothing of them is lost.")
    .hint("Atelier tries again by itself. If it stays so, install it again: a file of it may be missing.")
    .with("reason", reason)
}

/// The embedding model does not answer.
pub fn no_meaning() -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "library.no_meaning",
        "The embedding model does not answer, so new passages are found by their words only.",
    )
    .safe("Your documents are safe, and what was found by meaning before still is.")
    .hint("Atelier tries again by itself. If it stays so, verify the embedding model on the Models page.")
}

/// Passages wait for their vectors until there is power.
pub fn low_battery(percent: u8) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "library.low_battery",
        format!("The battery has {percent} % left: the rest is read for its meaning when there is power."),
    )
    .with("percent", percent)
    .safe("All of it is found by its words.")
    .hint("Plug the machine in, or choose Resume.")
}

/// The embedding model cannot read some passages.
pub fn passages_without_meaning(passages: usize) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "library.passages_without_meaning",
        format!("The embedding model cannot read some passages ({passages}); they are found by their words only."),
    )
    .safe("Your documents are safe.")
    .hint("They are tried again at the next start, or when another embedding model is there.")
    .with("passages", passages)
}

/// `1–3, 7, 9–10`, shortened.
fn ranges(pages: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &page in pages {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == page => *end = page,
            _ => runs.push((page, page)),
        }
    }
    let mut words: Vec<String> =
        runs.iter().take(12).map(|(a, b)| if a == b { a.to_string() } else { format!("{a}–{b}") }).collect();
    if runs.len() > 12 {
        words.push("…".into());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn page_ranges() {
        for (pages, expected) in [(&[1, 2, 3, 7, 9, 10][..], "1–3, 7, 9–10"), (&[4], "4"), (&[], "")] {
            assert_eq!(super::ranges(pages), expected);
        }
    }
}
