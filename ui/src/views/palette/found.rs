//! What the palette offers for what was typed: a pure look-up in what is here already, and in the
//! passages that a search has found.

use crate::{
    files::Wanted,
    i18n,
    keys::{self, Action},
    parts::{icon::Icon, viewer::Shown},
    route::Route,
    state::Workspace,
};
use protocol::{SearchHit, Span, Theme};

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
    /// A page of a document.
    Open(Shown),
    /// A light or a dark window.
    Theme(Theme),
    /// An import.
    Import(Wanted),
}

/// What stands before an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Lead {
    /// An icon.
    Icon(Icon),
    /// A document's format.
    Format(String),
}

/// A line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key of its group's name.
    pub group: &'static str,
    /// What stands before it.
    pub lead: Lead,
    /// What it is.
    pub words: String,
    /// Which chars of it were looked for.
    pub marks: Vec<Span>,
    /// Fewer words after it.
    pub note: String,
    /// Its shortcut.
    pub keys: String,
    /// What it leads to.
    pub goal: Goal,
}

/// The most chats and the most documents listed.
const LISTED: usize = 6;
/// So many chars of a passage stand before the first one that was looked for.
const BEFORE: usize = 24;

/// The entries for what was typed. Passages come last: they arrive later than the rest, and what a
/// person is about to press must not move.
pub(super) fn entries(space: &Workspace, typed: &str, passages: &[SearchHit], in_window: bool) -> Vec<Entry> {
    let typed = typed.trim();
    let all = typed.is_empty();
    let fits = |mut entry: Entry| match i18n::found(&entry.words, typed) {
        Some(mark) => {
            entry.marks = vec![mark];
            Some(entry)
        }
        None => all.then_some(entry),
    };
    let mut list = Vec::new();

    let chats = space.chats.iter().filter(|chat| !chat.title.is_empty()).map(|chat| Entry {
        note: i18n::date(chat.changed_at),
        ..entry(key!("palette.chats"), Icon::MessageSquare, chat.title.clone(), Goal::Go(Route::Chat(chat.id)))
    });
    list.extend(chats.filter_map(fits).take(LISTED));
    if !all {
        let documents = space.documents.iter().map(|document| Entry {
            lead: Lead::Format(document.format.to_uppercase()),
            note: if document.pages == 0 { String::new() } else { t!("question.pages", n = document.pages) },
            ..entry(
                key!("palette.documents"),
                Icon::FileText,
                document.name.clone(),
                Goal::Open(Shown::start(document.id)),
            )
        });
        list.extend(documents.filter_map(fits).take(LISTED));
        let group = key!("palette.do");
        list.push(entry(group, Icon::TextSearch, t!("palette.find", words = typed), Goal::Find(typed.to_owned())));
        list.push(entry(group, Icon::MessageSquareText, t!("palette.ask", words = typed), Goal::Ask(typed.to_owned())));
    }
    list.extend(commands(in_window).into_iter().filter_map(fits));
    if !all {
        list.extend(passages.iter().map(passage));
    }
    list
}

fn entry(group: &'static str, icon: Icon, words: String, goal: Goal) -> Entry {
    Entry { group, lead: Lead::Icon(icon), words, marks: Vec::new(), note: String::new(), keys: String::new(), goal }
}

/// A passage, from a little before the first word that was looked for.
fn passage(hit: &SearchHit) -> Entry {
    let from = hit.marks.iter().map(|mark| mark.start as usize).min().unwrap_or(0).saturating_sub(BEFORE);
    let cut = |at: u32| at.saturating_sub(from as u32) + u32::from(from > 0);
    let rest: String = hit.snippet.chars().skip(from).collect();
    let shown = Shown {
        document: hit.document,
        page: hit.page,
        passage: Some(Span { start: hit.start, end: hit.end }),
        page_hash: None,
    };
    Entry {
        marks: hit.marks.iter().map(|mark| Span { start: cut(mark.start), end: cut(mark.end) }).collect(),
        note: t!("palette.place", document = &hit.name, page = f64::from(hit.page)),
        ..entry(
            key!("palette.passages"),
            Icon::TextQuote,
            if from > 0 { format!("…{rest}") } else { rest },
            Goal::Open(shown),
        )
    }
}

fn commands(in_window: bool) -> Vec<Entry> {
    let mac = crate::dom::is_mac();
    let command = |icon, words, goal| {
        let keys = if let Goal::Do(action) = goal { keys::hint(action, mac) } else { String::new() };
        Entry { keys, ..entry(key!("palette.commands"), icon, words, goal) }
    };
    let mut list = vec![
        command(Icon::SquarePen, t!("keys.new_chat"), Goal::Do(Action::NewChat)),
        command(Icon::Search, t!("keys.search"), Goal::Do(Action::SearchDocuments)),
        command(Icon::Files, t!("side.documents"), Goal::Go(Route::Documents)),
        command(Icon::Plus, t!("documents.add_files"), Goal::Import(Wanted::Documents)),
    ];
    if in_window {
        list.push(command(Icon::FolderInput, t!("documents.import_folder"), Goal::Import(Wanted::Folder)));
    }
    list.extend([
        command(Icon::Gauge, t!("side.models"), Goal::Go(Route::Models)),
        command(Icon::Trash2, t!("removed.title"), Goal::Go(Route::Removed)),
        command(Icon::ShieldCheck, t!("keys.outbound"), Goal::Do(Action::Outbound)),
        command(Icon::SunMoon, t!("keys.settings"), Goal::Do(Action::Settings)),
        command(Icon::Sun, t!("palette.light"), Goal::Theme(Theme::Light)),
        command(Icon::Moon, t!("palette.dark"), Goal::Theme(Theme::Dark)),
        command(Icon::Monitor, t!("palette.system"), Goal::Theme(Theme::System)),
        command(Icon::Keyboard, t!("keys.shortcuts"), Goal::Do(Action::Shortcuts)),
        command(Icon::PanelLeft, t!("keys.sidebar"), Goal::Do(Action::Sidebar)),
    ]);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_begins_shortly_before_what_was_looked_for() {
        let hit = |snippet: &str, start, end| SearchHit {
            document: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            name: "a.pdf".into(),
            format: "pdf".into(),
            page: 2,
            start: 5,
            end: 9,
            section: None,
            score: 1.0,
            words: 1.0,
            meaning: 0.0,
            snippet: snippet.into(),
            marks: vec![Span { start, end }],
            language: None,
        };
        let long = "l’été ".repeat(10) + "préavis de";
        for (hit, expected) in
            [(hit("le préavis", 3, 10), "le préavis"), (hit(&long, 60, 67), "…l’été l’été l’été l’été préavis de")]
        {
            let entry = passage(&hit);
            assert_eq!(entry.words, expected);
            let Span { start, end } = entry.marks[0];
            let marked: String = entry.words.chars().skip(start as usize).take((end - start) as usize).collect();
            assert_eq!(marked, "préavis");
        }
    }
}
