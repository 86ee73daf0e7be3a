//! A bar of parts that is also a sentence: what of the memory is taken, by what, and what a model needs.

use leptos::prelude::*;
use protocol::{EngineState, ModelView, ModelsView};

/// A part: its class in the style sheet, and its share of the whole from 0 to 1.
pub type Part = (&'static str, f64);

/// The bar.
#[component]
pub fn Fit(
    /// Its parts from the start.
    parts: Vec<Part>,
    /// The same as a sentence.
    said: String,
    /// Thicker, where it stands alone.
    #[prop(optional)]
    tall: bool,
    /// In the colour of what is chosen.
    #[prop(optional, into)]
    chosen: Signal<bool>,
) -> impl IntoView {
    view! {
        <span class="fit" class:tall-fit=tall class:sel=move || chosen.get() role="img" aria-label=said>
            {parts
                .into_iter()
                .filter(|(_, share)| *share > 0.0)
                .map(|(class, share)| view! { <i class=class style=format!("inline-size:{:.1}%", share * 100.0)></i> })
                .collect_view()}
        </span>
    }
}

/// What a part of a bar stands for.
#[component]
pub fn Legend(
    /// The part's class.
    class: &'static str,
    /// Its words.
    words: String,
) -> impl IntoView {
    view! {
        <span class="legend">
            <i class=class></i>
            {words}
        </span>
    }
}

/// The model that is in memory now, as far as the models are here.
pub fn loaded<'a>(models: &'a ModelsView, engine: &EngineState) -> Option<&'a ModelView> {
    match engine {
        EngineState::Ready { model, .. } => models.models.iter().find(|known| known.name == *model),
        EngineState::Off | EngineState::Loading { .. } | EngineState::Refused { .. } | EngineState::Crashed { .. } => {
            None
        }
    }
}

/// What a model would take of the memory: what is in use without it, its file, its context, and what
/// there is not. `inside` says that it is in memory already.
pub fn need(models: &ModelsView, model: &ModelView, inside: bool) -> Vec<Part> {
    let memory = model.memory.max(1);
    let in_use = models.memory_total.saturating_sub(models.memory_free);
    let (others, room) = if inside {
        let mine = memory.min(in_use);
        (in_use - mine, models.memory_free + mine)
    } else {
        (in_use, models.memory_free)
    };
    let over = memory.saturating_sub(room);
    let whole = (others + room + over).max(1) as f64;
    let file = model.bytes.min(memory).min(memory - over.min(memory));
    let context = memory - file - over.min(memory);
    [("sys", others), ("mdl", file), ("ctx", context), ("over", over)]
        .map(|(class, bytes)| (class, bytes as f64 / whole))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ModelUse;

    fn model(bytes: u64, memory: u64) -> ModelView {
        ModelView {
            id: "m".into(),
            name: "M".into(),
            purpose: ModelUse::Chat,
            file: String::new(),
            bytes,
            sha256: String::new(),
            architecture: String::new(),
            quantisation: String::new(),
            context: 0,
            parameters: 0,
            licence: None,
            memory,
            fits: true,
            starter: false,
            chosen: true,
            tokens_per_second: None,
            expected_per_second: None,
            fault: None,
        }
    }

    #[test]
    fn a_bar_shows_what_a_model_needs_and_what_there_is_not() {
        let machine = ModelsView { memory_total: 16, memory_free: 8, ..ModelsView::default() };
        let table = [
            ((4, 6), false, [8, 4, 2, 0], 16),
            ((4, 12), false, [8, 4, 4, 4], 20),
            ((10, 12), false, [8, 8, 0, 4], 20),
            ((4, 6), true, [2, 4, 2, 0], 16),
        ];
        for ((bytes, memory), inside, parts, whole) in table {
            let shares: Vec<f64> = need(&machine, &model(bytes, memory), inside).iter().map(|part| part.1).collect();
            let expected: Vec<f64> = parts.iter().map(|part| f64::from(*part) / f64::from(whole)).collect();
            assert_eq!(shares, expected, "{bytes} {memory} {inside}");
        }
    }
}
