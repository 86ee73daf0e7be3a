//! Documents that an earlier version of Atelier read: the list says so, and reads them again when told to.

use crate::{browser, job};
use atelier_tests::workspace::Workspace;
use std::process::Command;

/// Has the PDFs of a workspace read by the reader before the first.
fn read_long_ago(workspace: &Workspace) {
    let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n\
        db.execute(\"UPDATE readings SET reader = -1 WHERE document IN (SELECT id FROM documents WHERE format = 'pdf')\")\n\
        db.commit()";
    #[allow(clippy::disallowed_methods)] // another program, as in the tests of an altered log
    let altered =
        Command::new("python3").args(["-c", script]).arg(workspace.data().join("workspace.db")).status().unwrap();
    assert!(altered.success());
}

#[test]
fn what_an_earlier_version_read_is_read_again_at_a_press() {
    let workspace = Workspace::new().with_samples();
    read_long_ago(&workspace);
    let earlier = || {
        let documents = workspace.json(["documents"]);
        let earlier = documents.as_array().unwrap().iter().filter(|document| document["earlier"] == true);
        earlier.map(|document| document["format"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(earlier(), ["pdf"; 4]);
    {
        let (_served, browser) = browser::open(&workspace, 1280, 800);
        browser::wait_for_session(&browser);
        browser::settings(&browser, "light", "en");
        job::go(&browser, "documents");
        let said = browser.text("[data-testid=earlier]");
        assert!(said.contains("4 documents were read by an earlier version"), "{said}");
        browser.picture("earlier-documents");
        assert_eq!(browser.accessibility(), Vec::<String>::new());
        browser::settings(&browser, "dark", "en");
        job::go(&browser, "documents");
        browser.find("[data-testid=earlier]");
        browser.picture("earlier-documents-dark");
        browser.click("[data-testid=earlier] .btn");
        // Before the app ends: what waits then is read at the next start.
        let ready = "return [...document.querySelectorAll('[data-testid=document]')]
            .filter((row) => row.innerText.includes('Ready')).length";
        browser.until("all are read again", || {
            let none = browser.all("[data-testid=earlier]").is_empty();
            (none && browser.script(ready).as_u64() == Some(8)).then_some(())
        });
    }
    assert_eq!(earlier(), [""; 0]);
}
