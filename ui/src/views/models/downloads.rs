//! Models on their way: how far each is, how long it takes, what is in its way, and how to stop it.

use super::offers::allow;
use crate::{
    client::use_client,
    faults, i18n,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DownloadState, DownloadView, DropDownload, GetModel, PauseDownload};

/// All downloads there are.
#[component]
pub(crate) fn Downloads() -> impl IntoView {
    let client = use_client();
    let ids = Memo::new(move |_| {
        let models = client.store.models();
        let models = models.read();
        models.downloads.iter().map(|download| download.id.clone()).collect::<Vec<_>>()
    });
    view! {
        <Show when=move || !ids.read().is_empty()>
            <ul class="downloads section" aria-label=t!("downloads.title")>
                <For each=move || ids.get() key=String::clone let:id>
                    <Line id/>
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn Line(id: String) -> impl IntoView {
    let client = use_client();
    let id = StoredValue::new(id);
    let download = Memo::new(move |_| {
        let models = client.store.models();
        let models = models.read();
        models.downloads.iter().find(|download| id.with_value(|id| *id == download.id)).cloned()
    });
    let part = Memo::new(move |_| download.read().as_ref().and_then(share));
    let said = Memo::new(move |_| download.read().as_ref().map(words).unwrap_or_default());
    let name = Memo::new(move |_| download.read().as_ref().map(|one| one.name.clone()).unwrap_or_default());
    let host = Memo::new(move |_| download.read().as_ref().map(|one| one.host.clone()).unwrap_or_default());
    // Only what changes the buttons, not every byte.
    let state = Memo::new(move |_| download.read().as_ref().map(|one| one.state.clone()));
    let go_on = move || client.ask(GetModel { model: id.get_value() }, |_| ());
    view! {
        <li class="download" data-testid="download">
            <div class="row">
                <span class="grow">
                    <b class="med">{name}</b>
                    " "
                    <span class="small num dim">{said}</span>
                </span>
                {move || {
                    let acts = match state.get() {
                        Some(DownloadState::Waiting | DownloadState::Running) => {
                            view! {
                                <button
                                    class="btn sm"
                                    on:click=move |_| client.tell(PauseDownload { model: id.get_value() })
                                >
                                    {t!("downloads.pause")}
                                </button>
                            }
                                .into_any()
                        }
                        Some(DownloadState::Paused | DownloadState::Failed { .. }) => {
                            view! {
                                <button class="btn sm" on:click=move |_| go_on()>
                                    {t!("downloads.resume")}
                                </button>
                                <button
                                    class="btn ghost sm"
                                    on:click=move |_| client.tell(DropDownload { model: id.get_value() })
                                >
                                    {t!("downloads.drop")}
                                </button>
                            }
                                .into_any()
                        }
                        Some(DownloadState::Checking) | None => ().into_any(),
                    };
                    view! { <span class="btn-group">{acts}</span> }
                }}
            </div>
            <div
                class="bar-track"
                role="progressbar"
                aria-label=name
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || part.get().map(|part| format!("{:.0}", part * 100.0))
            >
                <i style=move || format!("inline-size:{:.1}%", part.get().unwrap_or(0.0) * 100.0)></i>
            </div>
            {move || match state.get() {
                Some(DownloadState::Failed { fault }) => {
                    let blocked = (fault.code == "egress.denied").then(|| fault.values.get("host").cloned()).flatten();
                    let words = faults::words(&fault);
                    view! {
                        <div class="row wrap-row">
                            <span class="status bad">
                                <Glyph icon=Icon::CircleAlert size=14/>
                                <span>{words.message} {words.hint.map(|hint| view! { <span class="sub">{hint}</span> })}</span>
                            </span>
                            {blocked
                                .map(|host| {
                                    let named = plain(&host);
                                    view! {
                                        <button
                                            class="btn sm"
                                            on:click=move |_| allow(client, named.clone())
                                        >
                                            {t!("offers.allow", host = plain(&host))}
                                        </button>
                                    }
                                })}
                        </div>
                    }
                        .into_any()
                }
                Some(
                    DownloadState::Waiting
                    | DownloadState::Running
                    | DownloadState::Checking
                    | DownloadState::Paused,
                )
                | None => {
                    view! { <p class="small faint">{move || t!("downloads.from", host = host.get())}</p> }.into_any()
                }
            }}
        </li>
    }
}

/// A host as a person reads it: the port of the web goes without saying.
fn plain(host: &str) -> String {
    host.strip_suffix(":443").unwrap_or(host).to_owned()
}

fn share(download: &DownloadView) -> Option<f64> {
    let total = download.total.filter(|total| *total > 0)?;
    Some((download.done as f64 / total as f64).min(1.0))
}

/// How far it is, in words.
fn words(download: &DownloadView) -> String {
    let done = i18n::bytes(download.done);
    let far = match download.total {
        Some(total) => t!("downloads.of", done = done, total = i18n::bytes(total)),
        None => done,
    };
    let more = match (&download.state, download.bytes_per_second, download.left_ms) {
        (DownloadState::Waiting, ..) => Some(t!("downloads.waiting")),
        (DownloadState::Checking, ..) => Some(t!("downloads.checking")),
        (DownloadState::Paused, ..) => Some(t!("downloads.paused")),
        (DownloadState::Running, Some(rate), Some(left)) => {
            let (rate, left) = (i18n::bytes(rate), i18n::milliseconds(left.max(1_000)));
            Some(t!("downloads.rate_left", rate = rate, left = left))
        }
        (DownloadState::Running, Some(rate), None) => Some(t!("downloads.rate", rate = i18n::bytes(rate))),
        (DownloadState::Running, None, _) | (DownloadState::Failed { .. }, ..) => None,
    };
    more.map_or_else(|| far.clone(), |more| format!("{far}, {more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_knows_no_more_than_the_download() {
        let download = |done, total| DownloadView {
            id: "m".into(),
            name: "M".into(),
            host: "hub.example".into(),
            done,
            total,
            bytes_per_second: None,
            left_ms: None,
            state: DownloadState::Running,
        };
        assert_eq!(share(&download(5, None)), None);
        assert_eq!(share(&download(5, Some(0))), None);
        assert_eq!(share(&download(5, Some(10))), Some(0.5));
        assert_eq!(share(&download(11, Some(10))), Some(1.0), "a catalogue's figure is only about right");
        assert_eq!((plain("a.example:443"), plain("a.example:8443")), ("a.example".into(), "a.example:8443".into()));
    }
}
