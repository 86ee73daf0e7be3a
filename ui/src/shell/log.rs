//! Whether the log holds, as this screen was last told.

use crate::client::Client;
use leptos::prelude::*;
use protocol::{Fault, LogReport, VerifyLog};
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

/// After a start the log is checked once, when the first things are done.
const AFTER_START: Duration = Duration::from_secs(10);

/// Checks the whole log; the bar says it when something in it does not hold.
pub async fn check(client: Client) -> Result<LogReport, Fault> {
    let report = client.call(VerifyLog {}).await?;
    client.screen.log.set(Some(report.clone()));
    Ok(report)
}

/// Checks it some time after the start, unless it was checked meanwhile.
pub fn check_later(client: Client) {
    set_timeout(
        move || {
            if client.screen.log.with_untracked(Option::is_none) {
                spawn_local(async move {
                    // Nobody asked for this check: a fault of it says nothing about the log.
                    let _ = check(client).await;
                });
            }
        },
        AFTER_START,
    );
}
