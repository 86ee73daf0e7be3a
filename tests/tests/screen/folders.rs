//! A watched folder, as a person meets it: what is put into it, renamed in it and deleted from it.

use crate::job;
use atelier_tests::{serve::Served, webdriver::Driver, workspace::Workspace};
use std::fs;

/// Waits until the list of documents has one name and not the other.
fn listed(browser: &Driver, name: &str, not: &str) {
    job::go(browser, "documents");
    browser.until(&format!("{name} and not {not} in the list"), || {
        let script = format!(
            "const text = [...document.querySelectorAll('[data-testid=document]')].map((row) => row.textContent).join();
             return text.includes({name:?}) && !text.includes({not:?});"
        );
        (browser.script(&script) == true).then_some(())
    });
}

#[test]
fn a_folder_is_followed() {
    let workspace = Workspace::new().with_samples();
    let served = Served::start(&workspace);
    let browser = Driver::chromium(1280, 800);
    browser.open_url(&served.url());
    browser.find(".side, .side-button");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("lease of the shed.md"), "# Lease of the shed\n\nThe rent of the shed is 40 euros a month.")
        .unwrap();
    fs::write(file("~$lease.docx"), "what an office program leaves").unwrap();

    job::go(&browser, "folders");
    browser.type_into("[data-testid=watch-path]", "/no/such/folder");
    browser.click("[data-testid=watch-add]");
    browser.find(".hint.bad");
    browser.script(
        "const field = document.querySelector('[data-testid=watch-path]');
         field.value = '';
         field.dispatchEvent(new Event('input', { bubbles: true }));
         return true;",
    );
    browser.type_into("[data-testid=watch-path]", &folder.path().display().to_string());
    browser.click("[data-testid=watch-add]");
    listed(&browser, "lease of the shed.md", "~$lease");
    job::go(&browser, "folders");
    browser.find(".folders");
    browser.picture("folders");

    // A rename keeps the document.
    fs::rename(file("lease of the shed.md"), file("shed.md")).unwrap();
    listed(&browser, "shed.md", "lease of the shed");

    // A deletion is shown and can be undone.
    fs::remove_file(file("shed.md")).unwrap();
    job::go(&browser, "folders");
    browser.find("[data-testid=gone]");
    browser.picture("folders-gone");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.click("[data-testid=gone] .btn");
    browser.until("nothing is gone", || browser.all("[data-testid=gone]").is_empty().then_some(()));
    listed(&browser, "shed.md", "lease of the shed");
}
