//! The gate itself: judge, write, send, count.

use crate::{
    Destination, EgressError, Errand, Incoming, Outgoing, Rules,
    crossing::{Book, Crossing, LedgerFn, line},
    incoming::{Body, Line, reason},
    judge, measure,
};
use bytes::Bytes;
use futures::{future, stream};
use protocol::{EgressTotals, GateVerdict, RuleView};
use reqwest::{
    Method, StatusCode, Url,
    header::{self, HeaderMap, HeaderValue},
};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::watch;

/// How many redirects a request follows, each judged anew.
pub const MAX_REDIRECTS: usize = 5;

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
const AGENT: &str = concat!("Atelier/", env!("CARGO_PKG_VERSION"));
/// Bodies go out in pieces of this size, so that what is counted is close to what crossed.
const PIECE: usize = 16 * 1024;

/// The only way out of this machine. Cheap to clone; all clones share rules, ledger and totals.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    rules: watch::Sender<Arc<Rules>>,
    book: Arc<Book>,
    /// Plain HTTP needs no certificates, whose loading takes time and can fail.
    plain: Result<Client, String>,
    secure: OnceLock<Result<Client, String>>,
}

// This crate is the owner of outbound connections.
#[allow(clippy::disallowed_types)]
type Client = reqwest::Client;

impl Gate {
    /// A gate that allows nothing yet and writes to `ledger`.
    pub fn new(ledger: LedgerFn) -> Self {
        let inner = Inner {
            rules: watch::Sender::new(Arc::new(Rules::default())),
            book: Arc::new(Book::new(ledger)),
            plain: client(false),
            secure: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Replaces the rules about hosts. Open connections that they no longer allow are cut.
    pub fn set_rules(&self, rules: Vec<RuleView>) {
        self.change(|old| old.clone().with_hosts(&rules));
    }

    /// Seals or unseals. Sealing cuts every open connection but those to the engine.
    pub fn set_sealed(&self, sealed: bool) {
        self.change(|old| old.clone().with_seal(sealed));
        self.inner.book.count(|totals| totals.sealed = sealed);
    }

    /// Trusts the engine that Atelier has just started at this loopback socket; `false`, and no
    /// trust, for any other address.
    pub fn trust_engine(&self, engine: SocketAddr) -> bool {
        let mut trusted = false;
        self.change(|old| {
            let mut rules = old.clone();
            trusted = rules.trust(engine);
            rules
        });
        trusted
    }

    /// Takes the trust back once the engine is gone: its port may be given to another program.
    pub fn distrust_engine(&self, engine: SocketAddr) {
        self.change(|old| {
            let mut rules = old.clone();
            rules.distrust(engine);
            rules
        });
    }

    /// What the gate would say of this address now, without asking it.
    pub fn verdict(&self, url: &Url) -> GateVerdict {
        Destination::of(url).map_or(GateVerdict::Denied, |to| judge(&self.inner.rules.borrow(), &to))
    }

    /// What went out today.
    pub fn totals(&self) -> EgressTotals {
        self.inner.book.totals()
    }

    /// Adds what the ledger already holds for today, when the app starts.
    pub fn start_from(&self, earlier: EgressTotals) {
        self.inner.book.count(|totals| {
            totals.sent_today += earlier.sent_today;
            totals.received_today += earlier.received_today;
            totals.refused_today += earlier.refused_today;
        });
    }

    /// Tells when the totals change. A slow watcher sees the newest, not each.
    pub fn changed(&self) -> watch::Receiver<EgressTotals> {
        self.inner.book.watch()
    }

    /// Waits until the closing lines of ended connections are in the ledger.
    pub async fn settled(&self) {
        self.inner.book.settled().await;
    }

    /// Waits until no connection of this errand is open and its bytes are in the ledger. It takes as
    /// long as they are open: give it a limit.
    pub async fn settled_for(&self, errand: &Errand) {
        self.inner.book.settled_for(errand).await;
    }

    /// Sends a request if the rules allow it, and returns when the headers of the answer are there.
    pub async fn send(&self, errand: &Errand, outgoing: Outgoing) -> Result<Incoming, EgressError> {
        let mut outgoing = outgoing;
        let mut to = destination(&outgoing.url)?;
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.hop(errand, &outgoing, to.clone()).await?;
            if !outgoing.follow || !is_redirect(answer.status) {
                return Ok(answer);
            }
            let Some(next) = redirected(&outgoing, &answer)? else { return Ok(answer) };
            outgoing = next;
            to = Destination { redirected: true, ..destination(&outgoing.url)? };
        }
        Err(EgressError::Redirect {
            host: to.to_string(),
            reason: format!("more than {MAX_REDIRECTS} redirects in a row"),
        })
    }

    /// One request to one destination: verdict, ledger, bytes.
    async fn hop(&self, errand: &Errand, outgoing: &Outgoing, to: Destination) -> Result<Incoming, EgressError> {
        let host = to.to_string();
        let mut rules = self.inner.rules.subscribe();
        let (verdict, here) = {
            let rules = rules.borrow_and_update();
            (judge(&rules, &to), rules.is_engine(&to))
        };
        let entry = line(&errand.who, &errand.why, host.clone(), verdict.clone());
        if verdict != GateVerdict::Allowed {
            self.inner.book.count(|totals| totals.refused_today += 1);
            if let Err(reason) = self.inner.book.write(entry).await {
                // Refused it stays, whether or not that could be written down.
                tracing::error!(host, reason, "a refusal could not be written to the ledger");
            }
            return Err(EgressError::Refused { host, verdict, redirected: to.redirected });
        }
        let client = self.client(&outgoing.url, &host)?;
        if !here {
            let written = self.inner.book.write(entry.clone()).await;
            written.map_err(|reason| EgressError::Ledger { host: host.clone(), reason })?;
        }
        let crossing = Crossing::open(self.inner.book.clone(), (!here).then_some(entry));
        let mut line = Line { to, rules };
        let (request, head) = request(client, outgoing, &crossing)?;
        let response = line
            .keep(outgoing.patience, async {
                client.execute(request).await.map_err(|error| {
                    if error.is_connect() {
                        EgressError::Unreachable { host, reason: reason(error) }
                    } else {
                        EgressError::Broken { host, reason: reason(error) }
                    }
                })
            })
            .await;
        if !matches!(response, Err(EgressError::Unreachable { .. })) {
            crossing.sent(head);
        }
        let response = response?;
        crossing.received(measure::answer_head(response.status(), response.headers()));
        Ok(Incoming {
            status: response.status(),
            headers: response.headers().clone(),
            url: outgoing.url.clone(),
            body: Body { response, crossing, line, patience: outgoing.patience },
        })
    }

    fn client(&self, url: &Url, host: &str) -> Result<&Client, EgressError> {
        let client =
            if url.scheme() == "https" { self.inner.secure.get_or_init(|| client(true)) } else { &self.inner.plain };
        client.as_ref().map_err(|reason| EgressError::Unreachable { host: host.to_owned(), reason: reason.clone() })
    }

    fn change(&self, change: impl FnOnce(&Rules) -> Rules) {
        self.inner.rules.send_modify(|rules| *rules = Arc::new(change(rules)));
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("totals", &self.totals()).finish_non_exhaustive()
    }
}

/// No proxy, no cookies, no redirects of its own, and no connection that outlives its answer:
/// an idle one would still exchange packets in a workspace that has been sealed meanwhile.
#[allow(clippy::disallowed_types)]
fn client(secure: bool) -> Result<Client, String> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_PATIENCE)
        .pool_max_idle_per_host(0)
        .tcp_nodelay(true);
    let builder = if secure { builder } else { builder.tls_certs_only([]) };
    builder.build().map_err(|error| format!("secure connections cannot be set up: {}", reason(error)))
}

fn destination(url: &Url) -> Result<Destination, EgressError> {
    Destination::of(url).map_err(|reason| EgressError::Address { reason: reason.to_owned() })
}

/// The request with every header set here, and the size of its head where no body counts it.
fn request(
    client: &Client,
    outgoing: &Outgoing,
    crossing: &Arc<Crossing>,
) -> Result<(reqwest::Request, u64), EgressError> {
    let mut headers = outgoing.headers.clone();
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if !outgoing.body.is_empty() || outgoing.method == Method::POST {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(outgoing.body.len() as u64));
    }
    let mut head = measure::request_head(&outgoing.method, &outgoing.url, &headers);
    let mut request = client.request(outgoing.method.clone(), outgoing.url.clone()).headers(headers);
    if !outgoing.body.is_empty() {
        let head = std::mem::take(&mut head);
        request = request.body(counted(head, outgoing.body.clone(), crossing.clone()));
    }
    let request = request.build().map_err(|error| EgressError::Address { reason: reason(error) })?;
    Ok((request, head))
}

/// A body that counts what the connection takes of it, so that a request which never got out
/// counts nothing. The head goes out before the body is asked for, and is counted with it.
fn counted(head: u64, body: Bytes, crossing: Arc<Crossing>) -> reqwest::Body {
    reqwest::Body::wrap_stream(stream::unfold((head, body), move |(head, mut rest)| {
        let piece = rest.split_to(rest.len().min(PIECE));
        crossing.sent(head + piece.len() as u64);
        future::ready((!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), (0, rest))))
    }))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The request that a redirect asks for; `None` when it names no address.
fn redirected(outgoing: &Outgoing, answer: &Incoming) -> Result<Option<Outgoing>, EgressError> {
    let host = || answer.body.line.to.to_string();
    let Some(location) = answer.headers.get(header::LOCATION) else { return Ok(None) };
    let refuse = |reason: &str| EgressError::Redirect { host: host(), reason: reason.to_owned() };
    let location = location.to_str().map_err(|_| refuse("the address cannot be read"))?;
    let url = outgoing.url.join(location).map_err(|_| refuse("the address cannot be read"))?;
    if outgoing.url.scheme() == "https" && url.scheme() != "https" {
        return Err(refuse("from a secure to a plain connection"));
    }
    let mut next = outgoing.clone();
    // As browsers do: after 301 to 303 a POST becomes a GET; 307 and 308 repeat it.
    let repeats = matches!(answer.status.as_u16(), 307 | 308) || matches!(next.method, Method::GET | Method::HEAD);
    if !repeats {
        next.method = Method::GET;
        next.body = Bytes::new();
        next.headers.remove(header::CONTENT_TYPE);
    }
    if url.origin() != outgoing.url.origin() {
        forget_secrets(&mut next.headers);
    }
    next.url = url;
    Ok(Some(next))
}

/// Credentials are for the host that they were given to.
fn forget_secrets(headers: &mut HeaderMap) {
    for name in [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
    let marked: Vec<_> =
        headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
    for name in marked {
        headers.remove(name);
    }
}
