//! The main job without a window: import the sample documents, ask, print answers with citations.

use crate::{
    build,
    places::Places,
    setup,
    shell::{self, command},
};
use anyhow::{Context as _, Result};
use clap::Args;
use serde::Deserialize;
use std::process::ExitCode;

/// How to show it.
#[derive(Args)]
pub struct Options {
    /// Install system packages without asking.
    #[arg(long, short)]
    yes: bool,
}

/// A question about the sample documents.
#[derive(Deserialize)]
struct Question {
    question: String,
    demo: bool,
    document: Option<String>,
    page: Option<u32>,
}

/// Imports `tests/fixtures/sample` into a workspace of its own and asks the questions marked `demo`.
pub fn demo(places: &Places, options: &Options) -> Result<ExitCode> {
    setup::setup(places, &setup::Options { yes: options.yes, tests: false, window: false })?;
    build::terminal(places)?;
    let sample = places.root.join("tests/fixtures/sample");
    let questions = std::fs::read_to_string(places.root.join("tests/fixtures/questions.json"))?;
    let questions: Vec<Question> = serde_json::from_str(&questions).context("tests/fixtures/questions.json")?;
    // A demo that was interrupted leaves its workspace; this one begins with an empty one.
    let data = places.cache.join("demo");
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data)?;
    let atelier = || {
        let mut atelier = command(places.program("atelier"), places);
        // A workspace for a minute needs no key in the keychain.
        atelier.env("ATELIER_KEYCHAIN", "off").arg("--data").arg(&data);
        atelier
    };

    let outcome = (|| {
        shell::step("Importing the sample documents", "half a minute");
        shell::run(atelier().arg("import").arg(&sample))?;
        for question in questions.iter().filter(|question| question.demo) {
            println!();
            shell::step(&question.question, "about ten seconds");
            match (&question.document, question.page) {
                (Some(document), Some(page)) => println!("    (the answer stands in {document}, page {page})\n"),
                _ => println!("    (no document answers this)\n"),
            }
            shell::run(atelier().args(["ask", "--role", "researcher", &question.question]))?;
        }
        println!("\n==> Checking the log");
        shell::run(atelier().args(["log", "verify"]))
    })();
    let _ = std::fs::remove_dir_all(&data);
    outcome.map(|()| ExitCode::SUCCESS)
}
