//! What lies where in windows of several widths, and the documents by keyboard and by drop.

use crate::job;
use atelier_tests::{serve::Served, webdriver::Driver, workspace::Workspace};

const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const SHIFT: char = '\u{e008}';
const DOWN: char = '\u{e015}';
const DELETE: char = '\u{e017}';

/// The interface with the sample documents: nobody is welcomed who has some.
fn open(width: u32, height: u32) -> (Workspace, Served, Driver) {
    let workspace = Workspace::new().with_samples();
    let served = Served::start(&workspace);
    let browser = Driver::chromium(width, height);
    browser.open_url(&served.url());
    browser.find(".side, .side-button");
    (workspace, served, browser)
}

fn count(browser: &Driver, css: &str) -> usize {
    browser.all(css).len()
}

#[test]
fn in_a_narrow_window_nothing_covers_the_work_until_it_is_asked_for() {
    let (_workspace, _served, browser) = open(900, 700);
    job::go(&browser, "search");
    browser.type_into("[data-testid=search-input]", "notice period");
    browser.find("[data-testid=hit]");
    assert_eq!(count(&browser, ".panel"), 0, "the page covers the passages");
    browser.press(&[ENTER]);
    browser.find(".panel [data-testid=search-close]");
    browser.picture("narrow-search");
    browser.press(&[ESCAPE]);
    browser.until("the page is away", || (count(&browser, ".panel") == 0).then_some(()));

    browser.click("#side-toggle");
    browser.find(".app.side-shown");
    browser.picture("narrow-sidebar");
    browser.press(&[ESCAPE]);
    browser.until("the sidebar is a rail again", || (count(&browser, ".app.side-shown") == 0).then_some(()));
    assert_eq!(browser.script("return document.activeElement.id"), "side-toggle", "the focus is lost");
    browser.click("#side-toggle");
    browser.click(".side a[href='#/documents']");
    browser.find("[data-testid=documents]");
    browser
        .until("the sidebar does not stay over the page", || (count(&browser, ".app.side-shown") == 0).then_some(()));
}

#[test]
fn documents_are_chosen_shown_and_removed_by_keyboard() {
    let (_workspace, _served, browser) = open(1280, 800);
    job::go(&browser, "documents");
    browser.find("[data-testid=document]");
    let all = count(&browser, "[data-testid=document]");
    browser.script("document.querySelector('[data-testid=document]').focus(); return true;");
    browser.press(&[DOWN]);
    browser.press(&[' ']);
    browser.find(".panel .viewer");
    assert_eq!(browser.script("return document.activeElement.getAttribute('aria-rowindex')"), "3");
    browser.press(&[ESCAPE]);
    browser.press(&[SHIFT, DOWN]);
    browser.find("thead .check[aria-checked=mixed]");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.press(&[DELETE]);
    browser.until("two documents are gone", || (count(&browser, "[data-testid=document]") == all - 2).then_some(()));
    browser.click(".toast .btn:not(.icon)");
    browser.until("they are back", || (count(&browser, "[data-testid=document]") == all).then_some(()));
}

#[test]
fn a_file_dropped_on_a_chat_is_imported_and_nothing_else_is() {
    // What a drag of the system looks like to the page.
    const DRAG: &str = "const drag = (kind, files) => {
        const data = new DataTransfer();
        files.forEach((name) => data.items.add(new File(['# ' + name], name)));
        if (!files.length) data.setData('text/plain', 'words');
        const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data });
        document.querySelector('main').dispatchEvent(event);
        return event.defaultPrevented;
      };";
    let (_workspace, _served, browser) = open(1280, 800);
    job::go(&browser, "");
    browser.find("#message");
    assert_eq!(browser.script(&format!("{DRAG} return drag('dragenter', [])")), false, "words are not files");
    assert_eq!(browser.script(&format!("{DRAG} return drag('dragover', ['a.md'])")), true, "the browser would leave");
    browser.script(&format!("{DRAG} return drag('dragenter', ['a.md', 'b.md'])"));
    browser.find("[data-testid=drop]");
    browser.picture("drop");
    browser.script(&format!("{DRAG} return drag('drop', ['dropped.md'])"));
    job::go(&browser, "documents");
    browser.until("the dropped file is in the list", || {
        browser.text("[data-testid=documents]").contains("dropped.md").then_some(())
    });
}
