//! A workspace in a temporary folder, the real worker, a small embedder, and PDFs made by hand.
#![allow(dead_code)]

use async_trait::async_trait;
use library::{Embed, Library, LibraryConfig, Limits, SearchQuery};
use protocol::{Actor, SearchMode, Span};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use store::Store;

/// The program that reads documents.
pub const WORKER: &str = env!("CARGO_BIN_EXE_extract-worker");

pub struct Here {
    pub dir: tempfile::TempDir,
    pub store: Store,
    pub person: Actor,
}

impl Here {
    pub async fn new() -> Self {
        let store = Store::in_memory().await.unwrap();
        let person = Actor::Person { member: store.home().member };
        Self { dir: tempfile::tempdir().unwrap(), store, person }
    }
    pub fn folder(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = self.dir.path().join("files");
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        folder
    }
    pub async fn open(&self) -> Library {
        self.open_with(Limits::default()).await
    }
    pub async fn open_with(&self, limits: Limits) -> Library {
        self.open_worker(WORKER.into(), limits).await
    }
    pub async fn open_worker(&self, worker: OsString, limits: Limits) -> Library {
        let mut config = LibraryConfig::new(self.dir.path().join("index"), vec![worker]);
        config.limits = limits;
        Library::open(self.store.clone(), config).await.unwrap()
    }
    pub fn blobs(&self) -> usize {
        count(&self.store.dir().join("blobs"))
    }
}

fn count(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().flatten().map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
}

pub async fn idle(library: &Library) {
    tokio::time::timeout(Duration::from_secs(60), library.idle()).await.expect("the library comes to rest");
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_200 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

pub fn find(text: &str) -> SearchQuery {
    SearchQuery { text: text.into(), mode: SearchMode::Hybrid, limit: 10, documents: Vec::new() }
}

pub fn chars(text: &str, span: Span) -> String {
    text.chars().skip(span.start as usize).take((span.end - span.start) as usize).collect()
}

/// Vectors of letter counts: near where the letters are alike.
pub struct Letters;

#[async_trait]
impl Embed for Letters {
    fn id(&self) -> &str {
        "letters"
    }
    fn dims(&self) -> usize {
        26
    }
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        Ok(texts
            .iter()
            .map(|text| {
                (b'a'..=b'z').map(|l| text.to_lowercase().bytes().filter(|b| *b == l).count() as f32 + 0.01).collect()
            })
            .collect())
    }
}

/// A PDF of pages of lines, 600 by 800 points, Helvetica 12, the first line at (72, 120) from the top.
pub fn pdf(pages: &[&[&str]]) -> Vec<u8> {
    let mut objects = vec![String::new(), String::new(), FONT.to_owned()];
    let mut kids = Vec::new();
    for lines in pages {
        let mut text = String::from("BT /F1 12 Tf 72 680 Td 0 -40 TL ");
        for line in *lines {
            text += &format!("({line}) Tj 0 -40 Td ");
        }
        objects.push(stream("", &(text + "ET")));
        objects.push(page("/Font<</F1 3 0 R>>", objects.len()));
        kids.push(objects.len());
    }
    file(objects, &kids)
}

/// A PDF of one page whose form draws the next form twice, thirty deep.
pub fn endless_pdf() -> Vec<u8> {
    let mut objects = vec![String::new(), String::new(), FONT.to_owned()];
    for n in 0..30 {
        let (next, draws) = if n < 29 { (5 + n, "/N Do /N Do") } else { (4 + n, "0 0 1 1 re f") };
        let more = format!("/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</N {next} 0 R>>>>");
        objects.push(stream(&more, draws));
    }
    objects.push(stream("", "/N Do /N Do"));
    objects.push(page("/XObject<</N 4 0 R>>", objects.len()));
    let page = objects.len();
    file(objects, &[page])
}

const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";

fn stream(more: &str, content: &str) -> String {
    format!("<<{more}/Length {}>>stream\n{content}\nendstream", content.len())
}

fn page(resources: &str, contents: usize) -> String {
    format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<{resources}>>/Contents {contents} 0 R>>")
}

fn file(mut objects: Vec<String>, kids: &[usize]) -> Vec<u8> {
    let kids: Vec<String> = kids.iter().map(|n| format!("{n} 0 R")).collect();
    objects[0] = "<</Type/Catalog/Pages 2 0 R>>".into();
    objects[1] = format!("<</Type/Pages/Count {}/Kids[{}]>>", kids.len(), kids.join(" "));
    let mut file = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let xref = file.len();
    file += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        file += &format!("{offset:010} 00000 n \n");
    }
    file += &format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}
