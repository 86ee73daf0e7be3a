//! One passage that was found: where it is, its words with the matches marked, and why it is here.

use crate::{
    client::use_client,
    parts::icon::{Glyph, Icon},
    route::Route,
};
use leptos::prelude::*;
use protocol::{SearchHit, Span};

/// A hit. Chosen, its page is shown beside the list.
#[component]
pub(super) fn Hit(
    /// Its place in the list, from 0.
    at: usize,
    /// What was found.
    found: SearchHit,
    /// Which hit is chosen.
    current: RwSignal<usize>,
) -> impl IntoView {
    let client = use_client();
    let on = Memo::new(move |_| current.get() == at);
    let where_it_is = match &found.section {
        Some(section) => t!("search.place_in", section = section, page = f64::from(found.page)),
        None => t!("search.place", page = f64::from(found.page)),
    };
    let by_meaning = found.words == 0.0 && found.meaning > 0.0;
    let (document, lang) = (found.document, found.language.clone());
    let bars = t!("search.score", words = percent(found.words), meaning = percent(found.meaning));
    view! {
        <li
            class="hit"
            id=move || on.get().then_some("hit-current")
            aria-current=move || on.get().then_some("true")
            data-testid="hit"
            on:click=move |_| current.set(at)
        >
            <div class="hit-top">
                <span class="fmt">{found.format.to_uppercase()}</span>
                <button class="med cut doc-open" on:click=move |_| current.set(at)>{found.name.clone()}</button>
                <span class="dim small cut">{where_it_is}</span>
                <span class="grow"></span>
                <span class="score" role="img" aria-label=bars.clone() title=bars>
                    <span class="bars">
                        <i style=format!("inline-size:{:.0}%", bar(found.words))></i>
                        <i style=format!("inline-size:{:.0}%", bar(found.meaning))></i>
                    </span>
                </span>
            </div>
            <p class="snip" lang=lang>{marked(&found.snippet, &found.marks)}</p>
            <Show when=move || by_meaning || on.get()>
                <div class="hit-note">
                    {by_meaning.then(|| view! { <span>{t!("search.by_meaning")}</span> })}
                    <span class="grow"></span>
                    <button
                        class="btn ghost sm"
                        on:click=move |_| {
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

fn percent(share: f32) -> f64 {
    f64::from((share.clamp(0.0, 1.0) * 100.0).round())
}

/// A bar's length: something that is there at all can be seen.
fn bar(share: f32) -> f64 {
    if share <= 0.0 { 0.0 } else { percent(share).max(6.0) }
}

/// The text with its marks as elements.
fn marked(text: &str, marks: &[Span]) -> Vec<AnyView> {
    pieces(text, marks)
        .into_iter()
        .map(|(piece, mark)| if mark { view! { <mark>{piece}</mark> }.into_any() } else { piece.into_any() })
        .collect()
}

/// Cuts a text at its marks, in order; marks that overlap or lie outside are cut to fit.
fn pieces(text: &str, marks: &[Span]) -> Vec<(String, bool)> {
    let letters: Vec<char> = text.chars().collect();
    let mut marks: Vec<Span> = marks.to_vec();
    marks.sort_unstable();
    let mut pieces = Vec::new();
    let mut done = 0;
    for mark in marks {
        let start = (mark.start as usize).clamp(done, letters.len());
        let end = (mark.end as usize).clamp(start, letters.len());
        if start < end {
            if done < start {
                pieces.push((letters[done..start].iter().collect(), false));
            }
            pieces.push((letters[start..end].iter().collect(), true));
            done = end;
        }
    }
    if done < letters.len() {
        pieces.push((letters[done..].iter().collect(), false));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_cut_the_text() {
        let span = |start, end| Span { start, end };
        let table: [(&[Span], &str); 5] = [
            (&[], "le délai est court"),
            (&[span(3, 8)], "le [délai] est court"),
            (&[span(13, 99), span(0, 2)], "[le] délai est [court]"),
            (&[span(3, 8), span(5, 12)], "le [délai][ est] court"),
            (&[span(40, 50)], "le délai est court"),
        ];
        for (marks, expected) in table {
            let shown: String = pieces("le délai est court", marks)
                .into_iter()
                .map(|(piece, mark)| if mark { format!("[{piece}]") } else { piece })
                .collect();
            assert_eq!(shown, expected);
        }
    }
}
