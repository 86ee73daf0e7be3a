//! The few things of the page that views need: time, focus, clipboard, files, storage.

use futures::channel::oneshot;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, BlobPropertyBag, Element, HtmlAnchorElement, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition, Url,
};

/// Now, in milliseconds since the Unix epoch.
pub fn now() -> i64 {
    js_sys::Date::now() as i64
}

/// Waits.
pub async fn sleep(ms: u32) {
    let (done, waited) = oneshot::channel::<()>();
    set_timeout(
        move || {
            // The waiting side may be gone.
            let _ = done.send(());
        },
        Duration::from_millis(ms.into()),
    );
    let _ = waited.await;
}

/// The element with this id.
pub fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Puts the focus on the element with this id once the current changes are drawn.
pub fn focus_soon(id: impl Into<String>) {
    let id = id.into();
    request_animation_frame(move || {
        if let Some(element) = by_id(&id) {
            let _ = element.focus();
        }
    });
}

/// Scrolls an element into view once it is drawn, as little as needed.
pub fn show_soon(id: impl Into<String>) {
    let id = id.into();
    request_animation_frame(move || {
        if let Some(element) = by_id(&id) {
            let options = ScrollIntoViewOptions::new();
            options.set_block(ScrollLogicalPosition::Nearest);
            element.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}

/// Whether an event came from the element that listens, not from one inside it.
pub fn is_itself(event: &web_sys::MouseEvent) -> bool {
    event.target().is_some() && event.target() == event.current_target()
}

/// The element that has the focus.
pub fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// Whether an element, or one around it, matches a selector.
pub fn inside(target: Option<web_sys::EventTarget>, selector: &str) -> bool {
    target
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|element| element.closest(selector).ok().flatten())
        .is_some()
}

/// Whether an element itself matches a selector.
pub fn matches(target: Option<web_sys::EventTarget>, selector: &str) -> bool {
    target
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| element.matches(selector).unwrap_or(false))
}

/// Where the top of the element with this id is in the window.
pub fn top_of(id: &str) -> Option<f64> {
    by_id(id).map(|element| element.get_bounding_client_rect().top())
}

/// Puts text on the clipboard; false where the page may not.
pub async fn copy(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    // Pages without a secure origin have no clipboard at all.
    if JsValue::from(&clipboard).is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Offers text as a file to keep.
pub fn save_file(name: &str, text: &str) -> Option<()> {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/markdown;charset=utf-8");
    let parts = js_sys::Array::of1(&text.into());
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    spawn_local(async move {
        sleep(10_000).await;
        let _ = Url::revoke_object_url(&url);
    });
    Some(())
}

/// Remembers a small thing about this screen across starts; nothing is forgotten.
pub fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // A full or forbidden storage only means that it is not remembered.
        let _ = if value.is_empty() { storage.remove_item(key) } else { storage.set_item(key, value) };
    }
}

/// What was remembered.
pub fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// The language that the system asks for.
pub fn system_language() -> String {
    window().navigator().language().unwrap_or_default()
}

/// Whether this is a Mac, where the command key stands for Ctrl.
pub fn is_mac() -> bool {
    window().navigator().user_agent().is_ok_and(|agent| agent.contains("Mac OS"))
}

/// Whether the window is at most this wide.
pub fn narrower_than(px: u32) -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width < f64::from(px))
}

/// Whether the window is at most this high; as in CSS, the zoom of the page counts.
pub fn not_higher_than(px: u32) -> bool {
    let asked = window().match_media(&format!("(max-height: {px}px)"));
    asked.ok().flatten().is_some_and(|answer| answer.matches())
}

/// Whether a dialog lies over the page.
pub fn has_dialog() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}

/// Gives the focus to the page's heading once the current changes are drawn, if nothing has it.
pub fn land_soon() {
    request_animation_frame(|| {
        // The focus that a screen asks for itself comes first.
        request_animation_frame(|| {
            let lost = focused().is_none_or(|element| element.tag_name() == "BODY");
            let heading = document().query_selector("main h1").ok().flatten();
            if let Some(heading) = heading.filter(|_| lost).and_then(|heading| heading.dyn_into::<HtmlElement>().ok()) {
                heading.set_tab_index(-1);
                let _ = heading.focus();
            }
        });
    });
}

/// Tells each time the window becomes narrower than so many pixels, or as wide again, for as long as
/// the page lives.
pub fn follow_width(px: u32, told: impl Fn(bool) + 'static) {
    let below = format!("(max-width: {}px)", px.saturating_sub(1));
    let Ok(Some(query)) = window().match_media(&below) else { return };
    let asked = query.clone();
    let changed = Closure::<dyn FnMut()>::new(move || told(asked.matches()));
    query.set_onchange(Some(changed.as_ref().unchecked_ref()));
    changed.forget();
    // The browser lets go of a query that nobody holds.
    std::mem::forget(query);
}
