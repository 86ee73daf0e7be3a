//! How a request gets to the backend and how events come back: through the window's own channel,
//! or over HTTP where a browser shows this page.

mod http;
mod ipc;

use futures::channel::mpsc::UnboundedReceiver;
use protocol::{Envelope, Fault, FaultKind, Request};
use serde::Deserialize;
use serde_json::Value;
use std::any::Any;

/// The code of the fault that this browser has no session, or the server knows it no more.
pub const NO_SESSION: &str = "client.no_session";

/// What stands before the one-time token in an address.
const TOKEN: &str = "#token=";

/// Whether the part of an address after `#` lets a browser in.
pub fn lets_in(hash: &str) -> bool {
    hash.starts_with(TOKEN)
}

/// The way to the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The desktop window.
    Ipc,
    /// A browser.
    Http,
}

/// What the stream of events brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// An event.
    Envelope(Box<Envelope>),
    /// The stream broke; it is being tried again.
    Lost,
    /// It runs again.
    Back,
}

/// A stream of events. Dropping it ends the subscription on this side.
pub struct Events {
    /// What arrives.
    pub arrivals: UnboundedReceiver<Arrival>,
    /// Keeps the callbacks of the page alive.
    pub(crate) _alive: Box<dyn Any>,
}

impl Transport {
    /// Which way this page has.
    pub fn detect() -> Self {
        if ipc::available() { Transport::Ipc } else { Transport::Http }
    }

    /// Sends a request and waits for its reply.
    pub async fn send(self, request: &Request) -> Result<Value, Fault> {
        let json = serde_json::to_string(request).map_err(|error| broken(&error.to_string()))?;
        let reply = match self {
            Transport::Ipc => ipc::call(&json).await?,
            Transport::Http => http::call(&json).await?,
        };
        serde_json::from_str::<Reply>(&reply).map_err(|error| broken(&error.to_string()))?.into()
    }

    /// Subscribes to what happens after `after`.
    pub fn events(self, after: u64) -> Result<Events, Fault> {
        match self {
            Transport::Ipc => ipc::events(after),
            Transport::Http => http::events(after),
        }
    }

    /// Opens the session of a browser from the one-time token in its address, if there is one.
    pub async fn enter(self) -> Result<(), Fault> {
        match self {
            Transport::Ipc => Ok(()),
            Transport::Http => http::enter().await,
        }
    }

    /// Opens another page in the person's browser. Only after they said so.
    pub fn open_page(self, address: String) {
        match self {
            Transport::Ipc => wasm_bindgen_futures::spawn_local(crate::files::open_page(address)),
            Transport::Http => {
                let window = leptos::prelude::window();
                let _ = window.open_with_url_and_target_and_features(&address, "_blank", "noopener,noreferrer");
            }
        }
    }
}

/// A reply as it crosses the wire.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Ok(Value),
    Fault(Fault),
}

impl From<Reply> for Result<Value, Fault> {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Ok(value) => Ok(value),
            Reply::Fault(fault) => Err(fault),
        }
    }
}

/// The backend could not be reached.
fn unreachable(detail: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, "client.unreachable", "Atelier does not answer.")
        .safe("What you sent before is safe.")
        .hint("It is tried again by itself. If this stays, open Atelier again.")
        .with("detail", detail)
}

/// Something arrived that this client cannot read.
pub(crate) fn broken(detail: &str) -> Fault {
    Fault::new(FaultKind::Internal, "client.unreadable", "An answer of Atelier could not be read.")
        .safe("Your chats and documents are safe.")
        .hint("Open Atelier again; if this stays, the interface and the app are of different versions.")
        .with("detail", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_as_they_cross_the_wire() {
        let read = |json: &str| -> Result<Value, Fault> { serde_json::from_str::<Reply>(json).unwrap().into() };
        assert_eq!(read(r#"{"ok": 3}"#), Ok(3.into()));
        assert_eq!(read(r#"{"ok": null}"#), Ok(Value::Null));
        let fault = read(r#"{"fault": {"kind": "busy", "code": "a.b", "message": "c"}}"#);
        assert_eq!(fault, Err(Fault::new(FaultKind::Busy, "a.b", "c")));
    }
}
