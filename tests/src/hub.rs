//! A model hub on loopback that gives out one real file: it announces length and SHA-256, serves ranges,
//! takes its time, and can be told to break off.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The pieces that a body is sent in.
const PIECE: usize = 1 << 20;

/// The hub; it ends when this goes.
pub struct Hub {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Script {
    file: PathBuf,
    sha256: String,
    pause: Duration,
    /// Bytes after which the first answer breaks off.
    cut: usize,
}

impl Hub {
    /// Gives out `file`, whose SHA-256 is `sha256`: a megabyte at a time with this pause. The first answer
    /// breaks off after `cut` bytes.
    pub fn start(file: &Path, sha256: &str, pause: Duration, cut: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (seen, ended) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (log, over) = (seen.clone(), ended.clone());
        let script = Script { file: file.to_owned(), sha256: sha256.to_owned(), pause, cut };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let (script, log) = (script.clone(), log.clone());
                // Whoever goes away in the middle is one of the things that are tested.
                std::thread::spawn(move || serve(stream, &script, &log));
            }
        });
        Self { address, seen, ended }
    }

    /// What was asked: method and range, in order.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, script: &Script, log: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut range) = (String::new(), None);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? <= 2 {
            break;
        }
        if let Some(from) = line.to_lowercase().strip_prefix("range: bytes=") {
            range = from.trim().trim_end_matches('-').parse::<usize>().ok();
        }
    }
    let bytes = std::fs::read(&script.file).ok()?;
    let method = first.split(' ').next().unwrap_or_default().to_owned();
    let begun = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(format!("{method} {}", range.unwrap_or(0)));
        log.iter().filter(|line| line.starts_with("GET")).count()
    };
    let (total, from) = (bytes.len(), range.unwrap_or(0));
    if method == "HEAD" {
        let head = format!(
            "HTTP/1.1 200 OK\r\nx-repo-commit: {}\r\nx-linked-size: {total}\r\nx-linked-etag: \"{}\"\r\ncontent-length: {total}\r\n\r\n",
            "ab".repeat(20),
            script.sha256
        );
        return stream.write_all(head.as_bytes()).ok();
    }
    let head = match range {
        Some(from) => format!("HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{}/{total}\r\n", total - 1),
        None => "HTTP/1.1 200 OK\r\n".to_owned(),
    };
    stream.write_all(format!("{head}content-length: {}\r\n\r\n", total - from).as_bytes()).ok()?;
    let end = if begun == 1 { script.cut.min(total) } else { total };
    for piece in bytes.get(from..end)?.chunks(PIECE) {
        stream.write_all(piece).ok()?;
        std::thread::sleep(script.pause);
    }
    Some(())
}
