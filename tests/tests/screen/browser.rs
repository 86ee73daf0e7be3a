//! The interface in headless Chromium, from `atelier serve`.

use crate::job;
use atelier_tests::{serve::Served, webdriver::Driver, workspace::Workspace};
use std::time::Duration;

/// Every screen that has an address.
const ROUTES: &[&str] = &["", "documents", "folders", "removed", "search", "models", "outbound", "settings"];

pub fn open(workspace: &Workspace, width: u32, height: u32) -> (Served, Driver) {
    let served = Served::start(workspace);
    let browser = Driver::chromium(width, height);
    browser.open_url(&served.url());
    (served, browser)
}

/// Changes settings as the page itself would: with its own session.
pub fn settings(browser: &Driver, theme: &str, language: &str) {
    let said = browser.script_async(&format!(
        "const done = arguments[arguments.length - 1];
         const call = (body) => fetch('/api/call', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
           body: JSON.stringify(body) }}).then((r) => r.json());
         call({{ call: 'Open' }})
           .then((opened) => call({{ call: 'ChangeSettings',
             settings: {{ ...opened.ok.settings, theme: '{theme}', language: '{language}', welcomed: true }} }}))
           .then((r) => done(JSON.stringify(r)), (e) => done('failed: ' + e));"
    ));
    assert!(!said.to_string().contains("fault") && !said.to_string().contains("failed"), "{said}");
}

/// The page asks with its own cookie, so it must have traded the token first.
pub fn wait_for_session(browser: &Driver) {
    browser.until("the interface is there", || {
        browser.script("return document.querySelector('.app') !== null").as_bool()?.then_some(())
    });
}

#[test]
fn the_main_job_in_a_browser() {
    let workspace = Workspace::new();
    let (served, browser) = open(&workspace, 1280, 800);
    job::import_samples(&browser, "browser");
    job::ask(&browser, "browser");
    job::open_citation(&browser, "browser");
    assert_eq!(browser.accessibility(), Vec::<String>::new(), "the chat with its sources");
    drop(browser);
    drop(served);

    let (_served, browser) = open(&workspace, 1280, 800);
    job::find_again(&browser, "browser-again");
}

#[test]
fn what_the_documents_do_not_answer_is_said() {
    let workspace = Workspace::new().with_samples();
    let (_served, browser) = open(&workspace, 1280, 800);
    wait_for_session(&browser);
    settings(&browser, "light", "en");
    job::go(&browser, "");
    browser.type_into("#message", "What is the boiling point of tungsten in kelvin?");
    browser.click(".composer .send");
    browser.find(".msg.answer .not-answered");
    assert!(browser.all(".msg.answer .cite").is_empty(), "a refusal has no citation");
    browser.picture("browser-not-answered");
}

#[test]
fn every_screen_is_accessible_in_both_themes_and_languages() {
    let workspace = Workspace::new().with_samples();
    let (_served, browser) = open(&workspace, 1280, 800);
    wait_for_session(&browser);
    let mut found = Vec::new();
    for (theme, language) in [("light", "en"), ("dark", "fr")] {
        settings(&browser, theme, language);
        browser.until("the language is used", || {
            (browser.script("return document.documentElement.lang") == language).then_some(())
        });
        for route in ROUTES {
            job::go(&browser, route);
            browser.until("the screen stands", || {
                browser.script("return document.querySelector('main h1, main h2') !== null").as_bool()?.then_some(())
            });
            std::thread::sleep(Duration::from_millis(400));
            let name = if route.is_empty() { "new-chat" } else { route };
            browser.picture(&format!("screen-{name}-{theme}-{language}"));
            found.extend(browser.accessibility().into_iter().map(|one| format!("{name} {theme} {language}: {one}")));
        }
    }
    assert!(found.is_empty(), "axe-core:\n{}", found.join("\n"));
}

#[test]
fn nothing_is_cut_off_in_a_small_window() {
    let workspace = Workspace::new().with_samples();
    let (_served, browser) = open(&workspace, 700, 560);
    wait_for_session(&browser);
    settings(&browser, "light", "fr");
    for route in ROUTES {
        job::go(&browser, route);
        std::thread::sleep(Duration::from_millis(500));
        let wide = browser.script("return [document.documentElement.scrollWidth, innerWidth]");
        assert!(wide[0].as_u64() <= wide[1].as_u64(), "#/{route} scrolls sideways: {wide}");
        browser.picture(&format!("small-{}", if route.is_empty() { "new-chat" } else { route }));
    }
}

#[test]
fn the_palette_opens_and_goes_away_by_keyboard() {
    const CONTROL: char = '\u{e009}';
    const ESCAPE: char = '\u{e00c}';
    let workspace = Workspace::new().with_samples();
    let (_served, browser) = open(&workspace, 1280, 800);
    wait_for_session(&browser);
    settings(&browser, "light", "en");
    job::go(&browser, "documents");
    browser.find("[data-testid=documents]");
    browser.press(&[CONTROL, 'k']);
    browser.find("[data-testid=palette]");
    browser.picture("browser-palette");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.press(&[ESCAPE]);
    browser.until("the palette is gone", || {
        browser
            .script("const p = document.querySelector('[data-testid=palette]'); return !p || !p.checkVisibility()")
            .as_bool()?
            .then_some(())
    });
}

#[test]
fn the_page_can_load_nothing_from_elsewhere() {
    let workspace = Workspace::new();
    let (_served, browser) = open(&workspace, 1280, 800);
    wait_for_session(&browser);
    let refused = browser.script_async(
        "const done = arguments[arguments.length - 1];
         const refused = new Set();
         document.addEventListener('securitypolicyviolation', (e) => refused.add(e.effectiveDirective));
         const add = (tag, give) => document.body.append(Object.assign(document.createElement(tag), give));
         add('img', { src: 'https://elsewhere.example/x.png' });
         add('script', { src: 'https://elsewhere.example/x.js' });
         add('script', { textContent: 'window.inline = 1' });
         add('iframe', { src: 'https://elsewhere.example/' });
         add('link', { rel: 'stylesheet', href: 'https://elsewhere.example/x.css' });
         add('video', { src: 'https://elsewhere.example/x.mp4' });
         fetch('https://elsewhere.example/').catch(() => 0);
         try { new WebSocket('wss://elsewhere.example/'); } catch { }
         setTimeout(() => done([...refused, window.inline ? 'an inline script ran' : ''].filter(Boolean).sort()), 1500);",
    );
    let wanted = ["connect-src", "frame-src", "img-src", "media-src", "script-src-elem", "style-src-elem"];
    assert_eq!(refused, serde_json::json!(wanted));
}

#[test]
fn search_shows_passages_while_typing() {
    let workspace = Workspace::new().with_samples();
    let (_served, browser) = open(&workspace, 1280, 800);
    wait_for_session(&browser);
    settings(&browser, "light", "en");
    job::go(&browser, "search");
    browser.type_into("[data-testid=search-input]", "notice period");
    browser.find("[data-testid=hit]");
    browser.picture("browser-search");
}

#[test]
fn the_accessibility_checker_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    std::fs::write(
        &page,
        "<!doctype html><html lang='en'><title>A page</title><main><h1>A page</h1>\
         <button id='bare'></button><p style='color:#999;background:#fff'>pale words</p></main></html>",
    )
    .unwrap();
    let browser = Driver::chromium(800, 600);
    browser.open_url(&format!("file://{}", page.display()));
    let found = browser.accessibility().join("\n");
    assert!(found.contains("button-name") && found.contains("#bare"), "{found}");
    assert!(found.contains("color-contrast"), "{found}");
}
