//! What is being read: which document, which page of it is in sight, how large, and what is looked for.

use super::column::Zoom;
use super::picked::Picked;
use crate::{
    client::{Client, use_client},
    parts::viewer::Shown,
};
use leptos::prelude::*;
use protocol::{DocumentId, Fault, FindInDocument, Found, ListPages, PageEntry, Span};
use std::{collections::HashMap, time::Duration};
use wasm_bindgen_futures::spawn_local;

/// Places of a document that are told at once.
const MOST_FINDS: u32 = 2_000;
/// After a key before the document is searched.
const PAUSE: Duration = Duration::from_millis(120);

/// Where to go next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The page, from 1.
    pub page: u32,
    /// The words there that should come into sight.
    pub span: Option<Span>,
    /// Counts the goals: the same place can be gone to twice.
    pub number: u32,
}

/// All that the parts of the reader share.
#[derive(Clone, Copy)]
pub struct Reading {
    /// The connection.
    pub client: Client,
    /// The document.
    pub document: DocumentId,
    /// Its name, once a page was read: the dialog's title too.
    pub name: RwSignal<String>,
    /// Its pages; None until they are known.
    pub pages: RwSignal<Option<Result<Vec<PageEntry>, Fault>>>,
    /// The page in sight, from 1.
    pub page: RwSignal<u32>,
    /// Where to go.
    pub goal: RwSignal<Goal>,
    /// The page and the passage that it was opened for.
    pub cited: StoredValue<(u32, Option<Span>)>,
    /// The words that were looked for before it was opened.
    pub words: StoredValue<Vec<String>>,
    /// How large.
    pub zoom: RwSignal<Zoom>,
    /// How large it is shown now, in percent.
    pub percent: RwSignal<u32>,
    /// Whether the rail of pages is there.
    pub rail: RwSignal<bool>,
    /// What is looked for.
    pub sought: RwSignal<String>,
    /// Where it stands; None until that is known.
    pub found: RwSignal<Option<Found>>,
    /// Which of the finds is the current one.
    pub at: RwSignal<usize>,
    /// The texts of the pages that were read.
    pub texts: StoredValue<HashMap<u32, String>>,
    /// The words that are selected.
    pub picked: RwSignal<Option<Picked>>,
    asked: StoredValue<u32>,
}

impl Reading {
    /// Opens a document at a page.
    pub fn open(shown: Shown, page: u32, name: RwSignal<String>) -> Self {
        let client = use_client();
        let span = shown.passage.filter(|_| page == shown.page);
        let reading = Self {
            client,
            document: shown.document,
            name,
            pages: RwSignal::new(None),
            page: RwSignal::new(page),
            goal: RwSignal::new(Goal { page, span, number: 0 }),
            cited: StoredValue::new((shown.page, shown.passage)),
            words: StoredValue::new(shown.words),
            zoom: RwSignal::new(Zoom::Fit),
            percent: RwSignal::new(100),
            rail: RwSignal::new(!crate::dom::narrower_than(760)),
            sought: RwSignal::new(String::new()),
            found: RwSignal::new(None),
            at: RwSignal::new(0),
            texts: StoredValue::default(),
            picked: RwSignal::new(None),
            asked: StoredValue::new(0),
        };
        spawn_local(async move {
            let pages = client.call(ListPages { document: shown.document }).await;
            // The dialog may be closed by now.
            reading.pages.try_set(Some(pages));
        });
        reading
    }

    /// How many pages there are; 0 until that is known.
    pub fn count(self) -> u32 {
        self.pages.with(|pages| match pages {
            Some(Ok(pages)) => pages.len() as u32,
            Some(Err(_)) | None => 0,
        })
    }

    /// Whether the pages stand in one column, for their layout is fixed.
    pub fn in_column(self) -> bool {
        self.pages.with(|pages| matches!(pages, Some(Ok(pages)) if pages.iter().any(|page| page.width > 0.0)))
    }

    /// What people call a page, where that is not its number.
    pub fn label(self, page: u32) -> Option<String> {
        self.pages.with_untracked(|pages| match pages {
            Some(Ok(pages)) => pages.iter().find(|entry| entry.page == page)?.label.clone(),
            Some(Err(_)) | None => None,
        })
    }

    /// Brings a page into sight, and the words on it.
    pub fn go(self, page: u32, span: Option<Span>) {
        let page = page.clamp(1, untrack(move || self.count()).max(1));
        self.goal.update(|goal| *goal = Goal { page, span, number: goal.number.wrapping_add(1) });
        self.page.set(page);
    }

    /// Turns the page.
    pub fn turn(self, by: i32) {
        self.go(self.page.get_untracked().saturating_add_signed(by), None);
    }

    /// Looks for words, from the page in sight on.
    pub fn seek(self, words: String) {
        let number = self.asked.get_value().wrapping_add(1);
        self.asked.set_value(number);
        self.sought.set(words.clone());
        if words.trim().is_empty() {
            self.found.set(None);
            return;
        }
        let latest = move || self.asked.try_get_value() == Some(number);
        let ask = move || {
            if !latest() {
                return;
            }
            spawn_local(async move {
                let call = FindInDocument { document: self.document, words, limit: MOST_FINDS };
                let reply = self.client.call(call).await;
                if !latest() {
                    return;
                }
                match reply {
                    Ok(found) => {
                        let page = self.page.get_untracked();
                        let first = found.finds.iter().position(|find| find.page >= page).unwrap_or(0);
                        self.found.set(Some(found));
                        self.show(first);
                    }
                    Err(fault) => {
                        self.found.set(None);
                        self.client.screen.fault.set(Some(fault));
                    }
                }
            });
        };
        set_timeout(ask, PAUSE);
    }

    /// Goes to the next find, or back.
    pub fn step(self, by: isize) {
        let count = self.found.with_untracked(|found| found.as_ref().map_or(0, |found| found.finds.len()));
        if count > 0 {
            self.show(self.at.get_untracked().wrapping_add_signed(by).wrapping_add(count) % count);
        }
    }

    fn show(self, at: usize) {
        let find = self.found.with_untracked(|found| {
            found.as_ref().and_then(|found| found.finds.get(at)).map(|find| (find.page, find.span))
        });
        self.at.set(at);
        if let Some((page, span)) = find {
            self.go(page, Some(span));
        }
    }

    /// What is marked on a page: each stretch, and whether it is the one that matters now. While words are
    /// looked for they are marked, and else the passage that the document was opened for.
    pub fn marks(self, page: u32) -> Vec<(Span, bool)> {
        let at = self.at.get();
        self.found.with(|found| match found {
            Some(found) => {
                let here = found.finds.iter().enumerate().filter(|(_, find)| find.page == page);
                here.map(|(number, find)| (find.span, number == at)).collect()
            }
            None => {
                let (cited, passage) = self.cited.get_value();
                passage.filter(|_| cited == page).map(|passage| (passage, true)).into_iter().collect()
            }
        })
    }
}
