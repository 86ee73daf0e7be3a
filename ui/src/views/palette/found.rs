//! What the palette offers for what was typed: a pure look-up in what is here already.

use crate::{
    i18n,
    keys::{self, Action},
    parts::icon::Icon,
    route::Route,
    state::Workspace,
};
use protocol::DocumentId;

/// What an entry leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// A command.
    Do(Action),
    /// A screen.
    Go(Route),
    /// A new chat with this question.
    Ask(String),
    /// A search for these words.
    Find(String),
    /// A new chat with this document attached.
    AskAbout(DocumentId),
}

/// A line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key of its group's name.
    pub group: &'static str,
    /// Its icon.
    pub icon: Icon,
    /// What it is.
    pub words: String,
    /// Fewer words after it.
    pub note: String,
    /// Its shortcut.
    pub keys: String,
    /// What it leads to.
    pub goal: Goal,
}

/// The most chats and the most documents listed.
const LISTED: usize = 6;

/// The entries for what was typed, best group first.
pub(super) fn entries(space: &Workspace, typed: &str) -> Vec<Entry> {
    let typed = typed.trim();
    let wanted = fold(typed);
    let fits = |words: &str| wanted.is_empty() || fold(words).contains(&wanted);
    let entry =
        |group, icon, words: String, goal| Entry { group, icon, words, note: String::new(), keys: String::new(), goal };
    let mut list = Vec::new();

    let chats = space.chats.iter().filter(|chat| !chat.title.is_empty() && fits(&chat.title)).take(LISTED);
    list.extend(chats.map(|chat| Entry {
        note: i18n::date(chat.changed_at),
        ..entry(key!("palette.chats"), Icon::MessageSquare, chat.title.clone(), Goal::Go(Route::Chat(chat.id)))
    }));
    if !wanted.is_empty() {
        let documents = space.documents.iter().filter(|document| fits(&document.name)).take(LISTED);
        list.extend(documents.map(|document| Entry {
            note: t!("palette.ask_about"),
            ..entry(key!("palette.documents"), Icon::FileText, document.name.clone(), Goal::AskAbout(document.id))
        }));
        let group = key!("palette.do");
        list.push(entry(group, Icon::TextSearch, t!("palette.find", words = typed), Goal::Find(typed.to_owned())));
        list.push(entry(group, Icon::MessageSquareText, t!("palette.ask", words = typed), Goal::Ask(typed.to_owned())));
    }
    list.extend(commands().into_iter().filter(|command| fits(&command.words)));
    list
}

fn commands() -> Vec<Entry> {
    let mac = crate::dom::is_mac();
    let group = key!("palette.commands");
    let act = |icon, words, action| Entry {
        group,
        icon,
        words,
        note: String::new(),
        keys: keys::hint(action, mac),
        goal: Goal::Do(action),
    };
    let go = |icon, words, route| Entry {
        group,
        icon,
        words,
        note: String::new(),
        keys: String::new(),
        goal: Goal::Go(route),
    };
    vec![
        act(Icon::SquarePen, t!("keys.new_chat"), Action::NewChat),
        act(Icon::Search, t!("keys.search"), Action::SearchDocuments),
        go(Icon::Files, t!("side.documents"), Route::Documents),
        go(Icon::Gauge, t!("side.models"), Route::Models),
        go(Icon::Trash2, t!("removed.title"), Route::Removed),
        act(Icon::ShieldCheck, t!("keys.outbound"), Action::Outbound),
        act(Icon::SunMoon, t!("keys.settings"), Action::Settings),
        act(Icon::Keyboard, t!("keys.shortcuts"), Action::Shortcuts),
        act(Icon::PanelLeft, t!("keys.sidebar"), Action::Sidebar),
    ]
}

/// Words as they are compared: lower case, common accents folded.
fn fold(words: &str) -> String {
    words
        .chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à' | 'á' | 'â' | 'ä' | 'ã' => 'a',
            'ç' => 'c',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ñ' => 'n',
            'ò' | 'ó' | 'ô' | 'ö' | 'õ' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_hide_a_title() {
        for (title, typed) in [("Résiliation anticipée", "resiliation"), ("GRÜNE Mappe", "grune"), ("plan", "PLAN")]
        {
            assert!(fold(title).contains(&fold(typed)), "{title} {typed}");
        }
    }
}
