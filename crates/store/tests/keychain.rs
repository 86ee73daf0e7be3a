//! The keychain of a Linux desktop, the real one: in a session bus and a home of its own, so that no
//! developer's keychain is ever touched.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are
#![cfg(target_os = "linux")]

mod common;
use common::*;
use protocol::*;
use std::{path::Path, time::Instant};
use store::{Keeping, Opened, Options, Store, StoreError};

const PART: &str = "ATELIER_KEYCHAIN_PART";
const DIR: &str = "ATELIER_KEYCHAIN_DIR";

/// How the session's keychain is started.
#[derive(Clone, Copy, PartialEq)]
enum Keychain {
    Unlocked,
    Locked,
    None,
    NoBus,
}

/// Runs a part of a test in a session of its own; what it printed where it failed.
#[allow(clippy::disallowed_methods)] // a session is made with the desktop's own programs
fn session(dir: &Path, keychain: Keychain, part: &str) {
    let start = match keychain {
        Keychain::Unlocked => "printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null && ",
        Keychain::Locked => "gnome-keyring-daemon --start --components=secrets >/dev/null && ",
        Keychain::None | Keychain::NoBus => "",
    };
    let me = std::env::current_exe().unwrap();
    let run = format!("{start}exec '{}' inside --exact --nocapture", me.display());
    let mut command = match keychain {
        Keychain::NoBus => std::process::Command::new("sh"),
        Keychain::Unlocked | Keychain::Locked | Keychain::None => {
            let mut command = std::process::Command::new("dbus-run-session");
            // A session without any service that it could start.
            if keychain == Keychain::None {
                let config = dir.join("bus.conf");
                let text = format!(
                    "<busconfig><type>session</type><listen>unix:dir={}</listen><policy context=\"default\">\
                     <allow send_destination=\"*\"/><allow own=\"*\"/></policy></busconfig>",
                    dir.display()
                );
                std::fs::write(&config, text).unwrap();
                command.arg("--config-file").arg(config);
            }
            command.args(["--", "sh"]);
            command
        }
    };
    let home = dir.join("home");
    std::fs::create_dir_all(home.join("run")).unwrap();
    let output = command
        .args(["-c", &run])
        .env(PART, part)
        .env(DIR, dir)
        .env("HOME", &home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("GNOME_KEYRING_CONTROL")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{part}: {said}");
}

/// Whether the programs of a session are here; in CI they must be.
fn there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |name: &str| std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
    let there = found("dbus-run-session") && found("gnome-keyring-daemon");
    assert!(there || std::env::var_os("CI").is_none(), "gnome-keyring and dbus are not installed");
    if !there {
        println!("skipped: gnome-keyring and dbus are not installed");
    }
    there
}

async fn try_here() -> Result<Opened, StoreError> {
    let dir = std::env::var_os(DIR).unwrap();
    Store::open(Path::new(&dir).join("workspace"), Options { keeping: Keeping::Keychain, ..options() }).await
}

/// Not a test: what happens in a session.
#[tokio::test]
async fn inside() {
    let Ok(part) = std::env::var(PART) else { return };
    let begun = Instant::now();
    let opened = try_here().await;
    match part.as_str() {
        "first" => {
            let Opened { store, notices } = opened.unwrap();
            assert_eq!((store.home().key_place, notices), (KeyPlace::Keychain, vec![]));
            let (actor, key) = (person(&store), Some("sk-secret-123".to_owned()));
            store.set_endpoint(&actor, "office", "https://models.example/v1", "m", key).await.unwrap();
            store.close().await;
        }
        "again" => {
            let Opened { store, notices } = opened.unwrap();
            assert_eq!((store.home().key_place, notices), (KeyPlace::Keychain, vec![]), "the same device goes on");
            let report = store.verify(store.home().workspace).await.unwrap();
            assert_eq!((report.intact, report.devices), (true, 1));
            assert_eq!(store.endpoint_key("office").await.unwrap().as_deref(), Some("sk-secret-123"));
            store.close().await;
        }
        "forget" => {
            let store = opened.unwrap().store;
            store.remove_endpoint(&person(&store), "office").await.unwrap();
            assert_eq!(store.endpoint_key("office").await.unwrap(), None);
            store.close().await;
        }
        "locked" => {
            let Err(error) = opened else { panic!("a locked keychain must not make a new device") };
            let fault = error.fault();
            assert_eq!((fault.code.as_str(), fault.hint.is_some()), ("store.keychain_locked", true));
        }
        "gone" => {
            let Opened { store, notices } = opened.unwrap();
            assert_eq!(notices[0].code, "store.new_device.no_key");
            assert_eq!(store.home().key_place, KeyPlace::File);
            store.close().await;
        }
        "none" => {
            let Opened { store, notices } = opened.unwrap();
            assert!(begun.elapsed().as_secs() < 15, "it waited for a keychain that is not there");
            assert_eq!(store.home().key_place, KeyPlace::File);
            assert_eq!(notices.iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["store.key_in_file"]);
            store.close().await;
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_keychain_keeps_what_it_is_given() {
    if !there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    session(dir.path(), Keychain::Unlocked, "first");
    assert!(!dir.path().join("workspace/device.key").exists());
    session(dir.path(), Keychain::Unlocked, "again");
    // Locked: it is said, and nothing is begun in the device's place.
    session(dir.path(), Keychain::Locked, "locked");
    session(dir.path(), Keychain::Unlocked, "again");
    session(dir.path(), Keychain::Unlocked, "forget");
    session(dir.path(), Keychain::NoBus, "gone");
}

/// Where a keychain should answer and there is none, the start goes on in time and says so.
#[test]
fn no_keychain_is_no_obstacle() {
    if !there() {
        return;
    }
    for keychain in [Keychain::NoBus, Keychain::None] {
        session(tempfile::tempdir().unwrap().path(), keychain, "none");
    }
}
