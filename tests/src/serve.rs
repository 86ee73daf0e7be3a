//! `atelier serve` as a child, and the client that a browser would be.

use crate::{
    http::{self, Reply},
    workspace::Workspace,
};
use protocol::Call;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// How long a call may take on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The running server; ended when this goes.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The one-time token of the printed address.
    pub token: String,
    cookie: Option<String>,
}

impl Served {
    /// Starts it and waits for the printed address.
    pub fn start(workspace: &Workspace) -> Self {
        Self::start_at(workspace, "127.0.0.1:0")
    }

    /// The same at an address.
    pub fn start_at(workspace: &Workspace, address: &str) -> Self {
        let mut child = workspace
            .command()
            .args(["serve", "--listen", address])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("atelier starts");
        let out = child.stdout.take().expect("a pipe");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://") {
                    let url: String = line[at..].chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
                    let _ = tell.send(url);
                }
            }
        });
        let url = told.recv_timeout(LIMIT).expect("atelier serve prints its address");
        let (address, token) =
            url.trim_start_matches("http://").split_once("/#token=").unwrap_or_else(|| panic!("no token in {url}"));
        Self { address: address.parse().expect("an address"), token: token.to_owned(), child, cookie: None }
    }

    /// The address to open in a browser.
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token)
    }

    /// Opens a session with the one-time token; the cookie with its flags.
    pub fn log_in(&mut self) -> String {
        let reply = self.raw("POST", "/api/session", &[], Some(&json!({ "token": self.token })));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let cookie = reply.header("set-cookie").expect("a cookie").to_owned();
        self.cookie = cookie.split(';').next().map(str::to_owned);
        cookie
    }

    /// Any request, with this server's own Origin and the session, where there is one.
    pub fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        let origin = format!("http://{}", self.address);
        let mut all = headers.to_vec();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("origin")) {
            all.push(("Origin", &origin));
        }
        if let Some(cookie) = self.cookie.as_ref().filter(|_| !headers.iter().any(|(name, _)| *name == "Cookie")) {
            all.push(("Cookie", cookie));
        }
        http::send(self.address, method, path, &all, body, LIMIT).expect("atelier serve replies")
    }

    /// Asks one thing that must succeed.
    pub fn call<C: Call>(&self, call: C) -> C::Reply {
        let request: protocol::Request = call.into();
        let body = serde_json::to_value(&request).expect("requests are JSON");
        let reply = self.raw("POST", "/api/call", &[], Some(&body));
        assert_eq!(reply.status, 200, "{}: {}", C::NAME, reply.text());
        let mut value = reply.json();
        assert!(value.get("fault").is_none(), "{}: {value}", C::NAME);
        serde_json::from_value(value["ok"].take()).unwrap_or_else(|error| panic!("{}: {error}", C::NAME))
    }

    /// Asks again and again until it holds, or fails after a limit.
    pub fn until<T>(&self, what: &str, limit: Duration, mut holds: impl FnMut(&Self) -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(found) = holds(self) {
                return found;
            }
            assert!(since.elapsed() < limit, "not within {limit:?}: {what}");
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// The process, for tests that end it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as a system does that shuts down; its exit code.
    #[cfg(unix)]
    pub fn end(mut self) -> Option<i32> {
        let asked = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("kill is there").success());
        self.child.wait().expect("it ends").code()
    }

    /// Ends it as a power cut would: nothing is said, nothing is finished.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
