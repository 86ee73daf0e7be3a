//! A document opened wide: its pages, the words on them, and what can be done with words.

use crate::{browser, job};
use atelier_tests::{serve::Served, webdriver::Driver, workspace::Workspace};
use serde_json::Value;

const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const CONTROL: char = '\u{e009}';
const PAGE_DOWN: char = '\u{e00f}';
const LEFT: char = '\u{e012}';
const RIGHT: char = '\u{e014}';

/// One of the sample documents, open wide.
fn wide(width: u32, height: u32, name: &str) -> (Workspace, Served, Driver) {
    let workspace = Workspace::new().with_samples();
    let (served, browser) = browser::open(&workspace, width, height);
    browser.find(".side, .side-button");
    open(&browser, name);
    (workspace, served, browser)
}

/// Opens a sample document wide.
fn open(browser: &Driver, name: &str) {
    job::go(browser, "documents");
    browser.until("the document is in the list", || {
        let script = format!(
            "const row = [...document.querySelectorAll('[data-testid=document]')]
               .find((row) => row.textContent.includes({name:?}));
             row?.focus();
             return !!row;"
        );
        (browser.script(&script) == true).then_some(())
    });
    browser.press(&[' ']);
    browser.click("[data-testid=page-wide]");
    browser.find("[data-testid=reader]");
}

/// The find that is the current one, as its page shows it: whether it is marked inside the part that is in sight.
const IN_SIGHT: &str = "const mark = document.querySelector('.reader-page .page-box:not(.found)');
    const scroll = document.querySelector('.reader-scroll');
    if (!mark || !scroll) return false;
    const [m, s] = [mark.getBoundingClientRect(), scroll.getBoundingClientRect()];
    return m.width > 4 && m.height > 4 && m.top >= s.top && m.bottom <= s.bottom;";

/// Selects from the first to the third word of the first page, and lets go of the pointer.
const SELECT: &str = "const words = document.querySelectorAll('.reader-page[data-page=\"1\"] .page-words text');
    if (words.length < 3) return null;
    // As wide as the word on the picture, which is drawn at one and a half times its size.
    if (words[0].getBoundingClientRect().width < 100) return null;
    const range = document.createRange();
    range.setStart(words[0].firstChild, 0);
    range.setEnd(words[2].firstChild, words[2].firstChild.length);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.querySelector('.reader-scroll').dispatchEvent(new PointerEvent('pointerup', { bubbles: true }));
    return [words[0], words[1], words[2]].map((word) => word.textContent).join(' ');";

/// What the page gives to the clipboard.
const COPIED: &str = "const data = new DataTransfer();
    const event = new ClipboardEvent('copy', { bubbles: true, cancelable: true, clipboardData: data });
    document.querySelector('.reader-page[data-page=\"1\"] .page-words text').dispatchEvent(event);
    return data.getData('text/plain');";

#[test]
fn a_document_is_read_wide() {
    let (_workspace, _served, browser) = wide(1280, 800, "supplier-services-agreement.pdf");

    // The pages and their words, and small pictures of them.
    browser.find(".reader-page img");
    browser.until("the pages have small pictures", || (!browser.all(".reader-thumb img").is_empty()).then_some(()));
    let sharp = "return document.querySelector('.reader-page img').naturalWidth";
    let before = browser.script(sharp).as_u64();
    browser.picture("reader");

    // Larger is drawn anew, not blown up.
    browser.click(".reader-zoom button[aria-label='Larger']");
    browser.until("a sharper picture", || (browser.script(sharp).as_u64() > before).then_some(()));

    // Words are found and come into sight, one after the other.
    browser.type_into("#reader-find", "the SUPPLIER");
    browser.until("the first place is in sight", || (browser.script(IN_SIGHT) == true).then_some(()));
    let said = |browser: &Driver| browser.text(".reader-find [role=status]");
    let count: u32 = said(&browser).rsplit(' ').next().and_then(|n| n.parse().ok()).expect("how often");
    assert!(count > 2, "{}", said(&browser));
    for _ in 1..count {
        browser.press(&[ENTER]);
    }
    browser.until("the last place", || (said(&browser) == format!("{count} of {count}")).then_some(()));
    browser.until("it is in sight", || (browser.script(IN_SIGHT) == true).then_some(()));
    browser.picture("reader-find");
    browser.type_into("#reader-find", " never written");
    browser.until("it says that there is none", || (said(&browser) == "Not found").then_some(()));
    browser.press(&[ESCAPE]);
    browser.find("[data-testid=reader]");

    // Words are selected, copied as they stand there, and asked about.
    browser.script("document.querySelector('.reader-scroll').scrollTo(0, 0); return true;");
    let words = browser.until("words are selected", || match browser.script(SELECT) {
        Value::String(words) => Some(words),
        _ => None,
    });
    let copied = browser.script(COPIED);
    let copied = copied.as_str().expect("a text");
    assert_eq!(copied.split_whitespace().collect::<Vec<_>>().join(" "), words);
    browser.find("[data-testid=copy-cited]");
    browser.picture("reader-selected");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.click("[data-testid=ask-picked]");
    let asked = browser.until("the question begins with the words", || {
        let text = browser.script("return document.querySelector('#message')?.value ?? ''");
        let text = text.as_str()?.to_owned();
        text.contains(words.as_str()).then_some(text)
    });
    assert!(asked.starts_with('“'), "{asked}");
    assert!(browser.page().contains("supplier-services-agreement.pdf"), "the document is attached");
}

#[test]
fn keys_work_as_soon_as_a_document_is_wide() {
    let (_workspace, _served, browser) = wide(1280, 800, "supplier-services-agreement.pdf");
    browser.find(".reader-page img");
    browser.until("the focus is on the pages", || {
        (browser.script("return document.activeElement.className") == "reader-scroll").then_some(())
    });
    let sides = browser.script(
        "const bottom = document.querySelector('.dialog.reader[open]').getBoundingClientRect().bottom;
         return [bottom, document.querySelector('.boundary').getBoundingClientRect().top];",
    );
    assert!(sides[0].as_f64() <= sides[1].as_f64(), "the reader covers the boundary bar: {sides}");

    let percent = |browser: &Driver| browser.text(".reader-zoom .num");
    let page = |browser: &Driver| browser.script("return document.querySelector('.reader-page-field input').value");
    let top = |browser: &Driver| browser.script("return document.querySelector('.reader-scroll').scrollTop").as_i64();
    // Also where the focus is on the button that closes, outside of what is read.
    for focus in ["", "document.querySelector('.dialog.reader[open] .dialog-head button').focus();"] {
        browser.script(&format!("document.querySelector('.reader-scroll').scrollTo(0, 0); {focus} return true;"));
        browser.until("the first page", || (page(&browser) == "1").then_some(()));
        let before = percent(&browser);
        browser.press(&['+']);
        browser.until("the page is larger", || (percent(&browser) != before).then_some(()));
        browser.press(&['0']);
        browser.until("it fits again", || (percent(&browser) == before).then_some(()));
        browser.press(&[RIGHT]);
        browser.until("the second page", || (page(&browser) == "2").then_some(()));
        browser.press(&[LEFT]);
        browser.until("the first page again", || (page(&browser) == "1").then_some(()));
        // The number is that of where it goes; the pages come after it.
        browser.until("its top", || top(&browser).is_some_and(|top| top < 40).then_some(()));
        let before = top(&browser);
        browser.press(&[PAGE_DOWN]);
        browser.until("it scrolls", || (top(&browser) > before).then_some(()));
        // A word is no press of a button: nothing closes.
        browser.press(&['t']);
        browser.find("[data-testid=reader]");
    }
    browser.press(&[CONTROL, 'f']);
    browser.until("the focus is where words are looked for", || {
        (browser.script("return document.activeElement.id") == "reader-find").then_some(())
    });
    browser.press(&[ESCAPE]);
    browser.until("the reader is closed", || browser.all("[data-testid=reader]").is_empty().then_some(()));
}

#[test]
fn a_document_without_a_layout_is_read_wide() {
    let (_workspace, _served, browser) = wide(900, 700, "travel-policy.md");
    browser.find(".reader-text .page-text");
    let words = browser.script(
        "return document.querySelector('.reader-text .page-text').textContent.trim().split(/\\s+/).slice(3, 5).join(' ')",
    );
    browser.type_into("#reader-find", words.as_str().expect("words"));
    browser.until("the words are marked", || (!browser.all(".reader-text mark").is_empty()).then_some(()));
    browser.picture("reader-text");
}
