//! The pages themselves: all in one column where they have a fixed layout, of which those in sight are drawn;
//! else one page of text at a time.

use super::{
    bar::SCROLL_ID,
    column::{self, Zoom},
    layer::{TextLayer, boxes, place},
    picked::picked,
    state::Reading,
};
use crate::{
    dom,
    parts::{
        notice::FaultNotice,
        viewer::{Page, note},
    },
};
use leptos::{html, prelude::*};
use protocol::{Fault, PageView, ReadPage, Span};
use std::time::Duration;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, ResizeObserver};

/// The room at both sides of the column, in CSS pixels.
const AROUND: f64 = 48.0;
/// A page that is in sight for so long is drawn; while a person scrolls past, none is.
const PAUSE: Duration = Duration::from_millis(60);
/// The widest picture that is asked for, in pixels.
const SHARPEST: f64 = 3_000.0;
/// Where in the window the page counts as the one that is read.
const EYE: f64 = 0.35;

/// The pages in one column.
#[component]
pub fn Column(
    /// What is read.
    reading: Reading,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let top = RwSignal::new(0.0);
    let room = RwSignal::new((900.0, 700.0));
    observe(node, room);
    take_focus(node);
    let column = Memo::new(move |_| {
        let (width, _) = room.get();
        reading.pages.with(|pages| match pages {
            Some(Ok(pages)) => column::Column::of(pages, reading.zoom.get(), (width - AROUND).max(100.0)),
            Some(Err(_)) | None => column::Column::default(),
        })
    });
    Effect::new(move || reading.percent.set(column.with(|column| column.percent)));
    let seen = Memo::new(move |_| column.with(|column| column.seen(top.get(), room.get().1)));
    let scroll_to = move |y: f64| {
        if let Some(node) = node.get_untracked() {
            node.set_scroll_top(y.max(0.0) as i32);
            top.set(f64::from(node.scroll_top()));
        }
    };
    // Another size keeps what is read where it is.
    let last = StoredValue::new(None::<column::Column>);
    Effect::new(move || {
        let now = column.get();
        let before = last.try_update_value(|last| last.replace(now.clone())).flatten();
        let Some(before) = before.filter(|before| before.height > 0.0 && before.percent != now.percent) else { return };
        let index = before.at(top.get_untracked() + column::GAP);
        if let (Some(was), Some(is)) = (before.place(index), now.place(index)) {
            let share = (top.get_untracked() - was.top) / was.height.max(1.0);
            request_animation_frame(move || scroll_to(is.top + share * is.height));
        }
    });
    // A goal: its page at once, the words on it as soon as they are there. Once only: another size of the pages
    // is no reason to go back there.
    let gone = StoredValue::new(None::<u32>);
    Effect::new(move || {
        let goal = reading.goal.get();
        if column.with(|column| column.height) == 0.0 || node.get().is_none() || gone.get_value() == Some(goal.number) {
            return;
        }
        gone.set_value(Some(goal.number));
        let index = goal.page.saturating_sub(1) as usize;
        let (place, (_, height)) = (column.with_untracked(|column| column.place(index)), room.get_untracked());
        let Some(place) = place else { return };
        let top = top.get_untracked();
        let there = goal.span.is_some() && place.top < top + height && place.top + place.height > top;
        if !there {
            // After the column has its height.
            request_animation_frame(move || scroll_to(place.top - column::GAP));
        }
    });
    let scrolled = move |_| {
        let Some(node) = node.get_untracked() else { return };
        let at = f64::from(node.scroll_top());
        top.set(at);
        let page = column.with_untracked(|column| column.at(at + room.get_untracked().1 * EYE)) as u32 + 1;
        if reading.page.get_untracked() != page {
            reading.page.set(page);
        }
    };
    let reach = Callback::new(move |(index, rect): (usize, protocol::Rect)| {
        let Some(place) = column.with_untracked(|column| column.place(index)) else { return };
        let (at, (_, height)) = (place.top + f64::from(rect.y) * place.height, room.get_untracked());
        let now = top.get_untracked();
        // What is in sight already does not move.
        if at < now + 40.0 || at + f64::from(rect.h) * place.height > now + height - 40.0 {
            scroll_to(at - height * EYE);
        }
    });
    view! {
        <div
            node_ref=node
            class="reader-scroll"
            id=SCROLL_ID
            tabindex="0"
            role="region"
            aria-label=t!("viewer.name")
            on:scroll=scrolled
            on:pointerup=move |_| reading.picked.set(picked(reading))
            on:keyup=move |_| reading.picked.set(picked(reading))
        >
            <div
                class="reader-column"
                style=move || column.with(|column| format!("height:{:.0}px;min-width:{:.0}px", column.height, column.width + AROUND))
            >
                <For each=move || seen.get() key=|index| *index let:index>
                    <Sheet reading index column reach/>
                </For>
            </div>
        </div>
    }
}

/// Gives the focus to the pages once they are there: keys are meant for them. Whoever looks for words already
/// keeps it.
fn take_focus(node: NodeRef<html::Div>) {
    Effect::new(move || {
        let Some(node) = node.get() else { return };
        if dom::focused().is_none_or(|element| element.tag_name() != "INPUT") {
            let _ = node.focus();
        }
    });
}

/// Follows the size of an element.
fn observe(node: NodeRef<html::Div>, room: RwSignal<(f64, f64)>) {
    let observer = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut()>)>);
    Effect::new(move || {
        let Some(element) = node.get() else { return };
        let element: HtmlElement = element.unchecked_into();
        let measured = element.clone();
        let resized = Closure::<dyn FnMut()>::new(move || {
            room.try_set((f64::from(measured.client_width()), f64::from(measured.client_height())));
        });
        if let Ok(new) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            new.observe(&element);
            observer.set_value(Some((new, resized)));
        }
    });
    on_cleanup(move || {
        if let Some((observer, _)) = observer.try_update_value(Option::take).flatten() {
            observer.disconnect();
        }
    });
}

/// One page with a fixed layout.
#[component]
fn Sheet(
    reading: Reading,
    index: usize,
    column: Memo<column::Column>,
    reach: Callback<(usize, protocol::Rect)>,
) -> impl IntoView {
    let number = index as u32 + 1;
    let read = RwSignal::new(None::<Result<StoredValue<PageView>, Fault>>);
    let pixels = Memo::new(move |_| {
        let width = column.with(|column| column.place(index)).map_or(0.0, |place| place.width);
        (width * window().device_pixel_ratio()).min(SHARPEST).ceil() as u32
    });
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let width = pixels.get();
        let turn = asked.get_value().wrapping_add(1);
        asked.set_value(turn);
        let latest = move || asked.try_get_value() == Some(turn);
        let ask = move || {
            if width == 0 || !latest() {
                return;
            }
            spawn_local(async move {
                let call = ReadPage { document: reading.document, page: number, passage: None, width };
                let reply = reading.client.call(call).await;
                if latest() {
                    if let Ok(page) = &reply {
                        reading.name.set(page.name.clone());
                        reading.texts.update_value(|texts| drop(texts.insert(number, page.text.clone())));
                    }
                    read.set(Some(reply.map(StoredValue::new)));
                }
            });
        };
        set_timeout(ask, PAUSE);
    });
    let marks = Memo::new(move |_| {
        read.with(|read| match read {
            Some(Ok(page)) => page.with_value(|page| boxes(&page.words, &reading.marks(number))),
            Some(Err(_)) | None => Vec::new(),
        })
    });
    // The words that were gone to come into sight once they are there, and once only.
    let reached = StoredValue::new(None::<u32>);
    Effect::new(move || {
        let goal = reading.goal.get();
        let Some(span) = goal.span.filter(|_| goal.page == number && reached.get_value() != Some(goal.number)) else {
            return;
        };
        let rect = read.with(|read| match read {
            Some(Ok(page)) => {
                page.with_value(|page| boxes(&page.words, &[(span, true)]).first().map(|(rect, _)| *rect))
            }
            Some(Err(_)) | None => None,
        });
        if let Some(rect) = rect {
            reached.set_value(Some(goal.number));
            request_animation_frame(move || reach.run((index, rect)));
        }
    });
    let style = move || {
        let place = column.with(|column| column.place(index))?;
        Some(format!("top:{:.1}px;width:{:.1}px;height:{:.1}px", place.top, place.width, place.height))
    };
    let inside = move || match read.get() {
        None => ().into_any(),
        Some(Err(fault)) => view! { <FaultNotice fault/> }.into_any(),
        Some(Ok(page)) => {
            let (picture, name, note) = page.with_value(|page| {
                let name = t!("viewer.page_name", page = page.page, document = &page.name);
                (page.picture.clone(), name, note(page))
            });
            match picture {
                Some(picture) => view! {
                    <img src=format!("data:image/png;base64,{picture}") alt=name draggable="false"/>
                    <TextLayer page/>
                    {note.map(|words| view! { <p class="notice warn reader-note" role="status">{words}</p> })}
                }
                .into_any(),
                None => view! { <Page page=page.get_value()/> }.into_any(),
            }
        }
    };
    view! {
        <div class="page page-picture reader-page" style=style data-page=number>
            {inside}
            {move || {
                marks
                    .get()
                    .into_iter()
                    .map(|(rect, on)| view! { <span class="page-box" class:found=!on style=place(&rect)></span> })
                    .collect_view()
            }}
        </div>
    }
}

/// One page of text.
#[component]
pub fn TextSheet(
    /// What is read.
    reading: Reading,
) -> impl IntoView {
    let read = RwSignal::new(None::<Result<PageView, Fault>>);
    let wanted = Memo::new(move |_| (reading.page.get(), current(reading, reading.page.get())));
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let (page, passage) = wanted.get();
        let turn = asked.get_value().wrapping_add(1);
        asked.set_value(turn);
        spawn_local(async move {
            let reply = reading.client.call(ReadPage { document: reading.document, page, passage, width: 100 }).await;
            if asked.try_get_value() == Some(turn) {
                if let Ok(page) = &reply {
                    reading.name.set(page.name.clone());
                }
                read.set(Some(reply));
            }
        });
    });
    Effect::new(move || {
        reading.percent.set(match reading.zoom.get() {
            Zoom::Fit => 100,
            Zoom::Percent(percent) => percent,
        });
    });
    let node = NodeRef::<html::Div>::new();
    take_focus(node);
    view! {
        <div
            node_ref=node
            class="reader-scroll"
            id=SCROLL_ID
            tabindex="0"
            role="region"
            aria-label=t!("viewer.name")
            on:pointerup=move |_| reading.picked.set(picked(reading))
            on:keyup=move |_| reading.picked.set(picked(reading))
        >
            <div
                class="reader-text"
                style=move || format!("zoom:{}%", reading.percent.get())
                data-page=move || reading.page.get()
            >
                {move || match read.get() {
                    None => view! { <div class="page page-waiting" aria-busy="true"></div> }.into_any(),
                    Some(Ok(page)) => {
                        // What is looked for here is marked just so.
                        let searched = reading.found.with_untracked(Option::is_some);
                        let sought = if searched { Vec::new() } else { reading.words.get_value() };
                        view! { <Page page sought/> }.into_any()
                    }
                    Some(Err(fault)) => view! { <FaultNotice fault/> }.into_any(),
                }}
            </div>
        </div>
    }
}

/// What is marked on a page of text: the current find, or the passage.
fn current(reading: Reading, page: u32) -> Option<Span> {
    reading.marks(page).into_iter().find(|(_, on)| *on).map(|(span, _)| span)
}
