//! What is asked for and what came of it: while typing, passages like one, and more of what was found.

use super::{
    BACK_ID, FIELD_ID, SCROLL_ID,
    found::{Asked, Found},
    groups,
    query::only_conditions,
};
use crate::{
    client::Client,
    dom,
    parts::{place::place, viewer::PAGE_ID},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentId, ModelUse, ModelView, NeighbourFound, NeighbourView, SearchHit, SearchMode};
use std::collections::BTreeSet;

/// A pause in typing this long starts a search; shorter than a person notices.
const PAUSE_MS: u32 = 40;
/// What is found by words alone is shown where meaning takes longer than this.
const WORDS_FIRST_MS: u32 = 60;
/// A pause this long after a search has the reranker order what was found: it takes longer than a letter.
const RERANK_MS: u32 = 350;
/// So many passages are on the screen at first.
const FIRST: u32 = 40;

/// The search, as far as it is not drawn. Copied freely.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    /// The connection.
    pub client: Client,
    /// What is typed.
    pub query: RwSignal<String>,
    /// How to search.
    pub mode: RwSignal<SearchMode>,
    /// The other workspace that is searched; None: this one.
    pub within: RwSignal<Option<NeighbourView>>,
    /// What was found.
    pub reply: RwSignal<Option<Found>>,
    /// What was found in other workspaces.
    pub elsewhere: RwSignal<Vec<NeighbourFound>>,
    /// The passage that is marked.
    pub current: RwSignal<usize>,
    /// Documents of which every passage is shown, not only the best.
    pub unfolded: RwSignal<BTreeSet<DocumentId>>,
    /// Whether the page of the marked passage is shown where it would lie over the passages.
    pub opened: RwSignal<bool>,
    /// Whether more passages are on their way.
    pub busy: RwSignal<bool>,
    /// What was found before passages like one were looked for.
    before: StoredValue<Option<(Found, usize, BTreeSet<DocumentId>)>>,
    /// The passage to mark when its search is at its end.
    wanted: StoredValue<Option<SearchHit>>,
    asked: StoredValue<u32>,
    answered: StoredValue<u32>,
    /// Under which number a passage was opened last.
    opened_under: StoredValue<u32>,
}

impl Asking {
    /// Searches for what is typed, from now on.
    pub(super) fn new(client: Client) -> Self {
        let asking = Self {
            client,
            query: client.screen.query,
            mode: RwSignal::new(SearchMode::Hybrid),
            within: RwSignal::new(None),
            reply: RwSignal::new(None),
            elsewhere: RwSignal::new(Vec::new()),
            current: RwSignal::new(0),
            unfolded: RwSignal::new(BTreeSet::new()),
            opened: RwSignal::new(false),
            busy: RwSignal::new(false),
            before: StoredValue::new(None),
            wanted: StoredValue::new(None),
            asked: StoredValue::new(0),
            answered: StoredValue::new(0),
            opened_under: StoredValue::new(0),
        };
        Effect::new(move || {
            let (text, mode) = (asking.query.get().trim().to_owned(), asking.mode.get());
            let within = asking.within.with(|within| within.as_ref().map(|there| there.workspace));
            let number = asking.number();
            if text.is_empty() {
                asking.reply.set(None);
                asking.opened.set(false);
                return;
            }
            leptos::task::spawn_local(async move { asking.search(Asked::Query { text, mode, within }, number).await });
        });
        asking
    }

    /// The next number; what was asked under an earlier one is not shown any more.
    fn number(self) -> u32 {
        let number = self.asked.get_value().wrapping_add(1);
        self.asked.set_value(number);
        number
    }

    /// Whether nothing else was asked meanwhile, and the screen is still there.
    fn is_latest(self, number: u32) -> bool {
        self.asked.try_get_value() == Some(number)
    }

    async fn search(self, asked: Asked, number: u32) {
        dom::sleep(PAUSE_MS).await;
        let Asked::Query { text, mode, within } = asked.clone() else { return };
        if !self.is_latest(number) {
            return;
        }
        if mode == SearchMode::Hybrid {
            self.by_words_first(Asked::Query { text: text.clone(), mode: SearchMode::Text, within }, number);
        }
        let found = asked.find(self.client, FIRST).await;
        if !self.is_latest(number) {
            return;
        }
        self.answered.set_value(number);
        match found {
            Ok(reply) => self.answer(Found { asked, limit: FIRST, reply }, number),
            Err(fault) => return self.client.screen.fault.set(Some(fault)),
        }
        if mode != SearchMode::Hybrid || within.is_some() || !self.has_reranker() || only_conditions(&text) {
            return;
        }
        dom::sleep(RERANK_MS).await;
        let rests = move || self.is_latest(number) && self.current.get_untracked() == 0 && !self.opened.get_untracked();
        // Typing went on, or a passage is being read: the list stays as it is.
        if !rests() {
            return;
        }
        let asked = Asked::Query { text, mode: SearchMode::Reranked, within };
        if let Ok(reply) = asked.find(self.client, FIRST).await
            && rests()
        {
            self.reply.set(Some(Found { asked, limit: FIRST, reply }));
        }
    }

    /// Shows what is found by words while meaning takes its time: a model may have to be loaded first.
    fn by_words_first(self, asked: Asked, number: u32) {
        leptos::task::spawn_local(async move {
            dom::sleep(WORDS_FIRST_MS).await;
            let waits = move || self.is_latest(number) && self.answered.try_get_value() != Some(number);
            if !waits() {
                return;
            }
            // That it fails is told by the search that it goes before.
            if let Ok(reply) = asked.find(self.client, FIRST).await
                && waits()
            {
                self.reply.set(Some(Found { asked, limit: FIRST, reply }));
            }
        });
    }

    /// A passage is opened.
    pub(super) fn open(self) {
        self.opened_under.set_value(self.asked.get_value());
        self.opened.set(true);
        dom::focus_soon(PAGE_ID);
    }

    /// Shows what a search has found. What a person did before it was there, they meant for this search: the passage
    /// that they opened, or marked among those that words had found, stays; where it is not found any more,
    /// the first takes its place.
    fn answer(self, found: Found, number: u32) {
        let opened = self.opened.get_untracked() && self.opened_under.get_value() == number;
        let at = self.current.get_untracked();
        let marked = at != 0 && self.reply.with_untracked(|now| now.as_ref().is_some_and(|now| now.is_like(&found)));
        if !opened && !marked {
            return self.show(found);
        }
        let passage = self.hit(at);
        self.current.set(passage.and_then(|passage| place_of(&found, &passage)).unwrap_or(0));
        self.reply.set(Some(found));
        if opened {
            dom::focus_soon(PAGE_ID);
        }
    }

    fn show(self, found: Found) {
        let wanted = self.wanted.try_update_value(Option::take).flatten();
        let at = wanted.as_ref().and_then(|wanted| place_of(&found, wanted));
        self.current.set(at.unwrap_or(0));
        self.unfolded.update(|open| {
            open.clear();
            // A passage that stands under a better one of its document is in sight when that is unfolded.
            open.extend(wanted.filter(|_| at.is_some()).map(|wanted| wanted.document));
        });
        self.opened.set(at.is_some());
        self.reply.set(Some(found));
        // Something else was asked for: it begins at its beginning.
        if let Some(area) = dom::by_id(SCROLL_ID) {
            area.set_scroll_top(0);
        }
    }

    /// Searches another workspace, and marks a passage there.
    pub(super) fn go_to(self, there: NeighbourView, passage: Option<SearchHit>) {
        self.leave();
        self.wanted.set_value(passage);
        self.within.set(Some(there));
        // What was pressed is gone with this workspace's passages.
        dom::focus_soon(BACK_ID);
    }

    /// Searches this workspace again.
    pub(super) fn come_home(self) {
        self.leave();
        self.within.set(None);
        dom::focus_soon(FIELD_ID);
    }

    /// Puts away what was found: nothing of one workspace stands under the name of another.
    fn leave(self) {
        self.number();
        self.wanted.set_value(None);
        self.before.set_value(None);
        self.current.set(0);
        self.opened.set(false);
        self.reply.set(None);
    }

    /// A passage that was found.
    pub(super) fn hit(self, at: usize) -> Option<SearchHit> {
        self.reply.with_untracked(|reply| reply.as_ref()?.reply.hits.get(at).cloned())
    }

    /// Looks for passages like one.
    pub(super) fn like(self, at: usize) {
        let (Some(hit), Some(found)) = (self.hit(at), self.reply.get_untracked()) else { return };
        let place = place(hit.place.as_deref(), hit.page);
        let label = t!("palette.place", place = place, document = &hit.name);
        let asked = Asked::Like { document: hit.document, page: hit.page, start: hit.start, label };
        let number = self.number();
        leptos::task::spawn_local(async move {
            let reply = asked.find(self.client, FIRST).await;
            if !self.is_latest(number) {
                return;
            }
            match reply {
                Ok(reply) => {
                    // From one like another the way back leads to what was typed.
                    if matches!(found.asked, Asked::Query { .. }) {
                        self.before.set_value(Some((found, at, self.unfolded.get_untracked())));
                    }
                    self.show(Found { asked, limit: FIRST, reply });
                    // The button that was pressed is gone with its passage.
                    dom::focus_soon(BACK_ID);
                }
                Err(fault) => self.client.screen.fault.set(Some(fault)),
            }
        });
    }

    /// Goes back from passages like one to what was found before.
    pub(super) fn back(self) {
        self.number();
        let Some((found, at, unfolded)) = self.before.try_update_value(Option::take).flatten() else { return };
        self.reply.set(Some(found));
        self.unfolded.set(unfolded);
        self.opened.set(false);
        self.current.set(at);
        dom::focus_soon(open_id(at));
        dom::show_soon(hit_id(at));
    }

    /// Asks for more passages. The marked one stays marked, and the focus where it is.
    pub(super) fn more(self) {
        let Some(found) = self.reply.get_untracked() else { return };
        let Some(limit) = found.next_limit().filter(|_| !self.busy.get_untracked()) else { return };
        let number = self.number();
        self.answered.set_value(number);
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let reply = found.asked.find(self.client, limit).await;
            self.busy.try_set(false);
            if !self.is_latest(number) {
                return;
            }
            match reply {
                Ok(reply) => self.grow(&found, Found { asked: found.asked.clone(), limit, reply }),
                Err(fault) => self.client.screen.fault.set(Some(fault)),
            }
        });
    }

    fn grow(self, before: &Found, now: Found) {
        let marked = self.hit(self.current.get_untracked());
        let at = marked.and_then(|marked| place_of(&now, &marked)).unwrap_or(0);
        let visible = self.unfolded.with_untracked(|open| groups::visible(&groups::groups(&now.reply.hits), open));
        let is_new = |at: &usize| place_of(before, &now.reply.hits[*at]).is_none();
        let fresh = visible.into_iter().find(is_new).unwrap_or(at);
        self.reply.set(Some(now));
        self.current.set(at);
        // The button goes away with the last passages; the focus goes on to the first of those that are new.
        request_animation_frame(move || {
            if dom::focused().is_none_or(|element| element.tag_name() == "BODY") {
                dom::focus_soon(open_id(fresh));
            }
        });
    }

    /// Marks another passage of those on the screen.
    pub(super) fn step(self, by: isize) {
        let hits = self.reply.with_untracked(|reply| reply.as_ref().map(|found| groups::groups(&found.reply.hits)));
        let visible = self.unfolded.with_untracked(|open| groups::visible(&hits.unwrap_or_default(), open));
        if let Some(next) = groups::step(&visible, self.current.get_untracked(), by) {
            self.current.set(next);
            dom::show_soon(hit_id(next));
        }
    }

    /// Whether a reranker is here and wanted.
    fn has_reranker(self) -> bool {
        self.client.store.settings().read_untracked().rerank && untrack(|| has_model(self.client, ModelUse::Reranking))
    }
}

/// Where a passage stands among those that were found.
fn place_of(found: &Found, passage: &SearchHit) -> Option<usize> {
    let is = |hit: &SearchHit| (hit.document, hit.page, hit.start) == (passage.document, passage.page, passage.start);
    found.reply.hits.iter().position(is)
}

/// The id of a passage on the page.
pub(super) fn hit_id(at: usize) -> String {
    format!("hit-{at}")
}

/// The id of the button that opens it.
pub(super) fn open_id(at: usize) -> String {
    format!("hit-open-{at}")
}

/// Whether a model for this is here and whole.
pub(super) fn has_model(client: Client, purpose: ModelUse) -> bool {
    let here = |model: &ModelView| model.purpose == purpose && model.fault.is_none();
    client.store.models().read().models.iter().any(here)
}
