//! A page of a document with a passage marked: the page's picture where it has a layout, else its
//! text. Used by the sources, the documents and the search.

use super::{
    icon::{Glyph, Icon},
    marked::pieces,
    notice::FaultNotice,
    place::page_line,
    reader::{Wide, layer},
    reveal::ShowInFolder,
    text_page::TextPage,
    unread::{UnreadNotice, why_of},
};
use crate::{client::use_client, route::Route};
use leptos::{html, prelude::*};
use protocol::{DocumentId, Fault, PageView, ReadPage, SearchHit, Span};
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

/// The page's id on the screen, to go to by keyboard.
pub const PAGE_ID: &str = "viewer-page";
/// How wide a page's picture is asked for, in pixels: sharp at twice the panel's width.
const PICTURE_WIDTH: u32 = 1_100;

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The document.
    pub document: DocumentId,
    /// The page, from 1.
    pub page: u32,
    /// The passage to mark.
    pub passage: Option<Span>,
    /// The page's hash when it was cited.
    pub page_hash: Option<String>,
    /// What was quoted, as it is kept with the answer: shown where the page no longer has it.
    pub quote: Option<String>,
    /// The words that were looked for, as they stand in the passage, where that is known.
    pub words: Vec<String>,
}

impl Shown {
    /// A document from its first page.
    pub fn start(document: DocumentId) -> Self {
        Self { document, page: 1, passage: None, page_hash: None, quote: None, words: Vec::new() }
    }

    /// A passage that a search found.
    pub fn found(hit: &SearchHit) -> Self {
        let mut words: Vec<String> =
            pieces(&hit.snippet, &hit.marks).into_iter().filter(|(_, mark)| *mark).map(|(word, _)| word).collect();
        words.sort_unstable();
        words.dedup();
        let passage = Some(Span { start: hit.start, end: hit.end });
        Self { document: hit.document, page: hit.page, passage, page_hash: None, quote: None, words }
    }
}

#[derive(Clone, PartialEq)]
enum Loaded {
    Nothing,
    Slow,
    Page(Box<PageView>),
    Failed(Fault),
}

/// The viewer.
#[component]
pub fn Viewer(
    /// What to show.
    #[prop(into)]
    shown: Signal<Option<Shown>>,
) -> impl IntoView {
    let client = use_client();
    // The page that was turned to, until another passage is shown.
    let turned = RwSignal::new(None::<(Shown, u32)>);
    let wanted = Memo::new(move |_| {
        let shown = shown.get()?;
        let page = turned.with(|turned| match turned {
            Some((from, page)) if *from == shown => *page,
            Some(_) | None => shown.page,
        });
        Some((shown, page))
    });
    let loaded = RwSignal::new(Loaded::Nothing);
    let asked = StoredValue::new(0_u32);
    let replied = StoredValue::new(0_u32);
    Effect::new(move || {
        let Some((shown, page)) = wanted.get() else { return };
        let number = asked.get_value().wrapping_add(1);
        asked.set_value(number);
        let passage = shown.passage.filter(|_| page == shown.page);
        let latest = move || asked.try_get_value() == Some(number);
        set_timeout(
            move || {
                let waits = loaded.try_with_untracked(|loaded| !matches!(loaded, Loaded::Page(page_now) if page_now.page == page && page_now.document == shown.document));
                // A fault that came sooner stays.
                if latest() && waits == Some(true) && replied.try_get_value() != Some(number) {
                    loaded.set(Loaded::Slow);
                }
            },
            Duration::from_millis(120),
        );
        spawn_local(async move {
            let call = ReadPage { document: shown.document, page, passage, width: PICTURE_WIDTH };
            let reply = client.call(call).await;
            if latest() {
                replied.set_value(number);
                loaded.set(match reply {
                    Ok(page) => Loaded::Page(Box::new(page)),
                    Err(fault) => Loaded::Failed(fault),
                });
            }
        });
    });
    // A document whose text is not read has no pages, only a reason; a picture can be looked at all the same.
    let unread = Memo::new(move |_| {
        let document = wanted.get()?.0.document;
        let drawn = |loaded: &Loaded| matches!(loaded, Loaded::Page(page) if page.picture.is_some());
        why_of(client, document).filter(|_| !loaded.with(drawn)).map(|fault| (document, fault))
    });
    let turn = move |by: i32| {
        let pages = loaded.with_untracked(|loaded| match loaded {
            Loaded::Page(page) => page.pages,
            Loaded::Nothing | Loaded::Slow | Loaded::Failed(_) => 1,
        });
        if let Some((shown, page)) = wanted.get_untracked() {
            let page = page.saturating_add_signed(by).clamp(1, pages.max(1));
            turned.set(Some((shown, page)));
        }
    };
    let head = move || {
        loaded.with(|loaded| match loaded {
            Loaded::Page(page) => {
                let line = page_line(&page.format, page.label.as_deref(), page.page, page.pages);
                Some((page.name.clone(), line, page.page, page.pages))
            }
            Loaded::Nothing | Loaded::Slow | Loaded::Failed(_) => None,
        })
    };
    let changed = move || {
        let (shown, now) = wanted.get()?;
        let cited = shown.page_hash.filter(|_| now == shown.page)?;
        loaded.with(|loaded| matches!(loaded, Loaded::Page(page) if page.page_hash != cited)).then_some(shown.quote)
    };
    // The words that an answer rests on stay, whatever became of the document.
    let kept = move || {
        let quote = wanted.get()?.0.quote?;
        loaded.with(|loaded| matches!(loaded, Loaded::Failed(_))).then_some(quote)
    };
    view! {
        <div class="viewer">
            <div class="viewer-bar">
                {move || match head() {
                    Some((name, ..)) if unread.read().is_some() => {
                        view! { <span class="cut grow" title=name.clone()>{name.clone()}</span> }.into_any()
                    }
                    Some((name, line, page, pages)) => {
                        view! {
                            <span class="cut grow" title=name.clone()>{name.clone()}</span>
                            <button
                                class="btn icon ghost sm"
                                aria-label=t!("viewer.previous")
                                aria-disabled=(page <= 1).to_string()
                                on:click=move |_| turn(-1)
                            >
                                <Glyph icon=Icon::ArrowLeft size=14/>
                            </button>
                            <span class="num" aria-live="polite">{line}</span>
                            <button
                                class="btn icon ghost sm"
                                aria-label=t!("viewer.next")
                                aria-disabled=(page >= pages).to_string()
                                on:click=move |_| turn(1)
                            >
                                <Glyph icon=Icon::ArrowRight size=14/>
                            </button>
                            <ShowInFolder client document=Signal::derive(move || wanted.get().map(|(shown, _)| shown.document))/>
                        <Wide wanted/>
                        }
                        .into_any()
                    }
                    None if loaded.with(|loaded| matches!(loaded, Loaded::Failed(_))) => ().into_any(),
                    None => view! { <span class="skel"></span> }.into_any(),
                }}
            </div>
            {move || {
                changed()
                    .map(|quote| {
                        view! {
                            <div class="notice warn viewer-changed" role="status">
                                <p>{t!("viewer.changed")}</p>
                                {quote.map(|quote| view! { <Quote quote/> })}
                            </div>
                        }
                    })
            }}
            {move || {
                kept()
                    .map(|quote| {
                        view! {
                            <div class="notice viewer-changed" role="status">
                                <p>{t!("viewer.kept_quote")}</p>
                                <Quote quote/>
                            </div>
                        }
                    })
            }}
            <div class="viewer-scroll" id=PAGE_ID tabindex="0" role="region" aria-label=t!("viewer.name")>
                {move || match loaded.get() {
                    Loaded::Nothing => ().into_any(),
                    Loaded::Slow => view! { <Waiting/> }.into_any(),
                    Loaded::Page(page) => match unread.get() {
                        Some((document, fault)) => view! { <UnreadNotice client document fault/> }.into_any(),
                        None => {
                            let sought = wanted.get_untracked().filter(|(shown, now)| shown.page == *now);
                            let sought = sought.map(|(shown, _)| shown.words).unwrap_or_default();
                            view! { <Page page=*page sought/> }.into_any()
                        }
                    },
                    Loaded::Failed(fault) => {
                        let removed = fault.code == "document.unknown";
                        view! {
                            <FaultNotice fault>
                                {removed
                                    .then(|| {
                                        view! { <a class="btn sm" href=Route::Removed.href()>{t!("viewer.see_removed")}</a> }
                                    })}
                            </FaultNotice>
                        }
                            .into_any()
                    }
                }}
            </div>
        </div>
    }
}

/// A quote as it was kept.
#[component]
fn Quote(quote: String) -> impl IntoView {
    view! { <blockquote class="serif viewer-quote">{quote}</blockquote> }
}

/// The shape of a page that is on its way.
#[component]
fn Waiting() -> impl IntoView {
    let widths = [44, 100, 100, 92, 60, 100, 96, 74, 100, 88, 40];
    view! {
        <div class="page page-waiting" aria-busy="true">
            {widths.map(|width| view! { <span class="skel pg" style=format!("width:{width}%")></span> })}
        </div>
    }
}

/// The page itself.
#[component]
pub(super) fn Page(
    /// What was read of it.
    mut page: PageView,
    /// The words that were looked for, where that is known.
    #[prop(optional)]
    sought: Vec<String>,
) -> impl IntoView {
    let name = t!("viewer.page_name", page = page.page, document = &page.name);
    let note = note(&page).map(|words| view! { <p class="notice warn viewer-note" role="status">{words}</p> });
    let page = match page.picture.take() {
        Some(picture) => {
            let first = scrolled_to::<html::Span>();
            let boxes = page.boxes.iter().enumerate().map(|(at, rect)| {
                let style = layer::place(rect);
                // The picture has its size before it is there, so the first box can come into view at once.
                if at == 0 {
                    view! { <span class="page-box" style=style node_ref=first></span> }.into_any()
                } else {
                    view! { <span class="page-box" style=style></span> }.into_any()
                }
            });
            let marked = marked(&page.text, page.passage);
            let said = if marked.is_empty() { name } else { t!("viewer.page_with", name = name, passage = &marked) };
            let (ratio, boxes) =
                (format!("aspect-ratio:{}/{}", page.width.max(1), page.height.max(1)), boxes.collect_view());
            view! {
                <div class="page page-picture" style=ratio>
                    <img src=format!("data:image/png;base64,{picture}") alt=said draggable="false"/>
                    <layer::TextLayer page=StoredValue::new(page)/>
                    {boxes}
                </div>
            }
            .into_any()
        }
        None => view! { <TextPage page name sought/> }.into_any(),
    };
    view! {
        {note}
        {page}
    }
}

/// What a person should know of a page that is not there as it should be.
pub(super) fn note(page: &PageView) -> Option<String> {
    // What is on a picture has its place on it: a scan that is found by its name has that for a text, and no words.
    let no_words = page.picture.is_some() && page.words.is_empty();
    match (page.text.trim().is_empty() || no_words, page.picture.is_some()) {
        (true, true) => Some(t!("viewer.no_text")),
        (true, false) if page.format == "pdf" => Some(t!("viewer.unreadable")),
        // A slide without words.
        (true, false) => Some(t!("viewer.empty")),
        (false, false) if page.format == "pdf" => Some(t!("viewer.no_picture")),
        (false, _) => None,
    }
}

/// A reference whose element comes into view as soon as it is there.
pub(super) fn scrolled_to<E>() -> NodeRef<E>
where
    E: html::ElementType + 'static,
    E::Output: AsRef<web_sys::Element> + JsCast + Clone + 'static,
{
    let node = NodeRef::<E>::new();
    Effect::new(move || {
        if let Some(element) = node.get() {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Center);
            let element: &web_sys::Element = element.as_ref();
            element.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
    node
}

/// The words of a passage.
fn marked(text: &str, passage: Option<Span>) -> String {
    let Some(Span { start, end }) = passage.filter(|span| span.start < span.end) else { return String::new() };
    text.chars().skip(start as usize).take((end - start) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::WordPlace;

    #[test]
    fn a_page_without_its_text_or_its_picture_says_so() {
        let word = WordPlace { start: 0, length: 5, sides: [0, 0, 9, 9] };
        let page = |format: &str, text: &str, picture: bool| PageView {
            document: DocumentId::new(),
            name: "a.pdf".into(),
            format: format.into(),
            page: 1,
            pages: 1,
            text: text.into(),
            picture: picture.then(String::new),
            width: 0,
            height: 0,
            boxes: Vec::new(),
            words: if text.starts_with("Text") { vec![word] } else { Vec::new() },
            passage: None,
            page_hash: String::new(),
            label: None,
            blocks: Vec::new(),
            columns: Vec::new(),
        };
        for (format, text, picture, expected) in [
            ("pdf", "Text.", true, None),
            ("md", "Text.", false, None),
            ("pdf", "a.pdf", true, Some(t!("viewer.no_text"))),
            ("pdf", " ", true, Some(t!("viewer.no_text"))),
            ("pdf", "", false, Some(t!("viewer.unreadable"))),
            ("pdf", "Text.", false, Some(t!("viewer.no_picture"))),
            ("pptx", "", false, Some(t!("viewer.empty"))),
        ] {
            assert_eq!(note(&page(format, text, picture)), expected, "{format} {text:?} {picture}");
        }
    }

    #[test]
    fn a_passage_is_taken_by_chars() {
        let table = [
            (Some(Span { start: 2, end: 5 }), "été"),
            (Some(Span { start: 6, end: 99 }), "21"),
            (Some(Span { start: 3, end: 3 }), ""),
            (None, ""),
        ];
        for (span, words) in table {
            assert_eq!(marked("l’été 21", span), words, "{span:?}");
        }
    }
}
