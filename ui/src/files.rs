//! What only the system has: its file dialog, dropped files, the person's browser.

use crate::client::Client;
use futures::channel::oneshot;
use leptos::prelude::*;
use protocol::{Fault, FaultKind, ImportBytes, ImportPaths, LARGEST_UPLOAD};
use wasm_bindgen::{JsCast, JsValue, prelude::*};
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, FileList, FileReader, HtmlInputElement};

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

/// Imports paths; says what was left out.
pub fn import_paths(client: Client, paths: Vec<String>) {
    if paths.is_empty() {
        return;
    }
    client.ask(ImportPaths { paths }, move |plan| {
        let new = f64::from(plan.files);
        let text = match (plan.files, plan.all_left_out()) {
            (0, 0) => t!("import.known", n = f64::from(plan.known)),
            (_, 0) => t!("import.begun", n = new),
            (_, left_out) => t!("import.begun_without", n = new, left_out = f64::from(left_out)),
        };
        client.screen.toast(text, None);
        if let (0, Some(first)) = (plan.files, plan.left_out.into_iter().next()) {
            client.screen.fault.set(Some(first.fault));
        }
    });
}

/// Sends the files that a browser gives, one after the other.
pub fn import_files(client: Client, files: FileList) {
    let files: Vec<File> = (0..files.length()).filter_map(|at| files.get(at)).collect();
    if files.is_empty() {
        return;
    }
    client.screen.toast(t!("import.begun", n = files.len() as f64), None);
    spawn_local(async move {
        for file in files {
            if let Err(fault) = send(client, &file).await {
                client.screen.fault.set(Some(fault));
            }
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
