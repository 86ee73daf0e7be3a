//! The table of the documents: one tab stop, arrow keys, and only the rows that can be seen.

use super::{
    order::{self, Column, DRAWN, Order, ROW, Seen},
    row, selection,
};
use crate::{
    client::{Client, use_client},
    dom,
    parts::{
        icon::{Glyph, Icon},
        viewer::{self, Shown},
    },
};
use leptos::{ev, html, prelude::*};
use protocol::DocumentId;
use std::collections::BTreeSet;
use web_sys::KeyboardEvent;

/// How far a page key goes.
const PAGE: isize = 10;

/// What the rows share. Copied freely.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// The documents in the order of the table.
    pub ids: Memo<Vec<DocumentId>>,
    /// The order.
    pub order: RwSignal<Order>,
    /// Which are selected.
    pub selected: RwSignal<BTreeSet<DocumentId>>,
    /// The row that the keyboard is on.
    pub active: RwSignal<Option<DocumentId>>,
    /// The row that a selection with Shift began at.
    pub anchor: StoredValue<Option<DocumentId>>,
    /// The first row that is drawn.
    pub start: RwSignal<usize>,
}

impl Grid {
    /// A table of these documents.
    pub(super) fn new(ids: Memo<Vec<DocumentId>>, order: RwSignal<Order>) -> Self {
        Self {
            ids,
            order,
            selected: RwSignal::new(BTreeSet::new()),
            active: RwSignal::new(None),
            anchor: StoredValue::new(None),
            start: RwSignal::new(0),
        }
    }

    /// The row that is a tab stop: the one that the keyboard is on, else the first one.
    pub(super) fn stop(self) -> Option<DocumentId> {
        let ids = self.ids.read();
        self.active.get().filter(|id| ids.contains(id)).or_else(|| ids.first().copied())
    }

    /// Puts the keyboard on a row, drawn or not.
    pub(super) fn focus(self, id: DocumentId) {
        self.active.set(Some(id));
        let ids = self.ids.read_untracked();
        let Some(at) = ids.iter().position(|known| *known == id) else { return };
        self.start.update(|start| *start = order::with(*start, ids.len(), at));
        request_animation_frame(move || {
            if let Some(row) = dom::by_id(&row::element_id(id)) {
                let _ = row.focus();
            }
        });
    }

    fn step(self, by: isize) -> Option<DocumentId> {
        let ids = self.ids.read_untracked();
        let at = untrack(|| self.stop()).and_then(|now| ids.iter().position(|id| *id == now)).unwrap_or(0);
        ids.get(at.saturating_add_signed(by).min(ids.len().saturating_sub(1))).copied()
    }

    /// Selects from where Shift was first held to here.
    fn reach(self, to: DocumentId) {
        let ids = self.ids.read_untracked();
        let from = self.anchor.get_value().or_else(|| untrack(|| self.stop())).unwrap_or(to);
        self.anchor.set_value(Some(from));
        let at = |id: DocumentId| ids.iter().position(|known| *known == id);
        if let (Some(from), Some(to)) = (at(from), at(to)) {
            self.selected.set(ids[from.min(to)..=from.max(to)].iter().copied().collect());
        }
    }

    /// Removes the selected documents where the keyboard is on one of them, else the one it is on. The
    /// keyboard goes on to the next row that stays.
    fn remove(self, client: Client) {
        let Some(now) = untrack(|| self.stop()) else { return };
        let chosen = self.selected.read_untracked().clone();
        let gone = if chosen.contains(&now) { chosen } else { BTreeSet::from([now]) };
        let ids = self.ids.get_untracked();
        let at = ids.iter().position(|id| *id == now).unwrap_or(0);
        let stays = |id: &&DocumentId| !gone.contains(id);
        let next = ids[at..].iter().find(stays).or_else(|| ids[..at].iter().rev().find(stays)).copied();
        self.selected.update(|selected| selected.retain(|id| !gone.contains(id)));
        selection::remove(client, gone);
        if let Some(next) = next {
            self.focus(next);
        }
    }

    fn key(self, client: Client, event: &KeyboardEvent) {
        // A button in a row has its own keys; the arrows lead on from there too.
        let on_row = dom::matches(event.target(), "tr");
        let command = event.ctrl_key() || event.meta_key();
        let page = client.screen.page;
        let to = match event.key().as_str() {
            "ArrowDown" => self.step(1),
            "ArrowUp" => self.step(-1),
            "PageDown" => self.step(PAGE),
            "PageUp" => self.step(-PAGE),
            "Home" => self.step(isize::MIN),
            "End" => self.step(isize::MAX),
            key => {
                match (key, untrack(|| self.stop())) {
                    (" ", Some(now)) if on_row => {
                        let shown = page.read_untracked().as_ref().is_some_and(|page| page.document == now);
                        page.set((!shown).then(|| Shown::start(now)));
                    }
                    ("Enter", Some(now)) if on_row => {
                        page.set(Some(Shown::start(now)));
                        dom::focus_soon(viewer::PAGE_ID);
                    }
                    ("Delete", _) => self.remove(client),
                    ("Backspace", _) if dom::is_mac() => self.remove(client),
                    ("a" | "A", _) if command => {
                        self.selected.set(self.ids.read_untracked().iter().copied().collect());
                    }
                    ("Escape", _) if page.read_untracked().is_some() => page.set(None),
                    ("Escape", _) if !self.selected.read_untracked().is_empty() => self.selected.set(BTreeSet::new()),
                    _ => return,
                }
                event.prevent_default();
                return;
            }
        };
        event.prevent_default();
        if let Some(to) = to {
            if event.shift_key() {
                self.reach(to);
            } else {
                self.anchor.set_value(None);
            }
            self.focus(to);
        }
    }
}

/// The table, in its own scroll area: a head that sticks needs that.
#[component]
pub(super) fn Table(
    /// What its rows share.
    grid: Grid,
) -> impl IntoView {
    let client = use_client();
    let area = NodeRef::<html::Div>::new();
    let body = NodeRef::<html::Tbody>::new();
    let count = Memo::new(move |_| grid.ids.read().len());
    let drawn = move || {
        let ids = grid.ids.read();
        let start = grid.start.get().min(ids.len().saturating_sub(DRAWN));
        ids.iter().copied().skip(start).take(DRAWN).collect::<Vec<_>>()
    };
    let start = move || grid.start.get().min(count.get().saturating_sub(DRAWN));
    // The room of the rows that are not drawn, before and after those that are.
    let room = move || {
        let before = start();
        let after = count.get() - before - (count.get() - before).min(DRAWN);
        format!("padding-block:{}px {}px", before as f64 * ROW, after as f64 * ROW)
    };
    let scrolled = move |_: ev::Event| {
        let (Some(area), Some(body)) = (area.get_untracked(), body.get_untracked()) else { return };
        let now = grid.start.get_untracked();
        let seen = Seen {
            top: f64::from(area.scroll_top()),
            height: f64::from(area.client_height()),
            drawn: f64::from(body.client_height()),
        };
        let next = order::start(now, count.get_untracked(), seen);
        if next != now {
            let still = grid.ids.read_untracked().get(now.max(next)).map(|id| row::element_id(*id));
            let before = still.as_deref().and_then(dom::top_of);
            grid.start.set(next);
            // Rows differ in height: what is seen stays where it is.
            request_animation_frame(move || {
                if let (Some(before), Some(after)) = (before, still.as_deref().and_then(dom::top_of)) {
                    area.set_scroll_top(area.scroll_top() + (after - before).round() as i32);
                }
            });
        }
    };
    view! {
        <div class="scroll docs-scroll" node_ref=area on:scroll=scrolled>
            <div style=room>
                <table
                    class="grid docs"
                    role="grid"
                    aria-label=t!("documents.table")
                    aria-multiselectable="true"
                    aria-rowcount=move || count.get() + 1
                >
                    <thead>
                        <tr aria-rowindex="1">
                            <Sorted grid column=Column::Name words=t!("documents.name") all=true/>
                            <Sorted grid column=Column::Language words=t!("documents.language") class="lang"/>
                            <Sorted grid column=Column::Pages words=t!("documents.pages") class="r pages"/>
                            <Sorted grid column=Column::Size words=t!("documents.size") class="r size"/>
                            <Sorted grid column=Column::State words=t!("documents.state")/>
                            <Sorted grid column=Column::Added words=t!("documents.added") class="r added"/>
                        </tr>
                    </thead>
                    <tbody node_ref=body on:keydown=move |event| grid.key(client, &event)>
                        <ForEnumerate
                            each=drawn
                            key=|id| *id
                            children=move |at, id| {
                                let index = Signal::derive(move || start() + at.get() + 2);
                                view! { <row::Row id grid index/> }
                            }
                        />
                    </tbody>
                </table>
            </div>
        </div>
    }
}

/// A column's head, which sorts; the first one also selects all.
#[component]
fn Sorted(
    grid: Grid,
    column: Column,
    words: String,
    #[prop(optional)] class: &'static str,
    #[prop(optional)] all: bool,
) -> impl IntoView {
    let order = grid.order;
    view! {
        <th scope="col" class=class aria-sort=move || order.get().aria(column)>
            <span class="th-in">
                {all.then(|| view! { <SelectAll grid/> })}
                <button class="sort" on:click=move |_| order.update(|order| *order = order.pressed(column))>
                    {words}
                    {move || {
                        let Order { by, down } = order.get();
                        (by == column)
                            .then(|| view! { <Glyph icon=if down { Icon::ArrowDown } else { Icon::ArrowUp } size=12/> })
                    }}
                </button>
            </span>
        </th>
    }
}

/// Selects every document of the list, or none.
#[component]
fn SelectAll(grid: Grid) -> impl IntoView {
    let state = Memo::new(move |_| {
        let (selected, ids) = (grid.selected.read(), grid.ids.read());
        let count = ids.iter().filter(|id| selected.contains(id)).count();
        match count {
            0 => "false",
            count if count == ids.len() => "true",
            _ => "mixed",
        }
    });
    view! {
        <button
            class="check"
            role="checkbox"
            aria-checked=move || state.get()
            aria-label=t!("documents.select_all")
            on:click=move |_| {
                grid.selected
                    .set(match state.get_untracked() {
                        "true" => BTreeSet::new(),
                        _ => grid.ids.read_untracked().iter().copied().collect(),
                    });
            }
        >
            <Glyph icon=Icon::Check size=12/>
        </button>
    }
}
