//! One passage that was found: where it is, its words with the matches marked, and why it is here.

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
    /// Which hit is chosen.
    current: RwSignal<usize>,
    /// Shows its page.
    show: Callback<usize>,
    /// Looks for passages like it.
    like: Callback<usize>,
) -> impl IntoView {
    let client = use_client();
    let on = Memo::new(move |_| current.get() == at);
    let place = short_place(found.place.as_deref(), found.page);
    let where_it_is = match &found.section {
        Some(section) => t!("search.place_in", section = section, place = place),
        None => place,
    };
    let about = if of_shown { Vec::new() } else { about(&found) };
    let unread = found.unread;
    let by_meaning = found.words == 0.0 && found.meaning > 0.0;
    let (document, lang) = (found.document, found.language.clone());
    let bars = t!("search.score", words = percent(found.words), meaning = percent(found.meaning));
    view! {
        <li
            class="hit"
            class:of-shown=of_shown
            id=move || on.get().then_some("hit-current")
            aria-current=move || on.get().then_some("true")
            data-testid="hit"
            on:click=move |_| show.run(at)
        >
            <div class="hit-top">
                <span class="fmt">{found.format.to_uppercase()}</span>
                <button class="med cut doc-open">{found.name.clone()}</button>
                <span class="dim small cut">{where_it_is}</span>
                {about
                    .into_iter()
                    .map(|said| view! { <span class="faint small cut" data-testid="hit-about">{said}</span> })
                    .collect_view()}
                <span class="grow"></span>
                <span class="score" role="img" aria-label=bars.clone() title=bars>
                    <span class="bars">
                        <i style=format!("inline-size:{:.0}%", bar(found.words))></i>
                        <i style=format!("inline-size:{:.0}%", bar(found.meaning))></i>
                    </span>
                </span>
            </div>
            <p class="snip" lang=lang>{marked(&found.snippet, &found.marks)}</p>
            <Show when=move || by_meaning || unread || on.get()>
                <div class="hit-note">
                    {unread.then(|| view! { <span>{t!("search.by_name")}</span> })}
                    {by_meaning.then(|| view! { <span>{t!("search.by_meaning")}</span> })}
                    <span class="grow"></span>
                    <button
                        class="btn ghost sm"
                        data-testid="hit-like"
                        on:click=move |event| {
                            event.stop_propagation();
                            like.run(at);
                        }
                    >
                        <Glyph icon=Icon::Search size=14/>
                        {t!("search.like")}
                    </button>
                    <button
                        class="btn ghost sm"
                        on:click=move |event| {
                            event.stop_propagation();
                            client.screen.attach.set(vec![document]);
                            client.screen.go(Route::NewChat);
                        }
                    >
                        <Glyph icon=Icon::MessageSquare size=14/>
                        {t!("search.ask")}
                    </button>
                </div>
            </Show>
        </li>
    }
}

/// What is known of its document: what it came in, who wrote it, and when.
fn about(found: &SearchHit) -> Vec<String> {
    let within = found.within.as_ref().map(|name| t!("search.within", name = name));
    let dated = found.dated.map(i18n::date);
    within.into_iter().chain(found.author.clone()).chain(dated).collect()
}

fn percent(share: f32) -> f64 {
    f64::from((share.clamp(0.0, 1.0) * 100.0).round())
}

/// A bar's length: something that is there at all can be seen.
fn bar(share: f32) -> f64 {
    if share <= 0.0 { 0.0 } else { percent(share).max(6.0) }
}
