//! How faithfully files are read: the words that are found of those that should be, by format.
//!
//! Files are read as an import reads them, in a worker with its limits; a file's reference is a text
//! file beside it or in another folder, made by other programs.

use crate::{
    extract::{self, sniff},
    words,
    worker::{Asked, Limits, Parent, Spawner, Step, Trouble},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Files that are measured at most.
const MOST_FILES: usize = 100_000;
/// Folders inside one another.
const DEEPEST: usize = 32;

/// What was read of one file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReadFile {
    /// Its path.
    pub path: PathBuf,
    /// The format that it was read as; None where it is of none.
    pub format: Option<String>,
    /// Its pages.
    pub pages: u32,
    /// The words that were read.
    pub words: u64,
    /// Milliseconds.
    pub ms: u64,
    /// The code of the fault that ended it.
    pub fault: Option<String>,
    /// Of the reference's words those that were read, 0 to 1; None without a reference.
    pub recall: Option<f64>,
    /// Of the words that were read those of the reference.
    pub precision: Option<f64>,
}

/// What was read of the files of one format.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FormatRead {
    /// The format.
    pub format: String,
    /// Files.
    pub files: u32,
    /// Of these, ended in a fault; the codes with how often.
    pub faults: BTreeMap<String, u32>,
    /// Pages.
    pub pages: u32,
    /// Words.
    pub words: u64,
    /// Milliseconds for a page, on average.
    pub ms_per_page: f64,
    /// Milliseconds for the slowest file.
    pub slowest_ms: u64,
    /// Files with a reference that were read.
    pub compared: u32,
    /// The mean over these files of the share of the reference's words that were read.
    pub recall: Option<f64>,
    /// The mean of the share of the words that were read and stand in the reference.
    pub precision: Option<f64>,
}

/// Reads every file under a folder with a worker of this command line. A reference lies in `references`,
/// by the file's path under the folder with `.txt` behind it. `told` hears of each file.
pub async fn fidelity(
    worker: Vec<OsString>,
    limits: Limits,
    corpus: &Path,
    references: Option<&Path>,
    told: &mut dyn FnMut(&ReadFile, &str),
) -> io::Result<Vec<ReadFile>> {
    let mut files = Vec::new();
    gather(corpus, 0, &mut files)?;
    files.sort();
    let mut parent =
        Parent::new(Spawner { command: worker, limits, documents: vec![corpus.to_owned()], background: false });
    let mut all = Vec::new();
    for path in files {
        let (mut read, text) = read(&mut parent, &path).await?;
        let reference = references.and_then(|folder| {
            let within = path.strip_prefix(corpus).ok()?;
            let mut name = folder.join(within).into_os_string();
            name.push(".txt");
            fs::read(name).ok()
        });
        if let Some(reference) = reference.filter(|_| read.fault.is_none()) {
            (read.recall, read.precision) = compared(&text, &String::from_utf8_lossy(&reference));
        }
        told(&read, &text);
        all.push(read);
    }
    parent.end().await;
    Ok(all)
}

/// Reads one file.
async fn read(parent: &mut Parent, path: &Path) -> io::Result<(ReadFile, String)> {
    let mut head = Vec::new();
    fs::File::open(path)?.take(extract::HEAD as u64).read_to_end(&mut head)?;
    let mut read = ReadFile { path: path.to_owned(), ..ReadFile::default() };
    let mut text = String::new();
    let Some(format) = sniff(&head, path) else {
        read.fault = Some("document.unsupported".to_owned());
        return Ok((read, text));
    };
    read.format = Some(format.to_owned());
    let began = Instant::now();
    let trouble = |trouble| match trouble {
        Trouble::Document(fault) | Trouble::Reader(fault) => fault.code,
    };
    let asked = Asked { path: path.to_owned(), format: format.to_owned(), ..Asked::default() };
    match parent.begin(asked).await {
        Err(error) => read.fault = Some(trouble(error)),
        Ok(()) => loop {
            match parent.next().await {
                Ok(Step::Page(page)) => {
                    read.pages += 1;
                    // A sheet's name is the file's own; the number of a slide is not.
                    let label = page.label.as_deref().filter(|label| !label.starts_with("Slide "));
                    text.push_str(label.unwrap_or_default());
                    text.push('\n');
                    text.push_str(&page.text);
                    text.push('\n');
                }
                // Not asked for.
                Ok(Step::Part(_)) => {}
                Ok(Step::Done { .. }) => break,
                Err(error) => {
                    read.fault = Some(trouble(error));
                    break;
                }
            }
        },
    }
    read.ms = millis(began.elapsed());
    read.words = words::words(&text).len() as u64;
    if read.fault.is_none() && read.words == 0 {
        read.fault = Some("document.nothing_to_read".to_owned());
    }
    Ok((read, text))
}

/// Recall and precision of a text's words, each as often as it stands there.
fn compared(text: &str, reference: &str) -> (Option<f64>, Option<f64>) {
    let counted = |text: &str| {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for word in words::words(text) {
            *counts.entry(word.folded).or_default() += 1;
        }
        counts
    };
    let (read, wanted) = (counted(text), counted(reference));
    let common: u64 = wanted.iter().map(|(word, n)| (*n).min(read.get(word).copied().unwrap_or(0))).sum();
    let share = |of: &HashMap<String, u64>| {
        let all: u64 = of.values().sum();
        (all > 0).then(|| common as f64 / all as f64)
    };
    (share(&wanted), share(&read))
}

/// What was read, by format.
pub fn by_format(read: &[ReadFile]) -> Vec<FormatRead> {
    let mut formats: BTreeMap<&str, Vec<&ReadFile>> = BTreeMap::new();
    for file in read {
        formats.entry(file.format.as_deref().unwrap_or("other")).or_default().push(file);
    }
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    formats
        .into_iter()
        .map(|(format, files)| {
            let mut faults = BTreeMap::new();
            for fault in files.iter().filter_map(|file| file.fault.clone()) {
                *faults.entry(fault).or_default() += 1;
            }
            let pages: u32 = files.iter().map(|file| file.pages).sum();
            let ms: u64 = files.iter().map(|file| file.ms).sum();
            FormatRead {
                format: format.to_owned(),
                files: files.len() as u32,
                faults,
                pages,
                words: files.iter().map(|file| file.words).sum(),
                ms_per_page: ms as f64 / f64::from(pages.max(1)),
                slowest_ms: files.iter().map(|file| file.ms).max().unwrap_or(0),
                compared: files.iter().filter(|file| file.recall.is_some()).count() as u32,
                recall: mean(files.iter().filter_map(|file| file.recall).collect()),
                precision: mean(files.iter().filter_map(|file| file.precision).collect()),
            }
        })
        .collect()
}

fn gather(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEEPEST {
            gather(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() && files.len() < MOST_FILES {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_as_often_as_they_stand_there() {
        let table = [
            ("a rent, a rent", "a rent", Some(1.0), Some(0.5)),
            ("the RENT", "the rent is due", Some(0.5), Some(1.0)),
            ("", "words", Some(0.0), None),
            ("words", "", None, Some(0.0)),
        ];
        for (text, reference, recall, precision) in table {
            assert_eq!(compared(text, reference), (recall, precision), "{text:?} {reference:?}");
        }
    }
}
