//! Passwords of documents: kept in memory while the workspace is open, to read a document and to draw its
//! pages, and never written anywhere.

use crate::{Library, LibraryError, worker::Secret};
use protocol::{Actor, DocumentId};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The longest password, in chars: PDFs know no longer ones.
const LONGEST: usize = 127;

/// The passwords that were given, by the hash of the file.
#[derive(Default)]
pub(crate) struct Passwords {
    given: Mutex<HashMap<String, Secret>>,
}

impl Passwords {
    /// The password of a file.
    pub fn of(&self, hash: &str) -> Option<Secret> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    fn give(&self, hash: &str, password: &str) {
        let password = Secret(password.chars().take(LONGEST).collect());
        self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(hash.to_owned(), password);
    }

    /// Forgets the password of a file.
    pub fn forget(&self, hash: &str) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }
}

impl Library {
    /// Reads a protected document with its password. It is not kept when the workspace closes: what was
    /// read stays, and reading it again asks for it again.
    pub async fn unlock(&self, actor: &Actor, document: DocumentId, password: &str) -> Result<(), LibraryError> {
        let view = self.inner.store.document(document).await?;
        self.inner.passwords.give(&view.hash, password);
        self.retry(actor, document).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_to_nobody() {
        let passwords = Passwords::default();
        passwords.give("hash", "open sesame");
        let secret = passwords.of("hash").unwrap();
        assert_eq!(secret.0, "open sesame");
        assert!(!format!("{secret:?}").contains("sesame"));
        passwords.forget("hash");
        assert!(passwords.of("hash").is_none());
    }
}
