//! A document that is kept and whose text is not read: why, and what can be done. It has no page to show.

use super::notice::FaultNotice;
use crate::{client::Client, state::WorkspaceStoreFields};
use leptos::prelude::*;
use protocol::{DocumentId, DocumentView, Fault, FaultKind, RetryDocument};

/// The notes that say so.
const NOT_READ: [&str; 5] = [
    "document.text_not_read",
    "document.picture_not_read",
    "document.picture_of_another_kind",
    "document.no_text_in_picture",
    "document.other_than_named",
];
/// The one that another program on this machine would change.
const PICTURE: &str = "document.picture_not_read";

/// Why a document's text is not read; None where it is.
pub fn why(document: &DocumentView) -> Option<Fault> {
    document.notes.iter().find(|note| NOT_READ.contains(&note.code.as_str())).cloned()
}

/// The same for a document of the library.
pub fn why_of(client: Client, document: DocumentId) -> Option<Fault> {
    client.store.documents().read().iter().find(|known| known.id == document).and_then(why)
}

/// The notice in place of its page.
#[component]
pub fn UnreadNotice(
    /// The connection.
    client: Client,
    /// The document.
    document: DocumentId,
    /// Why.
    fault: Fault,
) -> impl IntoView {
    let again = fault.code == PICTURE;
    // Nothing is damaged and no work stopped: it is only so.
    let fault = Fault { kind: FaultKind::Invalid, ..fault };
    view! {
        <div class="unread" data-testid="unread">
            <FaultNotice fault>
                {again
                    .then(|| {
                        view! {
                            <button class="btn sm" on:click=move |_| client.tell(RetryDocument { document })>
                                {t!("documents.again")}
                            </button>
                        }
                    })}
            </FaultNotice>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::DocumentState;

    #[test]
    fn a_note_says_that_the_text_is_not_read() {
        let document = |codes: &[&'static str]| DocumentView {
            id: DocumentId::new(),
            name: "plan.dwg".into(),
            origin: String::new(),
            format: "dwg".into(),
            bytes: 1,
            hash: String::new(),
            pages: 1,
            passages: 1,
            language: None,
            author: None,
            dated: None,
            added_at: 0,
            state: DocumentState::Ready { meaning: false },
            notes: codes.iter().map(|code| Fault::new(FaultKind::Invalid, *code, "Why.")).collect(),
            earlier: false,
            parent: None,
            labels: Vec::new(),
        };
        assert!(why(&document(&["document.pages_recognised", "document.text_not_read"])).is_some());
        assert!(why(&document(&["document.pages_recognised"])).is_none());
    }
}
