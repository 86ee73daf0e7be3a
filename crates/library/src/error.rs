//! What the library cannot do.

use crate::index::IndexError;
use protocol::{Fault, FaultKind};
use store::StoreError;

/// Why a call to the library failed. What is wrong with a single document is its state, not an error.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The full-text index said no.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The request itself cannot be met; the fault says why.
    #[error("{0}")]
    Refused(Fault),
    /// The library is being closed.
    #[error("the library is being closed")]
    Closed,
}

impl LibraryError {
    /// What a person is told.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Index(error) => {
                Fault::new(FaultKind::Damaged, "library.index", format!("The search index failed: {error}."))
                    .safe("Your documents are safe; the index is made of them and can be built again.")
                    .hint("Start Atelier again; if it stays, check that the disk is not full.")
                    .with("detail", error)
            }
            Self::Refused(fault) => fault.clone(),
            Self::Closed => Fault::new(FaultKind::Busy, "library.closed", "Atelier is being closed.")
                .safe("What was begun goes on at the next start."),
        }
    }
}

impl From<LibraryError> for Fault {
    fn from(error: LibraryError) -> Self {
        error.fault()
    }
}
