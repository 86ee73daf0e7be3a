//! The other side of a connection: an OpenAI-compatible server that answers as it is told and
//! remembers, byte for byte, what it was sent and what it said.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// One connection.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// What came.
    pub got: Vec<u8>,
    /// How many bytes went back.
    pub said: usize,
}

/// The server; it ends when this goes.
pub struct FarEnd {
    /// Where it listens, on loopback.
    pub address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    ended: Arc<AtomicBool>,
}

impl FarEnd {
    /// A server that answers every question with these words, and takes its time between them.
    pub fn start(words: Vec<String>, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let exchanges = Arc::<Mutex<Vec<Exchange>>>::default();
        let ended = Arc::<AtomicBool>::default();
        let (all, over, words) = (exchanges.clone(), ended.clone(), Arc::new(words));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let (all, words) = (all.clone(), words.clone());
                std::thread::spawn(move || {
                    // A client that goes away in the middle is one of the things that are tested.
                    let _ = exchange(stream, &all, &words, pause);
                });
            }
        });
        Self { address, exchanges, ended }
    }

    /// The connections so far, in the order in which they were made.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the connections are as wanted.
    pub fn until(&self, what: &str, holds: impl Fn(&[Exchange]) -> bool) {
        let since = Instant::now();
        while !holds(&self.exchanges()) {
            assert!(since.elapsed() < Duration::from_secs(60), "not in time: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees its end.
        let _ = TcpStream::connect(self.address);
    }
}

fn exchange(
    mut stream: TcpStream,
    all: &Mutex<Vec<Exchange>>,
    words: &[String],
    pause: Duration,
) -> std::io::Result<()> {
    let with = |change: &mut dyn FnMut(&mut Vec<Exchange>)| {
        change(&mut all.lock().unwrap_or_else(PoisonError::into_inner));
    };
    let mut at = 0;
    with(&mut |all| {
        at = all.len();
        all.push(Exchange::default());
    });
    let (mut got, mut buffer) = (Vec::new(), [0; 16 << 10]);
    while !complete(&got) {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        got.extend_from_slice(&buffer[..read]);
        with(&mut |all| all[at].got.clone_from(&got));
    }
    let mut say = |text: &str| -> std::io::Result<()> {
        stream.write_all(text.as_bytes())?;
        with(&mut |all| all[at].said += text.len());
        Ok(())
    };
    say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    for word in words {
        let piece = serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": word } }] });
        say(&format!("data: {piece}\n\n"))?;
        std::thread::sleep(pause);
    }
    let usage = serde_json::json!({ "prompt_tokens": 7, "completion_tokens": words.len() });
    let end = serde_json::json!({
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
        "usage": usage,
    });
    say(&format!("data: {end}\n\ndata: [DONE]\n\n"))
}

/// Whether a whole request with its Content-Length is there.
fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.parse::<usize>().ok());
    bytes.len() >= head.len() + 4 + length.unwrap_or_default()
}
