//! The two commands of the window: `call` carries one request in, `events` carries events out.

use crate::shell::Door;
use futures::StreamExt;
use protocol::{Envelope, Fault, Request};
use serde_json::{Value, json};
use tauri::{State, ipc::Channel};

/// Answers one request: `{"ok": reply}` or `{"fault": fault}`.
#[tauri::command]
pub(crate) async fn call(door: State<'_, Door>, request: Request) -> Result<Value, ()> {
    let answered: Result<Value, Fault> = async {
        let app = door.app().await?;
        app.answer(&app.person(), request).await
    }
    .await;
    Ok(match answered {
        Ok(reply) => json!({ "ok": reply }),
        Err(fault) => json!({ "fault": fault }),
    })
}

/// Sends every event after number `after` to `channel`, until the page goes away.
#[tauri::command]
pub(crate) async fn events(door: State<'_, Door>, after: u64, channel: Channel<Envelope>) -> Result<Value, ()> {
    let app = match door.app().await {
        Ok(app) => app,
        Err(fault) => return Ok(json!({ "fault": fault })),
    };
    let mut events = app.events(&app.person(), after);
    tauri::async_runtime::spawn(async move {
        while let Some(envelope) = events.next().await {
            if channel.send(envelope).is_err() {
                break;
            }
        }
    });
    Ok(json!({ "ok": null }))
}
