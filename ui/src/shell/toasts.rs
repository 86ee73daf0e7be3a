//! Results with a way back, at most two, ten seconds, longer while someone looks; and what went
//! wrong, until it was read.

use crate::{
    client::use_client,
    fold::News,
    parts::{
        icon::{Glyph, Icon},
        notice::FaultNotice,
    },
    screen::{Screen, Toast},
    state::WorkspaceStoreFields,
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use protocol::ImportProgress;

/// The toasts at the end of the sheet.
#[component]
pub fn Toasts() -> impl IntoView {
    let client = use_client();
    let screen = client.screen;
    // What the last thing done here met with, then what the backend wants to be known.
    let told = Memo::new(move |_| client.store.notices().read().last().cloned());
    // "Importing" is wrong from the moment that everything has been read.
    let importing = Memo::new(move |_| runs(&client.store.import().read()));
    Effect::new(move |before: Option<bool>| {
        let now = importing.get();
        if before == Some(true) && !now {
            screen.import_ended();
        }
        now
    });
    view! {
        <div class="toasts">
            {move || {
                told.get()
                    .map(|fault| {
                        let code = fault.code.clone();
                        let read = move |()| client.fold(News::Read(code.clone()));
                        view! { <FaultNotice fault close=read/> }
                    })
            }}
            <For each=move || screen.fault.get() key=|fault| format!("{} {fault}", fault.code) let:fault>
                {
                    let told = fault.clone();
                    view! { <FaultNotice fault stopped=true close=move |()| screen.fault.read(&told)/> }
                }
            </For>
            <For each=move || screen.toasts.get() key=|toast| toast.id let:toast>
                <OneToast toast/>
            </For>
        </div>
    }
}

/// Whether documents are being read.
fn runs(now: &ImportProgress) -> bool {
    now.done < now.total
}

#[component]
fn OneToast(toast: Toast) -> impl IntoView {
    let client = use_client();
    let screen = client.screen;
    let Toast { id, text, action, importing } = toast;
    let passing = importing.is_some_and(|importing| importing.then.is_none());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let start = move || {
        stop();
        let late = passing && !runs(&client.store.import().read_untracked());
        timer.set_value(set_timeout_with_handle(move || screen.untoast(id), Screen::toast_time(late)).ok());
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
                                screen.dismiss(id);
                                run.run(());
                            }
                        >
                            {words}
                        </button>
                    }
                })}
            <button class="btn icon sm" aria-label=t!("act.close") on:click=move |_| screen.dismiss(id)>
                <Glyph icon=Icon::X size=14/>
            </button>
        </div>
    }
}
