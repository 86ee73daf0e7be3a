//! What people call documents by: a client, a matter, "urgent".

use crate::{Library, LibraryError, faults, words};
use protocol::{Actor, DocumentId};
use store::{Change, Tx};

/// A label has at most so many chars.
const LONGEST: usize = 60;

impl Library {
    /// Gives documents a label, or takes it from them; they are found by it at once. Whoever writes one that is
    /// there already with other capitals means that one.
    pub async fn label(
        &self,
        actor: &Actor,
        documents: &[DocumentId],
        label: &str,
        held: bool,
    ) -> Result<(), LibraryError> {
        // Signs that nobody sees would make two labels of one.
        let seen = |c: &char| {
            !c.is_control()
                && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        let label: String = label.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(seen).collect();
        let asked = label.split_whitespace().collect::<Vec<_>>().join(" ");
        if !asked.chars().any(char::is_alphanumeric) || asked.chars().count() > LONGEST {
            return Err(LibraryError::Refused(faults::no_label(LONGEST)));
        }
        let known = self.inner.store.labels().await?;
        let folded = words::fold(&asked);
        let same = |label: &&String| words::fold(label) == folded;
        let label = known.values().flatten().filter(same).min().cloned().unwrap_or(asked);
        let documents: Vec<DocumentId> = {
            let has = |document: &DocumentId| known.get(document).is_some_and(|all| all.contains(&label));
            documents.iter().copied().filter(|document| has(document) != held).collect()
        };
        let record = async |tx: &mut Tx| {
            for document in &documents {
                tx.record(Change::DocumentLabelled { document: *document, label: label.clone(), held }).await?;
                tx.reindex(*document).await?;
            }
            Ok(())
        };
        self.inner.store.write(actor, record).await?;
        self.inner.index_outbox().await?;
        for document in documents {
            self.inner.tell(document).await;
        }
        Ok(())
    }
}
