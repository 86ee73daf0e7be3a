//! A button that opens a short list of things to choose or do.

use super::icon::{Glyph, Icon};
use crate::dom;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// A line of a menu.
#[derive(Clone)]
pub struct MenuItem {
    /// What stands before the words.
    pub lead: ViewFn,
    /// The words.
    pub text: String,
    /// Fewer words at the end.
    pub note: String,
    /// Whether it is the one in use; None where that is no question.
    pub checked: Option<bool>,
    /// What it does.
    pub run: Callback<()>,
}

impl MenuItem {
    /// A line with an icon.
    pub fn new(icon: Icon, text: String, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            lead: ViewFn::from(move || view! { <Glyph icon/> }),
            text,
            note: String::new(),
            checked: None,
            run: Callback::new(move |()| run()),
        }
    }
}

/// The button and its menu. The children are the button's content.
#[component]
pub fn Menu(
    /// The button's name, where its content says too little.
    #[prop(optional, into)]
    name: Option<String>,
    /// The button's class.
    #[prop(default = "pick")]
    class: &'static str,
    /// Opens above the button.
    #[prop(optional)]
    up: bool,
    /// Aligned with the button's end.
    #[prop(optional)]
    end: bool,
    /// The lines, read when it opens.
    #[prop(into)]
    items: Signal<Vec<MenuItem>>,
    /// The button's content.
    children: Children,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let opened_at = StoredValue::new(0_i64);
    let root = NodeRef::<html::Span>::new();
    let button = NodeRef::<html::Button>::new();
    let close = move |back: bool| {
        open.set(false);
        if let (true, Some(button)) = (back, button.get_untracked()) {
            let _ = button.focus();
        }
    };
    let show = move || {
        opened_at.set_value(dom::now());
        open.set(true);
        request_animation_frame(move || focus_line(root, 0));
    };
    let outside = window_event_listener(ev::pointerdown, move |event| {
        let within = root.get_untracked().is_some_and(|root| {
            event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Node>().ok())
                .is_some_and(|target| root.contains(Some(&target)))
        });
        if !within && open.get_untracked() {
            open.set(false);
        }
    });
    on_cleanup(move || outside.remove());
    let keydown = move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "Escape" => {
                event.stop_propagation();
                return close(true);
            }
            "Tab" => return close(false),
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            // The key that opened the menu must not choose in it.
            "Enter" if dom::now() - opened_at.get_value() < 200 => 0,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if step != 0 {
            focus_line(root, step);
        }
    };
    view! {
        <span class="menu-root" node_ref=root>
            <button
                type="button"
                node_ref=button
                class=class
                aria-haspopup="menu"
                aria-expanded=move || open.get().to_string()
                title=name.clone()
                on:click=move |_| if open.get_untracked() { close(true) } else { show() }
            >
                // Before the content, so that the name has the visible words in it.
                {name.clone().map(|name| view! { <span class="vh">{name} " "</span> })}
                {children()}
            </button>
            <Show when=move || open.get()>
                <div class="menu pop" class:up=up class:end=end role="menu" on:keydown=keydown>
                    {move || {
                        items
                            .get()
                            .into_iter()
                            .map(|item| {
                                let MenuItem { lead, text, note, checked, run } = item;
                                view! {
                                    <button
                                        type="button"
                                        tabindex="-1"
                                        role=if checked.is_some() { "menuitemradio" } else { "menuitem" }
                                        aria-checked=checked.map(|on| on.to_string())
                                        on:click=move |_| {
                                            close(true);
                                            run.run(());
                                        }
                                    >
                                        {lead.run()}
                                        <span class="grow cut">{text}</span>
                                        <span class="faint small num">{note}</span>
                                        {(checked == Some(true)).then(|| view! { <Glyph icon=Icon::Check size=14/> })}
                                    </button>
                                }
                            })
                            .collect_view()
                    }}
                </div>
            </Show>
        </span>
    }
}

/// Moves the focus by so many lines; 0: to the chosen or the first line.
fn focus_line(root: NodeRef<html::Span>, step: i32) {
    let Some(root) = root.get_untracked() else { return };
    let Ok(lines) = root.query_selector_all("[role^=menuitem]") else { return };
    let lines: Vec<HtmlElement> = (0..lines.length()).filter_map(|at| lines.item(at)?.dyn_into().ok()).collect();
    let focused = dom::focused();
    let at = lines.iter().position(|line| Some(line) == focused.as_ref());
    let chosen = || lines.iter().position(|line| line.get_attribute("aria-checked").as_deref() == Some("true"));
    let next = match at {
        Some(at) if step != 0 => (at as i32 + step).rem_euclid(lines.len() as i32) as usize,
        Some(_) | None => chosen().unwrap_or(0),
    };
    if let Some(line) = lines.get(next) {
        let _ = line.focus();
    }
}
