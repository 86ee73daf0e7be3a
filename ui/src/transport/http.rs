//! A browser's way: JSON over HTTP for requests, a WebSocket for events.

use super::{Arrival, Events, NO_SESSION, TOKEN, unreachable};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::{AbortHandle, abortable},
};
use protocol::{Envelope, Fault, FaultKind};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MessageEvent, RequestCredentials, RequestInit, Response, WebSocket, window};

/// The pause before a stream that broke is tried again.
const PAUSE_MS: u32 = 250;

async fn post(path: &str, body: &str) -> Result<Response, Fault> {
    let window = window().ok_or_else(|| unreachable("no window"))?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&body.into());
    init.set_credentials(RequestCredentials::SameOrigin);
    let headers = js_sys::Object::new();
    js_sys::Reflect::set(&headers, &"content-type".into(), &"application/json".into()).map_err(fault)?;
    init.set_headers(&headers);
    let reply = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await.map_err(fault)?;
    reply.dyn_into::<Response>().map_err(fault)
}

/// Sends a request; the reply as JSON.
pub async fn call(request: &str) -> Result<String, Fault> {
    let reply = post("/api/call", request).await?;
    if reply.status() == 401 {
        return Err(no_session());
    }
    let text = JsFuture::from(reply.text().map_err(fault)?).await.map_err(fault)?;
    text.as_string().ok_or_else(|| unreachable("not text"))
}

/// Trades the one-time token of the address for a session, and takes it out of the address.
pub async fn enter() -> Result<(), Fault> {
    let window = window().ok_or_else(|| unreachable("no window"))?;
    let hash = window.location().hash().map_err(fault)?;
    let Some(token) = hash.strip_prefix(TOKEN) else { return Ok(()) };
    let body = serde_json::json!({ "token": token }).to_string();
    let reply = post("/api/session", &body).await?;
    let history = window.history().map_err(fault)?;
    history.replace_state_with_url(&JsValue::NULL, "", Some("#/")).map_err(fault)?;
    if reply.ok() { Ok(()) } else { Err(no_session()) }
}

fn no_session() -> Fault {
    Fault::new(FaultKind::Refused, NO_SESSION, "This address is not open to this browser.")
        .safe("Nothing was read or changed.")
        .hint("Open the address that the terminal printed when Atelier started; each works once.")
}

/// Subscribes to events. A connection that breaks is tried again with the last number; where that
/// cannot be opened either, the stream ends, and opening the workspace again says why.
pub fn events(after: u64) -> Result<Events, Fault> {
    let (sender, arrivals) = unbounded();
    let (task, handle) = abortable(keep_listening(after, sender));
    spawn_local(async move {
        // Ended or aborted, there is nothing left to do.
        let _ = task.await;
    });
    Ok(Events { arrivals, _alive: Box::new(Stop(handle)) })
}

struct Stop(AbortHandle);
impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep_listening(mut after: u64, sender: UnboundedSender<Arrival>) {
    let mut lost = false;
    while !sender.is_closed() {
        let mut opened = false;
        if let Ok((socket, mut frames)) = listen(after) {
            while let Some(frame) = frames.next().await {
                match frame {
                    Frame::Opened => {
                        opened = true;
                        if std::mem::take(&mut lost) {
                            let _ = sender.unbounded_send(Arrival::Back);
                        }
                    }
                    Frame::Text(text) => {
                        let Ok(envelope) = serde_json::from_str::<Envelope>(&text) else { break };
                        after = envelope.seq;
                        let _ = sender.unbounded_send(Arrival::Envelope(Box::new(envelope)));
                    }
                    Frame::Closed => break,
                }
            }
            drop(socket);
        }
        if !std::mem::replace(&mut lost, true) {
            let _ = sender.unbounded_send(Arrival::Lost);
        }
        if !opened {
            break;
        }
        crate::dom::sleep(PAUSE_MS).await;
    }
}

enum Frame {
    Opened,
    Text(String),
    Closed,
}

/// An open socket; dropping it closes it.
struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}
impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing a closed socket is no fault.
        let _ = self.socket.close();
    }
}

fn listen(after: u64) -> Result<(Socket, UnboundedReceiver<Frame>), Fault> {
    let location = window().ok_or_else(|| unreachable("no window"))?.location();
    let scheme = if location.protocol().map_err(fault)? == "https:" { "wss" } else { "ws" };
    let host = location.host().map_err(fault)?;
    let socket = WebSocket::new(&format!("{scheme}://{host}/api/events?after={after}")).map_err(fault)?;
    let (sender, frames) = unbounded();
    let forward = sender.clone();
    let on_open = Closure::<dyn FnMut()>::new(move || {
        let _ = forward.unbounded_send(Frame::Opened);
    });
    let forward = sender.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            let _ = forward.unbounded_send(Frame::Text(text));
        }
    });
    let on_close = Closure::<dyn FnMut()>::new(move || {
        let _ = sender.unbounded_send(Frame::Closed);
    });
    socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
    Ok((Socket { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close }, frames))
}

fn fault(error: JsValue) -> Fault {
    unreachable(&error.as_string().unwrap_or_else(|| format!("{error:?}")))
}
