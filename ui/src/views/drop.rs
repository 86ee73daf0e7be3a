//! Files dragged over the window, on whatever screen: what would be imported is said before they are
//! dropped.

use crate::{
    client::{Client, use_client},
    faults,
    files::{self, Drag, Dragged},
    i18n,
    parts::icon::{Glyph, Icon},
};
use leptos::{ev, prelude::*};
use protocol::{ImportPlan, LeftOutFile, PlanImport};
use wasm_bindgen::JsCast;
use web_sys::DragEvent;

/// So many of the files that would be left out are named.
const NAMED: usize = 3;

/// Follows files over the window for as long as the page lives. Without this a browser would leave
/// Atelier and open the file that was dropped on it.
pub fn follow(client: Client) {
    let over = client.screen.dragged;
    // Esc gives up on files that are still over the window, until they come in again.
    let given_up = StoredValue::new(false);
    window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" && over.with_untracked(Option::is_some) {
            event.prevent_default();
            given_up.set_value(true);
            over.set(None);
        }
    });
    if client.in_window() {
        follow_window(client, given_up);
    } else {
        follow_browser(client, given_up);
    }
}

fn follow_window(client: Client, given_up: StoredValue<bool>) {
    let over = client.screen.dragged;
    files::follow_drags(move |drag| match drag {
        Drag::Over(paths) => {
            given_up.set_value(false);
            over.set(Some(Dragged::Paths(paths)));
        }
        Drag::Left => over.set(None),
        Drag::Dropped(paths) => {
            over.set(None);
            if !given_up.get_value() {
                files::import_paths(client, paths);
            }
        }
    });
}

fn follow_browser(client: Client, given_up: StoredValue<bool>) {
    let over = client.screen.dragged;
    let enter = move |event: DragEvent| {
        if let Some(count) = carried(&event) {
            event.prevent_default();
            if over.with_untracked(Option::is_none) && event.related_target().is_none() {
                given_up.set_value(false);
            }
            if !given_up.get_value() {
                over.set(Some(Dragged::Count(count)));
            }
        }
    };
    window_event_listener(ev::dragenter, enter);
    window_event_listener(ev::dragover, move |event| {
        // Only a target that prevents this is dropped on.
        if carried(&event).is_some() {
            event.prevent_default();
        }
    });
    window_event_listener(ev::dragleave, move |event| {
        // Left the page, not one of its parts.
        if event.related_target().is_none() {
            over.set(None);
        }
    });
    window_event_listener(ev::drop, move |event| {
        if carried(&event).is_none() {
            return;
        }
        event.prevent_default();
        over.set(None);
        let files = event.data_transfer().and_then(|data| data.files()).filter(|_| !given_up.get_value());
        if let Some(files) = files {
            files::import_files(client, files);
        }
    });
}

/// How many files a drag carries; None where it carries something else, such as words of the page.
fn carried(event: &DragEvent) -> Option<u32> {
    let data = event.data_transfer()?;
    if !data.types().iter().any(|kind| kind == "Files") {
        return None;
    }
    let items = js_sys::Reflect::get(data.unchecked_ref(), &"items".into()).ok()?;
    let count = js_sys::Reflect::get(&items, &"length".into()).ok()?.as_f64();
    Some(count.map_or(0, |count| count as u32))
}

/// The layer over the sheet while files are over the window.
#[component]
pub fn Layer() -> impl IntoView {
    let client = use_client();
    let dragged = client.screen.dragged;
    let plan = RwSignal::new(None::<ImportPlan>);
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let number = asked.get_value().wrapping_add(1);
        asked.set_value(number);
        plan.set(None);
        if let Some(Dragged::Paths(paths)) = dragged.get().filter(|_| client.in_window()) {
            client.ask(PlanImport { paths }, move |made| {
                // Other files are over the window by now, or none.
                if asked.try_get_value() == Some(number) {
                    plan.set(Some(made));
                }
            });
        }
    });
    let count = move || match dragged.get() {
        Some(Dragged::Count(count)) => count,
        Some(Dragged::Paths(_)) | None => 0,
    };
    view! {
        <Show when=move || dragged.read().is_some()>
            <div class="drop" role="region" aria-label=t!("drop.name") data-testid="drop">
                <div class="drop-card">
                    <div class="drop-stack" aria-hidden="true">
                        {move || marks(plan.get().as_ref()).map(|mark| view! { <span class="fmt">{mark}</span> })}
                    </div>
                    <h2 class="h2">
                        {move || match (plan.get(), count()) {
                            (Some(plan), _) => t!("drop.files", n = f64::from(plan.files)),
                            (None, 0) => t!("drop.title"),
                            (None, count) => t!("drop.files", n = f64::from(count)),
                        }}
                    </h2>
                    <p class="dim">{move || plan.get().map_or_else(|| t!("drop.about"), |plan| what(&plan))}</p>
                    {move || plan.get().map(|plan| view! { <LeftOut all=plan.all_left_out() files=plan.left_out/> })}
                    <p class="drop-keys small dim">
                        <kbd class="kbd">{t!("cap.esc")}</kbd>
                        " "
                        {t!("drop.cancel")}
                    </p>
                </div>
            </div>
        </Show>
    }
}

/// Three formats for the pile of sheets: those that were found, else those that are read most.
fn marks(plan: Option<&ImportPlan>) -> [String; 3] {
    let found: Vec<String> =
        plan.into_iter().flat_map(|plan| &plan.formats).map(|format| format.format.to_uppercase()).collect();
    let usual = ["PDF", "DOCX", "XLSX"];
    // The last one lies on top.
    std::array::from_fn(|at| match found.len() {
        0 => usual[2 - at].to_owned(),
        count => found[(2 - at) % count].clone(),
    })
}

/// How many of which format, and how much.
fn what(plan: &ImportPlan) -> String {
    if plan.files == 0 {
        return if plan.known > 0 { t!("import.known", n = f64::from(plan.known)) } else { t!("drop.nothing") };
    }
    let formats = plan
        .formats
        .iter()
        .map(|format| t!("drop.format", count = f64::from(format.count), format = format.format.to_uppercase()))
        .collect::<Vec<_>>()
        .join(", ");
    t!("drop.what", formats = formats, size = i18n::bytes(plan.bytes))
}

/// What would be left out, and why.
#[component]
fn LeftOut(all: u32, files: Vec<LeftOutFile>) -> impl IntoView {
    let more = (all as usize).saturating_sub(files.len().min(NAMED));
    let line = |words: String| {
        view! {
            <li class="drop-skip">
                <Glyph icon=Icon::Info size=14/>
                <span>{words}</span>
            </li>
        }
    };
    let named = files.iter().take(NAMED).map(|file| {
        let name = file.path.rsplit(['/', '\\']).next().unwrap_or(&file.path).to_owned();
        line(t!("drop.left_out", name = name, reason = faults::words(&file.fault).message))
    });
    view! {
        <ul class="drop-out">
            {named.collect_view()}
            {(more > 0).then(|| line(t!("drop.more", n = more as f64)))}
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::FormatCount;

    #[test]
    fn the_pile_shows_what_was_found() {
        let plan = |formats: &[&str]| ImportPlan {
            formats: formats.iter().map(|format| FormatCount { format: (*format).into(), count: 1 }).collect(),
            ..ImportPlan::default()
        };
        let table: [(Option<ImportPlan>, [&str; 3]); 4] = [
            (None, ["XLSX", "DOCX", "PDF"]),
            (Some(plan(&[])), ["XLSX", "DOCX", "PDF"]),
            (Some(plan(&["pdf"])), ["PDF", "PDF", "PDF"]),
            (Some(plan(&["pdf", "md", "txt", "html"])), ["TXT", "MD", "PDF"]),
        ];
        for (plan, expected) in table {
            assert_eq!(marks(plan.as_ref()), expected);
        }
    }
}
