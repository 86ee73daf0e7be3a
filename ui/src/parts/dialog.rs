//! Layers that ask: the frame of a dialog, and the question before a link is opened.

use super::icon::{Glyph, Icon};
use crate::{client::use_client, dom};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::KeyboardEvent;

/// A dialog over the sheet. The focus goes in when it opens and back where it was when it closes;
/// Esc closes it.
#[component]
pub fn Dialog(
    /// Whether it is open.
    #[prop(into)]
    open: Signal<bool>,
    /// Closes it.
    #[prop(into)]
    close: Callback<()>,
    /// Its title, also its name.
    #[prop(into)]
    title: Signal<String>,
    /// More classes.
    #[prop(default = "")]
    class: &'static str,
    /// A close button beside the title, where nothing else in it closes it.
    #[prop(optional)]
    cross: bool,
    /// What keys do anywhere in it, on the close button too.
    #[prop(optional, into)]
    keys: Option<Callback<KeyboardEvent>>,
    /// What is in it; built when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                let _ = dialog.show_modal();
            }
            (false, true) => dialog.close(),
            (true, true) | (false, false) => {}
        }
    });
    view! {
        <dialog
            node_ref=node
            class=format!("dialog {class}")
            aria-label=title
            on:close=move |_| if open.get_untracked() { close.run(()) }
            on:keydown=move |event| {
                // Esc closes this, not what lies under it as well.
                if event.key() == "Escape" {
                    event.stop_propagation();
                }
                if let Some(keys) = keys {
                    keys.run(event);
                }
            }
            on:click=move |event| {
                // A click on the dialog itself, not on what is in it, is one beside it.
                let beside = node.get_untracked().is_some_and(|dialog| {
                    event.target().is_some_and(|target| &target == dialog.unchecked_ref::<web_sys::EventTarget>())
                });
                if beside {
                    close.run(());
                }
            }
        >
            <Show when=move || open.get()>
                <div class="dialog-in">
                    <div class="dialog-head">
                        <h2 class="grow">{title}</h2>
                        {cross
                            .then(|| {
                                view! {
                                    <button
                                        class="btn icon ghost"
                                        aria-label=t!("act.close")
                                        title=t!("act.close")
                                        on:click=move |_| close.run(())
                                    >
                                        <Glyph icon=Icon::X/>
                                    </button>
                                }
                            })}
                    </div>
                    {children()}
                </div>
            </Show>
        </dialog>
    }
}

/// Asks before a link leaves Atelier. The address is shown whole.
#[component]
pub fn AskLink() -> impl IntoView {
    let client = use_client();
    let screen = client.screen;
    let copied = RwSignal::new(false);
    let open = Signal::derive(move || screen.link.with(Option::is_some));
    let close = move || {
        copied.set(false);
        screen.link.set(None);
    };
    view! {
        <Dialog open close=move |()| close() title=Signal::derive(|| t!("link.title"))>
            <div class="dialog-body">
                <p>{t!("link.body")}</p>
                <p class="mono link-address">{move || screen.link.get()}</p>
            </div>
            <div class="dialog-foot">
                <button class="btn" autofocus on:click=move |_| close()>
                    {t!("link.stay")}
                </button>
                <span class="grow"></span>
                <button
                    class="btn"
                    on:click=move |_| {
                        let Some(address) = screen.link.get_untracked() else { return };
                        spawn_local(async move {
                            copied.set(dom::copy(&address).await);
                        });
                    }
                >
                    {move || if copied.get() { t!("act.copied") } else { t!("link.copy") }}
                </button>
                <button
                    class="btn warn-fill"
                    on:click=move |_| {
                        if let Some(address) = screen.link.get_untracked() {
                            client.open_page(address);
                        }
                        close();
                    }
                >
                    {t!("link.open")}
                </button>
            </div>
        </Dialog>
    }
}
