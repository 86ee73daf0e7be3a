//! A chat while it is being written: left and found again, cut off, queued, edited.

use crate::{
    browser::{open, settings, wait_for_session},
    job::go,
};
use atelier_tests::{serve::Served, webdriver::Driver, workspace::Workspace};
use serde_json::{Value, json};

const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const ARROW_UP: char = '\u{e013}';
/// An answer to this goes on for a while.
const LONG: &str = "Write an essay about the history of Europe from the Romans until today.";

/// Asks as the page itself would: with its own session.
fn call(browser: &Driver, request: &Value) -> Value {
    let said = browser.script_async(&format!(
        "const done = arguments[arguments.length - 1];
         fetch('/api/call', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
           body: JSON.stringify({request}) }}).then((r) => r.json()).then(done, (e) => done('failed: ' + e));"
    ));
    assert!(said.get("ok").is_some(), "{request}: {said}");
    said["ok"].clone()
}

/// A chat with the agent that needs no documents, open on the screen.
fn begin(browser: &Driver) -> String {
    wait_for_session(browser);
    settings(browser, "light", "en");
    let agents = call(browser, &json!({ "call": "Open" }))["agents"].clone();
    let agents = agents.as_array().expect("agents");
    let agent = agents.iter().find(|agent| agent["role"] == "assistant").expect("an assistant");
    let chat = call(browser, &json!({ "call": "StartChat", "agent": agent["id"] }))["id"].clone();
    let chat = chat.as_str().expect("an id").to_owned();
    go(browser, &format!("chat/{chat}"));
    browser.find(".thread-in");
    chat
}

fn ask(browser: &Driver, text: &str) {
    browser.type_into("#message", text);
    browser.press(&[ENTER]);
}

fn count(browser: &Driver, css: &str) -> usize {
    browser.all(css).len()
}

fn until_count(browser: &Driver, css: &str, wanted: usize) {
    browser.until(&format!("{wanted} of {css}"), || (count(browser, css) == wanted).then_some(()));
}

/// The words of the last answer.
fn last_words(browser: &Driver) -> String {
    let words = browser.script(
        "const all = document.querySelectorAll('.msg.answer .read');
         return all.length ? all[all.length - 1].innerText : ''",
    );
    words.as_str().unwrap_or_default().to_owned()
}

fn until_some_words(browser: &Driver) {
    browser.until("some words of the answer", || (last_words(browser).split_whitespace().count() > 12).then_some(()));
}

#[test]
fn an_answer_is_whole_after_leaving_it_and_losing_the_connection() {
    let workspace = Workspace::new();
    let served = Served::start(&workspace);
    let browser = Driver::chromium(1280, 800);
    browser.before_load(
        "window.sockets = []; window.reads = 0;
         const Socket = window.WebSocket, ask = window.fetch;
         window.WebSocket = function (address) { const one = new Socket(address); window.sockets.push(one); return one; };
         window.fetch = function (path, init) {
           if (init && String(init.body).includes('\"ReadChat\"')) window.reads += 1;
           return ask.call(window, path, init);
         };",
    );
    browser.open_url(&served.url());
    let chat = begin(&browser);
    ask(&browser, LONG);
    until_some_words(&browser);

    go(&browser, "documents");
    browser.find("[data-testid=documents]");
    browser.script("window.reads = 0; window.sockets.at(-1).close(); return true");
    go(&browser, &format!("chat/{chat}"));
    until_some_words(&browser);
    browser.until("the connection is back, and the bar does not say that it is lost", || {
        browser
            .script(
                "const all = window.sockets, lost = document.querySelector('.boundary > .seg > .spin');
                 return all.length === 2 && all[1].readyState === 1 && !lost",
            )
            .as_bool()?
            .then_some(())
    });
    let before = last_words(&browser).len();
    browser.until("the answer goes on", || {
        let done = count(&browser, ".msg.answer[aria-busy=false]") == 1;
        (done || last_words(&browser).len() > before).then_some(())
    });
    browser.click("#message");
    browser.press_again(ESCAPE, 2);
    browser.find(".msg.answer[aria-busy=false]");
    let reads = browser.script("return window.reads").as_u64();
    assert!(reads <= Some(2), "a chat that is being written was read {reads:?} times");

    let words = last_words(&browser);
    browser.script("location.reload(); return true");
    browser.until("the same words after a reload", || (last_words(&browser) == words).then_some(()));
}

#[test]
fn questions_wait_in_line_and_can_be_withdrawn() {
    let workspace = Workspace::new();
    let (_served, browser) = open(&workspace, 1280, 800);
    let chat = begin(&browser);
    browser.type_into("#message", LONG);
    browser.press_again(ENTER, 2);
    until_some_words(&browser);
    assert_eq!(count(&browser, ".msg.question"), 1, "Enter pressed twice sends once");
    // Sent at once: typed on a busy machine, they would come when the long answer is at its end.
    for text in [LONG, LONG, "What is snow?"] {
        call(&browser, &json!({ "call": "SendMessage", "chat": chat, "text": text, "attached": [] }));
    }
    until_count(&browser, ".withdraw", 3);

    browser.click(".msg:last-child .withdraw");
    browser.find(".msg:last-child .ended");
    browser.picture("chat-queued");
    assert_eq!(browser.accessibility(), Vec::<String>::new(), "a chat in which a question waits");
    // The one that runs is stopped, and those that waited have their turns.
    for _ in 0..3 {
        browser.click("#message");
        browser.press(&[ESCAPE]);
    }
    until_count(&browser, ".withdraw", 0);
}

#[test]
fn an_edited_question_is_a_branch_that_stays_chosen() {
    let workspace = Workspace::new();
    let (_served, browser) = open(&workspace, 1280, 800);
    begin(&browser);
    let shown = |words: &str, place: &str| {
        browser.until(&format!("{words} at {place}"), || {
            let asked = browser.text(".msg.question .asked");
            let branches = browser.text(".msg.question .branches .num");
            (asked == words && branches.contains(place)).then_some(())
        });
    };
    ask(&browser, "Say yes.");
    browser.find(".msg.answer[aria-busy=false]");
    browser.click(".msg.question .msg-acts > button");
    browser.type_into(".composer.edit textarea", " Or say no.");
    browser.press_again(ENTER, 2);
    shown("Say yes. Or say no.", "2/2");
    assert_eq!(count(&browser, ".msg.question"), 1);
    browser.find(".msg.answer[aria-busy=false]");
    browser.click(".msg.question .branches button:first-child");
    shown("Say yes.", "1/2");
    // The arrow up in an empty message field edits the last question, with the hand on it at once.
    browser.click("#message");
    browser.press(&[ARROW_UP]);
    browser.until("the question's words can be written in", || {
        let field =
            browser.script("const field = document.activeElement; return field.closest('.edit') && field.value");
        (field.as_str() == Some("Say yes.")).then_some(())
    });
    browser.press(&[ESCAPE]);
    until_count(&browser, ".composer.edit", 0);
    browser.script("location.reload(); return true");
    shown("Say yes.", "1/2");
}

#[test]
fn a_restarted_server_says_how_to_get_in_and_the_draft_is_kept() {
    let workspace = Workspace::new();
    let (served, browser) = open(&workspace, 1280, 800);
    let chat = begin(&browser);
    browser.type_into("#message", "Not sent yet");
    let address = served.address.to_string();
    drop(served);
    browser.find(".boundary > .seg > .spin");

    let served = Served::start_at(&workspace, &address);
    browser.find("main.closed [role=alert]");
    browser.picture("chat-restarted");
    assert!(browser.page().contains("terminal"), "{}", browser.page());
    browser.open_url(&served.url());
    wait_for_session(&browser);
    go(&browser, &format!("chat/{chat}"));
    browser.until("the draft", || {
        (browser.script("return document.querySelector('#message')?.value") == "Not sent yet").then_some(())
    });
}
