//! F6 goes from area to area; each remembers its last place.

use crate::dom;
use std::{cell::RefCell, collections::BTreeMap};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The areas in the order of the focus, each by a selector.
const AREAS: [&str; 6] = [".side", ".sheet .bar, .sheet .head", ".thread, .scroll", ".dock", ".panel", ".boundary"];
/// What can take the focus.
const STOPS: &str = "a[href], button:not([disabled]), textarea, input, select, [tabindex='0']";

thread_local! {
    static LAST: RefCell<BTreeMap<usize, HtmlElement>> = const { RefCell::new(BTreeMap::new()) };
}

/// To the next or the previous area that is there.
pub fn step(forward: bool) {
    let now = dom::focused();
    let at =
        now.as_ref().and_then(|element| AREAS.iter().position(|area| element.closest(area).ok().flatten().is_some()));
    if let (Some(at), Some(element)) = (at, now) {
        LAST.with_borrow_mut(|last| last.insert(at, element));
    }
    let count = AREAS.len();
    let start = at.unwrap_or(if forward { count - 1 } else { 0 });
    for distance in 1..=count {
        let next = if forward { start + distance } else { start + count - distance % count } % count;
        if enter(next) {
            return;
        }
    }
}

fn enter(area: usize) -> bool {
    let remembered = LAST.with_borrow(|last| last.get(&area).cloned()).filter(|element| element.is_connected());
    let stop = remembered.filter(visible).or_else(|| first_stop(AREAS[area]));
    stop.is_some_and(|element| element.focus().is_ok())
}

fn first_stop(area: &str) -> Option<HtmlElement> {
    let areas = leptos::prelude::document().query_selector_all(area).ok()?;
    for at in 0..areas.length() {
        let root: HtmlElement = areas.item(at)?.dyn_into().ok()?;
        let stops = root.query_selector_all(STOPS).ok()?;
        let found = (0..stops.length()).filter_map(|at| stops.item(at)?.dyn_into().ok()).find(visible);
        if found.is_some() {
            return found;
        }
    }
    None
}

fn visible(element: &HtmlElement) -> bool {
    element.offset_width() > 0 && element.offset_height() > 0
}
