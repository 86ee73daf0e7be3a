//! What can be wrong with office documents, and what a person should know of how they were read.

use super::{damaged_kind, ranges};
use protocol::Fault;

/// Names that are listed.
const MOST_NAMES: usize = 12;

/// A few bytes that would become very many.
pub fn unpacks_too_far(limit: u64) -> Fault {
    damaged_kind("document.unpacks_too_far", format!("Unpacked, the file is far larger than {} MB.", limit >> 20))
        .hint("Open it in the program it comes from, and save a copy without its pictures and videos.")
        .with("limit_mb", limit >> 20)
}

/// Sheets that are not shown to who opens the file were read too.
pub fn sheets_hidden(names: &[String]) -> Fault {
    let mut listed: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    if names.len() > MOST_NAMES {
        listed.push("…");
    }
    let listed = listed.join(", ");
    damaged_kind("document.sheets_hidden", format!("Hidden sheets were read too: {listed}.")).with("sheets", listed)
}

/// Slides that are left out when the others are shown were read too.
pub fn slides_hidden(slides: &[u32]) -> Fault {
    damaged_kind("document.slides_hidden", format!("Hidden slides were read too: {}.", ranges(slides)))
        .with("slides", ranges(slides))
}

/// More cells than are read.
pub fn cells_left_out(read: u64) -> Fault {
    damaged_kind("document.cells_left_out", format!("Only the first {read} cells were read."))
        .hint("Split it into smaller files and import those.")
        .with("cells", read)
}
