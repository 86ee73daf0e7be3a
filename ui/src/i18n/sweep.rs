//! What the catalogues promise: equal keys, equal values, and every key in the code exists.
#![cfg(test)]

use super::{Catalogue, Lang};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn catalogue(lang: Lang) -> Catalogue {
    Catalogue::parse(lang.source()).unwrap()
}

fn places(form: &str) -> BTreeSet<&str> {
    form.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn languages_have_the_same_keys_and_values() {
    let (en, fr) = (catalogue(Lang::En), catalogue(Lang::Fr));
    // A fault speaks English itself; other languages translate it by its code.
    let shared = |key: &&str| !key.starts_with("fault.") || en.forms(key) != Vec::<&str>::new();
    assert_eq!(en.keys().collect::<Vec<_>>(), fr.keys().filter(shared).collect::<Vec<_>>());
    for key in en.keys() {
        let all = |catalogue: &Catalogue| -> BTreeSet<String> {
            catalogue.forms(key).into_iter().flat_map(places).map(str::to_owned).collect()
        };
        assert_eq!(all(&en), all(&fr), "the values of {key}");
    }
}

#[test]
fn the_faults_of_documents_keep_their_values() {
    let fr = catalogue(Lang::Fr);
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/library/src");
    let more = fs::read_dir(library.join("faults")).unwrap().map(|entry| entry.unwrap().path());
    let sources = std::iter::once(library.join("faults.rs")).chain(more);
    let source: String = sources.map(|file| fs::read_to_string(file).unwrap()).collect();
    let strings = |text: &str| text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut checked = 0;
    for function in source.split("\npub fn ").skip(1).filter_map(|text| text.split("\n}\n").next()) {
        let is_code =
            |text: &String| ["document.", "import.", "library.", "watch."].iter().any(|area| text.starts_with(area));
        let code = strings(function).into_iter().find(is_code).unwrap_or_else(|| panic!("no code in {function}"));
        let forms = |suffix: &str| fr.forms(&format!("fault.{code}{suffix}"));
        assert!(!forms("").is_empty(), "no French words for {code}");
        let said: BTreeSet<&str> = [forms(""), forms(".hint")].into_iter().flatten().flat_map(places).collect();
        let values = function.split(".with(").skip(1).filter_map(|rest| rest.split('"').nth(1));
        // What only the details show is in no sentence.
        for value in values.filter(|value| *value != "detail") {
            assert!(said.contains(value), "the French words for {code} drop {{{value}}}");
            checked += 1;
        }
        let hinted = function.contains(".hint(");
        assert_eq!(hinted, !forms(".hint").is_empty(), "the hint of {code}");
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn french_typography() {
    let fr = catalogue(Lang::Fr);
    for key in fr.keys() {
        for form in fr.forms(key) {
            let chars: Vec<char> = form.chars().collect();
            for at in 1..chars.len() {
                let (before, now, after) = (chars[at - 1], chars[at], chars.get(at + 1).copied().unwrap_or(' '));
                let wrong = match now {
                    ';' | '!' | '?' => before != '\u{202f}',
                    // Not in addresses and times.
                    ':' => after.is_whitespace() && before != '\u{a0}',
                    '»' => before != '\u{a0}',
                    _ => before == '«' && now != '\u{a0}',
                };
                assert!(!wrong, "{key}: {form:?} at {now:?}");
            }
            assert!(!form.contains('\''), "{key}: a straight apostrophe in {form:?}");
        }
    }
}

#[test]
fn every_key_in_the_code_exists() {
    let en = catalogue(Lang::En);
    let known: BTreeSet<&str> = en.keys().collect();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut used = BTreeSet::new();
    for file in files.into_iter().filter(|file| !file.ends_with("sweep.rs")) {
        let text = fs::read_to_string(&file).unwrap();
        for opening in ["t!(", "key!(", "rich(", "Notice::of("] {
            for (at, _) in text.match_indices(opening) {
                // `format!(` ends in `t!(` too.
                if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                    continue;
                }
                let rest = &text[at + opening.len()..];
                let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                let Some((key, _)) = rest.split_once('"') else { continue };
                if key == "key" {
                    continue; // the macros' own documentation
                }
                assert!(known.contains(key), "{} uses {key:?}, which no catalogue has", file.display());
                used.insert(key.to_owned());
            }
        }
    }
    let unused: Vec<&&str> = known
        .iter()
        .filter(|key| !used.contains(**key) && !key.starts_with("fault.") && !key.starts_with("log."))
        .collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}
