//! The conditions of a search as chips: those it has, to take out again, and those that would narrow it.

use super::{
    FIELD_ID,
    query::{self, Condition},
};
use crate::{
    dom, i18n,
    parts::icon::{Glyph, Icon},
};
use leptos::prelude::*;
use protocol::Facets;

/// The most values of a kind that are offered.
const MOST: usize = 4;

/// The conditions that are typed. Pressed, one goes.
#[component]
pub(super) fn Chosen(
    /// What is typed.
    query: RwSignal<String>,
) -> impl IntoView {
    let conditions = Memo::new(move |_| query.with(|query| query::conditions(query)));
    view! {
        <Show when=move || conditions.with(|all| !all.is_empty())>
            <div class="row search-chosen" role="group" aria-label=t!("search.chosen") data-testid="search-chosen">
                {move || {
                    conditions
                        .get()
                        .into_iter()
                        .map(|condition| {
                            let what = label(&condition);
                            view! {
                                <button
                                    class="filter on"
                                    aria-pressed="true"
                                    title=t!("search.without", what = &condition.text)
                                    on:click=move |_| {
                                        query.update(|query| *query = query::without(query, &condition));
                                        // The chip is gone, and with it what had the focus.
                                        dom::focus_soon(FIELD_ID);
                                    }
                                >
                                    <span class="cut">{what.clone()}</span>
                                    <Glyph icon=Icon::X size=12/>
                                </button>
                            }
                        })
                        .collect_view()
                }}
            </div>
        </Show>
    }
}

/// A value of what was found, as words, how often it is there, and the condition that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chip {
    label: String,
    count: u32,
    condition: String,
}

/// Chips by what they choose by. Pressed, one joins the query.
#[component]
pub(super) fn Narrow(
    /// What the passages have in common.
    facets: Facets,
    /// What is typed.
    query: RwSignal<String>,
) -> impl IntoView {
    let typed = query::conditions(&query.get_untracked());
    let kinds = [t!("search.by_format"), t!("documents.language"), t!("search.by_label"), t!("search.by_document")];
    let groups = kinds.into_iter().zip(chips(&facets)).map(|(kind, chips)| {
        let free =
            |chip: &Chip| !typed.iter().any(|condition| condition.text.to_lowercase() == chip.condition.to_lowercase());
        (kind, chips.into_iter().filter(free).collect::<Vec<_>>())
    });
    let groups: Vec<AnyView> = groups
        .filter(|(_, chips)| !chips.is_empty())
        .map(|(kind, chips)| {
            let chips: Vec<AnyView> = chips.into_iter().map(|chip| draw(chip, query)).collect();
            view! {
                <div class="row search-kind" role="group" aria-label=t!("search.narrow_by", kind = &kind)>
                    <span class="small faint" aria-hidden="true">{kind.clone()}</span>
                    {chips}
                </div>
            }
            .into_any()
        })
        .collect();
    (!groups.is_empty()).then(|| view! { <div class="search-narrow">{groups}</div> })
}

fn draw(Chip { label, count, condition }: Chip, query: RwSignal<String>) -> AnyView {
    let title = condition.clone();
    view! {
        <button
            class="filter"
            aria-pressed="false"
            title=title
            on:click=move |_| {
                query.update(|query| *query = query::with(query, &condition));
                dom::focus_soon(FIELD_ID);
            }
        >
            <span class="cut">{label}</span>
            <span class="num faint">{i18n::number(count)}</span>
        </button>
    }
    .into_any()
}

/// A condition as people say it.
fn label(condition: &Condition) -> String {
    match condition.field.as_str() {
        _ if condition.text.starts_with('-') => condition.text.clone(),
        "type" | "format" => condition.value.to_uppercase(),
        "lang" | "language" if condition.value.len() == 2 => i18n::language(&condition.value),
        "file" | "name" | "label" | "tag" => condition.value.clone(),
        _ => condition.text.clone(),
    }
}

/// What can be added to the query: formats, languages, labels, documents. What all passages share narrows nothing.
fn chips(facets: &Facets) -> [Vec<Chip>; 4] {
    let several = |chips: Vec<Chip>| if chips.len() > 1 { chips } else { Vec::new() };
    let formats = facets.formats.iter().map(|one| Chip {
        label: one.value.to_uppercase(),
        count: one.count,
        condition: format!("type:{}", one.value),
    });
    let languages = facets.languages.iter().map(|one| Chip {
        label: i18n::language(&one.value),
        count: one.count,
        condition: format!("lang:{}", one.value),
    });
    let labels = facets.labels.iter().take(MOST).map(|one| Chip {
        label: one.value.clone(),
        count: one.count,
        condition: format!("label:\"{}\"", one.value.replace('"', " ")),
    });
    let documents = facets.documents.iter().map(|one| Chip {
        label: one.name.clone(),
        count: one.count,
        condition: format!("file:\"{}\"", one.name.replace('"', " ")),
    });
    let (formats, languages) = (several(formats.take(MOST).collect()), several(languages.take(MOST).collect()));
    let documents = several(documents.collect()).into_iter().filter(|one| one.count > 1).take(MOST).collect();
    // One label alone narrows: not every document has it.
    [formats, languages, labels.collect(), documents]
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
            labels: vec![facet("Client A", 2)],
            documents: vec![document("a.pdf", 3), document("b.md", 1)],
        };
        let chip =
            |label: &str, count, condition: &str| Chip { label: label.into(), count, condition: condition.into() };
        assert_eq!(
            chips(&facets),
            [
                vec![chip("PDF", 3, "type:pdf"), chip("MD", 1, "type:md")],
                vec![],
                vec![chip("Client A", 2, "label:\"Client A\"")],
                vec![chip("a.pdf", 3, "file:\"a.pdf\"")]
            ]
        );
    }
}
