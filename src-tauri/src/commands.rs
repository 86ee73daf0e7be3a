//! The two commands of the window: `call` carries one request in, `events` carries events out.

use crate::shell::Door;
use futures::StreamExt;
use protocol::{Envelope, Fault, Request};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tauri::{State, ipc::Channel};

/// Answers one request: `{"ok": reply}` or `{"fault": fault}`.
#[tauri::command]
pub(crate) async fn call(door: State<'_, Door>, request: Request) -> Result<Value, ()> {
    let answered: Result<Value, Fault> = async {
        let app = door.app().await?;
        app.see_through(&app.person(), request).await
    }
    .await;
    Ok(match answered {
        Ok(reply) => json!({ "ok": reply }),
        Err(fault) => json!({ "fault": fault }),
    })
}

/// The task that sends events to the page that is shown now.
#[derive(Default)]
pub(crate) struct Sending(Mutex<Option<tauri::async_runtime::JoinHandle<()>>>);

impl Sending {
    /// Puts a task in the place of the one before, whose page is gone: it was loaded again.
    fn replace(&self, task: tauri::async_runtime::JoinHandle<()>) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
        if let Some(before) = before {
            before.abort();
        }
    }
}

/// Sends every event after number `after` to `channel`, until the page goes away or asks again.
#[tauri::command]
pub(crate) async fn events(
    door: State<'_, Door>,
    sending: State<'_, Sending>,
    after: u64,
    channel: Channel<Envelope>,
) -> Result<Value, ()> {
    let app = match door.app().await {
        Ok(app) => app,
        Err(fault) => return Ok(json!({ "fault": fault })),
    };
    let mut events = app.events(&app.person(), after);
    sending.replace(tauri::async_runtime::spawn(async move {
        while let Some(envelope) = events.next().await {
            if channel.send(envelope).is_err() {
                break;
            }
        }
    }));
    Ok(json!({ "ok": null }))
}
