//! What does a library make of a stranger's input? An answer, an error, or a panic that ends nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does some work of a library that is known to panic on what it should refuse; None if it does. What it worked on must
/// not be used again.
pub(crate) fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
