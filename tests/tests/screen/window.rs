//! The real window under Xvfb: the main job, quit, start again, everything still there.

use crate::job;
use atelier_tests::{display::Display, webdriver::Driver, workspace::Workspace};
use std::path::PathBuf;

/// Opens the window on a workspace.
pub fn open(display: &Display, workspace: &Workspace) -> Driver {
    // The web view's own files too belong into the test's folder.
    let environment: [(&str, PathBuf); 3] = [
        ("ATELIER_DATA", workspace.data()),
        ("XDG_DATA_HOME", workspace.folder().join("xdg-data")),
        ("XDG_CACHE_HOME", workspace.folder().join("xdg-cache")),
    ];
    Driver::window(&display.name, &environment)
}

#[test]
fn the_main_job_in_the_window_and_after_a_restart() {
    let display = Display::start();
    let workspace = Workspace::new();
    let window = open(&display, &workspace);
    job::import_samples(&window, "window");
    job::ask(&window, "window");
    job::open_citation(&window, "window");
    window.close();

    let window = open(&display, &workspace);
    job::find_again(&window, "window-again");
    window.close();
    // The window is gone at once; its app still ends the engine and closes the store: exit code 5.
    let mut verified = workspace.run(["log", "verify"]);
    for _ in 0..40 {
        if verified.status.code() != Some(5) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        verified = workspace.run(["log", "verify"]);
    }
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn the_window_loads_nothing_from_elsewhere() {
    let display = Display::start();
    let workspace = Workspace::new();
    let window = open(&display, &workspace);
    window.find("[data-testid=first-run]");
    let hosts = window.script(
        "return [...new Set(performance.getEntriesByType('resource').map((r) => new URL(r.name).host))].sort()",
    );
    for host in hosts.as_array().expect("a list") {
        let host = host.as_str().unwrap_or_default();
        assert!(matches!(host, "" | "localhost" | "tauri.localhost" | "ipc.localhost"), "{hosts}");
    }
    window.close();
}
