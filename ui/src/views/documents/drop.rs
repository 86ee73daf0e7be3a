//! Files over the window: what would be imported is said before they are dropped.

use crate::{
    client::use_client,
    files::{self, Drag},
};
use leptos::prelude::*;
use protocol::{ImportPlan, PlanImport};
use wasm_bindgen::JsCast;

/// The layer over the sheet while files are dragged over it.
#[component]
pub(super) fn Target() -> impl IntoView {
    let client = use_client();
    let over = RwSignal::new(false);
    let plan = RwSignal::new(None::<ImportPlan>);
    if !client.in_window() {
        follow_browser(over);
    }
    let dragged = client.screen.dragged;
    Effect::new(move || {
        let paths = dragged.get();
        over.set(paths.is_some());
        plan.set(None);
        if let Some(paths) = paths.filter(|paths| !paths.is_empty()) {
            client.ask(PlanImport { paths }, move |made| plan.set(Some(made)));
        }
    });
    view! {
        <Show when=move || over.get()>
            <div class="drop" data-testid="drop">
                <div class="drop-card">
                    <div class="drop-stack" aria-hidden="true">
                        <span class="fmt">"PDF"</span>
                        <span class="fmt">"HTML"</span>
                        <span class="fmt">"MD"</span>
                    </div>
                    <h2 class="h2">
                        {move || match plan.get() {
                            Some(plan) => t!("import.files", n = f64::from(plan.files)),
                            None => t!("documents.drop"),
                        }}
                    </h2>
                    <p class="dim">{t!("documents.drop_about")}</p>
                    {move || {
                        let left_out = plan.get().map_or(0, |plan| plan.all_left_out());
                        (left_out > 0)
                            .then(|| view! { <span class="drop-skip">{t!("import.left_out", n = f64::from(left_out))}</span> })
                    }}
                </div>
            </div>
        </Show>
    }
}

/// Files over a browser's page: their names are not told before they are dropped.
fn follow_browser(over: RwSignal<bool>) {
    let client = use_client();
    let handles = [
        window_event_listener_untyped("dragover", move |event| {
            event.prevent_default();
            over.set(true);
        }),
        window_event_listener_untyped("dragleave", move |event| {
            // Left the page, not one of its parts.
            if event.unchecked_ref::<web_sys::DragEvent>().related_target().is_none() {
                over.set(false);
            }
        }),
        window_event_listener_untyped("drop", move |event| {
            event.prevent_default();
            over.set(false);
            let files = event.unchecked_ref::<web_sys::DragEvent>().data_transfer().and_then(|data| data.files());
            if let Some(files) = files {
                files::import_files(client, files);
            }
        }),
    ];
    on_cleanup(move || handles.into_iter().for_each(|handle| handle.remove()));
}

/// Follows files over the window from its start, on whatever screen; called once.
pub(crate) fn follow_window() {
    let client = use_client();
    files::follow_drags(move |drag| match drag {
        Drag::Over(paths) => {
            client.screen.go(crate::route::Route::Documents);
            client.screen.dragged.set(Some(paths));
        }
        Drag::Left => client.screen.dragged.set(None),
        Drag::Dropped(paths) => {
            client.screen.dragged.set(None);
            files::import_paths(client, paths);
        }
    });
}
