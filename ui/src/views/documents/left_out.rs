//! The files that the last imports left out, each with its reason, until they were read.

use crate::{
    client::use_client,
    faults,
    files::LEFT_OUT_ID,
    parts::icon::{Glyph, Icon},
};
use leptos::prelude::*;

/// The list; nothing where nothing was left out.
#[component]
pub(crate) fn LeftOut() -> impl IntoView {
    let files = use_client().screen.left_out;
    view! {
        <Show when=move || !files.read().is_empty()>
            <div class="notice left-out" id=LEFT_OUT_ID role="region" aria-label=t!("import.left_out_name") data-testid="left-out">
                <Glyph icon=Icon::FileX/>
                <div class="grow">
                    <b>{move || t!("import.left_out", n = files.read().len() as f64)}</b>
                    <ul>
                        <For each=move || files.get() key=|file| file.path.clone() let:file>
                            <li>
                                <span class="mono">{file.path.clone()}</span>
                                " "
                                <span class="dim">{reason(&file.fault)}</span>
                            </li>
                        </For>
                    </ul>
                </div>
                <button class="btn icon ghost sm" aria-label=t!("act.close") on:click=move |_| files.set(Vec::new())>
                    <Glyph icon=Icon::X size=14/>
                </button>
            </div>
        </Show>
    }
}

/// Why, and what to do.
pub(crate) fn reason(fault: &protocol::Fault) -> String {
    let words = faults::words(fault);
    [Some(words.message), words.hint].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
