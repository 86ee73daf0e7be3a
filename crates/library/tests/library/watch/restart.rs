//! What happened while nobody watched, and folders that are not there.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_the_app_was_closed_is_found_at_the_next_start() {
    let files =
        [("edit.md", "An ocelot."), ("rename.md", "A lynx."), ("delete.md", "A margay."), ("same.md", "A serval.")];
    let eye = Eye::new(&files).await;
    let [edit, rename, delete] = ["edit.md", "rename.md", "delete.md"];
    let id = async |eye: &Eye, name: &str| eye.named(name).await.unwrap().id;
    let (edited, renamed) = (id(&eye, edit).await, id(&eye, rename).await);
    let records = eye.here.store.written();
    let eye = eye.again(|_| ()).await;
    assert_eq!(eye.here.store.written(), records, "nothing changed, and nothing is recorded");
    let eye = eye
        .again(|root| {
            write(&root.join(edit), "A caracal now.");
            fs::create_dir(root.join("sub")).unwrap();
            fs::rename(root.join(rename), root.join("sub/Renamed.md")).unwrap();
            fs::remove_file(root.join(delete)).unwrap();
            write(&root.join("new.md"), "A tiger.");
        })
        .await;
    assert_eq!(eye.names().await, ["Renamed.md", "edit.md", "new.md", "same.md"]);
    assert_eq!((id(&eye, edit).await, id(&eye, "Renamed.md").await), (edited, renamed));
    assert_eq!((eye.gone().await, eye.finds("caracal").await), (vec![delete.to_owned()], vec![edit.to_owned()]));
    // The same names, dealt anew, and another case.
    let eye = eye
        .again(|root| {
            fs::rename(root.join(edit), root.join("hold")).unwrap();
            fs::rename(root.join("sub/Renamed.md"), root.join(edit)).unwrap();
            fs::rename(root.join("hold"), root.join("sub/renamed.md")).unwrap();
        })
        .await;
    assert_eq!((id(&eye, edit).await, id(&eye, "renamed.md").await), (renamed, edited));
    assert_eq!(eye.here.store.versions(renamed).await.unwrap().len(), 1, "exchanged, not edited");
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_not_empty() {
    let eye = Eye::new(&[("a.md", "An ocelot."), ("b/b.md", "A lynx.")]).await;
    let away = eye.root.with_file_name("away");
    fs::rename(&eye.root, &away).unwrap();
    until("it is said", async || is(&eye.view().await.state, "unreachable")).await;
    eye.look().await;
    let FolderState::Unreachable { fault } = eye.view().await.state else { panic!() };
    assert_eq!(fault.code, "watch.unreachable");
    assert_eq!((eye.names().await, eye.gone().await), (vec!["a.md".to_owned(), "b.md".into()], Vec::new()));
    // Another start does not change that.
    let eye = eye.again(|_| ()).await;
    assert_eq!(eye.names().await.len(), 2);
    write(&away.join("c.md"), "A margay.");
    rest();
    fs::rename(&away, &eye.root).unwrap();
    eye.found("margay", "c.md").await;
    assert!(is(&eye.view().await.state, "watching"));
    // A file in its place, and a link.
    fs::rename(&eye.root, &away).unwrap();
    write(&eye.root, "no folder");
    eye.look().await;
    assert!(is(&eye.view().await.state, "unreachable"));
    fs::remove_file(&eye.root).unwrap();
    std::os::unix::fs::symlink(&away, &eye.root).unwrap();
    eye.look().await;
    assert!(is(&eye.view().await.state, "unreachable"));
    assert_eq!(eye.names().await.len(), 3);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subfolder_that_cannot_be_read_keeps_its_documents() {
    use std::os::unix::fs::PermissionsExt;
    let eye = Eye::new(&[("a.md", "An ocelot."), ("locked/b.md", "A lynx.")]).await;
    let lock = |mode| fs::set_permissions(eye.path("locked"), fs::Permissions::from_mode(mode)).unwrap();
    lock(0o000);
    if fs::read_dir(eye.path("locked")).is_ok() {
        // A superuser reads everything: then the folder is only emptied of what can be opened.
        lock(0o755);
        return eye.end().await;
    }
    eye.look().await;
    assert_eq!(eye.names().await, ["a.md", "b.md"]);
    assert_eq!(eye.view().await.note.map(|fault| fault.code), Some("watch.unseen".into()));
    lock(0o755);
    eye.look().await;
    assert_eq!(eye.view().await.note, None);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_imported_before_its_folder_was_watched_is_the_same_document() {
    let here = Here::new().await;
    let root = here.dir.path().canonicalize().unwrap().join("watched");
    write(&root.join("a.md"), "An ocelot.");
    write(&root.join("b.md"), "A lynx.");
    let library = here.open().await;
    let begun = library.import(&here.person, std::slice::from_ref(&root)).await.unwrap();
    idle(&library).await;
    write(&root.join("b.md"), "A lynx, edited since.");
    rest();
    library.start_watching(config());
    let folder = library.watch_folder(&here.person, &root).await.unwrap().id;
    let eye = Eye { here, library, root, folder };
    eye.settled().await;
    let mut ids: Vec<_> = eye.here.store.documents().await.unwrap().into_iter().map(|view| view.id).collect();
    ids.sort();
    assert_eq!(ids, begun.documents);
    assert_eq!(eye.finds("edited").await, ["b.md"]);
    eye.end().await;
}
