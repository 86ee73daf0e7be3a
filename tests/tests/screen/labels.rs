//! Labels: given to documents, shown with them, and what a search is narrowed by.

use crate::{browser, job};
use atelier_tests::{webdriver::Driver, workspace::Workspace};

/// The labels in the list, in its order.
fn labels(browser: &Driver) -> Vec<String> {
    let said = browser.script(
        "return [...document.querySelectorAll('[data-testid=document-label]')].map((label) => label.textContent)",
    );
    said.as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned()).collect()
}

fn listed(browser: &Driver) -> usize {
    browser.all("[data-testid=document]").len()
}

#[test]
fn documents_get_labels_and_are_found_by_them() {
    let workspace = Workspace::new().with_samples();
    let (_served, browser) = browser::open(&workspace, 1280, 800);
    browser::wait_for_session(&browser);
    browser::settings(&browser, "light", "en");
    job::go(&browser, "documents");
    let all = browser.until("the documents", || Some(listed(&browser)).filter(|count| *count > 1));
    browser.click("[data-testid=document]:nth-of-type(1) .check");
    browser.click("[data-testid=label]");
    browser.type_into("[data-testid=label-field]", "Client A\u{e007}");
    // A second one, from the same dialog; the first is a chip in it now.
    browser.find("[data-testid=label-toggle][aria-pressed=true]");
    browser.type_into("[data-testid=label-field]", "urgent\u{e007}");
    browser.until("both labels", || (labels(&browser) == ["Client A", "urgent"]).then_some(()));
    browser.picture("labels-dialog");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    // A press takes one off again.
    browser.click("[data-testid=label-toggle]:nth-of-type(2)");
    browser.until("one label", || (labels(&browser) == ["Client A"]).then_some(()));
    browser.press(&['\u{e00c}']);

    browser.click("[data-testid=label-chip]");
    browser.until("only the labelled document", || (listed(&browser) == 1).then_some(()));
    browser.picture("labels-documents");
    browser.click("[data-testid=label-chip]");
    browser.until("all documents", || (listed(&browser) == all).then_some(()));

    job::go(&browser, "search");
    browser.type_into("[data-testid=search-input]", "label:\"client a\"");
    browser.find("#hit-0");
    let documents = browser.script(
        "return new Set([...document.querySelectorAll('.hit .doc-open')].map((name) => name.textContent)).size",
    );
    assert_eq!(documents, 1);
    browser.find("[data-testid=search-chosen]");
    browser.picture("labels-search");
}
