//! Which parameters of a request may be left out of account? Only those that change no answer; what
//! the engine does not know or does not do is refused by name.

use super::Problem;
use serde_json::{Map, Value};

/// For the books of a provider, or about the speed only: they change no answer.
const HARMLESS: &[&str] = &[
    "cache_prompt",
    // How an engine is set up, in Ollama's words: it is set up already.
    "keep_alive",
    // Of the calls that a provider makes itself.
    "max_tool_calls",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_thread",
    "use_mlock",
    "use_mmap",
    // What llama-server tells of itself beside the settings of an answer, and takes back.
    "adaptive_decay",
    "chat_format",
    "n_ctx",
    "id_slot",
    "metadata",
    // A text is never cut to make room, so that there is nothing to keep or to throw away.
    "n_discard",
    "n_keep",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "sse_ping_interval",
    "store",
    // They come with the last chunk.
    "timings_per_token",
    "user",
    // What these say more precisely is off.
    "dry_allowed_length",
    "dry_base",
    "dry_penalty_last_n",
    "dry_sequence_breakers",
    "dynatemp_exponent",
    "mirostat_eta",
    "mirostat_tau",
    "xtc_threshold",
];

/// In which order an answer's tokens are narrowed down.
pub(super) const SAMPLERS: &[&str] = &["penalties", "temperature", "top_k", "min_p", "top_p"];

/// What a parameter is where it changes nothing.
#[derive(Clone, Copy)]
enum Neutral {
    Number(f64),
    /// One of these numbers.
    Numbers(&'static [f64]),
    Flag(bool),
    /// An empty text, list or object.
    Empty,
    /// Only not being given, which null means for every parameter.
    Absent,
    /// The list of just these texts.
    Only(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Known parameters that the engine does not have, with the value that asks for nothing.
const KNOWN: &[(&str, Neutral)] = &[
    ("adaptive_target", Neutral::Number(-1.0)),
    ("audio", Neutral::Absent),
    ("backend_sampling", Neutral::Flag(false)),
    ("best_of", Neutral::Number(1.0)),
    ("dry_multiplier", Neutral::Number(0.0)),
    ("dynatemp_range", Neutral::Number(0.0)),
    ("function_call", Neutral::Absent),
    ("functions", Neutral::Empty),
    ("generation_prompt", Neutral::Empty),
    ("grammar_lazy", Neutral::Flag(false)),
    ("grammar_triggers", Neutral::Empty),
    ("image_data", Neutral::Empty),
    ("lora", Neutral::Empty),
    ("min_keep", Neutral::Number(0.0)),
    ("mirostat", Neutral::Number(0.0)),
    ("modalities", Neutral::Only(&["text"])),
    ("n_cache_reuse", Neutral::Number(0.0)),
    ("n_indent", Neutral::Number(0.0)),
    ("n_probs", Neutral::Number(0.0)),
    ("post_sampling_probs", Neutral::Flag(false)),
    ("preserved_tokens", Neutral::Empty),
    ("reasoning_budget_tokens", Neutral::Number(-1.0)),
    ("reasoning_format", Neutral::Word(&["auto", "deepseek"])),
    ("reasoning_in_content", Neutral::Flag(false)),
    ("samplers", Neutral::Only(SAMPLERS)),
    ("speculative.types", Neutral::Word(&["none"])),
    ("suffix", Neutral::Empty),
    ("t_max_predict_ms", Neutral::Numbers(&[0.0, -1.0])),
    ("t_max_prompt_ms", Neutral::Numbers(&[0.0, -1.0])),
    ("tfs_z", Neutral::Number(1.0)),
    ("thinking_budget_tokens", Neutral::Number(-1.0)),
    ("top_n_sigma", Neutral::Numbers(&[0.0, -1.0])),
    ("typical_p", Neutral::Number(1.0)),
    ("verbose", Neutral::Flag(false)),
    ("verbosity", Neutral::Absent),
    ("web_search_options", Neutral::Absent),
    ("xtc_probability", Neutral::Number(0.0)),
];

impl Neutral {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Absent => false,
            Self::Number(number) => value.as_f64() == Some(number),
            Self::Numbers(numbers) => value.as_f64().is_some_and(|value| numbers.contains(&value)),
            Self::Flag(flag) => value.as_bool() == Some(flag),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Only(texts) => value.as_array().is_some_and(|list| list.iter().eq(texts)),
            Self::Empty => match value {
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                Value::Object(map) => map.is_empty(),
                Value::Null | Value::Bool(_) | Value::Number(_) => false,
            },
        }
    }
}

/// Refuses the first of the parameters that would change the answer, or might.
pub(super) fn check(rest: &Map<String, Value>) -> Result<(), Problem> {
    for (name, value) in rest {
        if value.is_null() || HARMLESS.contains(&name.as_str()) {
            continue;
        }
        match KNOWN.iter().find(|(known, _)| known == name) {
            Some((_, neutral)) if neutral.is(value) => {}
            Some(_) => return Err(Problem::invalid(name, format!("'{name}' is not supported by this engine"))),
            None => return Err(Problem::invalid(name, format!("'{name}' is not a parameter that this engine knows"))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_would_change_the_answer_is_refused_by_name() {
        for (name, value, taken) in [
            ("user", json!("u-1"), true),
            ("metadata", json!({"a": "b"}), true),
            ("store", json!(true), true),
            ("dry_multiplier", json!(0), true),
            ("dry_multiplier", json!(0.5), false),
            ("typical_p", json!(1.0), true),
            ("typical_p", json!(-1), false),
            ("functions", json!([]), true),
            ("functions", json!([{}]), false),
            // An empty schema asks for any JSON, which is not any text.
            ("modalities", json!(["text"]), true),
            ("modalities", json!(["text", "audio"]), false),
            ("reasoning_format", json!("auto"), true),
            ("reasoning_format", json!("none"), false),
            ("id_slot", json!(3), true),
            ("samplers", json!(["top_k"]), false),
            ("samplers", json!(SAMPLERS), true),
            ("top_n_sigma", json!(-1), true),
            ("top_n_sigma", json!(2), false),
            ("num_ctx", json!(2048), true),
            ("verbose", json!(true), false),
            ("mirostat", json!("0"), false),
            ("temprature", json!(0), false),
            ("temprature", json!(null), true),
        ] {
            let rest = Map::from_iter([(name.to_owned(), value.clone())]);
            let refused = check(&rest).err().map(|problem| problem.body());
            assert_eq!(refused.is_none(), taken, "{name}: {value}");
            if let Some(body) = refused {
                assert_eq!(body["error"]["param"], name);
                assert_eq!(body["error"]["type"], "invalid_request_error");
                assert!(body["error"]["message"].as_str().unwrap().contains(name), "{body}");
            }
        }
    }

    #[test]
    fn a_parameter_stands_in_one_list_once() {
        let mut names: Vec<&str> = HARMLESS.iter().copied().chain(KNOWN.iter().map(|(name, _)| *name)).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
