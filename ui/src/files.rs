//! What only the system has: its file dialog, dropped files, the person's browser.

use crate::{client::Client, dom, route::Route};
use futures::channel::oneshot;
use leptos::prelude::*;
use protocol::{Fault, FaultKind, ImportBytes, ImportPaths, ImportPlan, LARGEST_UPLOAD, LeftOutFile};
use wasm_bindgen::{JsCast, JsValue, prelude::*};
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, FileList, FileReader, HtmlInputElement};

/// Where on the page the files that were left out are listed.
pub const LEFT_OUT_ID: &str = "left-out";
/// The most of them that are kept.
const LEFT_OUT: usize = 500;

/// What a dialog should offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Files to import.
    Documents,
    /// A folder to import.
    Folder,
    /// A model file.
    Model,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI__", "core"])]
    async fn invoke(command: &str, args: JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["window", "__TAURI__", "event"], js_name = listen)]
    async fn listen(event: &str, heard: &Closure<dyn FnMut(JsValue)>) -> Result<JsValue, JsValue>;
}

/// Lets the person choose in the system's dialog. Empty when they closed it. Only in the window.
pub async fn choose(wanted: Wanted) -> Vec<String> {
    let options = match wanted {
        Wanted::Documents => r#"{"options":{"multiple":true,"directory":false}}"#,
        Wanted::Folder => r#"{"options":{"multiple":true,"directory":true,"recursive":true}}"#,
        Wanted::Model => {
            r#"{"options":{"multiple":false,"directory":false,"filters":[{"name":"GGUF","extensions":["gguf"]}]}}"#
        }
    };
    let Ok(options) = js_sys::JSON::parse(options) else { return Vec::new() };
    match invoke("plugin:dialog|open", options).await {
        Ok(chosen) if chosen.is_array() => strings(&chosen),
        Ok(chosen) => chosen.as_string().into_iter().collect(),
        Err(_) => Vec::new(),
    }
}

/// Opens a web page in the person's browser. The window's capabilities allow http and https only.
pub async fn open_page(address: String) {
    let args = js_sys::Object::new();
    if js_sys::Reflect::set(&args, &"url".into(), &address.into()).is_ok() {
        // Refused or no browser: the address can still be copied from the dialog.
        let _ = invoke("plugin:opener|open_url", args.into()).await;
    }
}

/// Files over the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Dragged {
    /// Their paths: the window is told them at once.
    Paths(Vec<String>),
    /// How many: a browser does not tell their names before they are dropped.
    Count(u32),
}

/// What happens to files over the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Drag {
    /// They are over it; their paths.
    Over(Vec<String>),
    /// They left again.
    Left,
    /// They were dropped; their paths.
    Dropped(Vec<String>),
}

/// Tells of files dragged over the window, for as long as the page lives. Only in the window: a
/// browser has events of its own.
pub fn follow_drags(told: impl Fn(Drag) + Clone + 'static) {
    for name in ["tauri://drag-enter", "tauri://drag-drop", "tauri://drag-leave"] {
        let told = told.clone();
        let heard = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let payload = js_sys::Reflect::get(&event, &"payload".into()).unwrap_or_default();
            let paths =
                js_sys::Reflect::get(&payload, &"paths".into()).map(|paths| strings(&paths)).unwrap_or_default();
            told(match name {
                "tauri://drag-enter" => Drag::Over(paths),
                "tauri://drag-drop" => Drag::Dropped(paths),
                _ => Drag::Left,
            });
        });
        spawn_local(async move {
            if listen(name, &heard).await.is_ok() {
                // The page listens until it ends.
                heard.forget();
            }
        });
    }
}

/// Imports paths; says what was left out, and keeps the reasons where they can be read.
pub fn import_paths(client: Client, paths: Vec<String>) {
    if paths.is_empty() {
        return;
    }
    client.ask(ImportPaths { paths }, move |plan| begun(client, plan));
}

fn begun(client: Client, plan: ImportPlan) {
    let new = f64::from(plan.files);
    let out = f64::from(plan.all_left_out());
    let screen = client.screen;
    match (plan.files, plan.all_left_out()) {
        (0, 0) => screen.toast(t!("import.known", n = f64::from(plan.known)), None),
        (_, 0) => screen.toast_import(t!("import.begun", n = new), None, None),
        (0, _) => screen.toast(t!("import.left_out", n = out), Some(see_left_out(client))),
        (_, _) => {
            let (text, then) = (t!("import.begun_without", n = new, left_out = out), t!("import.left_out", n = out));
            screen.toast_import(text, Some(see_left_out(client)), Some(then));
        }
    }
    leave_out(client, plan.left_out);
}

/// The way to what was left out. The first run shows it where the person is.
fn see_left_out(client: Client) -> (String, Callback<()>) {
    let go = move |()| {
        if !untrack(move || crate::app::first_run(client)) {
            client.screen.go(Route::Documents);
        }
        dom::show_soon(LEFT_OUT_ID);
    };
    (t!("import.see_left_out"), Callback::new(go))
}

/// Keeps what was left out, newest first, each path once.
fn leave_out(client: Client, files: Vec<LeftOutFile>) {
    if files.is_empty() {
        return;
    }
    client.screen.left_out.update(|kept| {
        kept.retain(|old| files.iter().all(|new| new.path != old.path));
        kept.splice(0..0, files);
        kept.truncate(LEFT_OUT);
    });
}

/// Sends the files that a browser gives, one after the other.
pub fn import_files(client: Client, files: FileList) {
    let files: Vec<File> = (0..files.length()).filter_map(|at| files.get(at)).collect();
    if files.is_empty() {
        return;
    }
    client.screen.toast_import(t!("import.begun", n = files.len() as f64), None, None);
    spawn_local(async move {
        let mut left_out = Vec::new();
        for file in files {
            let name = file.name();
            if let Err(fault) = send(client, &file).await {
                left_out.push(LeftOutFile { path: name, fault });
            }
        }
        if !left_out.is_empty() {
            client.screen.toast(t!("import.left_out", n = left_out.len() as f64), Some(see_left_out(client)));
            leave_out(client, left_out);
        }
    });
}

/// Sends a file. One that does not fit into a request is not even read.
async fn send(client: Client, file: &File) -> Result<(), Fault> {
    let name = file.name();
    let refused = |code: &str| Fault::new(FaultKind::Invalid, code, name.clone()).with("file", &name);
    if file.size() > LARGEST_UPLOAD as f64 {
        return Err(refused("client.file_too_large").with("limit_mb", LARGEST_UPLOAD >> 20));
    }
    let base64 = read(file).await.ok_or_else(|| refused("client.file_unreadable"))?;
    client.call(ImportBytes { name, base64 }).await.map(drop)
}

/// A file's bytes in base64.
async fn read(file: &File) -> Option<String> {
    let reader = FileReader::new().ok()?;
    let (done, read) = oneshot::channel::<()>();
    let ended = Closure::once_into_js(move || {
        let _ = done.send(());
    });
    reader.set_onloadend(Some(ended.unchecked_ref()));
    reader.read_as_data_url(file).ok()?;
    read.await.ok()?;
    let url = reader.result().ok()?.as_string()?;
    url.split_once(";base64,").map(|(_, base64)| base64.to_owned())
}

fn strings(list: &JsValue) -> Vec<String> {
    js_sys::Array::from(list).iter().filter_map(|entry| entry.as_string()).collect()
}

/// Opens the browser's file chooser and imports what is chosen.
pub fn choose_in_browser(client: Client) {
    let Some(input) = file_input() else { return };
    let chosen = input.clone();
    let changed = Closure::once_into_js(move || {
        if let Some(files) = chosen.files() {
            import_files(client, files);
        }
    });
    input.set_onchange(Some(changed.unchecked_ref()));
    input.click();
}

fn file_input() -> Option<HtmlInputElement> {
    let input: HtmlInputElement = document().create_element("input").ok()?.dyn_into().ok()?;
    input.set_type("file");
    input.set_multiple(true);
    Some(input)
}

/// Imports through the window's dialog or the browser's chooser.
pub fn choose_and_import(client: Client, wanted: Wanted) {
    if client.in_window() {
        spawn_local(async move { import_paths(client, choose(wanted).await) });
    } else {
        choose_in_browser(client);
    }
}
