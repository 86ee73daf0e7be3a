//! The rows of a transcript on the page. Where the stretch of them moves, what is read stays in its place.

use super::{
    THREAD_ID,
    stretch::{self, Heights, Seen, Stretch},
};
use crate::dom;
use leptos::{html, prelude::*};
use protocol::ItemId;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, FocusOptions, HtmlElement};

/// The page is asked so often whether the rows that were ordered are there.
const ASKED: usize = 16;

/// What is drawn: rows with blank space above and below them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// The rows, oldest first.
    pub ids: Vec<ItemId>,
    /// The blank space, in CSS pixels.
    pub above: f64,
    /// The same below.
    pub below: f64,
    /// How many rows the chat has here.
    count: usize,
}

/// The transcript's rows. Copied freely.
#[derive(Clone, Copy)]
pub struct Rows {
    /// What scrolls.
    pub thread: NodeRef<html::Div>,
    /// What holds the rows and the blank space.
    pub list: NodeRef<html::Div>,
    /// All items that are here.
    pub ids: Memo<Vec<ItemId>>,
    /// Those on the page.
    pub drawn: RwSignal<Drawn>,
    heights: StoredValue<Heights>,
    moving: StoredValue<bool>,
}

impl Rows {
    /// The rows of these items, at their end.
    pub fn new(ids: Memo<Vec<ItemId>>) -> Self {
        let drawn = ids.with_untracked(|ids| {
            let end = stretch::at_end(ids, &Heights::default());
            Drawn { ids: ids[end.rows].to_vec(), above: end.above, below: end.below, count: ids.len() }
        });
        Self {
            thread: NodeRef::new(),
            list: NodeRef::new(),
            ids,
            drawn: RwSignal::new(drawn),
            heights: StoredValue::new(Heights::default()),
            moving: StoredValue::new(false),
        }
    }

    /// Draws what the view needs. `moved` is told once the page has changed, with the rows in their place.
    pub fn draw(self, moved: impl Fn() + 'static) {
        // One change at a time: it ends by looking again.
        if self.moving.try_get_value() != Some(false) {
            return;
        }
        let Some((thread, list)) = self.elements() else { return };
        self.measure(&list);
        let Some(next) = self.next(&thread, &list) else { return };
        let anchor = anchor(&thread, &list, &next.ids);
        let_go_of_focus(&thread, &next.ids);
        self.moving.set_value(true);
        self.drawn.set(next.clone());
        spawn_local(async move {
            self.there(&next).await;
            self.moving.try_set_value(false);
            let Some((thread, list)) = self.elements() else { return };
            if let Some((id, before)) = anchor
                && let Some(row) = find(&list, id)
            {
                let by = top(&row) - top(&thread) - before;
                // Whole pixels: the page keeps no parts of them, and half a pixel is no jump.
                if by.abs() >= 1.0 {
                    thread.set_scroll_top(thread.scroll_top() + by.round() as i32);
                }
            }
            moved();
        });
    }

    /// Brings a row to the upper edge of the view.
    pub fn reveal(self, id: ItemId, moved: impl Fn() + Clone + 'static) {
        let Some((thread, list)) = self.elements() else { return };
        if let Some(row) = find(&list, id) {
            return row.scroll_into_view();
        }
        let place = self.ids.with_untracked(|ids| {
            let row = ids.iter().position(|known| *known == id)?;
            self.heights.try_with_value(|heights| stretch::top_of(ids, heights, row))
        });
        let Some(place) = place else { return };
        thread.set_scroll_top((place + top(&list) - top(&thread)) as i32 + thread.scroll_top());
        self.draw(move || {
            if let Some(row) = self.elements().and_then(|(_, list)| find(&list, id)) {
                row.scroll_into_view();
            }
            moved();
        });
    }

    /// What should be on the page, if that is not there already.
    fn next(self, thread: &Element, list: &Element) -> Option<Drawn> {
        let now = self.drawn.try_get_untracked()?;
        let (offset, height) = (top(thread) - top(list), f64::from(thread.client_height()));
        self.ids.with_untracked(|ids| {
            let at = |id: Option<&ItemId>| ids.iter().position(|known| Some(known) == id);
            let drawn = match (at(now.ids.first()), at(now.ids.last())) {
                (Some(first), Some(last)) if first <= last => first..last + 1,
                _ => 0..0,
            };
            let next = self.heights.try_with_value(|heights| {
                let page = Stretch { rows: drawn.clone(), above: now.above, below: now.below };
                let seen = Seen { top: stretch::located(ids, heights, &page, offset), height };
                let next = stretch::around(ids, heights, seen, drawn.clone());
                if selects(thread) { stretch::with(ids, heights, next, drawn) } else { next }
            })?;
            let rows = &ids[next.rows];
            // Heights that are only estimated do not move what stands.
            let same = rows == now.ids.as_slice() && ids.len() == now.count;
            (!same).then(|| Drawn { ids: rows.to_vec(), above: next.above, below: next.below, count: ids.len() })
        })
    }

    /// Learns how high the drawn rows are.
    fn measure(self, list: &Element) {
        self.heights.try_update_value(|heights| {
            for row in rows(list) {
                if let Some(id) = item(&row) {
                    heights.learn(id, row.get_bounding_client_rect().height());
                }
            }
        });
    }

    /// Waits until the page has these rows: views follow a change a moment later, before it is painted.
    async fn there(self, wanted: &Drawn) {
        for _ in 0..ASKED {
            leptos::task::tick().await;
            let Some((_, list)) = self.elements() else { return };
            let first = list.first_element_child().and_then(|row| item(&row));
            let last = list.last_element_child().and_then(|row| item(&row));
            if first.as_ref() == wanted.ids.first() && last.as_ref() == wanted.ids.last() {
                return;
            }
        }
    }

    fn elements(self) -> Option<(HtmlElement, HtmlElement)> {
        let thread: HtmlElement = self.thread.try_get_untracked().flatten()?.into();
        let list: HtmlElement = self.list.try_get_untracked().flatten()?.into();
        Some((thread, list))
    }
}

/// The item of a row.
pub fn item(row: &Element) -> Option<ItemId> {
    row.dyn_ref::<HtmlElement>()?.dataset().get("item")?.parse().ok()
}

/// The row of an item, if it is on the page.
pub fn row_of(id: ItemId) -> Option<Element> {
    document().query_selector(&format!("#{THREAD_ID} [data-item='{id}']")).ok().flatten()
}

fn find(list: &Element, id: ItemId) -> Option<Element> {
    rows(list).find(|row| item(row) == Some(id))
}

fn rows(list: &Element) -> impl Iterator<Item = Element> {
    std::iter::successors(list.first_element_child(), Element::next_element_sibling)
}

fn top(element: &Element) -> f64 {
    element.get_bounding_client_rect().top()
}

/// The first row in sight that stays on the page, and how far below the view's upper edge it begins.
fn anchor(thread: &Element, list: &Element, staying: &[ItemId]) -> Option<(ItemId, f64)> {
    let edge = top(thread);
    rows(list).find_map(|row| {
        let id = item(&row).filter(|id| staying.contains(id))?;
        let place = row.get_bounding_client_rect();
        (place.bottom() > edge).then_some((id, place.top() - edge))
    })
}

/// The focus stays in the transcript when the row that has it leaves the page.
fn let_go_of_focus(thread: &HtmlElement, staying: &[ItemId]) {
    let Some(row) = dom::focused().and_then(|focused| focused.closest(".msg").ok().flatten()) else { return };
    if item(&row).is_some_and(|id| !staying.contains(&id)) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = thread.focus_with_options(&options);
    }
}

/// Whether text of the transcript is selected.
fn selects(thread: &Element) -> bool {
    let Some(selection) = window().get_selection().ok().flatten() else { return false };
    let inside = selection.anchor_node().is_some_and(|node| thread.contains(Some(&node)));
    inside && !selection.is_collapsed()
}
