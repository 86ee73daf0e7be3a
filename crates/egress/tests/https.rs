//! Does the gate speak HTTPS, and only with who can prove who they are? The authority that is trusted
//! is made here, with openssl; a child process trusts it through `SSL_CERT_FILE`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

use egress::{EgressError, Errand, Gate, Outgoing, Url};
use futures::{FutureExt, StreamExt};
use protocol::{GateVerdict, LedgerEntry, RuleId, RuleSubject, RuleView, Verdict};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

const PIECES: [&str; 3] = ["one ", "two ", "three"];

#[tokio::test]
async fn https_is_spoken_with_who_can_prove_who_they_are_and_with_nobody_else() {
    // Which authorities are trusted is read once in a process; so each case is a process.
    if let Ok(target) = std::env::var("ATELIER_TEST_TARGET") {
        return ask(&target, std::env::var_os("ATELIER_TEST_REFUSED").is_some()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    if openssl(folder.path(), "version").await.is_none() {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing");
        return println!("skipped: openssl is missing");
    }
    for name in ["ours", "other"] {
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        made(folder.path(), &format!("req -x509 {new} -keyout {name}.key -out {name}.pem -subj /CN={name}")).await;
    }
    std::fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    made(folder.path(), &format!("req {new} -keyout server.key -out server.csr -subj /CN=localhost")).await;
    let sign = "-CA ours.pem -CAkey ours.key -CAcreateserial -days 2 -extfile names";
    made(folder.path(), &format!("x509 -req -in server.csr {sign} -out server.pem")).await;

    let server = Server::start(folder.path()).await;
    for (trusted, host, refused) in
        [("ours", "localhost", false), ("other", "localhost", true), ("ours", "127.0.0.1", true)]
    {
        let target = format!("https://{host}:{}/secret", server.address.port());
        #[allow(clippy::disallowed_methods)] // a test that needs another environment needs another process
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "https_is_spoken_with_who_can_prove_who_they_are_and_with_nobody_else", "--nocapture"]);
        child.env("ATELIER_TEST_TARGET", &target).env("SSL_CERT_FILE", folder.path().join(format!("{trusted}.pem")));
        child.env_remove("SSL_CERT_DIR");
        if refused {
            child.env("ATELIER_TEST_REFUSED", "yes");
        }
        let out = child.output().await.unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{trusted} {host}: {said}");
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 1, "the refused ones got no request");
}

/// The child's part: one request through the gate.
async fn ask(target: &str, refused: bool) {
    let ledger = Arc::<Mutex<Vec<LedgerEntry>>>::default();
    let lines = ledger.clone();
    let gate = Gate::new(Arc::new(move |entry| {
        lines.lock().unwrap().push(entry);
        async { Ok(()) }.boxed()
    }));
    let url = Url::parse(target).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let subject = RuleSubject::Host { host: host.clone() };
    gate.set_rules(vec![RuleView { id: RuleId::new(), subject, verdict: Verdict::Allow, at: 0 }]);
    let errand = Errand::new("Ada", "asks a remote model");
    let sent = gate.send(&errand, Outgoing::get(url).patience(Duration::from_secs(20))).await;
    if refused {
        let error = sent.expect_err("it was answered");
        return assert!(matches!(error, EgressError::Unreachable { .. }), "{error:?}");
    }
    let answer = sent.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let mut stream = answer.bytes_stream();
    let (mut text, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = stream.next().await {
        text.extend(piece.unwrap());
        pieces += 1;
    }
    assert_eq!(String::from_utf8(text).unwrap(), PIECES.concat());
    assert!(pieces > 1, "it came as it was sent");
    gate.settled().await;
    let lines = ledger.lock().unwrap().clone();
    assert_eq!(lines.len(), 2, "before and after");
    assert_eq!((&lines[1].host, &lines[1].verdict), (&host, &GateVerdict::Allowed));
    assert!(lines[1].sent > 0 && lines[1].received > PIECES.concat().len() as u64, "{lines:?}");
}

struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Server {
    /// Answers each request in pieces, and counts them.
    async fn start(folder: &Path) -> Self {
        let chain = vec![CertificateDer::from_pem_file(folder.join("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, requests) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
        let (mut task, counted) = (JoinSet::new(), requests.clone());
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who does not trust us ends here.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 4096];
                let Ok(1..) = stream.read(&mut request).await else { continue };
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
                for piece in PIECES {
                    let _ = stream.write_all(piece.as_bytes()).await;
                    let _ = stream.flush().await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                let _ = stream.shutdown().await;
            }
        });
        Self { address, requests, _task: task }
    }
}

async fn made(folder: &Path, arguments: &str) {
    assert_eq!(openssl(folder, arguments).await, Some(true), "openssl {arguments}");
}

/// Runs openssl in `folder`: whether it succeeded; `None` if there is none.
async fn openssl(folder: &Path, arguments: &str) -> Option<bool> {
    #[allow(clippy::disallowed_methods)] // a tool of the test
    let out = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().await.ok()?;
    Some(out.status.success())
}
