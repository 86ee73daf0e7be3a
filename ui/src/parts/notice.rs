//! What went wrong or needs care: what happened, what is safe, what to do.

use super::icon::{Glyph, Icon};
use crate::faults;
use leptos::prelude::*;
use protocol::{Fault, FaultKind};

/// A fault. Children are the buttons under it.
#[component]
pub fn FaultNotice(
    /// What went wrong.
    fault: Fault,
    /// Whether work stopped because of it: then it is announced at once.
    #[prop(optional)]
    stopped: bool,
    /// Closes it, where it can be closed.
    #[prop(optional, into)]
    close: Option<Callback<()>>,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let words = faults::words(&fault);
    let (class, icon) = match fault.kind {
        FaultKind::Damaged => ("notice bad", Icon::FileX),
        FaultKind::Internal => ("notice bad", Icon::CircleAlert),
        FaultKind::Refused => ("notice", Icon::Ban),
        FaultKind::Unavailable => ("notice warn", Icon::CircleAlert),
        FaultKind::Invalid | FaultKind::NotFound | FaultKind::Busy => ("notice", Icon::Info),
    };
    // General words need the original beside them; exact ones keep it for the details.
    let (first, later) = if words.general { (words.original, None) } else { (None, words.original) };
    let detail: Vec<(String, String)> = std::iter::once((t!("notice.code"), fault.code.clone()))
        .chain(fault.values.get("detail").map(|detail| (t!("notice.detail"), detail.clone())))
        .collect();
    view! {
        <div class=class role=if stopped { "alert" } else { "status" }>
            <Glyph icon/>
            <div class="grow">
                <b>{words.message}</b>
                {first.map(|original| view! { <div class="dim" lang="en">{original}</div> })}
                {words.safe.map(|safe| view! { <div class="dim">{safe}</div> })}
                {words.hint.map(|hint| view! { <div class="dim">{hint}</div> })}
                {children.map(|children| view! { <div class="notice-acts">{children()}</div> })}
                <details class="notice-detail">
                    <summary>{t!("notice.details")}</summary>
                    {later.map(|original| view! { <div lang="en">{original}</div> })}
                    {detail
                        .into_iter()
                        .map(|(name, value)| view! { <div>{name} " " <span class="mono">{value}</span></div> })
                        .collect_view()}
                </details>
            </div>
            {close
                .map(|close| {
                    view! {
                        <button class="btn icon ghost sm" aria-label=t!("act.close") on:click=move |_| close.run(())>
                            <Glyph icon=Icon::X size=14/>
                        </button>
                    }
                })}
        </div>
    }
}

/// Words in the frame of a notice. `tone` is empty, `ok`, `warn`, `bad` or `info`.
#[component]
pub fn Notice(
    /// Its tone.
    #[prop(default = "")]
    tone: &'static str,
    /// Its icon.
    icon: Icon,
    /// The first line.
    #[prop(into)]
    title: String,
    /// What it says, and buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class=format!("notice {tone}") role="status">
            <Glyph icon/>
            <div class="grow">
                <b>{title}</b>
                {children.map(|children| children())}
            </div>
        </div>
    }
}
