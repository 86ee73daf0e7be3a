//! One passage that was found: where it is, its words with the matches marked, and why it is here.

use super::asking::{Asking, hit_id, open_id};
use crate::{
    client::use_client,
    i18n,
    parts::{
        icon::{Glyph, Icon},
        marked::marked,
        place::short_place,
    },
    route::Route,
};
use leptos::prelude::*;
use protocol::SearchHit;

/// A hit. Chosen, its page is shown beside the list.
#[component]
pub(super) fn Hit(
    /// Its place in the list, from 0.
    at: usize,
    /// What was found.
    found: SearchHit,
    /// Whether a better one of its document stands above it: what is said of the document is said there.
    of_shown: bool,
    /// The search.
    asking: Asking,
    /// Puts the keys on the page of the marked passage.
    open: Callback<()>,
) -> impl IntoView {
    let client = use_client();
    let Asking { current, opened, within, .. } = asking;
    // Agents see this workspace and no other.
    let at_home = within.with_untracked(Option::is_none);
    let on = Memo::new(move |_| current.get() == at);
    let (place, section) = where_it_is(&found);
    let about = if of_shown { Vec::new() } else { about(&found) };
    let also = also(&found);
    let unread = found.unread;
    let by_meaning = found.words == 0.0 && found.meaning > 0.0;
    let (document, lang) = (found.document, found.language.clone());
    let bars = t!("search.score", words = percent(found.words), meaning = percent(found.meaning));
    let ask = move || {
        client.screen.attach.set(vec![document]);
        client.screen.go(Route::NewChat);
    };
    let show = move || {
        current.set(at);
        opened.set(true);
    };
    view! {
        <div
            class="hit"
            class:of-shown=of_shown
            role="row"
            id=hit_id(at)
            aria-selected=move || on.get().to_string()
            data-testid="hit"
            on:click=move |_| show()
        >
            <div role="gridcell">
                <div class="hit-top">
                    <span class="fmt">{found.format.to_uppercase()}</span>
                    <button
                        class="med cut doc-open"
                        id=open_id(at)
                        title=found.name.clone()
                        on:click=move |event| {
                            event.stop_propagation();
                            show();
                            open.run(());
                        }
                    >
                        {found.name.clone()}
                    </button>
                    {place.map(|place| view! { <span class="dim small cut hit-place" title=place.clone()>{place.clone()}</span> })}
                    {section
                        .map(|section| view! { <span class="dim small cut hit-section" title=section.clone()>{section.clone()}</span> })}
                    <span class="grow"></span>
                    <span class="score" role="img" aria-label=bars.clone() title=bars>
                        <span class="bars">
                            <i style=format!("inline-size:{:.0}%", bar(found.words))></i>
                            <i style=format!("inline-size:{:.0}%", bar(found.meaning))></i>
                        </span>
                    </span>
                </div>
                {(!about.is_empty())
                    .then(|| {
                        view! {
                            <div class="hit-facts small faint">
                                {about
                                    .into_iter()
                                    .map(|said| view! { <span class="cut" title=said.clone() data-testid="hit-about">{said.clone()}</span> })
                                    .collect_view()}
                            </div>
                        }
                    })}
                <p class="snip" lang=lang>{marked(&found.snippet, &found.marks)}</p>
                {also
                    .map(|(said, all)| view! { <p class="hit-also small faint cut" title=all data-testid="hit-also">{said}</p> })}
            </div>
            <Show when=move || by_meaning || unread || on.get()>
                <div class="hit-note" role="gridcell">
                    {unread.then(|| view! { <span>{t!("search.by_name")}</span> })}
                    {(by_meaning && !unread).then(|| view! { <span>{t!("search.by_meaning")}</span> })}
                    <span class="grow"></span>
                    // A name is no passage: nothing is like it, and no answer can rest on it.
                    {(!unread)
                        .then(|| {
                            view! {
                                <Act icon=Icon::Search words=t!("search.like") id="hit-like" run=move |()| asking.like(at)/>
                                {at_home
                                    .then(|| {
                                        view! { <Act icon=Icon::MessageSquare words=t!("search.ask") id="hit-ask" run=move |()| ask()/> }
                                    })}
                            }
                        })}
                </div>
            </Show>
        </div>
    }
}

/// What can be done with a passage: its button does not choose the row that it stands in.
#[component]
fn Act(
    icon: Icon,
    words: String,
    /// What tests find it by.
    id: &'static str,
    #[prop(into)] run: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            class="btn ghost sm"
            data-testid=id
            on:click=move |event| {
                event.stop_propagation();
                run.run(());
            }
        >
            <Glyph icon size=14/>
            {words}
        </button>
    }
}

/// Its place, and its heading where that is something else. A document that could not be read has neither.
fn where_it_is(found: &SearchHit) -> (Option<String>, Option<String>) {
    if found.unread {
        return (None, None);
    }
    let place = short_place(found.place.as_deref(), found.page);
    let same = |section: &String| i18n::folded(section.trim()) != i18n::folded(place.trim());
    let section = found.section.clone().filter(|section| !section.trim().is_empty()).filter(same);
    (Some(place), section)
}

/// What is known of its document: what it came in, who wrote it, and when.
fn about(found: &SearchHit) -> Vec<String> {
    let within = found.within.as_ref().map(|name| t!("search.within", name = name));
    let dated = found.dated.map(i18n::date);
    within.into_iter().chain(found.author.clone()).chain(dated).collect()
}

/// Copies that are named before the others are only counted.
const NAMED_COPIES: usize = 3;

/// In which other documents the same words stand: in short, and all of them.
fn also(found: &SearchHit) -> Option<(String, String)> {
    let names: Vec<&str> = found.also.iter().map(|copy| copy.name.as_str()).collect();
    let (named, others) = names.split_at(names.len().min(NAMED_COPIES));
    let (short, count) = (named.join(", "), others.len());
    match (named.len(), count) {
        (0, _) => None,
        (_, 0) => Some((t!("search.same_words", names = short), names.join("\n"))),
        _ => Some((t!("search.same_words_more", names = short, n = count), names.join("\n"))),
    }
}

fn percent(share: f32) -> f64 {
    f64::from((share.clamp(0.0, 1.0) * 100.0).round())
}

/// A bar's length: something that is there at all can be seen.
fn bar(share: f32) -> f64 {
    if share <= 0.0 { 0.0 } else { percent(share).max(6.0) }
}
