//! How search and import behave as a library grows: rates, sizes, times, memory.
//!
//! The text is generated (and real, where a folder is named); the vectors are random unit vectors, since
//! how many there are is what costs, not what they mean. What the real model needs is measured apart.

use super::{Tell, Times, no_set, zipf::Zipf};
use crate::App;
use async_trait::async_trait;
use library::{Embed, SearchQuery};
use protocol::{Fault, ImportPaths, SearchMode};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Words of a generated file: some hundred passages.
const FILE_WORDS: usize = 24_000;
/// Words of a passage, about: how many files a number of passages needs.
const PASSAGE_WORDS: usize = 105;
/// Queries that are typed, letter by letter of their last word.
const QUERIES: usize = 60;
/// The length of the random vectors: that of the starter model's.
const DIMS: usize = 384;
/// Passages that the real model embeds.
const REAL: usize = 128;
/// Pages are counted as people's are: about so many words.
const PAGE_WORDS: f64 = 500.0;
/// How often somebody searches while documents are read.
const EVERY: Duration = Duration::from_millis(250);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Scale {
    /// How many passages, rising.
    pub chunks: Vec<u32>,
    /// A folder of real documents that are imported first.
    pub real: Option<PathBuf>,
}

/// What was measured at one size.
#[derive(Debug, Serialize, Deserialize)]
pub struct Size {
    /// Passages that are there.
    pub chunks: u32,
    /// Documents.
    pub documents: usize,
    /// Seconds until the passages since the last size were found by words.
    pub words_s: f64,
    /// Passages a second, of these.
    pub chunks_per_s: f64,
    /// Pages of 500 words a second, of these.
    pub pages_per_s: f64,
    /// The share of that time in which documents were read, cut and stored; the rest is the index's.
    pub reading_share: f64,
    /// Seconds until their (random) vectors were stored.
    pub vectors_s: f64,
    /// Bytes of the index of words for each page.
    pub index_per_page: f64,
    /// Bytes of the file of vectors for each passage.
    pub vectors_per_chunk: f64,
    /// Bytes of the database for each page, vectors and all.
    pub database_per_page: f64,
    /// A search by words while its last word is typed.
    pub typing: serde_json::Value,
    /// The same by words and meaning, the query's vector at hand.
    pub hybrid: serde_json::Value,
    /// A search by words while documents are read.
    pub while_reading: serde_json::Value,
    /// Resident memory of this process in bytes, at the end; None where the system does not say.
    pub memory: Option<u64>,
}

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScaleReport {
    /// Each size.
    pub sizes: Vec<Size>,
    /// Passages a second that the real embedding model reads, where there is one.
    pub embedded_per_s: Option<f64>,
    /// How busy the machine was: the system's load of one minute, at the beginning and at the end.
    pub load: [Option<f64>; 2],
}

/// Grows a library in this (empty) workspace. `scratch` is for its files, `data` is the workspace's folder.
///
/// # Errors
/// A file cannot be written or read.
pub async fn scale(
    app: &App,
    asked: &Scale,
    scratch: &Path,
    data: &Path,
    tell: Tell<'_>,
) -> Result<ScaleReport, Fault> {
    let before = load();
    let embedded_per_s = real_rate(app).await;
    let on = Arc::new(AtomicBool::new(false));
    let random = Arc::new(Random);
    let switch = on.clone();
    app.embed_with(Box::new(move |_| {
        if switch.load(Ordering::Acquire) { Some(random.clone() as Arc<dyn Embed>) } else { None }
    }));
    let mut zipf = Zipf::new(2_026);
    let mut grown = Grown::default();
    let mut sizes = Vec::new();
    if let Some(real) = &asked.real {
        tell("real documents are read");
        grown.import(app, real).await?;
    }
    for target in &asked.chunks {
        tell(&format!("up to {target} passages"));
        sizes.push(grown.to(app, *target, &mut zipf, &on, scratch, data).await?);
    }
    Ok(ScaleReport { sizes, embedded_per_s, load: [before, load()] })
}

/// What is there so far.
#[derive(Default)]
struct Grown {
    files: usize,
    chunks: u32,
    words: f64,
    took_ms: u64,
}

impl Grown {
    async fn import(&mut self, app: &App, folder: &Path) -> Result<(), Fault> {
        app.call(&app.person(), ImportPaths { paths: vec![folder.display().to_string()] }).await?;
        app.settled().await;
        self.count(app).await
    }

    async fn count(&mut self, app: &App) -> Result<(), Fault> {
        self.chunks = app.store().documents().await?.iter().map(|document| document.passages).sum();
        self.took_ms = app.store().derived().reading_time().await?;
        Ok(())
    }

    async fn to(
        &mut self,
        app: &App,
        target: u32,
        zipf: &mut Zipf,
        on: &AtomicBool,
        scratch: &Path,
        data: &Path,
    ) -> Result<Size, Fault> {
        let (chunks_before, took_before) = (self.chunks, self.took_ms);
        on.store(false, Ordering::Release);
        app.set_embedder();
        let missing = target.saturating_sub(self.chunks) as usize;
        let files = (missing * PASSAGE_WORDS).div_ceil(FILE_WORDS).max(1);
        let folder = scratch.join(target.to_string());
        fs::create_dir_all(&folder).map_err(|error| no_set(&folder, error))?;
        let words = (missing * PASSAGE_WORDS).min(FILE_WORDS * files) / files;
        for _ in 0..files {
            self.files += 1;
            let path = folder.join(format!("{} {} {}.md", zipf.telling(), zipf.telling(), self.files));
            fs::write(&path, zipf.document(words)).map_err(|error| no_set(&path, error))?;
        }
        self.words += (words * files) as f64;
        let queries: Vec<String> =
            (0..QUERIES).map(|n| (0..1 + n % 3).map(|_| zipf.telling()).collect::<Vec<_>>().join(" ")).collect();
        let began = Instant::now();
        let while_reading = while_importing(app, &folder, &queries).await?;
        let words_s = began.elapsed().as_secs_f64();
        self.count(app).await?;
        let began = Instant::now();
        on.store(true, Ordering::Release);
        app.set_embedder();
        app.settled().await;
        let vectors_s = began.elapsed().as_secs_f64();
        let new = f64::from(self.chunks - chunks_before);
        let pages = f64::from(self.chunks) * PASSAGE_WORDS as f64 / PAGE_WORDS;
        let typing = typed(app, &queries, SearchMode::Text).await?;
        let hybrid = typed(app, &queries, SearchMode::Hybrid).await?;
        let index = bytes(&data.join("index"), "text-");
        let vectors = bytes(&data.join("index"), "vectors-");
        Ok(Size {
            chunks: self.chunks,
            documents: app.store().documents().await?.len(),
            words_s: round(words_s),
            chunks_per_s: round(new / words_s),
            pages_per_s: round(new * PASSAGE_WORDS as f64 / PAGE_WORDS / words_s),
            reading_share: round((self.took_ms - took_before) as f64 / 1e3 / words_s),
            vectors_s: round(vectors_s),
            index_per_page: round(index as f64 / pages),
            vectors_per_chunk: round(vectors as f64 / f64::from(self.chunks)),
            database_per_page: round(database(data) as f64 / pages),
            typing: typing.json(),
            hybrid: hybrid.json(),
            while_reading: while_reading.json(),
            memory: memory(),
        })
    }
}

/// Imports a folder and searches meanwhile.
async fn while_importing(app: &App, folder: &Path, queries: &[String]) -> Result<Times, Fault> {
    let import = async {
        app.call(&app.person(), ImportPaths { paths: vec![folder.display().to_string()] }).await?;
        app.settled().await;
        Ok::<(), Fault>(())
    };
    let mut import = std::pin::pin!(import);
    let mut times = Times::default();
    for query in queries.iter().cycle() {
        tokio::select! {
            done = &mut import => {
                done?;
                break;
            }
            () = tokio::time::sleep(EVERY) => {}
        }
        let search = async {
            let began = Instant::now();
            find(app, query, SearchMode::Text).await?;
            times.add(began.elapsed());
            Ok::<(), Fault>(())
        };
        tokio::select! {
            biased;
            found = search => found?,
            done = &mut import => {
                done?;
                break;
            }
        }
    }
    Ok(times)
}

/// Types each query's last word letter by letter, and searches after each.
async fn typed(app: &App, queries: &[String], mode: SearchMode) -> Result<Times, Fault> {
    let mut times = Times::default();
    for query in queries {
        let start = query.rfind(' ').map_or(0, |at| at + 1);
        for end in start + 1..=query.len() {
            let began = Instant::now();
            find(app, &query[..end], mode).await?;
            times.add(began.elapsed());
        }
    }
    Ok(times)
}

async fn find(app: &App, text: &str, mode: SearchMode) -> Result<(), Fault> {
    let query = SearchQuery { text: text.to_owned(), mode, limit: 40, documents: Vec::new() };
    app.library().search(&query).await?;
    Ok(())
}

/// How many passages a second the real model embeds.
async fn real_rate(app: &App) -> Option<f64> {
    let model = app.models().embedder()?;
    let mut zipf = Zipf::new(1);
    let texts: Vec<String> =
        (0..REAL).map(|_| (0..PASSAGE_WORDS).map(|_| zipf.word()).collect::<Vec<_>>().join(" ")).collect();
    model.embed(texts[..8].to_vec()).await.ok()?;
    let began = Instant::now();
    for some in texts.chunks(16) {
        model.embed(some.to_vec()).await.ok()?;
    }
    Some(round(REAL as f64 / began.elapsed().as_secs_f64()))
}

/// Random unit vectors, the same for the same text.
struct Random;

#[async_trait]
impl Embed for Random {
    fn id(&self) -> &str {
        "random"
    }
    fn dims(&self) -> usize {
        DIMS
    }
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        let vector = |text: &String| {
            let mut bytes = vec![0; DIMS * 2];
            blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut bytes);
            bytes.as_chunks::<2>().0.iter().map(|pair| f32::from(i16::from_le_bytes(*pair))).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

fn round(x: f64) -> f64 {
    (x * 1e2).round() / 1e2
}

/// Bytes of the files under a folder whose first part begins so.
fn bytes(folder: &Path, prefix: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    ours.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes(&entry.path(), ""),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    })
    .sum()
}

/// Bytes of the database and what is beside it.
fn database(data: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(data) else { return 0 };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().contains(".db"));
    ours.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}

/// Resident memory of this process.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

/// How busy the machine is.
fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
