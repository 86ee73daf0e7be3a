//! What happens in a folder while it is watched.

use super::*;
use std::{fs::File, io::Write};

const LEASE: &str = "# Lease\n\nThe ocelot may stay for ninety days.";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_edited_renamed_and_deleted_is_so_in_the_library() {
    let eye = Eye::new(&[("lease.md", LEASE), ("deep/rent.md", "# Rent\n\nThe lynx pays nine hundred.")]).await;
    assert_eq!(eye.names().await, ["lease.md", "rent.md"]);
    assert_eq!(eye.finds("ocelot").await, ["lease.md"]);
    let lease = eye.named("lease.md").await.unwrap();

    write(&eye.path("deep/new.md"), "# New\n\nA margay moves in.");
    eye.found("margay", "new.md").await;
    write(&eye.path("other/folder/far.md"), "# Far\n\nA serval lives in a folder that is new.");
    eye.found("serval", "far.md").await;

    write(&eye.path("lease.md"), "# Lease\n\nThe caracal may stay for thirty days.");
    eye.found("caracal", "lease.md").await;
    assert_eq!(eye.finds("ocelot").await, Vec::<String>::new());
    let edited = eye.named("lease.md").await.unwrap();
    assert_eq!(edited.id, lease.id, "an edit is a version");
    assert_ne!(edited.hash, lease.hash);
    let versions = eye.here.store.versions(lease.id).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.hash.clone()).collect::<Vec<_>>(), [edited.hash, lease.hash]);
    assert!(versions.iter().all(|version| eye.here.store.blobs().path(&version.hash).is_some()));

    fs::rename(eye.path("lease.md"), eye.path("deep/Lease 2026.md")).unwrap();
    eye.found("file:2026 caracal", "Lease 2026.md").await;
    let renamed = eye.named("Lease 2026.md").await.unwrap();
    assert_eq!((renamed.id, renamed.passages), (lease.id, 1), "it was not read again");
    assert_eq!(renamed.origin, eye.path("deep/Lease 2026.md").to_str().unwrap());
    assert_eq!(eye.names().await, ["Lease 2026.md", "far.md", "new.md", "rent.md"]);

    fs::rename(eye.path("deep"), eye.path("deeper")).unwrap();
    until("a folder is renamed", async || {
        let views = eye.here.store.documents().await.unwrap();
        views.iter().filter(|view| view.origin.contains("/deeper/")).count() == 3
    })
    .await;
    assert_eq!(eye.gone().await, Vec::<String>::new());

    fs::remove_file(eye.path("deeper/Lease 2026.md")).unwrap();
    until("it is gone", async || eye.gone().await == ["Lease 2026.md"]).await;
    assert_eq!((eye.finds("caracal").await, eye.view().await.gone), (Vec::<String>::new(), 1));
    eye.library.restore(&eye.here.person, lease.id).await.unwrap();
    idle(&eye.library).await;
    assert_eq!(eye.finds("caracal").await, ["Lease 2026.md"], "the deletion is undone");
    eye.look().await;
    assert_eq!((eye.finds("caracal").await, eye.view().await.gone), (vec!["Lease 2026.md".to_owned()], 0));
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_many_is_undone_at_once_and_a_file_that_returns_is_itself() {
    let eye = Eye::new(&[("a.md", "An ocelot."), ("b.md", "A lynx."), ("c.md", "A margay.")]).await;
    let lynx = eye.named("b.md").await.unwrap().id;
    for name in ["a.md", "b.md", "c.md"] {
        fs::remove_file(eye.path(name)).unwrap();
    }
    until("all are gone", async || eye.gone().await.len() == 3).await;
    write(&eye.path("back/b again.md"), "A lynx.");
    eye.found("lynx", "b again.md").await;
    assert_eq!(eye.named("b again.md").await.unwrap().id, lynx);
    assert_eq!(eye.library.restore_gone(&eye.here.person, Some(eye.folder)).await.unwrap(), 2);
    idle(&eye.library).await;
    assert_eq!(eye.names().await, ["a.md", "b again.md", "c.md"]);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn editors_that_save_by_renaming_make_versions_of_one_document() {
    let eye = Eye::new(&[("lease.md", LEASE)]).await;
    let lease = eye.named("lease.md").await.unwrap().id;
    // As vim, GNOME and Word save, in a burst.
    for n in 0..15 {
        let text = format!("# Lease\n\nThe ocelot pays number{n}.");
        match n % 3 {
            0 => {
                fs::rename(eye.path("lease.md"), eye.path("lease.md~")).unwrap();
                write(&eye.path("lease.md"), &text);
                fs::remove_file(eye.path("lease.md~")).unwrap();
            }
            1 => {
                write(&eye.path(".goutputstream-A1B2C3"), &text);
                fs::rename(eye.path(".goutputstream-A1B2C3"), eye.path("lease.md")).unwrap();
            }
            _ => {
                write(&eye.path("save in progress"), &text);
                fs::rename(eye.path("lease.md"), eye.path("~WRL0001.tmp")).unwrap();
                fs::rename(eye.path("save in progress"), eye.path("lease.md")).unwrap();
                fs::remove_file(eye.path("~WRL0001.tmp")).unwrap();
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eye.found("number14", "lease.md").await;
    assert_eq!((eye.names().await, eye.gone().await), (vec!["lease.md".to_owned()], Vec::new()));
    assert_eq!(eye.named("lease.md").await.unwrap().id, lease);
    let versions = eye.here.store.versions(lease).await.unwrap().len();
    assert!(versions <= 4, "a burst is not a version for each save: {versions}");
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_being_written_is_not_read_half() {
    let eye = Eye::new(&[]).await;
    let mut file = File::create(eye.path("slow.md")).unwrap();
    for n in 0..5 {
        writeln!(file, "The ocelot has part{n}.\n").unwrap();
        file.flush().unwrap();
        // Longer than what a closed file waits for.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(eye.names().await, Vec::<String>::new(), "part {n}");
    }
    drop(file);
    eye.found("part4", "slow.md").await;
    let slow = eye.named("slow.md").await.unwrap().id;
    assert_eq!(eye.here.store.versions(slow).await.unwrap().len(), 1);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_took_out_stays_out() {
    let eye = Eye::new(&[("a.md", "An ocelot."), ("b.md", "A lynx.")]).await;
    let (a, b) = (eye.named("a.md").await.unwrap().id, eye.named("b.md").await.unwrap().id);
    eye.library.remove(&eye.here.person, a).await.unwrap();
    eye.library.remove(&eye.here.person, b).await.unwrap();
    eye.library.purge(&eye.here.person, b, false).await.unwrap();
    write(&eye.path("a.md"), "An ocelot, edited.");
    tokio::time::sleep(Duration::from_millis(600)).await;
    eye.look().await;
    assert_eq!((eye.names().await, eye.gone().await), (Vec::<String>::new(), Vec::<String>::new()));
    eye.library.restore(&eye.here.person, a).await.unwrap();
    idle(&eye.library).await;
    assert_eq!(eye.finds("edited").await, ["a.md"]);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_found_by_the_name_that_it_has_now() {
    let eye = Eye::new(&[("zanzibar.pdf", "%PDF-1.7\nno pages")]).await;
    eye.found("zanzibar", "zanzibar.pdf").await;
    fs::rename(eye.path("zanzibar.pdf"), eye.path("madagascar.pdf")).unwrap();
    eye.found("madagascar", "madagascar.pdf").await;
    assert!(eye.finds("zanzibar").await.is_empty());
    // A name is no evidence, and nothing of the document that could be altered.
    assert!(eye.library.candidates("What is in madagascar?", 6, &[]).await.unwrap().is_empty());
    let report = eye.library.check_documents().await.unwrap();
    assert!(report.altered.is_empty(), "{report:?}");
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_without_words_has_its_name_of_now_for_them_and_that_is_no_evidence() {
    let eye = Eye::new(&[]).await;
    fs::write(eye.path("zanzibar scan.pdf"), pdf(&[&[], &[]])).unwrap();
    eye.look().await;
    let scan = eye.named("zanzibar scan.pdf").await.unwrap();
    assert_eq!((scan.pages, scan.passages), (2, 1), "{:?}", scan.notes);
    assert!(eye.library.check_documents().await.unwrap().intact, "its pages are what the file says");
    fs::rename(eye.path("zanzibar scan.pdf"), eye.path("quokka plan.pdf")).unwrap();
    eye.look().await;
    let hits = eye.library.search(&find("quokka")).await.unwrap().hits;
    assert!(hits.len() == 1 && hits[0].unread, "{hits:?}");
    assert!(eye.library.search(&find("zanzibar")).await.unwrap().hits.is_empty());
    assert!(eye.library.candidates("Where is the quokka plan?", 5, &[]).await.unwrap().is_empty());
    let moved = eye.named("quokka plan.pdf").await.unwrap();
    assert_eq!((moved.id, moved.pages), (scan.id, 2));
    assert!(eye.library.page(moved.id, 2, None, 400).await.unwrap().picture.is_some());
    assert!(eye.library.check_documents().await.unwrap().intact);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_was_edited_has_what_is_in_it_now() {
    let eye = Eye::new(&[("seed.md", "A seed.")]).await;
    let (a, b, c) = (("a.md", "An ocelot."), ("b.md", "A lynx."), ("c.md", "A margay."));
    fs::write(eye.path("deal.zip"), zip(&[a, b])).unwrap();
    eye.found("lynx", "b.md").await;
    fs::write(eye.path("deal.zip"), zip(&[a, c])).unwrap();
    eye.found("margay", "c.md").await;
    until("what is no longer in it goes", async || eye.names().await == ["a.md", "c.md", "deal.zip", "seed.md"]).await;
    fs::rename(eye.path("deal.zip"), eye.path("moved.zip")).unwrap();
    until("its parts move with it", async || {
        eye.named("a.md").await.is_some_and(|view| view.origin.ends_with("moved.zip/a.md"))
    })
    .await;
    fs::remove_file(eye.path("moved.zip")).unwrap();
    until("its parts go with it", async || eye.names().await == ["seed.md"]).await;
    assert_eq!(eye.library.restore_gone(&eye.here.person, None).await.unwrap(), 3);
    idle(&eye.library).await;
    assert_eq!(eye.finds("margay").await, ["c.md"]);
    eye.end().await;
}
