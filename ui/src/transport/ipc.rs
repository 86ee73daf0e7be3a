//! The window's way: two commands of the shell, `call` and `events`.

use super::{Arrival, Events, unreachable};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use js_sys::{JSON, Object, Reflect};
use protocol::{Envelope, Fault};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["window", "__TAURI__", "core"], catch)]
    async fn invoke(command: &str, args: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = ["window", "__TAURI__", "core"])]
    type Channel;

    #[wasm_bindgen(constructor, js_namespace = ["window", "__TAURI__", "core"])]
    fn new() -> Channel;

    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &Channel, handler: &Closure<dyn FnMut(JsValue)>);
}

/// Whether this page is in the window.
pub fn available() -> bool {
    Reflect::has(&js_sys::global(), &"__TAURI__".into()).unwrap_or(false)
}

/// Sends a request; the reply as JSON.
pub async fn call(request: &str) -> Result<String, Fault> {
    let args = Object::new();
    let request = JSON::parse(request).map_err(fault)?;
    Reflect::set(&args, &"request".into(), &request).map_err(fault)?;
    json(&invoke("call", &args).await.map_err(fault)?)
}

/// Subscribes to events.
pub fn events(after: u64) -> Result<Events, Fault> {
    let (sender, arrivals) = unbounded();
    let channel = Channel::new();
    let forward = sender.clone();
    let handler = Closure::<dyn FnMut(JsValue)>::new(move |message: JsValue| {
        match json(&message).ok().and_then(|text| serde_json::from_str::<Envelope>(&text).ok()) {
            Some(envelope) => arrive(&forward, Arrival::Envelope(Box::new(envelope))),
            // An event that cannot be read leaves a gap in the numbers, and that is noticed.
            None => arrive(&forward, Arrival::Lost),
        }
    });
    channel.set_onmessage(&handler);
    let args = Object::new();
    Reflect::set(&args, &"after".into(), &(after as f64).into()).map_err(fault)?;
    Reflect::set(&args, &"channel".into(), &channel).map_err(fault)?;
    wasm_bindgen_futures::spawn_local(async move {
        if invoke("events", &args).await.is_err() {
            arrive(&sender, Arrival::Lost);
        }
    });
    Ok(Events { arrivals, _alive: Box::new((channel, handler)) })
}

fn arrive(sender: &UnboundedSender<Arrival>, arrival: Arrival) {
    // A closed channel means that nobody listens any more.
    let _ = sender.unbounded_send(arrival);
}

/// Values come as objects, or as text where the shell has serialised them itself.
fn json(value: &JsValue) -> Result<String, Fault> {
    match value.as_string() {
        Some(text) => Ok(text),
        None => JSON::stringify(value).map(String::from).map_err(fault),
    }
}

fn fault(error: JsValue) -> Fault {
    unreachable(&error.as_string().unwrap_or_else(|| format!("{error:?}")))
}
