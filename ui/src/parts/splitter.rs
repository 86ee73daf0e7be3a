//! The edge between the pane and its panel: dragged, or moved with the arrow keys; the width stays.

use crate::dom;
use leptos::{ev::PointerEvent, html, prelude::*};
use web_sys::KeyboardEvent;

/// The narrowest and the widest panel, and the one to begin with, in CSS pixels.
const NARROWEST: i32 = 320;
const WIDEST: i32 = 480;
const FIRST: i32 = 384;
/// One press of an arrow key.
const STEP: i32 = 16;
/// Where the width is remembered on this screen.
const SLOT: &str = "atelier.panel";

/// The width that was chosen last.
pub fn remembered() -> i32 {
    dom::remembered(SLOT).and_then(|width| width.parse().ok()).map_or(FIRST, within)
}

fn within(width: i32) -> i32 {
    width.clamp(NARROWEST, WIDEST)
}

/// Where a key moves the edge; the panel lies at the end of the line.
fn moved(width: i32, key: &str) -> Option<i32> {
    Some(within(match key {
        "ArrowLeft" => width + STEP,
        "ArrowRight" => width - STEP,
        "Home" => WIDEST,
        "End" => NARROWEST,
        "Enter" => FIRST,
        _ => return None,
    }))
}

/// The edge.
#[component]
pub fn Splitter(
    /// How wide the panel is.
    width: RwSignal<i32>,
) -> impl IntoView {
    let edge = NodeRef::<html::Div>::new();
    let dragging = RwSignal::new(false);
    let keep = move || dom::remember(SLOT, &width.get_untracked().to_string());
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        event.prevent_default();
        if let Some(edge) = edge.get_untracked() {
            // Without the capture the drag ends at the edge's own few pixels.
            dragging.set(edge.set_pointer_capture(event.pointer_id()).is_ok());
            let _ = edge.focus();
        }
    };
    let drag = move |event: PointerEvent| {
        if !dragging.get_untracked() {
            return;
        }
        let panel = edge.get_untracked().and_then(|edge| edge.parent_element());
        if let Some(panel) = panel {
            let now = (panel.get_bounding_client_rect().right() - f64::from(event.client_x())).round() as i32;
            width.set(within(now));
        }
    };
    let up = move |_: PointerEvent| {
        if dragging.get_untracked() {
            dragging.set(false);
            keep();
        }
    };
    let key = move |event: KeyboardEvent| {
        if let Some(now) = moved(width.get_untracked(), &event.key()) {
            event.prevent_default();
            width.set(now);
            keep();
        }
    };
    view! {
        <div
            class="splitter"
            class:dragging=move || dragging.get()
            node_ref=edge
            role="separator"
            aria-orientation="vertical"
            aria-label=t!("panel.width")
            aria-valuemin=NARROWEST
            aria-valuemax=WIDEST
            aria-valuenow=move || width.get()
            tabindex="0"
            on:pointerdown=down
            on:pointermove=drag
            on:pointerup=up
            on:pointercancel=up
            on:dblclick=move |_| {
                width.set(FIRST);
                keep();
            }
            on:keydown=key
        ></div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_the_edge_within_its_bounds() {
        let table = [
            (384, "ArrowLeft", Some(400)),
            (384, "ArrowRight", Some(368)),
            (470, "ArrowLeft", Some(480)),
            (330, "ArrowRight", Some(320)),
            (400, "Home", Some(480)),
            (400, "End", Some(320)),
            (400, "Enter", Some(384)),
            (400, "a", None),
        ];
        for (width, key, expected) in table {
            assert_eq!(moved(width, key), expected, "{width} {key}");
        }
    }
}
