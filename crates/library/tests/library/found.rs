//! What a document is found by besides its text: its name, its author, its date, what it came in.

use crate::common::*;
use async_trait::async_trait;
use library::{Library, Rank, SearchQuery};
use protocol::{DocumentState, SearchHit, SearchMode};
use std::{fs, sync::Arc, time::Duration};

async fn hits(library: &Library, query: &str) -> Vec<SearchHit> {
    library.search(&find(query)).await.unwrap().hits
}

async fn names(library: &Library, query: &str) -> Vec<String> {
    hits(library, query).await.into_iter().map(|hit| hit.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_read_is_found_by_its_name() {
    let here = Here::new().await;
    let library = here.open().await;
    let folder =
        here.folder(&[("lease.md", "The tenant gives notice."), ("Zanzibar_report-2024.pdf", "%PDF-1.7\nno pages")]);
    fs::write(folder.join("scan of the quokka.pdf"), pdf(&[&[], &[]])).unwrap();
    let begun = library.import(&here.person, &[folder]).await.unwrap();
    idle(&library).await;
    let mut failed = 0;
    for document in &begun.documents {
        failed +=
            u32::from(matches!(here.store.document(*document).await.unwrap().state, DocumentState::Failed { .. }));
    }
    assert!(failed >= 1, "the one that has no pages");
    let found = hits(&library, "zanzibar").await;
    assert_eq!(found.len(), 1);
    assert!((found[0].name.as_str(), found[0].unread) == ("Zanzibar_report-2024.pdf", true), "{found:?}");
    assert_eq!(names(&library, "quokka").await, ["scan of the quokka.pdf"]);
    assert_eq!(names(&library, "report 2024").await, ["Zanzibar_report-2024.pdf"]);
    assert!(!hits(&library, "notice").await[0].unread);
    // A name says nothing about the text: it is no evidence.
    assert!(library.candidates("What does the Zanzibar report of 2024 say?", 6, &[]).await.unwrap().is_empty());
    let report = library.check_index(false).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    let document = found[0].document;
    library.shutdown().await;

    // It stays so for the next start, and for an index that is built anew.
    drop(library);
    fs::remove_dir_all(here.dir.path().join("index")).unwrap();
    let library = here.open().await;
    assert_eq!(names(&library, "zanzibar").await, ["Zanzibar_report-2024.pdf"]);
    library.remove(&here.person, document).await.unwrap();
    assert_eq!(names(&library, "zanzibar").await, [""; 0]);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passage_that_stands_in_several_documents_is_listed_once_and_names_them() {
    let here = Here::new().await;
    let library = here.open().await;
    let clause = "The tenant gives three months' notice.";
    let folder =
        here.folder(&[("lease.txt", clause), ("copy.txt", &format!("{clause}\n")), ("other.txt", "Notice is given.")]);
    library.import(&here.person, &[folder]).await.unwrap();
    idle(&library).await;
    let found = hits(&library, "tenant notice").await;
    assert_eq!(found.len(), 2, "{found:?}");
    let mut both = [found[0].name.as_str(), found[0].also[0].name.as_str()];
    both.sort_unstable();
    assert_eq!((both, found[0].also.len(), found[0].also[0].page), (["copy.txt", "lease.txt"], 1, 1));
    assert!(found[0].also[0].document != found[0].document && found[1].also.is_empty());
    // A condition that only one of them meets leaves nothing to name.
    let one = hits(&library, "tenant file:copy").await;
    assert_eq!((one.len(), one[0].name.as_str(), one[0].also.len()), (1, "copy.txt", 0));
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_found_by_its_name_as_well_as_by_its_text() {
    let here = Here::new().await;
    let library = here.open().await;
    let folder = here.folder(&[
        ("Quokka_Contract_2024_signed.txt", "The tenant gives notice."),
        ("lease.txt", "A rent of 1,250 euros is due."),
        ("a.txt", "a"),
    ]);
    library.import(&here.person, &[folder]).await.unwrap();
    idle(&library).await;
    assert_eq!(names(&library, "quokka").await, ["Quokka_Contract_2024_signed.txt"]);
    assert_eq!(names(&library, "contract signed").await, ["Quokka_Contract_2024_signed.txt"]);
    for amount in ["1250", "1,250", "1.250"] {
        assert_eq!(names(&library, amount).await, ["lease.txt"], "{amount}");
    }
    // Alone it is a wish like any other, and nothing that was misread is looked for.
    assert_eq!(names(&library, "sort:new").await.len(), 3);
    assert_eq!(names(&library, "date:2024-13").await, [""; 0]);
    // A text of one letter is near to everything and says nothing.
    library.set_embedder(Some(Arc::new(Letters)));
    idle(&library).await;
    assert!(!names(&library, "aaa bbb").await.contains(&"a.txt".to_owned()));
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_number_is_one_however_it_is_grouped() {
    let here = Here::new().await;
    let library = here.open().await;
    let folder = here.folder(&[
        ("letter.txt", "Please pay to DE89 3704 0044 0532 0130 00 before March."),
        ("payments.csv", "account;amount\nDE89370400440532013000;900"),
        ("other.txt", "Please pay to DE02 1203 0000 0000 2020 51 before March. Order 3704."),
    ]);
    library.import(&here.person, &[folder]).await.unwrap();
    idle(&library).await;
    for typed in ["DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "IBAN: de89370400440532013000"] {
        let mut first = names(&library, typed).await;
        first.truncate(2);
        first.sort();
        assert_eq!(first, ["letter.txt", "payments.csv"], "{typed}");
        let typed = typed.trim_start_matches("IBAN: ");
        let mut exact = names(&library, &format!("\"{typed}\"")).await;
        exact.sort();
        assert_eq!(exact, ["letter.txt", "payments.csv"], "{typed}");
    }
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_right_after_the_start_goes_by_meaning_too() {
    let here = Here::new().await;
    let library = here.open().await;
    library.set_embedder(Some(Arc::new(Letters)));
    let texts: Vec<String> = (0..400).map(|n| format!("The notice number {n} of the long lease.")).collect();
    let files: Vec<(String, &str)> = (0..).map(|n| format!("{n}.md")).zip(texts.iter().map(String::as_str)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    library.import(&here.person, &[here.folder(&files)]).await.unwrap();
    idle(&library).await;
    library.shutdown().await;
    drop(library);
    for _ in 0..5 {
        let library = here.open().await;
        library.set_embedder(Some(Arc::new(Letters)));
        let reply = library.search(&SearchQuery { mode: SearchMode::Vector, ..find("notices") }).await.unwrap();
        assert_eq!((reply.mode, reply.hits.len()), (SearchMode::Vector, 10));
        library.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_and_dates_are_what_documents_say_themselves() {
    let here = Here::new().await;
    let library = here.open().await;
    let page =
        "<meta name=author content='Grace Hopper'><meta name=date content='2019-06-30'><p>A notice on compilers.</p>";
    let folder = here.folder(&[
        ("page.html", page),
        ("note.md", "A notice without an author."),
        ("letter.eml", &message("Notice", "A notice of the lease.", &[("plan.txt", "The notice hangs in the hall.")])),
    ]);
    let core = br#"<cp:coreProperties xmlns:dc="d" xmlns:dcterms="t"><dc:creator>Ada King</dc:creator>
        <dcterms:modified>2021-01-02T03:04:05Z</dcterms:modified></cp:coreProperties>"#;
    let body = br#"<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>A notice in a letter.</w:t></w:r></w:p></w:body></w:document>"#;
    fs::write(folder.join("letter.docx"), package(&[("word/document.xml", body), ("docProps/core.xml", core)]))
        .unwrap();
    library.import(&here.person, &[folder]).await.unwrap();
    idle(&library).await;
    let sorted = async |query: &str| {
        let mut names = names(&library, query).await;
        names.sort();
        names
    };
    assert_eq!(sorted("notice").await, ["letter.docx", "letter.eml", "note.md", "page.html", "plan.txt"]);
    for (query, expected) in [
        ("notice author:ada", &["letter.docx", "letter.eml"][..]),
        ("notice author:\"king ada\"", &["letter.docx"]),
        ("author:hop", &["page.html"]),
        ("notice -author:ada", &["note.md", "page.html", "plan.txt"]),
        ("from:example.org", &["letter.eml"]),
        ("notice date:2019", &["page.html"]),
        ("notice date:2019..2021", &["letter.docx", "page.html"]),
        ("notice before:2020", &["page.html"]),
        ("notice date:2026-03-01", &["letter.eml"]),
        ("notice added:2019", &[]),
        ("notice author:nobody", &[]),
    ] {
        assert_eq!(sorted(query).await, expected, "{query}");
    }
    // Those without a date of their own are as old as their import: today.
    let newest = names(&library, "notice sort:new").await;
    assert_eq!(newest[2..], ["letter.eml", "letter.docx", "page.html"], "{newest:?}");
    let found = hits(&library, "compilers").await;
    assert_eq!((found[0].author.as_deref(), found[0].dated), (Some("Grace Hopper"), Some(1_561_852_800_000)));
    let view = here.store.document(found[0].document).await.unwrap();
    assert_eq!((view.author.as_deref(), view.dated), (Some("Grace Hopper"), Some(1_561_852_800_000)));
    let found = hits(&library, "hangs in the hall").await;
    assert_eq!((found[0].within.as_deref(), found[0].author.as_deref()), (Some("letter.eml"), None));
    library.shutdown().await;
}

/// A reranker by the letter that a passage has most of.
struct ByLetter {
    letter: char,
    takes: Duration,
    /// What it gets wrong.
    fails: bool,
    short: bool,
}

#[async_trait]
impl Rank for ByLetter {
    async fn rank(&self, query: &str, texts: &[String]) -> Result<Vec<f32>, String> {
        assert_eq!(query, "notice");
        tokio::time::sleep(self.takes).await;
        if self.fails {
            return Err("no memory".into());
        }
        let mut scores: Vec<f32> = texts.iter().map(|text| text.matches(self.letter).count() as f32).collect();
        if self.short {
            scores.pop();
        }
        Ok(scores)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reranker_orders_what_was_found_and_is_not_waited_for_long() {
    let here = Here::new().await;
    let library = here.open().await;
    library.set_embedder(Some(Arc::new(Letters)));
    let folder = here.folder(&[
        ("a.md", "The notice of the zzz."),
        ("b.md", "A notice, and a notice; notice that zz."),
        ("c.md", "Notice the z."),
    ]);
    library.import(&here.person, &[folder]).await.unwrap();
    idle(&library).await;
    let search = async |mode| {
        let reply = library.search(&SearchQuery { mode, ..find("notice") }).await.unwrap();
        let scores: Vec<f32> = reply.hits.iter().map(|hit| hit.score).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
        (reply.mode, reply.hits.into_iter().map(|hit| hit.name).collect::<Vec<_>>())
    };
    let usual = search(SearchMode::Hybrid).await.1;
    assert_eq!(search(SearchMode::Reranked).await, (SearchMode::Hybrid, usual.clone()), "none is here");
    let good = || ByLetter { letter: 'z', takes: Duration::ZERO, fails: false, short: false };
    library.set_ranker(Some(Arc::new(good())));
    let by_z = ["a.md", "b.md", "c.md"].map(str::to_owned).to_vec();
    assert_eq!(search(SearchMode::Reranked).await, (SearchMode::Reranked, by_z));
    assert_eq!(search(SearchMode::Hybrid).await.1, usual, "only where it is asked for");
    for bad in [
        ByLetter { takes: Duration::from_secs(60), ..good() },
        ByLetter { fails: true, ..good() },
        ByLetter { short: true, ..good() },
    ] {
        library.set_ranker(Some(Arc::new(bad)));
        let began = std::time::Instant::now();
        assert_eq!(search(SearchMode::Reranked).await, (SearchMode::Hybrid, usual.clone()));
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    library.shutdown().await;
}
