//! What is written and not sent yet: it outlives the screen, and what could not be sent comes back.

use crate::dom;
use protocol::ChatId;

/// The text of a composer, and the one that is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// What the field holds.
    pub text: String,
    /// What is being sent.
    sent: String,
}

impl Draft {
    /// Begins with what was remembered.
    pub fn new(text: String) -> Self {
        Self { text, sent: String::new() }
    }

    /// Empties the field; what is sent is kept until it is known to have arrived.
    pub fn send(&mut self) -> String {
        self.sent = std::mem::take(&mut self.text);
        self.sent.clone()
    }

    /// It arrived.
    pub fn arrived(&mut self) {
        self.sent.clear();
    }

    /// It did not arrive: it stands before what was written meanwhile.
    pub fn came_back(&mut self) {
        self.text = joined(&std::mem::take(&mut self.sent), &self.text);
    }

    /// Adds a text that came from elsewhere.
    pub fn add(&mut self, text: &str) {
        self.text = joined(&self.text, text);
    }

    /// All that must not be lost.
    pub fn unsent(&self) -> String {
        joined(&self.sent, &self.text)
    }
}

/// Two texts as paragraphs.
fn joined(first: &str, second: &str) -> String {
    match (first.trim().is_empty(), second.trim().is_empty()) {
        (true, _) => second.to_owned(),
        (false, true) => first.to_owned(),
        (false, false) => format!("{first}\n\n{second}"),
    }
}

/// Where the draft of a chat is remembered; None: that of a chat that does not exist yet.
pub fn slot(chat: Option<ChatId>) -> String {
    format!("atelier.draft.{}", chat.map(|chat| chat.to_string()).unwrap_or_default())
}

/// Forgets the draft of a chat that is gone.
pub fn forget(chat: ChatId) {
    dom::remember(&slot(Some(chat)), "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_written_is_lost() {
        let begin = || Draft::new("one".into());
        let sent = || {
            let mut draft = begin();
            assert_eq!(draft.send(), "one");
            draft
        };
        let typed = || Draft { text: "two".into(), ..sent() };
        let after = |mut draft: Draft, then: fn(&mut Draft)| {
            then(&mut draft);
            draft
        };
        let table = [
            ("at first", begin(), "one", "one"),
            ("under way", sent(), "", "one"),
            ("under way, and more was written", typed(), "two", "one\n\ntwo"),
            ("arrived", after(sent(), Draft::arrived), "", ""),
            ("arrived, and more was written", after(typed(), Draft::arrived), "two", "two"),
            ("came back", after(sent(), Draft::came_back), "one", "one"),
            ("came back before what was written", after(typed(), Draft::came_back), "one\n\ntwo", "one\n\ntwo"),
            ("added to", after(begin(), |draft| draft.add("two")), "one\n\ntwo", "one\n\ntwo"),
            ("added to nothing", after(Draft::default(), |draft| draft.add("two")), "two", "two"),
        ];
        for (name, draft, text, unsent) in table {
            assert_eq!((draft.text.as_str(), draft.unsent().as_str()), (text, unsent), "{name}");
        }
    }
}
