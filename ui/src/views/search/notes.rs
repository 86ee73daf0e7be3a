//! How a query was understood, and what would narrow it: words taken for others, parts that are no
//! condition, and the formats, languages and documents of what was found.

use leptos::prelude::*;
use protocol::{Facets, Instead, InsteadOf, Misread, SearchMode, SearchReply};

/// The most values of a kind that are offered.
const MOST: usize = 4;

/// The lines between the field and the passages.
#[component]
pub(super) fn Notes(
    /// How it was asked for.
    asked: SearchMode,
    /// What was found.
    reply: SearchReply,
    /// What is typed.
    query: RwSignal<String>,
) -> impl IntoView {
    let SearchReply { misread, instead, facets, mode, .. } = reply;
    let misread = misread.into_iter().map(|Misread { text, .. }| t!("search.misread", text = text));
    let order = (asked == SearchMode::Reranked).then(|| match mode {
        SearchMode::Reranked => t!("search.reranked"),
        SearchMode::Hybrid | SearchMode::Text | SearchMode::Vector => t!("search.not_reranked"),
    });
    let lines: Vec<String> = instead.into_iter().map(taken_for).chain(misread).chain(order).collect();
    let narrow = conditions(&facets);
    view! {
        <div class="search-notes" data-testid="search-notes">
            {lines.into_iter().map(|line| view! { <p class="small dim">{line}</p> }).collect_view()}
            {(!narrow.is_empty())
                .then(|| {
                    view! {
                        <div class="row wrap" role="group" aria-label=t!("search.narrow")>
                            {narrow
                                .into_iter()
                                .map(|(label, condition)| {
                                    view! {
                                        <button
                                            class="btn ghost sm"
                                            title=condition.clone()
                                            on:click=move |_| {
                                                query.update(|query| *query = format!("{} {condition}", query.trim()));
                                            }
                                        >
                                            {label}
                                        </button>
                                    }
                                })
                                .collect_view()}
                        </div>
                    }
                })}
        </div>
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

/// What can be added to the query, each with its label. What all passages share narrows nothing.
fn conditions(facets: &Facets) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (field, values) in [("type", &facets.formats), ("lang", &facets.languages)] {
        if values.len() > 1 {
            let some = values.iter().take(MOST);
            all.extend(
                some.map(|one| {
                    (format!("{} {}", one.value.to_uppercase(), one.count), format!("{field}:{}", one.value))
                }),
            );
        }
    }
    if facets.documents.len() > 1 {
        let some = facets.documents.iter().filter(|one| one.count > 1).take(MOST);
        all.extend(
            some.map(|one| (format!("{} {}", one.name, one.count), format!("file:\"{}\"", one.name.replace('"', " ")))),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{DocumentFacet, DocumentId, Facet};

    #[test]
    fn what_all_share_narrows_nothing() {
        let facet = |value: &str, count| Facet { value: value.into(), count };
        let document = |name: &str, count| DocumentFacet { document: DocumentId::new(), name: name.into(), count };
        let facets = Facets {
            formats: vec![facet("pdf", 3), facet("md", 1)],
            languages: vec![facet("en", 4)],
            documents: vec![document("a.pdf", 3), document("b.md", 1)],
        };
        let said = |label: &str, condition: &str| (label.to_owned(), condition.to_owned());
        assert_eq!(
            conditions(&facets),
            [said("PDF 3", "type:pdf"), said("MD 1", "type:md"), said("a.pdf 3", "file:\"a.pdf\"")]
        );
    }
}
