//! Results with a way back: at most two, ten seconds, longer while someone looks.

use crate::{
    client::use_screen,
    parts::icon::{Glyph, Icon},
    screen::{Screen, Toast},
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

/// The toasts at the end of the sheet.
#[component]
pub fn Toasts() -> impl IntoView {
    let screen = use_screen();
    view! {
        <div class="toasts">
            <For each=move || screen.toasts.get() key=|toast| toast.id let:toast>
                <OneToast toast/>
            </For>
        </div>
    }
}

#[component]
fn OneToast(toast: Toast) -> impl IntoView {
    let screen = use_screen();
    let Toast { id, text, action } = toast;
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let start = move || {
        stop();
        timer.set_value(set_timeout_with_handle(move || screen.untoast(id), Screen::toast_time()).ok());
    };
    start();
    on_cleanup(stop);
    view! {
        <div
            class="toast"
            on:pointerenter=move |_| stop()
            on:pointerleave=move |_| start()
            on:focusin=move |_| stop()
            on:focusout=move |_| start()
        >
            <span class="grow">{text}</span>
            {action
                .map(|(words, run)| {
                    view! {
                        <button
                            class="btn sm"
                            on:click=move |_| {
                                screen.untoast(id);
                                run.run(());
                            }
                        >
                            {words}
                        </button>
                    }
                })}
            <button class="btn icon sm" aria-label=t!("act.close") on:click=move |_| screen.untoast(id)>
                <Glyph icon=Icon::X size=14/>
            </button>
        </div>
    }
}
