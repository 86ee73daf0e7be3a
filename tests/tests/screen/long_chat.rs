//! A chat of 5,000 items opens and scrolls without a stall.

use atelier_tests::{
    measured, memory::Watch, place, serve::Served, skip::skip, webdriver::Driver, workspace::Workspace,
};
use std::{
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const ITEMS: usize = 5_000;
/// Generous, so that a loaded machine passes; what is aimed for is measured and noted.
const OPENS_WITHIN_MS: f64 = 10_000.0;
const LONGEST_FRAME_MS: f64 = 3_000.0;

/// What is measured here is measured one after the other: each takes the whole machine for a while.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

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

/// More rows than this on the page, and it costs what the whole chat costs.
const MOST_ROWS: u64 = 120;

/// The row at the upper edge of the view: its item, and how far below the edge it begins.
const AT_EDGE: &str = "window.atEdge = () => {
    const thread = document.querySelector('.thread'), edge = thread.getBoundingClientRect().top;
    const row = [...thread.querySelectorAll('.msg')].find((m) => m.getBoundingClientRect().bottom > edge + 1);
    return row && [row.dataset.item, row.getBoundingClientRect().top - edge, row.innerText];
  };
  window.topOf = (item) => document.querySelector(`.thread [data-item='${item}']`)?.getBoundingClientRect().top
    - document.querySelector('.thread').getBoundingClientRect().top;
  return true;";

/// Turns the wheel up a little again and again; the row that was read must move by just that much,
/// whatever is drawn and read above it meanwhile. Calls back with the largest difference in pixels.
const CREEP: &str = "const done = arguments[arguments.length - 1];
    const thread = document.querySelector('.thread');
    let steps = 60, worst = 0;
    const step = () => {
      const before = window.atEdge(), from = thread.scrollTop;
      if (!before) return done('no row at the edge');
      thread.scrollTop = from - 180;
      const by = Math.min(180, from);
      requestAnimationFrame(() => requestAnimationFrame(() => {
        const moved = window.topOf(before[0]) - before[1];
        if (Number.isNaN(moved)) return done('the row that was read is gone');
        // At the very beginning what arrives from the workspace pushes the view down, and no more is asked.
        worst = Math.max(worst, Math.abs(moved - by));
        if (--steps > 0) step(); else done(worst);
      }));
    };
    step();";

/// With larger text the page is zoomed in a browser: rows cover the view there too, wherever it is.
fn covered(screen: &Driver) {
    let blank = "const thread = document.querySelector('.thread'), view = thread.getBoundingClientRect();
        const rows = [...thread.querySelectorAll('.msg')].map((m) => m.getBoundingClientRect());
        return rows.length && rows[0].top <= view.top + 60 && rows[rows.length - 1].bottom >= view.bottom - 60;";
    for zoom in ["1.5", "0.9", "1"] {
        screen.script(&format!("document.documentElement.style.setProperty('--zoom', {zoom}); return true"));
        for part in ["0.5", "0.9", "0.1"] {
            screen.script(&format!(
                "const thread = document.querySelector('.thread');
                 thread.scrollTop = thread.scrollHeight * {part}; return true"
            ));
            screen.until("rows where the view is", || screen.script(blank).as_bool()?.then_some(()));
        }
    }
}

/// Opens the chat twice, scrolls to its beginning and back to its end, and looks at what was drawn,
/// whether what was read stayed in its place, and how long the page stood still.
fn check(screen: &Driver, chat: &str, name: &str) {
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
    let few = |when: &str| {
        let rows = rows();
        assert!(rows < MOST_ROWS, "{rows} rows were drawn {when} to show one screen of them");
    };
    let gap = || screen.script("const gap = window.gap; window.gap = 0; return gap").as_f64().unwrap();
    let opening = gap();
    few("at first");
    screen.script(AT_EDGE);
    let moved = screen.script_async(CREEP);
    assert!(moved.as_f64().is_some_and(|px| px <= 2.0), "what was read moved by {moved} px");
    few("on the way up");
    let creeping = gap();
    // To the beginning with one key, whatever has to be read for that.
    screen.script(
        "document.querySelector('.thread').dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }));
         return true;",
    );
    screen.within(Duration::from_secs(60), "the first question", || {
        let at_edge = screen.script("return window.atEdge();");
        at_edge[2].as_str()?.contains("Question 0:").then_some(())
    });
    few("at the beginning");
    let reading = gap();
    screen.picture(&format!("{name}-long-chat"));
    screen.until("the last answer again", || {
        let text = screen.script(
            "const thread = document.querySelector('.thread'); thread.scrollTop = thread.scrollHeight;
             const all = thread.querySelectorAll('.msg.answer'), last = all[all.length - 1];
             return last && last.getBoundingClientRect().top < innerHeight ? last.innerText : null;",
        );
        text.as_str()?.contains(&format!("Answer {}.", ITEMS / 2 - 1)).then_some(())
    });
    few("at the end");
    let frames = [("opening", opening), ("scrolling", creeping), ("reading_all", reading), ("jumping", gap())];
    for (figure, value) in [("opens_cold_ms", cold), ("opens_warm_ms", warm)] {
        measured::note(&format!("{name}.chat_of_5000.{figure}"), value.round());
    }
    for (when, longest) in frames {
        measured::note(&format!("{name}.chat_of_5000.longest_frame_ms.{when}"), longest.round());
    }
    assert!(cold < OPENS_WITHIN_MS, "it took {cold} ms to open");
    let worst = frames.map(|(_, longest)| longest).into_iter().fold(0.0, f64::max);
    assert!(worst < LONGEST_FRAME_MS, "the page stood still: {frames:?}");
    covered(screen);
}

#[test]
fn a_chat_of_5000_items_opens_and_scrolls_in_a_browser() {
    let _alone = alone();
    let workspace = Workspace::new();
    let Some(chat) = long_chat(&workspace) else { return skip("the example `fill` of the store is not built") };
    let served = Served::start(&workspace);
    let browser = Driver::chromium(1280, 800);
    browser.open_url(&served.url());
    check(&browser, &chat, "browser");
}

#[cfg(target_os = "linux")]
#[test]
fn a_chat_of_5000_items_opens_and_scrolls_in_the_window() {
    let _alone = alone();
    let workspace = Workspace::new();
    let Some(chat) = long_chat(&workspace) else { return skip("the example `fill` of the store is not built") };
    let display = atelier_tests::display::Display::start();
    let window = crate::window::open(&display, &workspace);
    let watch = Watch::start(window.pid());
    window.find(".app");
    // It has drawn its first screen and does nothing any more.
    std::thread::sleep(Duration::from_secs(3));
    let idle = watch.now();
    check(&window, &chat, "window");
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
    let _alone = alone();
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
