//! The bar over a pane: a title, and on small windows the way to the sidebar.

use super::icon::{Glyph, Icon};
use crate::{app::perform, client::use_client, keys::Action};
use leptos::prelude::*;

/// The bar of a thing that is opened. Children follow the title.
#[component]
pub fn Bar(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// What stands at its end.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="bar" id="area-bar" tabindex="-1">
            <SideButton/>
            <h1 class="cut">{title}</h1>
            {children.map(|children| children())}
        </header>
    }
}

/// The head of a place that is gone to: title, one line, actions as children.
#[component]
pub fn Head(
    /// The title.
    title: String,
    /// One line under it.
    #[prop(optional, into)]
    line: Option<Signal<String>>,
    /// Actions at its end.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="head" id="area-bar" tabindex="-1">
            <SideButton/>
            <div class="grow">
                <h1>{title}</h1>
                {line.map(|line| view! { <p>{line}</p> })}
            </div>
            {children.map(|children| children())}
        </header>
    }
}

/// Shows the sidebar; visible only where the window is too small for one.
#[component]
pub fn SideButton() -> impl IntoView {
    let client = use_client();
    view! {
        <button
            class="btn icon ghost side-button"
            aria-label=t!("side.show")
            title=t!("side.show")
            aria-expanded=move || client.screen.side_shown().to_string()
            on:click=move |_| perform(client, Action::Sidebar)
        >
            <Glyph icon=Icon::PanelLeft/>
        </button>
    }
}
