//! A line to type a path of this machine into, with its button and what is wrong with it.

use super::field::FieldError;
use leptos::prelude::*;
use protocol::Fault;

/// The line. What was wrong is taken away as soon as the path is changed.
#[component]
pub fn PathField(
    /// The words that name the field, also shown in it while it is empty.
    name: String,
    /// The words of the button.
    act: String,
    /// What tests find the field by.
    field_id: &'static str,
    /// What tests find the button by.
    button_id: &'static str,
    /// The id of the words under it.
    error_id: &'static str,
    /// What is typed.
    path: RwSignal<String>,
    /// What is wrong with it.
    wrong: RwSignal<Option<Fault>>,
    /// Called when the path is changed.
    #[prop(optional)]
    changed: Option<Callback<()>>,
    /// Called for the button and for Enter.
    #[prop(into)]
    go: Callback<()>,
) -> impl IntoView {
    view! {
        <form
            class="row add-line"
            on:submit=move |event| {
                event.prevent_default();
                go.run(());
            }
        >
            <input
                class="input mono"
                class:bad=move || wrong.read().is_some()
                data-testid=field_id
                aria-label=name.clone()
                aria-describedby=error_id
                aria-invalid=move || wrong.read().is_some().to_string()
                placeholder=name
                autocomplete="off"
                spellcheck="false"
                prop:value=move || path.get()
                on:input=move |event| {
                    wrong.set(None);
                    if let Some(changed) = changed {
                        changed.run(());
                    }
                    path.set(event_target_value(&event));
                }
            />
            <button class="btn" type="submit" data-testid=button_id>{act}</button>
        </form>
        <FieldError id=error_id fault=wrong/>
    }
}
