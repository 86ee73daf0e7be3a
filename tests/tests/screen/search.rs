//! The search: by keyboard, narrowed and widened again, and passages like one.

use crate::{browser, job};
use atelier_tests::{serve::Served, webdriver::Driver, workspace::Workspace};

const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const DOWN: char = '\u{e015}';

/// The search with a question of the sample documents typed in.
fn searched() -> (Workspace, Served, Driver) {
    let workspace = Workspace::new().with_samples();
    let (served, browser) = browser::open(&workspace, 1280, 800);
    browser::wait_for_session(&browser);
    browser::settings(&browser, "light", "en");
    job::go(&browser, "search");
    browser.type_into("[data-testid=search-input]", "notice period");
    (workspace, served, browser)
}

/// What the search says of how much it found.
fn found(browser: &Driver) -> String {
    browser.text(".search-line [role=status]")
}

fn typed(browser: &Driver) -> String {
    let value = browser.script("return document.querySelector('[data-testid=search-input]').value");
    value.as_str().unwrap_or_default().to_owned()
}

fn focused(browser: &Driver) -> String {
    browser.script("return document.activeElement.id").as_str().unwrap_or_default().to_owned()
}

#[test]
fn passages_are_chosen_and_opened_from_the_field() {
    let (_workspace, _served, browser) = searched();
    browser.find("#hit-0[aria-selected=true]");
    let active = "const field = document.querySelector('[data-testid=search-input]');
        const row = document.getElementById(field.getAttribute('aria-activedescendant'));
        return document.activeElement === field && row?.getAttribute('aria-selected') === 'true' && row.id !== 'hit-0';";
    // What is typed goes on finding for a moment; a letter more begins at the first passage again.
    browser.until("the field names the passage that is marked", || {
        let marked = browser.script(active) == true;
        if !marked {
            browser.press(&[DOWN]);
        }
        marked.then_some(())
    });
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.press(&[ENTER]);
    browser.until("the keys are on its page", || (focused(&browser) == "viewer-page").then_some(()));
    browser.press(&[ESCAPE]);
    browser.until("the keys are in the field again", || (focused(&browser) == "search-field").then_some(()));
}

#[test]
fn a_search_is_narrowed_and_widened_by_chips() {
    let (_workspace, _served, browser) = searched();
    browser.click(".search-kind .filter[title^='file:']");
    browser.until("the condition joins the query", || typed(&browser).contains(" file:").then_some(()));
    browser.find("[data-testid=search-chosen] .filter[aria-pressed=true]");
    browser.picture("search-narrowed");
    browser.click("[data-testid=search-chosen] .filter");
    browser.until("the condition is out again", || (typed(&browser) == "notice period").then_some(()));
    assert!(browser.all("[data-testid=search-chosen]").is_empty());
    assert_eq!(focused(&browser), "search-field", "the focus is lost with the chip");
}

#[test]
fn passages_like_one_say_so_and_lead_back() {
    let (_workspace, _served, browser) = searched();
    browser.click("[data-testid=hit-like]");
    browser.until("it says what they are like", || {
        browser.text("[data-testid=search-like]").starts_with("Like: ").then_some(())
    });
    assert!(browser.all(".search-kind, [data-testid=search-chosen]").is_empty(), "they are not narrowed by the query");
    browser.picture("search-like");
    browser.click("#search-back");
    browser.until("the passages of the query are back", || {
        (browser.all("[data-testid=search-like]").is_empty() && found(&browser).contains("passage")).then_some(())
    });
    assert_eq!(typed(&browser), "notice period");
}

#[test]
fn other_workspaces_stand_under_this_one_and_lead_there_and_back() {
    let there = Workspace::new();
    let will = there.folder().join("will.md");
    std::fs::write(&will, "# Notice\n\nThe notice of probate was served on the heirs.").unwrap();
    there.json(["import".as_ref(), will.as_os_str()]);
    let data = there.folder().join("Estate");
    std::fs::rename(there.data(), &data).unwrap();

    let (_workspace, _served, browser) = searched();
    browser.until("there are passages", || found(&browser).contains("passage").then_some(()));
    assert!(browser.all("[data-testid=elsewhere]").is_empty());
    job::go(&browser, "settings");
    browser.type_into("[data-testid=neighbour-path]", "/nowhere");
    browser.click("[data-testid=neighbour-add]");
    browser.until("it says that there is none", || {
        browser.text("#neighbour-path-error").contains("/nowhere is no workspace").then_some(())
    });
    // Over what is there.
    browser.script("document.querySelector('[data-testid=neighbour-path]').select()");
    browser.type_into("[data-testid=neighbour-path]", &data.display().to_string());
    browser.click("[data-testid=neighbour-add]");
    browser.find("[data-testid=neighbour]");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.picture("settings-neighbours");

    job::go(&browser, "search");
    browser.find("[data-testid=elsewhere] .elsewhere-hit");
    assert_eq!(browser.accessibility(), Vec::<String>::new());
    browser.picture("search-elsewhere");
    assert_eq!(browser.text("[data-testid=search-also]"), "also in Estate");
    browser.click("[data-testid=search-also]");
    browser.picture("search-elsewhere-below");
    browser.click("[data-testid=elsewhere] .elsewhere-hit");
    browser.until("it is searched there", || {
        browser.text("[data-testid=search-within]").contains("“Estate”").then_some(())
    });
    browser.until("the page is shown", || {
        browser.text(".search-panel").contains("probate was served on the heirs").then_some(())
    });
    assert!(browser.all("[data-testid=hit-ask]").is_empty(), "agents do not see it");
    assert!(browser.all("[data-testid=elsewhere]").is_empty());
    browser.picture("search-within");
    browser.click("#search-back");
    browser.until("this workspace is searched again", || {
        (browser.all("[data-testid=search-within]").is_empty() && browser.text("[data-testid=hit]").contains("otice"))
            .then_some(())
    });
}
