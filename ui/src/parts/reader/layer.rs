//! The words of a page over its picture, not drawn, so that they can be selected and copied as they stand
//! in its text.

use leptos::{attr::custom::CustomAttribute, prelude::*, svg};
use protocol::{PageView, Rect, Span, WordPlace, lines};
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Element, Node};

/// How much of a word's height lies above the line that its letters stand on.
const ABOVE: f32 = 0.8;
/// The grid that the places of words are given on.
const GRID: f32 = 65_535.0;

/// The words of a page. Each is text and nothing else, whatever the document says.
#[component]
pub fn TextLayer(
    /// The page.
    page: StoredValue<PageView>,
) -> impl IntoView {
    // In pixels of the picture, so that letters have their shape.
    let (width, height) = page.with_value(|page| (page.width.max(1) as f32, page.height.max(1) as f32));
    let words = page.with_value(|page| {
        let chars: Vec<char> = page.text.chars().collect();
        let word = |place: &WordPlace| {
            let from = (place.start as usize).min(chars.len());
            let to = from.saturating_add(usize::from(place.length)).min(chars.len());
            let [left, top, right, bottom] = place.sides.map(|side| f32::from(side) / GRID);
            let high = (bottom - top).max(0.0) * height;
            let text: String = chars[from..to].iter().collect();
            // By hand: the macro does not know these attributes.
            svg::text()
                .attr("data-at", place.start.to_string())
                .attr("x", format!("{:.1}", left * width))
                .attr("y", format!("{:.1}", top * height + high * ABOVE))
                .attr("textLength", format!("{:.1}", ((right - left) * width).max(0.1)))
                .attr("lengthAdjust", "spacingAndGlyphs")
                .attr("font-size", format!("{:.1}", high.max(0.1)))
                .child(text)
        };
        page.words.iter().map(word).collect_view()
    });
    let copy = move |event: ClipboardEvent| {
        let Some(quote) = page.try_with_value(|page| selected(&page.text)).flatten() else { return };
        if event.clipboard_data().is_some_and(|data| data.set_data("text/plain", &quote).is_ok()) {
            event.prevent_default();
        }
    };
    view! {
        <svg
            class="page-words"
            viewBox=format!("0 0 {width} {height}")
            aria-hidden="true"
            on:copy=copy
        >
            {words}
        </svg>
    }
}

/// Rectangles over the picture.
pub fn boxes(words: &[WordPlace], marks: &[(Span, bool)]) -> Vec<(Rect, bool)> {
    marks.iter().flat_map(|(span, on)| lines(words, *span).into_iter().map(|rect| (rect, *on))).collect()
}

/// Where a rectangle lies, as a style.
pub fn place(rect: &Rect) -> String {
    let [x, y, w, h] = [rect.x, rect.y, rect.w, rect.h].map(|side| side * 100.0);
    format!("left:{x:.3}%;top:{y:.3}%;width:{w:.3}%;height:{h:.3}%")
}

/// What is selected of a page, as it stands in its text: with its blanks and lines. None where the selection
/// is empty or does not begin and end in words of one page.
pub fn selected(text: &str) -> Option<String> {
    let range = window().get_selection().ok()??.get_range_at(0).ok()?;
    let (start, start_page) = char_at(&range.start_container().ok()?, range.start_offset().ok()?)?;
    let (end, end_page) = char_at(&range.end_container().ok()?, range.end_offset().ok()?)?;
    if start_page != end_page || start >= end {
        return None;
    }
    let quote: String = text.chars().skip(start as usize).take((end - start) as usize).collect();
    Some(quote.trim().to_owned()).filter(|quote| !quote.is_empty())
}

/// The char of the page's text that a place in the document tree stands for, and the page's element.
fn char_at(node: &Node, offset: u32) -> Option<(u32, Element)> {
    let element = node.dyn_ref::<Element>().cloned().or_else(|| node.parent_element())?;
    let page = element.closest(".page-words").ok()??;
    let Some(word) = element.closest("[data-at]").ok().flatten() else {
        // Between two words: where the next one begins.
        let next = node.child_nodes().item(offset)?.dyn_into::<Element>().ok()?;
        return Some((next.get_attribute("data-at")?.parse().ok()?, page));
    };
    let start: u32 = word.get_attribute("data-at")?.parse().ok()?;
    // Offsets in a text are counted in units of UTF-16.
    let units = node.node_value().unwrap_or_default().encode_utf16().take(offset as usize).collect::<Vec<_>>();
    let before = if node.node_type() == Node::TEXT_NODE { String::from_utf16_lossy(&units).chars().count() } else { 0 };
    Some((start + before as u32, page))
}
