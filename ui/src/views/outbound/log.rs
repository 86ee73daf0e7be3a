//! The log: its newest records, and whether all of it holds.

use crate::{
    client::use_client,
    i18n,
    parts::icon::{Glyph, Icon},
    shell::log,
};
use leptos::prelude::*;
use protocol::{LogLine, LogReport, ReadLog};

/// How many records are shown.
const SHOWN: u32 = 30;

/// The newest records as a chain, and the check.
#[component]
pub(super) fn Log() -> impl IntoView {
    let client = use_client();
    let lines = RwSignal::new(Vec::<LogLine>::new());
    let report = client.screen.log;
    let busy = RwSignal::new(false);
    let read = move || client.ask(ReadLog { before: None, limit: SHOWN }, move |read| drop(lines.try_set(read)));
    read();
    let verify = move || {
        busy.set(true);
        leptos::task::spawn_local(async move {
            if let Err(fault) = log::check(client).await {
                client.screen.fault.set(Some(fault));
            }
            busy.try_set(false);
            read();
        });
    };
    view! {
        <section class="section log">
            <div class="section-head">
                <h2 class="h3">{t!("outbound.log")}</h2>
                <span class="grow"></span>
                <button
                    class="btn"
                    aria-busy=move || busy.get().to_string()
                    disabled=move || busy.get()
                    on:click=move |_| verify()
                >
                    <Glyph icon=Icon::ShieldCheck/>
                    {move || if busy.get() { t!("outbound.verifying") } else { t!("outbound.verify") }}
                </button>
            </div>
            {move || report.get().map(|report| view! { <Verdict report/> })}
            <ol class="chain">
                <For each=move || lines.get() key=|line| line.id let:line>
                    <li>
                        <span class="node"></span>
                        <span class="seq">{i18n::number(line.number as f64)}</span>
                        <time>{i18n::time(line.at)}</time>
                        <span class="what">
                            <b>{i18n::own(&line.who)}</b>
                            " "
                            {what(&line.kind)}
                        </span>
                        {if line.erased { t!("outbound.erased") } else { String::new() }}
                        <span class="hash">{line.hash.get(..9).unwrap_or(&line.hash).to_owned()}</span>
                    </li>
                </For>
            </ol>
        </section>
    }
}

/// A kind of change in words; its name in the log where a newer version knows more kinds.
fn what(kind: &str) -> String {
    i18n::try_text(&format!("log.{kind}"), &[]).unwrap_or_else(|| kind.to_owned())
}

#[component]
fn Verdict(report: LogReport) -> impl IntoView {
    let words = match &report.first_bad {
        None if !report.altered.is_empty() => t!("outbound.altered", tables = report.altered.join(", ")),
        None => t!("outbound.intact", n = report.records as f64),
        Some(bad) => t!("outbound.broken", seq = bad.seq as f64, reason = &bad.reason),
    };
    let tone = if report.intact { "notice ok" } else { "notice bad" };
    let icon = if report.intact { Icon::ShieldCheck } else { Icon::CircleAlert };
    view! {
        <div class=format!("{tone} log-verdict") role="status" data-testid="log-verdict">
            <Glyph icon/>
            <div class="grow">
                <b>{words}</b>
                <div class="mono dim hash-line">{report.head}</div>
            </div>
        </div>
    }
}
