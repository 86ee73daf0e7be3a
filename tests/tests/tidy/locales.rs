//! No sentence stands in the code of the interface: it belongs in ui/locales, in both languages.
//! (That the languages are complete is tested in the ui crate itself.)

use crate::metadata::{files, read};
use atelier_tests::source::without_tests;

#[test]
fn no_sentence_stands_in_the_code() {
    let mut found = Vec::new();
    for file in files(&[".rs"]).iter().filter(|file| file.starts_with("ui/src")) {
        if file.to_string_lossy().ends_with("tests.rs") {
            continue;
        }
        let text = read(file);
        let code = without_tests(&text);
        let mut before = "";
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap();
            // A fault is made in English and translated by its code.
            let in_fault = [before, line].iter().any(|line| line.contains("Fault::new("));
            before = line;
            if in_fault || line.contains(".safe(\"") || line.contains(".hint(\"") {
                continue;
            }
            if ["panic!", "expect(", "log(", "error!", "warn!", "doc ="].iter().any(|word| line.contains(word)) {
                continue;
            }
            for literal in line.split('"').skip(1).step_by(2) {
                let words: Vec<&str> = literal.split(' ').collect();
                let sentence = words.len() > 1
                    && literal.starts_with(|c: char| c.is_ascii_uppercase())
                    && words.iter().all(|word| word.chars().all(|c| c.is_alphabetic() || ".,'’!?:{}".contains(c)))
                    && words[1].starts_with(|c: char| c.is_ascii_lowercase());
                if sentence {
                    found.push(format!("{}:{}: {literal}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "sentences belong in ui/locales:\n{}", found.join("\n"));
}

#[test]
fn every_fault_can_be_said_in_french() {
    let catalogue: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&read(std::path::Path::new("ui/locales/fr.json"))).unwrap();
    let (mut seen, mut missing) = (0, Vec::new());
    for file in files(&[".rs"]).iter().filter(|file| !file.to_string_lossy().contains("/examples/")) {
        if file.ends_with("tests.rs")
            || ["tests", "ui", "xtask"].iter().any(|part| file.components().any(|c| c.as_os_str() == *part))
        {
            continue;
        }
        let text = read(file);
        for made in without_tests(&text).split("Fault::new(").skip(1) {
            // Kind, code, message: a code that is no literal stands in a table, which has its own test.
            let Some(code) = made.split_once(',').and_then(|(_, rest)| rest.trim_start().strip_prefix('"')) else {
                continue;
            };
            let code = code.split('"').next().unwrap_or_default();
            seen += 1;
            let parts = ["", ".safe", ".hint"].map(|part| format!("fault.{code}{part}"));
            let said = [";", "=>", "\n}"].iter().fold(made, |said, end| said.split(end).next().unwrap_or(said));
            let wanted = [true, said.contains(".safe("), said.contains(".hint(")];
            missing.extend(
                parts
                    .into_iter()
                    .zip(wanted)
                    .filter(|(key, wanted)| *wanted && !catalogue.contains_key(key))
                    .map(|(key, _)| format!("{}: {key}", file.display())),
            );
        }
    }
    assert!(seen > 50, "only {seen} faults were found in the code");
    assert!(missing.is_empty(), "ui/locales/fr.json lacks:\n{}", missing.join("\n"));
}
