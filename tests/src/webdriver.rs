//! A browser or the real window, driven as a person would: find, click, type, look.

use crate::{http, place};
use base64::Engine as _;
use serde_json::{Value, json};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// One step of a driver on a loaded machine.
const STEP: Duration = Duration::from_secs(120);
/// How long something may take to appear.
pub const PATIENCE: Duration = Duration::from_secs(90);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session with a driver; both end when this goes.
pub struct Driver {
    child: Child,
    address: SocketAddr,
    session: String,
    profile: Option<tempfile::TempDir>,
}

/// Something on the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Driver {
    /// Headless Chromium.
    pub fn chromium(width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let address = free();
        let child = Command::new("chromedriver")
            .arg(format!("--port={}", address.port()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let args = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ]);
        Self::open(
            child,
            address,
            &json!({ "goog:chromeOptions": { "args": args }, "goog:loggingPrefs": { "browser": "ALL" } }),
            Some(profile),
        )
    }

    /// The real window of `atelier-desktop` on a display, with an environment of its own.
    pub fn window(display: &str, environment: &[(&str, PathBuf)]) -> Self {
        let address = free();
        let mut command = Command::new("WebKitWebDriver");
        crate::workspace::environment(&mut command);
        command
            .arg(format!("--port={}", address.port()))
            .arg("--host=127.0.0.1")
            .env("DISPLAY", display)
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = command.spawn().expect("WebKitWebDriver is installed");
        let options = json!({ "binary": place::program("atelier-desktop"), "args": [] });
        Self::open(child, address, &json!({ "webkitgtk:browserOptions": options }), None)
    }

    fn open(child: Child, address: SocketAddr, wanted: &Value, profile: Option<tempfile::TempDir>) -> Self {
        let mut driver = Self { child, address, session: String::new(), profile };
        let since = Instant::now();
        while http::send(address, "GET", "/status", &[], None, STEP).is_err() {
            assert!(since.elapsed() < STEP, "the driver does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let opened =
            driver.raw("POST", "/session", Some(&wanted)).unwrap_or_else(|error| panic!("no session: {error}"));
        driver.session = opened["sessionId"].as_str().expect("a session id").to_owned();
        driver
    }

    /// The driver's process, which has started what it drives.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn raw(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let reply = http::send(self.address, method, path, &[], body, STEP).map_err(|error| error.to_string())?;
        let value = reply.json()["value"].take();
        if reply.status == 200 { Ok(value) } else { Err(value.to_string()) }
    }

    fn session(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        self.raw(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Opens an address.
    pub fn open_url(&self, url: &str) {
        self.session("POST", "/url", Some(&json!({ "url": url }))).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Runs a script in every page before the page's own; only Chromium can.
    pub fn before_load(&self, script: &str) {
        let command = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": script } });
        self.session("POST", "/goog/cdp/execute", Some(&command)).unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    /// Runs a script and returns what it returns.
    pub fn script(&self, script: &str) -> Value {
        self.session("POST", "/execute/sync", Some(&json!({ "script": script, "args": [] })))
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs a script that calls its last argument when it is done.
    pub fn script_async(&self, script: &str) -> Value {
        self.session("POST", "/execute/async", Some(&json!({ "script": script, "args": [] })))
            .unwrap_or_else(|error| panic!("a script failed: {error}"))
    }

    /// What a selector finds now.
    pub fn all(&self, css: &str) -> Vec<Element> {
        let found = self.session("POST", "/elements", Some(&json!({ "using": "css selector", "value": css })));
        found
            .ok()
            .and_then(|found| {
                Some(
                    found
                        .as_array()?
                        .iter()
                        .filter_map(|one| Some(Element(one[ELEMENT].as_str()?.to_owned())))
                        .collect(),
                )
            })
            .unwrap_or_default()
    }

    /// What a selector finds, waiting for it.
    pub fn find(&self, css: &str) -> Element {
        self.until(&format!("an element {css}"), || self.all(css).into_iter().next())
    }

    /// Waits until it holds; when it does not, a picture and the page's text say what was there.
    pub fn until<T>(&self, what: &str, holds: impl FnMut() -> Option<T>) -> T {
        self.within(PATIENCE, what, holds)
    }

    /// The same with a limit of its own.
    pub fn within<T>(&self, limit: Duration, what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(found) = holds() {
                return found;
            }
            if since.elapsed() > limit {
                self.picture("failed");
                panic!("not within {limit:?}: {what}. The page says:\n{}", self.page());
            }
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    /// All text of the page.
    pub fn page(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Clicks what a selector finds.
    pub fn click(&self, css: &str) {
        let mut last = String::new();
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let found = self.find(css);
            match self.session("POST", &format!("/element/{}/click", found.0), Some(&json!({}))) {
                Ok(_) => return,
                // It moved, was drawn anew or lies under something that goes away.
                Err(error) => last = error,
            }
            std::thread::sleep(Duration::from_millis(80));
        }
        self.picture("failed");
        panic!("cannot click {css}: {last}");
    }

    /// Types into what a selector finds.
    pub fn type_into(&self, css: &str, text: &str) {
        let found = self.find(css);
        self.session("POST", &format!("/element/{}/value", found.0), Some(&json!({ "text": text })))
            .unwrap_or_else(|error| panic!("cannot type into {css}: {error}"));
    }

    /// The visible text of what a selector finds.
    pub fn text(&self, css: &str) -> String {
        let found = self.find(css);
        self.session("GET", &format!("/element/{}/text", found.0), None)
            .ok()
            .and_then(|text| Some(text.as_str()?.to_owned()))
            .unwrap_or_default()
    }

    /// Presses keys together, such as Control and K.
    pub fn press(&self, keys: &[char]) {
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key.to_string() }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key.to_string() }));
        self.keys(down.chain(up).collect());
    }

    /// Presses a key so many times, as fast as the page takes it.
    pub fn press_again(&self, key: char, times: usize) {
        let one = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }));
        self.keys(one.iter().cycle().take(2 * times).cloned().collect());
    }

    fn keys(&self, actions: Vec<Value>) {
        let body = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.session("POST", "/actions", Some(&body)).unwrap_or_else(|error| panic!("cannot press keys: {error}"));
    }

    /// Takes a picture into `test-output/NAME.png`.
    pub fn picture(&self, name: &str) -> PathBuf {
        let path = place::output(&format!("{name}.png"));
        let taken = self.session("GET", "/screenshot", None).expect("a picture");
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(taken.as_str().expect("base64"))
            .expect("a picture in base64");
        std::fs::write(&path, bytes).expect("test-output can be written");
        path
    }

    /// Serious and critical findings of axe-core on the page, one line each.
    pub fn accessibility(&self) -> Vec<String> {
        let axe = std::fs::read_to_string(place::cached("axe.min.js")).expect("readable");
        self.script(&format!("{axe}\nreturn true;"));
        let found = self.script_async(
            "const done = arguments[arguments.length - 1];
             axe.run(document, { resultTypes: ['violations'] }).then(
               (r) => done(r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map(
                 (v) => v.id + ': ' + v.help + ' at ' + v.nodes.map((n) => n.target.join(' ')).join(' | '))),
               (e) => done(['axe failed: ' + e]));",
        );
        found.as_array().expect("a list").iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Closes the page or the window as a person would.
    pub fn close(mut self) {
        let _ = self.session("DELETE", "", None);
        self.session.clear();
        // WebKit's driver ends the program that it started some time after it has answered; were the
        // driver ended first, the program would go on.
        let since = Instant::now();
        while since.elapsed() < STEP && has_children(self.child.id()) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether a process has started others that still run. Only known where there is a /proc.
fn has_children(pid: u32) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        // The command's name may hold spaces and brackets: what is looked for comes after it.
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        let mut fields = after.split(' ');
        fields.next().is_some_and(|state| state != "Z") && fields.next() == Some(pid.to_string().as_str())
    })
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.session("DELETE", "", None);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.profile.take();
    }
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}
