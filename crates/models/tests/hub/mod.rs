//! A server on this machine that speaks a model hub's protocol, and misbehaves when it is told to.
//!
//! `HEAD …/resolve/REVISION/FILE` answers with `x-linked-size`, `x-linked-etag` and `x-repo-commit`;
//! `GET` of the same address redirects to the store of large files, which gives out ranges.

#![allow(dead_code)] // each test uses its part

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// How it behaves, in the order of the requests for a file's bytes; the last one stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    Fine,
    /// Sends this many bytes of the body and closes.
    Cut(usize),
    /// Ignores that only a part was asked for.
    WholeAlways,
    Status(u16),
    /// Says that the file is longer than it is.
    Longer,
    OtherBytes,
    Silent,
    /// So many bytes at a time, with a pause after each.
    Slow(usize),
}

/// What it says of files before they are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Says {
    /// What a hub says.
    #[default]
    All,
    /// Nothing: a plain web server.
    Nothing,
    /// Another SHA-256 than the file has.
    OtherHash,
    /// It refuses HEAD.
    NoHead,
    /// It is gone.
    Status(u16),
}

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

pub struct Hub {
    pub addr: SocketAddr,
    pub heads: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

#[derive(Clone, Default)]
pub struct Script {
    /// By their paths in the repository.
    pub files: BTreeMap<String, Vec<u8>>,
    pub moods: Vec<Mood>,
    pub says: Says,
    /// Where the bytes come from; from itself if `None`.
    pub store: Option<SocketAddr>,
}

impl Hub {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, heads) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let (mut task, log) = (JoinSet::new(), heads.clone());
        task.spawn(async move {
            let (number, mut open) = (Arc::new(Mutex::new(0)), JoinSet::new());
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, script.clone(), log.clone(), number.clone()));
            }
        });
        Self { addr, heads, _task: task }
    }

    /// The requests for bytes, without those that only ask.
    pub fn gets(&self) -> Vec<String> {
        self.heads.lock().unwrap().iter().filter(|head| head.starts_with("get")).cloned().collect()
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn blob(bytes: &[u8]) -> String {
    use sha1::{Digest, Sha1};
    let whole = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    Sha1::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn serve(mut stream: TcpStream, script: Script, log: Arc<Mutex<Vec<String>>>, number: Arc<Mutex<usize>>) {
    let Some(request) = crate::far_end::read(&mut stream).await else { return };
    log.lock().unwrap().push(request.head.clone());
    let found = script.files.iter().find(|(path, _)| request.path.ends_with(&path.to_lowercase()));
    let Some((path, file)) = found else {
        let _ = stream.write_all(b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n").await;
        return;
    };
    if request.head.starts_with("head") {
        let _ = stream.write_all(announce(&script, path, file).as_bytes()).await;
        return;
    }
    if let Some(store) = script.store {
        let to = format!("HTTP/1.1 302 X\r\nlocation: http://{store}/blobs/{path}\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(to.as_bytes()).await;
        return;
    }
    let mood = {
        let mut number = number.lock().unwrap();
        *number += 1;
        *script.moods.get(*number - 1).or(script.moods.last()).unwrap_or(&Mood::Fine)
    };
    bytes(&mut stream, &request.head, file, mood).await;
}

fn announce(script: &Script, path: &str, file: &[u8]) -> String {
    let small = path.ends_with(".json");
    let tag = match script.says {
        Says::OtherHash => "ab".repeat(32),
        _ if small => blob(file),
        _ => sha256(file),
    };
    match script.says {
        Says::Nothing => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", file.len()),
        Says::NoHead => "HTTP/1.1 405 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
        Says::Status(status) => format!("HTTP/1.1 {status} X\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
        Says::All | Says::OtherHash if small => format!(
            "HTTP/1.1 200 OK\r\nx-repo-commit: {COMMIT}\r\netag: \"{tag}\"\r\ncontent-length: {}\r\n\r\n",
            file.len()
        ),
        Says::All | Says::OtherHash => format!(
            "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.invalid/x\r\nx-repo-commit: {COMMIT}\r\n\
             x-linked-size: {}\r\nx-linked-etag: \"{tag}\"\r\ncontent-length: 17\r\n\r\n",
            file.len()
        ),
    }
}

async fn bytes(stream: &mut TcpStream, head: &str, file: &[u8], mood: Mood) {
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    let from: usize = if mood == Mood::WholeAlways { 0 } else { range.unwrap_or(0) };
    let total = file.len() + if mood == Mood::Longer { 10 } else { 0 };
    let head = match mood {
        Mood::Status(status) => format!("HTTP/1.1 {status} X\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
        Mood::Silent => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        _ if from > 0 => format!(
            "HTTP/1.1 206 Partial\r\netag: \"v1\"\r\ncontent-range: bytes {from}-{}/{total}\r\ncontent-length: {}\r\n\r\n",
            total - 1,
            total - from
        ),
        _ => format!("HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {total}\r\n\r\n"),
    };
    let _ = stream.write_all(head.as_bytes()).await;
    let mut body = file[from.min(file.len())..].to_vec();
    match mood {
        Mood::Status(_) => return,
        Mood::Cut(bytes) => body.truncate(bytes),
        Mood::OtherBytes => *body.last_mut().unwrap() ^= 1,
        Mood::Slow(bytes) => {
            for piece in body.chunks(bytes) {
                if stream.write_all(piece).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return;
        }
        Mood::Fine | Mood::WholeAlways | Mood::Longer | Mood::Silent => {}
    }
    let _ = stream.write_all(&body).await;
}
