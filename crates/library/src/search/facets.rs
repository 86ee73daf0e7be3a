//! What the passages near a query have in common.

use protocol::{DocumentFacet, DocumentId, Facet, Facets};
use std::collections::HashMap;
use store::StoredPassage;

/// The most values of each kind.
const MOST: usize = 20;

/// Counts passages by format, language, label and document.
pub fn facets<'a>(passages: impl Iterator<Item = &'a StoredPassage>) -> Facets {
    let (mut formats, mut languages, mut labels) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut documents: HashMap<DocumentId, (&str, u32)> = HashMap::new();
    for passage in passages {
        *formats.entry(passage.format.as_str()).or_insert(0u32) += 1;
        if let Some(language) = &passage.language {
            *languages.entry(language.as_str()).or_insert(0u32) += 1;
        }
        for label in &passage.labels {
            *labels.entry(label.as_str()).or_insert(0u32) += 1;
        }
        documents.entry(passage.document).or_insert((&passage.name, 0)).1 += 1;
    }
    let mut documents: Vec<DocumentFacet> = documents
        .into_iter()
        .map(|(document, (name, count))| DocumentFacet { document, name: name.to_owned(), count })
        .collect();
    documents.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)).then(a.document.cmp(&b.document)));
    documents.truncate(MOST);
    Facets { formats: sorted(formats), languages: sorted(languages), labels: sorted(labels), documents }
}

fn sorted(counts: HashMap<&str, u32>) -> Vec<Facet> {
    let mut all: Vec<Facet> =
        counts.into_iter().map(|(value, count)| Facet { value: value.to_owned(), count }).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    all.truncate(MOST);
    all
}
