//! What can be wrong with a document, each with its stable code and what to do.

use protocol::{Fault, FaultKind};

const SAFE: &str = "The file itself is unchanged.";

fn damaged_kind(code: &str, message: String) -> Fault {
    Fault::new(FaultKind::Damaged, code, message).safe(SAFE)
}

/// The parser found it damaged.
pub fn damaged(reason: &str) -> Fault {
    damaged_kind("document.damaged", format!("The document is damaged: {reason}."))
        .hint("Open it in the program it comes from, save it again, then retry.")
        .with("reason", reason)
}

/// It asks for a password.
pub fn encrypted() -> Fault {
    damaged_kind("document.encrypted", "The document is protected with a password.".into())
        .hint("Save a copy without the password and import that.")
}

/// The system did not let us read it.
pub fn unreadable(reason: &str) -> Fault {
    damaged_kind("document.unreadable", format!("The file cannot be read: {reason}."))
        .hint("Check that it is there and that you may read it, then retry.")
        .with("reason", reason)
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

/// Not one of the formats.
pub fn unsupported(extension: &str) -> Fault {
    let formats: Vec<&str> = crate::extract::EXTRACTORS.iter().map(|e| e.format).collect();
    Fault::new(
        FaultKind::Invalid,
        "document.unsupported",
        format!("Files of this kind ({extension}) cannot be read yet."),
    )
    .safe(SAFE)
    .hint(format!("Formats that can be read: {}. Save or print it as PDF and import that.", formats.join(", ")))
    .with("format", extension)
}

/// Pictures of text only.
pub fn no_text() -> Fault {
    damaged_kind("document.no_text", "The pages hold pictures only, no text.".into())
        .hint("It looks scanned: run it through text recognition (OCR), then import the result.")
}

/// Nothing to read in a text format.
pub fn nothing_to_read() -> Fault {
    damaged_kind("document.nothing_to_read", "The document holds no text.".into())
}

/// Some pages hold pictures only.
pub fn pages_without_text(pages: &[u32]) -> Fault {
    damaged_kind("document.pages_without_text", format!("No text on pages {}.", ranges(pages)))
        .hint("These pages look scanned; they can be seen but not searched.")
        .with("pages", ranges(pages))
}

/// Some pages could not be read.
pub fn pages_damaged(pages: &[u32]) -> Fault {
    damaged_kind("document.pages_damaged", format!("Pages {} are damaged and were left out.", ranges(pages)))
        .with("pages", ranges(pages))
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

/// PDFium is missing.
pub fn no_pdfium(reason: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, "document.no_pdfium", "PDFium, which reads PDF files, was not found.")
        .safe(SAFE)
        .hint("Run `cargo xtask run` once, or set ATELIER_PDFIUM to the library's file; then retry.")
        .with("reason", reason)
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
    .safe(SAFE)
    .hint("Install Atelier again if a file of it is missing; then retry.")
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
