//! What the palette offers for what was typed: a pure look-up in what is here already, and in the
//! passages that a search has found.

use crate::{
    files::Wanted,
    i18n::{self, Lang},
    keys::{self, Action},
    parts::{icon::Icon, place::short_place, viewer::Shown},
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
    /// The interface's language, as the settings name it.
    Language(&'static str),
    /// The seal put on or taken off.
    Seal(bool),
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

/// Where the palette runs.
#[derive(Clone, Copy)]
pub(super) struct Machine {
    /// In the desktop window, which can choose folders.
    pub in_window: bool,
    /// On a Mac, which has other keys.
    pub mac: bool,
}

/// The most chats and the most documents listed.
const LISTED: usize = 6;
/// So many chars of a passage stand before the first one that was looked for.
const BEFORE: usize = 24;

/// The entries for what was typed. A command that has a word beginning so comes first, as whoever
/// types a command's name and presses Enter means it; in each group the names that begin so come
/// before those that only hold the letters. Passages come last: they arrive later than the rest,
/// and what a person is about to press must not move.
pub(super) fn entries(space: &Workspace, typed: &str, passages: &[SearchHit], on: Machine) -> Vec<Entry> {
    let typed = typed.trim();
    let all = typed.is_empty();
    let (named, held): (Vec<Entry>, Vec<Entry>) =
        best(commands(space.egress.sealed, on).into_iter(), typed, usize::MAX)
            .into_iter()
            .partition(|entry| i18n::begun(&entry.words, typed).is_some());
    let mut list = named;

    let chats = space.chats.iter().filter(|chat| !chat.title.is_empty()).map(|chat| Entry {
        note: i18n::date(chat.changed_at),
        ..entry(key!("palette.chats"), Icon::MessageSquare, chat.title.clone(), Goal::Go(Route::Chat(chat.id)))
    });
    list.extend(best(chats, typed, LISTED));
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
        list.extend(best(documents, typed, LISTED));
        let group = key!("palette.do");
        list.push(entry(group, Icon::TextSearch, t!("palette.find", words = typed), Goal::Find(typed.to_owned())));
        list.push(entry(group, Icon::MessageSquareText, t!("palette.ask", words = typed), Goal::Ask(typed.to_owned())));
    }
    list.extend(held);
    if !all {
        list.extend(passages.iter().map(passage));
    }
    list
}

/// The entries that fit what was typed, with the letters marked: those with a word that begins so
/// first, else in their own order. Without anything typed all fit.
fn best(entries: impl Iterator<Item = Entry>, typed: &str, limit: usize) -> Vec<Entry> {
    let (mut begun, mut held) = (Vec::new(), Vec::new());
    for mut entry in entries {
        if let Some(mark) = i18n::begun(&entry.words, typed) {
            entry.marks = vec![mark];
            begun.push(entry);
        } else if let Some(mark) = i18n::found(&entry.words, typed) {
            entry.marks = vec![mark];
            held.push(entry);
        } else if typed.is_empty() {
            held.push(entry);
        }
    }
    begun.append(&mut held);
    begun.truncate(limit);
    begun
}

fn entry(group: &'static str, icon: Icon, words: String, goal: Goal) -> Entry {
    Entry { group, lead: Lead::Icon(icon), words, marks: Vec::new(), note: String::new(), keys: String::new(), goal }
}

/// A passage, from a little before the first word that was looked for.
fn passage(hit: &SearchHit) -> Entry {
    let from = hit.marks.iter().map(|mark| mark.start as usize).min().unwrap_or(0).saturating_sub(BEFORE);
    let cut = |at: u32| at.saturating_sub(from as u32) + u32::from(from > 0);
    let rest: String = hit.snippet.chars().skip(from).collect();
    Entry {
        marks: hit.marks.iter().map(|mark| Span { start: cut(mark.start), end: cut(mark.end) }).collect(),
        note: t!("palette.place", document = &hit.name, place = short_place(hit.place.as_deref(), hit.page)),
        ..entry(
            key!("palette.passages"),
            Icon::TextQuote,
            if from > 0 { format!("…{rest}") } else { rest },
            Goal::Open(Shown::found(hit)),
        )
    }
}

fn commands(sealed: bool, on: Machine) -> Vec<Entry> {
    let command = |icon, words, goal| {
        let keys = if let Goal::Do(action) = goal { keys::hint(action, on.mac) } else { String::new() };
        Entry { keys, ..entry(key!("palette.commands"), icon, words, goal) }
    };
    let mut list = vec![
        command(Icon::SquarePen, t!("keys.new_chat"), Goal::Do(Action::NewChat)),
        command(Icon::Search, t!("keys.search"), Goal::Do(Action::SearchDocuments)),
        command(Icon::Files, t!("side.documents"), Goal::Go(Route::Documents)),
        command(Icon::Plus, t!("documents.add_files"), Goal::Import(Wanted::Documents)),
    ];
    if on.in_window {
        list.push(command(Icon::FolderInput, t!("documents.import_folder"), Goal::Import(Wanted::Folder)));
    }
    list.extend([
        command(Icon::Gauge, t!("side.models"), Goal::Go(Route::Models)),
        command(Icon::FolderOpen, t!("folders.title"), Goal::Go(Route::Folders)),
        command(Icon::Trash2, t!("removed.title"), Goal::Go(Route::Removed)),
        command(Icon::ShieldCheck, t!("palette.outbound"), Goal::Do(Action::Outbound)),
        command(Icon::Lock, if sealed { t!("outbound.unseal") } else { t!("outbound.seal") }, Goal::Seal(!sealed)),
        command(Icon::SunMoon, t!("keys.settings"), Goal::Do(Action::Settings)),
        command(Icon::Sun, t!("palette.light"), Goal::Theme(Theme::Light)),
        command(Icon::Moon, t!("palette.dark"), Goal::Theme(Theme::Dark)),
        command(Icon::Monitor, t!("palette.system"), Goal::Theme(Theme::System)),
        command(Icon::Globe, t!("palette.language", name = t!("settings.system")), Goal::Language("system")),
    ]);
    list.extend(
        Lang::ALL
            .map(|lang| command(Icon::Globe, t!("palette.language", name = lang.name()), Goal::Language(lang.code()))),
    );
    list.extend([
        command(Icon::Keyboard, t!("keys.shortcuts"), Goal::Do(Action::Shortcuts)),
        command(Icon::PanelLeft, t!("keys.sidebar"), Goal::Do(Action::Sidebar)),
    ]);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ChatView;

    const ON: Machine = Machine { in_window: true, mac: false };

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
            place: None,
            author: None,
            dated: None,
            within: None,
            unread: false,
            also: Vec::new(),
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

    #[test]
    fn what_is_named_comes_before_what_only_holds_the_letters() {
        let chat = |id: u8, title: &str| ChatView {
            id: format!("00000000-0000-7000-8000-0000000000{id:02x}").parse().unwrap(),
            agent: "00000000-0000-7000-8000-000000000099".parse().unwrap(),
            title: title.into(),
            started_at: 0,
            changed_at: 0,
            items: 2,
        };
        let mut space = Workspace {
            chats: vec![chat(1, "About the lease"), chat(2, "Rent without end"), chat(3, "Outline")],
            ..Workspace::default()
        };
        let first = |space: &Workspace, typed: &str| {
            entries(space, typed, &[], ON).into_iter().map(|entry| entry.words).next().unwrap_or_default()
        };
        for (typed, expected) in [
            ("out", t!("palette.outbound")),
            ("OUTB", t!("palette.outbound")),
            ("seal", t!("outbound.seal")),
            ("fran", t!("palette.language", name = Lang::Fr.name())),
            ("dark", t!("palette.dark")),
            ("folder", t!("documents.import_folder")),
            ("remo", t!("removed.title")),
            ("lease", "About the lease".to_owned()),
            ("outl", "Outline".to_owned()),
            ("thou", "Rent without end".to_owned()),
            ("", "About the lease".to_owned()),
        ] {
            assert_eq!(first(&space, typed), expected, "{typed}");
        }
        let chats: Vec<String> = entries(&space, "out", &[], ON)
            .into_iter()
            .filter(|entry| matches!(entry.goal, Goal::Go(Route::Chat(_))))
            .map(|entry| entry.words)
            .collect();
        assert_eq!(chats, ["Outline", "About the lease", "Rent without end"], "a word that begins so first");
        space.egress.sealed = true;
        let seal = entries(&space, "seal", &[], ON).into_iter().next();
        assert_eq!(seal.map(|entry| (entry.words, entry.goal)), Some((t!("outbound.unseal"), Goal::Seal(false))));
    }
}
