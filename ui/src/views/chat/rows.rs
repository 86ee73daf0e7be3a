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
use web_sys::{Element, FocusOptions, HtmlElement, Node};

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

impl Drawn {
    fn of(ids: &[ItemId], stretch: Stretch) -> Self {
        let Stretch { rows, above, below } = stretch;
        Self { ids: ids[rows].to_vec(), above, below, count: ids.len() }
    }

    /// The drawn rows that are still among all, as one stretch: another branch may have begun in between.
    fn among(&self, ids: &[ItemId], heights: &Heights) -> Stretch {
        let skipped = self.ids.iter().position(|id| ids.contains(id)).unwrap_or(self.ids.len());
        let first = self.ids.get(skipped).and_then(|id| ids.iter().position(|known| known == id)).unwrap_or(0);
        let same = self.ids[skipped..].iter().zip(&ids[first..]).take_while(|(drawn, known)| drawn == known).count();
        let gone: f64 = self.ids[..skipped].iter().map(|id| heights.of(*id)).sum();
        Stretch { rows: first..first + same, above: self.above + gone, below: self.below }
    }
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
    focusing: StoredValue<bool>,
}

impl Rows {
    /// The rows of these items, at their end.
    pub fn new(ids: Memo<Vec<ItemId>>) -> Self {
        let drawn = ids.with_untracked(|ids| Drawn::of(ids, stretch::at_end(ids, &Heights::default())));
        Self {
            thread: NodeRef::new(),
            list: NodeRef::new(),
            ids,
            drawn: RwSignal::new(drawn),
            heights: StoredValue::new(Heights::default()),
            moving: StoredValue::new(false),
            focusing: StoredValue::new(false),
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
        self.put(next, anchor, moved);
    }

    /// Brings a row to the upper edge of the view.
    pub fn reveal(self, id: ItemId, moved: impl Fn() + 'static) {
        let Some((thread, list)) = self.elements() else { return };
        if let Some(row) = find(&list, id) {
            return row.scroll_into_view();
        }
        self.measure(&list);
        let next = self.ids.with_untracked(|ids| {
            let row = ids.iter().position(|known| *known == id)?;
            self.heights.try_with_value(|heights| {
                let seen = Seen { top: stretch::top_of(ids, heights, row), height: f64::from(thread.client_height()) };
                Drawn::of(ids, stretch::around(ids, heights, seen, 0..0))
            })
        });
        let Some(next) = next else { return };
        self.put(next, None, move || {
            if let Some(row) = self.elements().and_then(|(_, list)| find(&list, id)) {
                row.scroll_into_view();
            }
            moved();
        });
    }

    /// What is read: the first row in sight, and how far below the view's upper edge it begins.
    pub fn read(self) -> Option<(ItemId, f64)> {
        let (thread, list) = self.elements()?;
        let all = self.drawn.try_with_untracked(|drawn| drawn.ids.clone())?;
        anchor(&thread, &list, &all)
    }

    /// Puts back in its place what was read: lines break elsewhere now.
    pub fn put_back(self, read: Option<(ItemId, f64)>, then: impl Fn() + 'static) {
        spawn_local(async move {
            if let Some((thread, list)) = self.elements() {
                self.hold(&thread, &list, read).await;
            }
            then();
        });
    }

    /// Whether this moves the focus itself just now: nobody has put a hand on anything.
    pub fn moves_focus(self) -> bool {
        self.focusing.try_get_value() == Some(true)
    }

    /// Changes what is on the page. The `anchor` stays where it is in the view; focus and selection stay too.
    fn put(self, next: Drawn, anchor: Option<(ItemId, f64)>, moved: impl Fn() + 'static) {
        let Some((thread, list)) = self.elements() else { return };
        self.keep_focus(&thread, &next.ids);
        let held = dom::focused().filter(|held| list.contains(Some(held)) && **held != *list);
        let selected = selected(&thread);
        self.moving.set_value(true);
        self.drawn.set(next.clone());
        spawn_local(async move {
            self.there(&next).await;
            self.moving.try_set_value(false);
            let Some((thread, list)) = self.elements() else { return };
            // Leptos takes rows that stay out of the page and puts them back in: that loses both.
            if let Some(held) = held
                && dom::focused().is_none_or(|now| now.tag_name() == "BODY")
            {
                self.focus(&held);
            }
            if let Some(selected) = selected {
                selected.restore();
            }
            self.hold(&thread, &list, anchor).await;
            moved();
        });
    }

    /// Puts the anchor back where it was: by the blank above it where there is enough, since a written
    /// scroll position ends a scroll that is under way.
    async fn hold(self, thread: &HtmlElement, list: &HtmlElement, anchor: Option<(ItemId, f64)>) {
        let Some((id, before)) = anchor else { return };
        let Some(row) = find(list, id) else { return };
        let by = (top(&row) - top(thread)) / zoom(list) - before;
        // Whole pixels: a scroll position keeps no parts of them, and half a pixel is no jump.
        let by = by.round();
        if by == 0.0 {
            return;
        }
        let above = self.drawn.try_with_untracked(|drawn| drawn.above).unwrap_or_default();
        if above > 0.0 && above - by >= 0.0 {
            self.drawn.try_update(|drawn| drawn.above -= by);
            leptos::task::tick().await;
        } else {
            thread.set_scroll_top(thread.scroll_top() + by as i32);
        }
    }

    /// What should be on the page, if that is not there already.
    fn next(self, thread: &HtmlElement, list: &HtmlElement) -> Option<Drawn> {
        let now = self.drawn.try_get_untracked()?;
        let (offset, height) = ((top(thread) - top(list)) / zoom(list), f64::from(thread.client_height()));
        self.ids.with_untracked(|ids| {
            let next = self.heights.try_with_value(|heights| {
                let page = now.among(ids, heights);
                let seen = Seen { top: stretch::located(ids, heights, &page, offset), height };
                let next = stretch::around(ids, heights, seen, page.rows.clone());
                // Selected text would be lost, and what is being written.
                if writes(list) || selected(thread).is_some() {
                    stretch::with(ids, heights, next, page.rows)
                } else {
                    next
                }
            })?;
            // Heights that are only estimated do not move what stands.
            let same = ids[next.rows.clone()] == now.ids[..] && ids.len() == now.count;
            (!same).then(|| Drawn::of(ids, next))
        })
    }

    /// Learns how high the drawn rows are.
    fn measure(self, list: &HtmlElement) {
        let zoom = zoom(list);
        self.heights.try_update_value(|heights| {
            for row in rows(list) {
                if let Some(id) = item(&row) {
                    heights.learn(id, row.get_bounding_client_rect().height() / zoom);
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

    /// The focus stays in the transcript when the row that has it leaves the page.
    fn keep_focus(self, thread: &HtmlElement, staying: &[ItemId]) {
        let row = dom::focused().and_then(|focused| focused.closest(".msg").ok().flatten());
        if row.and_then(|row| item(&row)).is_some_and(|id| !staying.contains(&id)) {
            self.focus(thread);
        }
    }

    /// Moves the focus and nothing else.
    fn focus(self, element: &HtmlElement) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        self.focusing.set_value(true);
        let _ = element.focus_with_options(&options);
        self.focusing.try_set_value(false);
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
fn anchor(thread: &HtmlElement, list: &HtmlElement, staying: &[ItemId]) -> Option<(ItemId, f64)> {
    let (edge, zoom) = (top(thread), zoom(list));
    rows(list).find_map(|row| {
        let id = item(&row).filter(|id| staying.contains(id))?;
        let place = row.get_bounding_client_rect();
        (place.bottom() > edge).then_some((id, (place.top() - edge) / zoom))
    })
}

/// Rects are zoomed with the page; scroll positions and lengths in styles are not.
fn zoom(list: &HtmlElement) -> f64 {
    let (seen, own) = (list.get_bounding_client_rect().height(), f64::from(list.offset_height()));
    if seen > 0.0 && own > 0.0 { seen / own } else { 1.0 }
}

/// Whether someone writes in a row.
fn writes(list: &Element) -> bool {
    dom::focused().is_some_and(|focused| focused.tag_name() == "TEXTAREA" && list.contains(Some(&focused)))
}

/// Selected text: where it begins and ends.
struct Selected {
    from: (Node, u32),
    to: (Node, u32),
}

impl Selected {
    fn restore(&self) {
        if let Ok(Some(selection)) = window().get_selection() {
            let ((from, at), (to, end)) = (&self.from, &self.to);
            // A row that has left the page takes its selection with it.
            let _ = selection.set_base_and_extent(from, *at, to, *end);
        }
    }
}

/// The text that is selected in the transcript.
fn selected(thread: &Element) -> Option<Selected> {
    let selection = window().get_selection().ok().flatten()?;
    let (from, to) = (selection.anchor_node()?, selection.focus_node()?);
    (!selection.is_collapsed() && thread.contains(Some(&from)))
        .then(|| Selected { from: (from, selection.anchor_offset()), to: (to, selection.focus_offset()) })
}
