//! Reading real files, which are not in the repository: `ATELIER_DOCUMENTS=/path/to/files cargo test --workspace
//! --test library fidelity -- --ignored --nocapture`. `ATELIER_REFERENCES` names the folder of the texts that other
//! programs read of them (tests/python/reference_texts.py), `ATELIER_TEXTS` one to write ours to.

use crate::common::WORKER;
use library::{Limits, by_format, fidelity};
use std::{fs, path::PathBuf};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs files that are not in the repository"]
async fn real_files_are_read_or_end_in_a_clear_fault() {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let corpus = named("ATELIER_DOCUMENTS").expect("ATELIER_DOCUMENTS names the folder");
    let (references, texts) = (named("ATELIER_REFERENCES"), named("ATELIER_TEXTS"));
    let worker = vec![WORKER.into()];
    let mut told = |file: &library::ReadFile, text: &str| {
        if let Some(folder) = &texts {
            let mut path = folder.join(file.path.strip_prefix(&corpus).unwrap()).into_os_string();
            path.push(".txt");
            fs::create_dir_all(PathBuf::from(&path).parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let share = |share: Option<f64>| share.map_or("-".into(), |share| format!("{share:.3}"));
        println!(
            "{} {} pages {} words {} ms, recall {} precision {} {}",
            file.path.display(),
            file.pages,
            file.words,
            file.ms,
            share(file.recall),
            share(file.precision),
            file.fault.as_deref().unwrap_or_default()
        );
    };
    let read = fidelity(worker, Limits::default(), &corpus, references.as_deref(), &mut told).await.unwrap();
    for format in by_format(&read) {
        println!("{}", serde_json::to_string(&format).unwrap());
    }
    let never = ["document.crashed", "document.too_slow", "document.too_much_memory"];
    let broken: Vec<_> = read.iter().filter(|file| file.fault.as_deref().is_some_and(|f| never.contains(&f))).collect();
    assert!(broken.is_empty(), "{broken:?}");
}
