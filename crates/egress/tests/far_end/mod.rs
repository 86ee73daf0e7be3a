//! A scripted far end: a real listener that answers with given bytes and remembers what it was sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What it does with the n-th connection.
#[derive(Clone)]
pub enum Script {
    /// Answers with these bytes and closes.
    Say(Vec<u8>),
    /// Answers with these bytes and keeps the connection open.
    SayAndWait(Vec<u8>),
    /// Sends a head and then `pieces` pieces of 64 KiB.
    Flood { pieces: usize },
}

pub struct FarEnd {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    closed: Arc<Mutex<usize>>,
    _tasks: JoinSet<()>,
}

impl FarEnd {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (seen, closed) = (Arc::<Mutex<Vec<Vec<u8>>>>::default(), Arc::<Mutex<usize>>::default());
        let mut tasks = JoinSet::new();
        let (log, gone) = (seen.clone(), closed.clone());
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(Vec::new());
                    log.len() - 1
                };
                open.spawn(serve(stream, script.clone(), number, log.clone(), gone.clone()));
            }
        });
        Self { addr, seen, closed, _tasks: tasks }
    }

    /// The bytes of each connection, in order of arrival.
    pub fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }

    pub fn text(&self, connection: usize) -> String {
        String::from_utf8(self.seen()[connection].clone()).unwrap()
    }

    /// How many connections the other side has closed.
    pub fn closed(&self) -> usize {
        *self.closed.lock().unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Script,
    number: usize,
    log: Arc<Mutex<Vec<Vec<u8>>>>,
    gone: Arc<Mutex<usize>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        let complete = {
            let mut log = log.lock().unwrap();
            log[number].extend_from_slice(&buffer[..read]);
            complete(&log[number])
        };
        if complete {
            break;
        }
    }
    match script {
        Script::Say(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Script::SayAndWait(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read(&mut buffer).await;
            *gone.lock().unwrap() += 1;
        }
        Script::Flood { pieces } => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", pieces * 65536);
            let _ = stream.write_all(head.as_bytes()).await;
            for _ in 0..pieces {
                if stream.write_all(&buffer).await.is_err() {
                    break;
                }
            }
        }
    }
}

/// Whether a whole request with its Content-Length is there.
fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    bytes.len() >= head.len() + 4 + length
}
