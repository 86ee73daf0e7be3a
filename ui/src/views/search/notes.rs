//! How a query was understood: words taken for others, parts that are no condition, a kind of search that is
//! not to be had. Below, what would narrow it.

use super::{
    asking::has_model,
    filters::Narrow,
    found::{Asked, Found},
};
use crate::{client::use_client, route::Route};
use leptos::prelude::*;
use protocol::{Instead, InsteadOf, Misread, MisreadAs, ModelUse, SearchMode, SearchReply};

/// The lines between the field and the passages.
#[component]
pub(super) fn Notes(
    /// What was found.
    found: Found,
    /// What is typed.
    query: RwSignal<String>,
) -> impl IntoView {
    let lacks = found.lacks_meaning();
    let Found { asked, reply, .. } = found;
    let SearchReply { misread, instead, facets, mode, .. } = reply;
    let misread = misread.into_iter().map(misread_as);
    let wanted = match asked {
        Asked::Query { mode, .. } => Some(mode),
        Asked::Like { .. } => None,
    };
    let order = (wanted == Some(SearchMode::Reranked)).then(|| match mode {
        SearchMode::Reranked => t!("search.reranked"),
        SearchMode::Hybrid | SearchMode::Text | SearchMode::Vector => t!("search.not_reranked"),
    });
    let lines: Vec<String> = instead.into_iter().map(taken_for).chain(misread).chain(order).collect();
    view! {
        <div class="search-notes" data-testid="search-notes">
            {wanted.filter(|_| lacks).map(|wanted| view! { <NoMeaning wanted/> })}
            {lines.into_iter().map(|line| view! { <p class="small dim">{line}</p> }).collect_view()}
            // What is like a passage is not narrowed by what is typed.
            {wanted.map(|_| view! { <Narrow facets query/> })}
        </div>
    }
}

/// That it was searched by words only, why, and where to change that.
#[component]
pub(super) fn NoMeaning(
    /// How it should have been searched.
    wanted: SearchMode,
) -> impl IntoView {
    let client = use_client();
    move || {
        if has_model(client, ModelUse::Embedding) {
            return view! { <p class="small dim" role="status">{t!("search.not_ready")}</p> }.into_any();
        }
        let words = if wanted == SearchMode::Vector { t!("search.no_model_meaning") } else { t!("search.no_model") };
        view! {
            <p class="small dim" role="status" data-testid="no-meaning">
                {words} " " <a class="link" href=Route::Models.href()>{t!("search.get_model")}</a>
            </p>
        }
        .into_any()
    }
}

/// What was not understood, and what became of it.
fn misread_as(Misread { text, why }: Misread) -> String {
    match why {
        MisreadAs::Date => t!("search.misread_date", text = text),
        MisreadAs::Language => t!("search.misread_language", text = text),
        MisreadAs::Field | MisreadAs::Operator | MisreadAs::Parenthesis | MisreadAs::Quote => {
            t!("search.misread", text = text)
        }
    }
}

fn taken_for(Instead { typed, found, why }: Instead) -> String {
    let found = found.join(", ");
    match why {
        InsteadOf::Typo => t!("search.typo", typed = typed, found = found),
        InsteadOf::Beginning => t!("search.beginning", typed = typed, found = found),
        InsteadOf::Abbreviation | InsteadOf::Compound => t!("search.same", typed = typed, found = found),
    }
}
