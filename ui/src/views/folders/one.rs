//! One watched folder: its state in words, and what can be done with it.

use crate::{
    client::use_client,
    faults, i18n,
    parts::{
        dialog::Dialog,
        icon::{Glyph, Icon},
        notice::FaultNotice,
    },
    state::WorkspaceStoreFields,
    views::documents::{passed_over_words, reason},
};
use leptos::prelude::*;
use protocol::{FolderId, FolderState, FolderView, LookAgain, PauseFolder, UnwatchFolder};

/// The folder with this id.
#[component]
pub(super) fn One(id: FolderId) -> impl IntoView {
    let client = use_client();
    let folder = Memo::new(move |_| client.store.folders().read().iter().find(|folder| folder.id == id).cloned());
    let leaving = RwSignal::new(false);
    view! {
        {move || {
            let now = folder.get()?;
            let (paused, path) = (now.state == FolderState::Paused, now.path.clone());
            let (look, stop) = (t!("folders.look_name", path = &path), t!("folders.stop_name", path = &path));
            let hold = if paused { t!("folders.resume_name", path = &path) } else { t!("folders.pause_name", path = &path) };
            Some(
                view! {
                    <div class="set-row folder-row" data-testid="folder">
                        <div class="grow">
                            <b class="mono set-path">{path}</b>
                            <small class="row" data-testid="folder-state">
                                {mark(&now.state)}
                                <span>{state(&now)}</span>
                            </small>
                        </div>
                        <div class="row">
                            {(!paused)
                                .then(|| {
                                    view! {
                                        <button
                                            class="btn sm"
                                            aria-label=look
                                            on:click=move |_| client.tell(LookAgain { folder: Some(id) })
                                        >
                                            {t!("folders.look")}
                                        </button>
                                    }
                                })}
                            <button
                                class="btn sm"
                                aria-label=hold
                                on:click=move |_| client.tell(PauseFolder { folder: id, paused: !paused })
                            >
                                {if paused { t!("folders.resume") } else { t!("folders.pause") }}
                            </button>
                            <button class="btn sm danger" aria-label=stop on:click=move |_| leaving.set(true)>
                                {t!("folders.stop")}
                            </button>
                        </div>
                    </div>
                    <More folder=now/>
                },
            )
        }}
        <Leave id folder leaving/>
    }
}

/// A shape for what goes on, beside the words.
fn mark(state: &FolderState) -> AnyView {
    match state {
        FolderState::Looking { .. } => view! { <span class="spin"></span> }.into_any(),
        FolderState::Waiting => view! { <Glyph icon=Icon::Clock size=14/> }.into_any(),
        FolderState::Watching => view! { <Glyph icon=Icon::Check size=14/> }.into_any(),
        FolderState::Paused => view! { <Glyph icon=Icon::Ban size=14/> }.into_any(),
        FolderState::Unreachable { .. } => view! { <Glyph icon=Icon::CircleAlert size=14/> }.into_any(),
    }
}

/// What goes on with it, in one line.
fn state(folder: &FolderView) -> String {
    let files = t!("folders.files", n = f64::from(folder.files));
    match (&folder.state, folder.looked_at) {
        (FolderState::Waiting, _) => t!("folders.waiting", files = files),
        (FolderState::Looking { total: 0, .. }, _) => t!("folders.looking", files = files),
        (FolderState::Looking { done, total }, _) => {
            t!("folders.looking_at", done = f64::from(*done), total = f64::from(*total))
        }
        (FolderState::Watching, Some(at)) => t!("folders.watching", files = files, when = i18n::date_time(at)),
        (FolderState::Watching, None) => t!("folders.looking", files = files),
        (FolderState::Paused, _) => t!("folders.paused", files = files),
        (FolderState::Unreachable { fault }, _) => faults::words(fault).message,
    }
}

/// What a person should know beside that: no watches left, files left out, what is passed over.
#[component]
fn More(folder: FolderView) -> impl IntoView {
    let out = folder.left_out.len() as f64 + f64::from(folder.more_left_out);
    let (more, passed) = (folder.more_left_out, passed_over_words(folder.passed_over));
    let trouble = match folder.state {
        FolderState::Unreachable { fault } => Some(fault),
        FolderState::Waiting | FolderState::Looking { .. } | FolderState::Watching | FolderState::Paused => folder.note,
    };
    view! {
        {trouble.map(|fault| view! { <FaultNotice fault/> })}
        {(!folder.left_out.is_empty())
            .then(|| {
                view! {
                    <details class="plan-out small">
                        <summary>{t!("import.left_out", n = out)}</summary>
                        <ul>
                            {folder
                                .left_out
                                .into_iter()
                                .map(|file| {
                                    let why = reason(&file.fault);
                                    view! { <li><span class="mono">{file.path}</span> " " <span class="dim">{why}</span></li> }
                                })
                                .collect_view()}
                            {(more > 0)
                                .then(|| view! { <li class="dim">{t!("import.left_out_more", n = f64::from(more))}</li> })}
                        </ul>
                    </details>
                }
            })}
        {(!passed.is_empty()).then(|| view! { <p class="small dim folder-passed">{passed.join(" ")}</p> })}
    }
}

/// Asks what shall become of the documents.
#[component]
fn Leave(id: FolderId, folder: Memo<Option<FolderView>>, leaving: RwSignal<bool>) -> impl IntoView {
    let client = use_client();
    let path = move || folder.get().map(|folder| folder.path).unwrap_or_default();
    let files = move || f64::from(folder.get().map_or(0, |folder| folder.files));
    let stop = move |documents: bool| {
        leaving.set(false);
        client.tell(UnwatchFolder { folder: id, documents });
    };
    view! {
        <Dialog
            open=leaving
            close=move |()| leaving.set(false)
            title=Signal::derive(move || t!("folders.stop_ask", path = path()))
        >
            <div class="dialog-body">
                <p>{move || t!("folders.stop_about", n = files())}</p>
            </div>
            <div class="dialog-foot">
                <button class="btn" on:click=move |_| leaving.set(false)>
                    {t!("act.cancel")}
                </button>
                <span class="grow"></span>
                <button class="btn danger" on:click=move |_| stop(true)>
                    {t!("folders.stop_and_remove")}
                </button>
                <button class="btn primary" autofocus on:click=move |_| stop(false)>
                    {t!("folders.stop_keep")}
                </button>
            </div>
        </Dialog>
    }
}
