//! The password that a protected document asks for.

use crate::{client::use_client, parts::dialog::Dialog};
use leptos::prelude::*;
use protocol::{DocumentId, Fault, UnlockDocument};

/// Whether a fault goes away with a password.
pub(super) fn asks_password(fault: &Fault) -> bool {
    matches!(fault.code.as_str(), "document.asks_password" | "document.wrong_password")
}

/// A button that asks for it.
#[component]
pub(super) fn Unlock(
    /// The document.
    id: DocumentId,
    /// Whether the button is a stop of the tab key.
    stop: Memo<&'static str>,
) -> impl IntoView {
    let client = use_client();
    let open = RwSignal::new(false);
    let password = RwSignal::new(String::new());
    let close = move || {
        password.set(String::new());
        open.set(false);
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        client.tell(UnlockDocument { document: id, password: password.get_untracked() });
        close();
    };
    view! {
        <button class="btn sm" tabindex=stop on:click=move |_| open.set(true) data-testid="unlock">
            {t!("documents.unlock")}
        </button>
        <Dialog open close=move |()| close() title=Signal::derive(|| t!("documents.unlock_title"))>
            <form on:submit=submit>
                <div class="dialog-body">
                    <label class="field">
                        <span class="label">{t!("documents.password")}</span>
                        <input
                            class="input"
                            type="password"
                            autocomplete="off"
                            autofocus
                            prop:value=move || password.get()
                            on:input=move |event| password.set(event_target_value(&event))
                        />
                    </label>
                    <p class="hint">{t!("documents.password_about")}</p>
                </div>
                <div class="dialog-foot">
                    <button class="btn" type="button" on:click=move |_| close()>
                        {t!("act.cancel")}
                    </button>
                    <span class="grow"></span>
                    <button class="btn primary" type="submit" disabled=move || password.read().is_empty()>
                        {t!("documents.unlock_now")}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
