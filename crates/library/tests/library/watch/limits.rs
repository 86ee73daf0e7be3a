//! What is passed over, what is refused, and what happens when the system has no watches left.

use super::*;
use library::LibraryError;
use protocol::{Actor, AgentId};

#[tokio::test(flavor = "multi_thread")]
async fn links_temporary_files_and_what_is_ignored_are_passed_over() {
    let here = tempfile::tempdir().unwrap();
    write(&here.path().join("secret.md"), "A secret ocelot.");
    let files = [
        ("a.md", "A lynx."),
        (".hidden.md", "Hidden."),
        ("~$a.docx", "Open elsewhere."),
        ("film.mkv.part", "Not whole."),
        ("node_modules/b.md", "A program."),
        (".git/c.md", "A commit."),
        ("drafts/d.md", "A draft with a margay."),
        ("empty.md", ""),
    ];
    let eye = Eye::new(&files).await;
    std::os::unix::fs::symlink(here.path().join("secret.md"), eye.path("link.md")).unwrap();
    std::os::unix::fs::symlink(here.path(), eye.path("linked")).unwrap();
    eye.look().await;
    assert_eq!(eye.names().await, ["a.md", "d.md"]);
    let view = eye.view().await;
    assert_eq!((view.passed_over.hidden, view.passed_over.links, view.passed_over.system), (4, 2, 1));
    assert_eq!(view.left_out.iter().map(|file| file.fault.code.as_str()).collect::<Vec<_>>(), ["document.empty"]);
    // Said later, it holds for what was read before; taken back, it comes back as what it was.
    let draft = eye.named("d.md").await.unwrap().id;
    for _ in 0..5 {
        write(&eye.path(".atelierignore"), "drafts/\n");
        until("it is heeded", async || eye.gone().await == ["d.md"]).await;
        // At once: the look that heeded it may not be at its end.
        fs::remove_file(eye.path(".atelierignore")).unwrap();
        eye.found("margay", "d.md").await;
    }
    assert_eq!(eye.named("d.md").await.unwrap().id, draft);
    // A file that becomes a link out of the folder is not followed.
    fs::remove_file(eye.path("a.md")).unwrap();
    std::os::unix::fs::symlink(here.path().join("secret.md"), eye.path("a.md")).unwrap();
    until("it is gone", async || eye.gone().await == ["a.md"]).await;
    assert_eq!(eye.finds("secret").await, Vec::<String>::new());
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_leaves_a_file_empty_keeps_what_was_read() {
    let eye = Eye::new(&[("a.md", "An ocelot.")]).await;
    fs::write(eye.path("a.md"), "").unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    eye.look().await;
    assert_eq!(eye.finds("ocelot").await, ["a.md"]);
    assert_eq!(eye.view().await.left_out.len(), 1);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_have_run_out_are_said_and_looking_finds_the_rest() {
    let few = WatchConfig { most_watches: Some(1), ..config() };
    let eye = Eye::with(&[("a.md", "An ocelot."), ("b/b.md", "A lynx."), ("c/c.md", "A margay.")], few).await;
    let note = eye.view().await.note.unwrap();
    assert_eq!(note.code, "watch.watches_out");
    assert_eq!((note.values["watched"].as_str(), note.values["folders"].as_str()), ("1", "3"));
    assert!(is(&eye.view().await.state, "watching"));
    write(&eye.path("b/new.md"), "A serval in a folder without a watch.");
    write(&eye.path("new.md"), "A caracal in the one that has it.");
    eye.found("caracal", "new.md").await;
    assert_eq!(eye.finds("serval").await, Vec::<String>::new());
    eye.look().await;
    assert_eq!(eye.finds("serval").await, ["new.md"]);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_it_rests_and_resumed_it_finds_what_changed() {
    let eye = Eye::new(&[("a.md", "An ocelot.")]).await;
    eye.library.pause_folder(&eye.here.person, eye.folder, true).await.unwrap();
    eye.settled().await;
    assert!(is(&eye.view().await.state, "paused"));
    write(&eye.path("b.md"), "A lynx.");
    fs::remove_file(eye.path("a.md")).unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(eye.names().await, ["a.md"]);
    eye.library.pause_folder(&eye.here.person, eye.folder, false).await.unwrap();
    eye.settled().await;
    assert_eq!((eye.names().await, eye.gone().await), (vec!["b.md".to_owned()], vec!["a.md".to_owned()]));
    // Watched again, changes are told again.
    write(&eye.path("c.md"), "A margay.");
    eye.found("margay", "c.md").await;
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_let_go_keeps_its_documents_unless_asked() {
    let eye = Eye::new(&[("a.md", "An ocelot."), ("b.md", "A lynx.")]).await;
    eye.library.unwatch(&eye.here.person, eye.folder, false).await.unwrap();
    fs::remove_file(eye.path("a.md")).unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(
        (eye.names().await, eye.library.folders().await.unwrap()),
        (vec!["a.md".to_owned(), "b.md".into()], vec![])
    );
    let again = eye.library.watch_folder(&eye.here.person, &eye.root).await.unwrap();
    eye.settled().await;
    assert_eq!(eye.names().await, ["a.md", "b.md"], "what went while nobody watched stays");
    eye.library.unwatch(&eye.here.person, again.id, true).await.unwrap();
    assert_eq!(eye.names().await, ["a.md"]);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_watched_is_refused() {
    let eye = Eye::new(&[("sub/a.md", "An ocelot.")]).await;
    let (library, person) = (&eye.library, &eye.here.person);
    let code = async |actor: &Actor, path: &Path| match library.watch_folder(actor, path).await {
        Err(LibraryError::Refused(fault)) => fault.code,
        other => panic!("{other:?}"),
    };
    let Actor::Person { member } = person.clone() else { panic!() };
    let agent = Actor::Agent { agent: AgentId::new(), member };
    for actor in [agent, Actor::System] {
        assert_eq!(code(&actor, &eye.root).await, "watch.only_a_person");
        assert!(library.unwatch(&actor, eye.folder, true).await.is_err());
        assert!(library.pause_folder(&actor, eye.folder, true).await.is_err());
    }
    assert_eq!(code(person, &eye.root).await, "watch.already");
    assert_eq!(code(person, &eye.path("sub")).await, "watch.already");
    assert_eq!(code(person, eye.root.parent().unwrap()).await, "watch.already");
    assert_eq!(code(person, &eye.path("sub/a.md")).await, "watch.not_a_folder");
    assert_eq!(code(person, &eye.path("nowhere")).await, "document.not_found");
    for path in ["/", "/proc", "/sys/kernel"] {
        assert_eq!(code(person, Path::new(path)).await, "watch.not_to_be_watched", "{path}");
    }
    assert_eq!(code(person, &eye.here.store.dir().join("blobs")).await, "watch.not_to_be_watched");
    eye.end().await;
}
