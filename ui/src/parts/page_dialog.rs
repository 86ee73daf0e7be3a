//! A page opened wide, to be read: as wide as fits, at its own size, or larger.

use super::{
    dialog::Dialog,
    icon::{Glyph, Icon},
    notice::FaultNotice,
    viewer::{Page, Shown},
};
use crate::{client::use_client, i18n};
use leptos::prelude::*;
use protocol::{Fault, PageView, ReadPage};
use wasm_bindgen_futures::spawn_local;

/// How wide a page of A4 or letter is at its own size, in CSS pixels.
const OWN_WIDTH: f64 = 816.0;
/// The room at both sides of a page that fits.
const AROUND: f64 = 112.0;
/// The widest that a page is drawn to fit.
const WIDEST: f64 = 1_100.0;

/// How wide the page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zoom {
    Fit,
    Percent(u32),
}

impl Zoom {
    const ALL: [Self; 3] = [Self::Fit, Self::Percent(100), Self::Percent(150)];

    fn words(self) -> String {
        match self {
            Zoom::Fit => t!("viewer.fit"),
            Zoom::Percent(percent) => i18n::share(f64::from(percent) / 100.0),
        }
    }

    /// In CSS pixels, in a window of this width.
    fn width(self, window: f64) -> f64 {
        match self {
            Zoom::Fit => (window - AROUND).clamp(320.0, WIDEST),
            Zoom::Percent(percent) => OWN_WIDTH * f64::from(percent) / 100.0,
        }
    }
}

/// The button that opens the page wide, and the dialog that it opens.
#[component]
pub fn Wide(
    /// What is shown, and the page that was turned to.
    #[prop(into)]
    wanted: Signal<Option<(Shown, u32)>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let title = RwSignal::new(String::new());
    view! {
        <button
            class="btn icon ghost sm"
            aria-label=t!("viewer.wide")
            title=t!("viewer.wide")
            aria-haspopup="dialog"
            data-testid="page-wide"
            on:click=move |_| open.set(true)
        >
            <Glyph icon=Icon::Maximize2 size=14/>
        </button>
        <Dialog open close=move |()| open.set(false) title class="page-dialog" cross=true>
            <Sheet wanted title/>
        </Dialog>
    }
}

/// A document's name that opens its page with a passage marked.
#[component]
pub fn PageLink(
    /// The name.
    name: String,
    /// The page and the passage.
    shown: Shown,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let title = RwSignal::new(name.clone());
    let wanted = Signal::derive(move || Some((shown.clone(), shown.page)));
    view! {
        <button type="button" class="link cut" aria-haspopup="dialog" on:click=move |_| open.set(true)>
            {name}
        </button>
        <Dialog open close=move |()| open.set(false) title class="page-dialog" cross=true>
            <Sheet wanted title/>
        </Dialog>
    }
}

#[component]
fn Sheet(wanted: Signal<Option<(Shown, u32)>>, title: RwSignal<String>) -> impl IntoView {
    let client = use_client();
    let zoom = RwSignal::new(Zoom::Fit);
    let read = RwSignal::new(None::<Result<PageView, Fault>>);
    let width = move || {
        let window = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or(WIDEST);
        zoom.get().width(window)
    };
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let Some((shown, page)) = wanted.get() else { return };
        let number = asked.get_value().wrapping_add(1);
        asked.set_value(number);
        // As sharp as the screen is.
        let pixels = (width() * window().device_pixel_ratio()).ceil() as u32;
        let passage = shown.passage.filter(|_| page == shown.page);
        spawn_local(async move {
            let reply = client.call(ReadPage { document: shown.document, page, passage, width: pixels }).await;
            if asked.try_get_value() == Some(number) {
                if let Ok(page) = &reply {
                    title.set(t!("viewer.page_name", page = page.page, document = &page.name));
                }
                read.set(Some(reply));
            }
        });
    });
    view! {
        <div class="row page-zoom">
            <div class="segs" role="group" aria-label=t!("viewer.zoom")>
                {Zoom::ALL
                    .map(|value| {
                        view! {
                            <button
                                aria-pressed=move || (zoom.get() == value).to_string()
                                on:click=move |_| zoom.set(value)
                            >
                                {value.words()}
                            </button>
                        }
                    })}
            </div>
        </div>
        <div class="page-wide" tabindex="0" role="region" aria-label=t!("viewer.name") autofocus>
            <div class="page-wide-in" style=move || format!("inline-size:{}px", width())>
                {move || match read.get() {
                    None => view! { <div class="page page-waiting" aria-busy="true"></div> }.into_any(),
                    Some(Ok(page)) => view! { <Page page/> }.into_any(),
                    Some(Err(fault)) => view! { <FaultNotice fault/> }.into_any(),
                }}
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fits_the_window_or_keeps_its_own_size() {
        let table = [
            (Zoom::Fit, 1_280.0, 1_100.0),
            (Zoom::Fit, 900.0, 788.0),
            (Zoom::Fit, 360.0, 320.0),
            (Zoom::Percent(100), 900.0, 816.0),
            (Zoom::Percent(150), 900.0, 1_224.0),
        ];
        for (zoom, window, expected) in table {
            assert_eq!(zoom.width(window), expected, "{zoom:?} {window}");
        }
    }
}
