//! What is in the way: another instance, no rights, no space, a damaged page. Real files.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are
#![cfg(unix)] // file rights, mounts and raw writes are made with Unix means

mod common;
use common::*;
use protocol::*;
use sqlx::{ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};
use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
};
use store::StoreError;

async fn refused(dir: &Path) -> StoreError {
    match try_open(dir).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_second_instance_is_told_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let fault = refused(dir.path()).await.fault();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Busy, "store.in_use"));
    assert_eq!(fault.values["pid"], std::process::id().to_string());
    // The first goes on undisturbed, and when it is gone the next may open.
    chat(&store).await;
    store.close().await;
    open(dir.path()).await;
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_named_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("notes.txt");
    fs::write(&file, "mine").unwrap();
    let fault = refused(&file).await.fault();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Invalid, "store.not_a_folder"));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[tokio::test]
async fn a_folder_without_the_right_to_write_is_named() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let before = fs::read(dir.path().join("workspace.db")).unwrap();
    let mount = if fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
        // Root may write whatever the rights say: only a read-only mount stops it.
        if !may_mount("a_folder_without_the_right_to_write_is_named") {
            return;
        }
        Some(Mount::bind_read_only(dir.path()).unwrap())
    } else {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
        fs::set_permissions(dir.path().join("lock"), fs::Permissions::from_mode(0o444)).unwrap();
        None
    };
    let fault = refused(dir.path()).await.fault();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Unavailable, "store.not_writable"));
    assert_eq!(fault.values["dir"], dir.path().display().to_string());
    assert_eq!(fs::read(dir.path().join("workspace.db")).unwrap(), before);
    drop(mount);
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    if !may_mount("a_full_disk_loses_nothing_that_was_acknowledged") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mount = Mount::tmpfs(dir.path(), "2m").unwrap();
    let store = open(dir.path()).await;
    let (_, chat) = chat(&store).await;
    let actor = person(&store);
    let mut kept = Vec::new();
    let error = loop {
        assert!(kept.len() < 10_000, "the disk never fills up");
        let item = ItemId::new();
        match store.record(&actor, question(item, chat, kept.last().copied(), &"words ".repeat(500))).await {
            Ok(_) => kept.push(item),
            Err(error) => break error,
        }
    };
    let fault = error.fault();
    assert_eq!((fault.code.as_str(), fault.safe.is_some(), fault.hint.is_some()), ("store.disk_full", true, true));
    // What was acknowledged can be read, on the full disk.
    assert_eq!(store.chat(chat).await.unwrap().items as usize, kept.len());
    // With space again the same process goes on where it was.
    assert!(mount.grow("64m"));
    kept.push(ask(&store, chat, kept.last().copied(), "and now?").await);
    let report = store.verify(store.home().workspace).await.unwrap();
    assert!(report.intact, "{report:?}");
    store.close().await;
    drop(store);
    // What is full at the start can be opened and read as well; SQLite needs a little for itself.
    let junk = fs::File::create(dir.path().join("junk")).unwrap();
    assert!(mount.grow("8m"));
    let free = free(dir.path()) - (128 << 10);
    junk.write_all_at(&vec![1; free as usize], 0).unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.chat(chat).await.unwrap().items as usize, kept.len());
    store.close().await;
    drop(store);
    fs::remove_file(dir.path().join("junk")).unwrap();
    let store = open(dir.path()).await;
    let line = store.lineage(*kept.last().unwrap()).await.unwrap();
    assert_eq!(line.iter().map(|item| item.id).collect::<Vec<_>>(), kept);
    store.close().await;
}

#[tokio::test]
async fn a_damaged_page_is_told_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (_, chat) = chat(&store).await;
    for n in 0..50 {
        ask(&store, chat, None, &format!("question {n} {}", "words ".repeat(200))).await;
    }
    store.close().await;
    drop(store);
    let path = dir.path().join("workspace.db");
    let whole = fs::read(&path).unwrap();
    fs::create_dir_all(dir.path().join("backups")).unwrap();
    let backup = dir.path().join("backups").join("0000000000001-schema-0001.db");
    fs::write(&backup, &whole).unwrap();
    // The file's first page, one in the middle, and a file cut in half.
    let page = 4096;
    let middle = whole.len() / page / 2 * page;
    let damages: [&dyn Fn(&fs::File); 3] = [
        &|file| file.write_all_at(&[0xff; 4096], 0).unwrap(),
        &|file| file.write_all_at(&[0xa5; 4096], middle as u64).unwrap(),
        &|file| file.set_len(middle as u64).unwrap(),
    ];
    for damage in damages {
        fs::write(&path, &whole).unwrap();
        damage(&fs::OpenOptions::new().write(true).open(&path).unwrap());
        let damaged = fs::read(&path).unwrap();
        let error = refused(dir.path()).await;
        let StoreError::Damaged { backups, .. } = &error else { panic!("{error:?}") };
        assert_eq!(backups, std::slice::from_ref(&backup));
        let fault = error.fault();
        assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Damaged, "store.damaged"));
        assert!(fault.hint.unwrap().contains(&backup.display().to_string()));
        assert_eq!(fs::read(&path).unwrap(), damaged, "the damaged file was written to");
    }
    // The cure that the hint names works.
    fs::copy(&backup, &path).unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.chat(chat).await.unwrap().items, 50);
}

#[tokio::test]
async fn keys_lie_where_only_their_owner_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.home().key_place, KeyPlace::File);
    let actor = person(&store);
    store.set_endpoint(&actor, "office", "https://models.example/v1", "m", Some("sk-secret-123".into())).await.unwrap();
    assert_eq!(store.endpoint_key("office").await.unwrap().as_deref(), Some("sk-secret-123"));
    assert!(store.endpoints().await.unwrap()[0].has_key);
    store.close().await;
    for name in ["device.key", "endpoints.key"] {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let log = fs::read(dir.path().join("workspace.db")).unwrap();
    assert!(!contains(&log, b"sk-secret"), "the key is in the database");
    let store = open(dir.path()).await;
    store.remove_endpoint(&actor, "office").await.unwrap();
    assert_eq!(store.endpoint_key("office").await.unwrap(), None);
    assert_eq!(store.endpoints().await.unwrap(), []);
}

/// Where there was a workspace, no new one is begun in its place.
#[tokio::test]
async fn a_lost_database_is_not_replaced_by_a_new_one() {
    for (evidence, found) in [("heads", true), ("blobs", true), ("backups", true), ("none", false)] {
        for damage in ["missing", "empty", "no tables", "no workspace"] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path()).await;
            chat(&store).await;
            store.blobs().put_bytes(b"a file".to_vec()).await.unwrap();
            store.close().await;
            drop(store);
            let path = dir.path().join("workspace.db");
            fs::create_dir_all(dir.path().join("backups")).unwrap();
            fs::copy(&path, dir.path().join("backups").join("0000000000001-schema-0001.db")).unwrap();
            for other in ["heads", "blobs", "backups"].into_iter().filter(|other| *other != evidence) {
                fs::remove_dir_all(dir.path().join(other)).unwrap();
            }
            match damage {
                "missing" => fs::remove_file(&path).unwrap(),
                "empty" => fs::write(&path, "").unwrap(),
                "no tables" => {
                    fs::remove_file(&path).unwrap();
                    run(&path, "PRAGMA journal_mode = WAL").await;
                }
                _ => {
                    let all = "DELETE FROM bodies; DELETE FROM records; DELETE FROM devices; DELETE FROM members;
                               DELETE FROM workspaces";
                    run(&path, all).await;
                }
            }
            let before = fs::read(&path).ok();
            let opened = try_open(dir.path()).await;
            match (found, opened) {
                (true, Err(StoreError::Damaged { backups, .. })) => {
                    assert_eq!(backups.len(), usize::from(evidence == "backups"))
                }
                (false, Ok(_)) => continue,
                (_, other) => panic!("{evidence}, {damage}: {:?}", other.err()),
            }
            if damage != "no workspace" {
                assert_eq!(fs::read(&path).ok(), before, "{evidence}, {damage}");
            }
        }
    }
}

async fn run(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false);
    let mut conn = options.connect().await.unwrap();
    conn.execute(sql).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn leftovers_of_a_killed_process_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let names = ["backups/0000000000001-schema-0001.db.part", "restore-x", "key-x", "blobs/new-x"];
    for name in names {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "half").unwrap();
    }
    open(dir.path()).await;
    for name in names {
        assert!(!dir.path().join(name).exists(), "{name}");
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// Free bytes of the file system that a folder is in.
#[allow(clippy::disallowed_methods)] // as below
fn free(dir: &Path) -> u64 {
    let output = std::process::Command::new("df").args(["--output=avail", "-B1"]).arg(dir).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().nth(1).unwrap().trim().parse().unwrap()
}

/// Whether this process may mount. Where it may not, the test runs in a namespace of its own, in which
/// it may; in CI one of the two must work.
#[allow(clippy::disallowed_methods)] // as below
fn may_mount(test: &str) -> bool {
    const INSIDE: &str = "ATELIER_OWN_MOUNTS";
    let dir = tempfile::tempdir().unwrap();
    if Mount::tmpfs(dir.path(), "1m").is_some() {
        return true;
    }
    assert!(std::env::var_os(INSIDE).is_none(), "no right to mount in a namespace of its own");
    let mut unshare = std::process::Command::new("unshare");
    unshare.arg("-rm").arg(std::env::current_exe().unwrap()).args([test, "--exact", "--nocapture"]).env(INSIDE, "1");
    let output = unshare.output();
    let said = output.as_ref().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match output.is_ok_and(|output| output.status.success()) {
        true => {}
        // A failure of the test itself, not of the namespace.
        false if said.contains("running 1 test") && !said.contains("no right to mount") => panic!("{said}"),
        false => skip("no right to mount here, nor in a namespace"),
    }
    false
}

/// A mount that goes when dropped.
struct Mount(PathBuf);

#[allow(clippy::disallowed_methods)] // tests make the faults of a file system with the system's own tools
fn mount(args: &[&str]) -> bool {
    std::process::Command::new("mount").args(args).output().is_ok_and(|output| output.status.success())
}

impl Mount {
    fn tmpfs(at: &Path, size: &str) -> Option<Self> {
        let place = at.to_str()?;
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", place]).then(|| Self(at.to_owned()))
    }

    fn bind_read_only(at: &Path) -> Option<Self> {
        let place = at.to_str()?;
        let bound = mount(&["--bind", place, place]).then(|| Self(at.to_owned()))?;
        mount(&["-o", "remount,bind,ro", place]).then_some(bound)
    }

    fn grow(&self, size: &str) -> bool {
        // Only this option: those that the system names for a mount in a namespace are not taken back.
        let options = format!("remount,size={size}");
        let args = |place| mount(&["--options-mode=ignore", "-t", "tmpfs", "-o", &options, "tmpfs", place]);
        self.0.to_str().is_some_and(args)
    }
}

impl Drop for Mount {
    #[allow(clippy::disallowed_methods)] // as above
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
