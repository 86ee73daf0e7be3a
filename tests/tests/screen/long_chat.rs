//! A chat of 5,000 items opens and scrolls without a stall.

use atelier_tests::{
    measured, memory::Watch, place, serve::Served, skip::skip, webdriver::Driver, workspace::Workspace,
};
use std::{process::Command, time::Duration};

const ITEMS: usize = 5_000;
/// Generous, so that a loaded machine passes; what is aimed for is measured and noted.
const OPENS_WITHIN_MS: f64 = 10_000.0;
const LONGEST_FRAME_MS: f64 = 3_000.0;

/// Adds a chat of many items to a workspace; None where the program for that is not built.
#[allow(clippy::disallowed_methods)] // tests start the programs that they need
fn long_chat(workspace: &Workspace) -> Option<String> {
    let program = place::example("fill")?;
    workspace.json(["chats"]); // makes the workspace with its agents
    let out = Command::new(program).arg(workspace.data()).arg(ITEMS.to_string()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let made: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    Some(made["chat"].as_str().unwrap().to_owned())
}

/// Watches the frames of the page: the longest gap between two, in milliseconds.
const WATCH: &str = "window.gap = 0; let last = performance.now();
    const frame = (now) => { window.gap = Math.max(window.gap, now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); }); return true;";

/// Opens the chat and calls back with the milliseconds until its last answer stands on the screen.
fn opens(screen: &Driver, chat: &str) -> f64 {
    let took = screen.script_async(&format!(
        "const done = arguments[arguments.length - 1];
         const began = performance.now();
         location.hash = '#/chat/{chat}';
         const look = () => {{
           const all = document.querySelectorAll('.thread .msg.answer');
           const last = all[all.length - 1];
           if (last && last.innerText.includes('Answer {}.')) {{
             const r = last.getBoundingClientRect();
             if (r.top < innerHeight && r.bottom > 0) return done(performance.now() - began);
           }}
           if (performance.now() - began > 25000) return done(null);
           requestAnimationFrame(look);
         }};
         look();",
        ITEMS / 2 - 1
    ));
    took.as_f64().unwrap_or_else(|| {
        screen.picture("failed");
        panic!("the chat does not open. The page says:\n{}", screen.page())
    })
}

/// Opens the chat twice, scrolls up where `older` says so, and looks at what was drawn and how long
/// the page stood still.
fn check(screen: &Driver, chat: &str, name: &str, older: u32) {
    screen.until("the interface is there", || {
        screen.script("return document.querySelector('.app') !== null").as_bool()?.then_some(())
    });
    screen.script(WATCH);
    let cold = opens(screen, chat);
    // Once more, now that everything is compiled and laid out.
    screen.script("location.hash = '#/documents'; return true;");
    screen.find("[data-testid=documents]");
    let warm = opens(screen, chat);
    let rows = || screen.script("return document.querySelectorAll('.thread .msg').length").as_u64().unwrap();
    let first = rows();
    assert!(first < 1_000, "{first} rows were drawn to show one screen of them");
    // Up to older messages, some pages of them.
    let mut seen = first;
    for _ in 0..older {
        // Again and again, as a person turns the wheel: what arrives pushes the view down meanwhile.
        seen = screen.until("older messages", || {
            screen.script("document.querySelector('.thread').scrollTop = 0; return true;");
            Some(rows()).filter(|rows| *rows > seen)
        });
    }
    let drawn = screen.script(
        "const all = [...document.querySelectorAll('.thread .msg')];
         return all.filter((m) => getComputedStyle(m).contentVisibility !== 'auto').length;",
    );
    assert!(seen < 1_500 || drawn.as_u64() < Some(200), "{seen} rows, {drawn} of them always laid out");
    let gap = screen.script("return window.gap").as_f64().unwrap();
    screen.picture(&format!("{name}-long-chat"));
    for (figure, value) in [("opens_cold_ms", cold), ("opens_warm_ms", warm), ("longest_frame_ms", gap)] {
        measured::note(&format!("{name}.chat_of_5000.{figure}"), value.round());
    }
    assert!(cold < OPENS_WITHIN_MS, "it took {cold} ms to open");
    assert!(gap < LONGEST_FRAME_MS, "the page stood still for {gap} ms");
}

#[test]
fn a_chat_of_5000_items_opens_and_scrolls_in_a_browser() {
    let workspace = Workspace::new();
    let Some(chat) = long_chat(&workspace) else { return skip("the example `fill` of the store is not built") };
    let served = Served::start(&workspace);
    let browser = Driver::chromium(1280, 800);
    browser.open_url(&served.url());
    check(&browser, &chat, "browser", 5);
}

#[cfg(target_os = "linux")]
#[test]
fn a_chat_of_5000_items_opens_in_the_window() {
    let workspace = Workspace::new();
    let Some(chat) = long_chat(&workspace) else { return skip("the example `fill` of the store is not built") };
    let display = atelier_tests::display::Display::start();
    let window = crate::window::open(&display, &workspace);
    let watch = Watch::start(window.pid());
    window.find(".app");
    // It has drawn its first screen and does nothing any more.
    std::thread::sleep(Duration::from_secs(3));
    let idle = watch.now();
    check(&window, &chat, "window", 2);
    let (after, peak) = (watch.now(), watch.stop());
    assert!(idle["pss_mb"].as_f64() > Some(0.0) && peak["pss_mb"].as_f64() >= idle["pss_mb"].as_f64(), "{idle} {peak}");
    for (figure, value) in [("idle", idle), ("after_chat_of_5000", after), ("peak", peak)] {
        measured::note(&format!("window.memory.{figure}"), value);
    }
    window.close();
}

#[cfg(target_os = "linux")]
#[test]
fn the_window_is_interactive_soon() {
    let display = atelier_tests::display::Display::start();
    let mut times = Vec::new();
    // The first start reads the programs from the disk; the next ones find them in memory. Each has
    // a workspace of its own: the one before may still be closing.
    for _ in 0..3 {
        let workspace = Workspace::new();
        workspace.json(["chats"]);
        let started = std::time::Instant::now();
        let window = crate::window::open(&display, &workspace);
        window.within(Duration::from_secs(60), "something to click or to type into", || {
            let there = "return document.querySelector('#message, [data-testid=first-run] button') !== null";
            window.script(there).as_bool()?.then_some(())
        });
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        window.close();
    }
    measured::note("window.spawn_to_interactive_ms", times.iter().map(|ms| ms.round()).collect::<Vec<_>>());
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(best < 20_000.0, "{times:?}");
}
