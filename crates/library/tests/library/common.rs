//! A workspace in a temporary folder, the real worker, a small embedder, and PDFs made by hand.

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

/// An archive of these files.
pub fn zip(files: &[(impl AsRef<str>, impl AsRef<[u8]>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name.as_ref(), options).unwrap();
        std::io::Write::write_all(&mut zip, bytes.as_ref()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An office document of these parts.
pub fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
    zip(parts)
}

/// A message with attachments.
pub fn message(subject: &str, text: &str, attached: &[(&str, &str)]) -> String {
    let mut message = format!(
        "From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nDate: Sun, 1 Mar 2026 09:30:00 +0100\r\n\
         Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=parts\r\n\r\n\
         --parts\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    );
    for (name, text) in attached {
        message += &format!(
            "--parts\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{text}\r\n"
        );
    }
    message + "--parts--\r\n"
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

/// A PDF of pages of lines, 600 by 800 points, Helvetica 12, the first line at (72, 120) from the top. A
/// page without lines has something to see on it, as a scan has.
pub fn pdf(pages: &[&[&str]]) -> Vec<u8> {
    let mut objects = vec![String::new(), String::new(), FONT.to_owned()];
    let mut kids = Vec::new();
    for lines in pages {
        let mut text = String::from("BT /F1 12 Tf 72 680 Td 0 -40 TL ");
        for line in *lines {
            text += &format!("({line}) Tj 0 -40 Td ");
        }
        let drawn = if lines.is_empty() { " 72 72 300 400 re f" } else { "" };
        objects.push(stream("", &(text + "ET" + drawn)));
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

pub const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";

pub fn stream(more: &str, content: &str) -> String {
    format!("<<{more}/Length {}>>stream\n{content}\nendstream", content.len())
}

fn page(resources: &str, contents: usize) -> String {
    format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<{resources}>>/Contents {contents} 0 R>>")
}

fn file(objects: Vec<String>, kids: &[usize]) -> Vec<u8> {
    file_with("", objects, kids)
}

/// A PDF of these objects; the first two, its catalog (with `more` in it) and its tree of pages, are written here.
pub fn file_with(more: &str, mut objects: Vec<String>, kids: &[usize]) -> Vec<u8> {
    let kids: Vec<String> = kids.iter().map(|n| format!("{n} 0 R")).collect();
    objects[0] = format!("<</Type/Catalog/Pages 2 0 R{more}>>");
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
