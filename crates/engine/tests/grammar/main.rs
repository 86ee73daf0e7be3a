//! Is what a grammar lets through always of its form? A thousand schemas, and the calls of every family.
//!
//! The tokens are drawn from random logits, which is worse than the worst model: nothing but the grammar keeps the
//! answer in its form. What comes out is read by serde_json and checked against the schema by `fits`, which knows
//! nothing of the grammar.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fits;
#[path = "../common/starter.rs"]
mod starter;

use engine::{
    answer::{Answer, Form, Piece},
    error::Result,
    gguf::Gguf,
    grammar::{Asked, Grammar, Grammars, Tool},
    sampling::{Sampler, Sampling},
    tokenizer::Tokenizer,
};
use fits::{Random, fits, schema};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

struct Model {
    tokenizer: Tokenizer,
    grammars: Grammars,
    vocab: usize,
    /// Which tokens are marks and nothing else, or end an answer.
    marks: Vec<bool>,
}

fn model() -> Option<Model> {
    let file = Gguf::open(&starter::chat()?).unwrap();
    let tokenizer = Tokenizer::open(&file).unwrap();
    let vocab = tokenizer.len();
    let mark = |id: u32| {
        let bytes = tokenizer.answer_bytes(id);
        bytes.len() < 4 && bytes.iter().all(|byte| b"\"}]><|/)".contains(byte))
    };
    let marks = (0..vocab as u32).map(mark).collect();
    Some(Model { grammars: Grammars::new(&tokenizer, vocab).unwrap(), tokenizer, vocab, marks })
}

/// What masks took in all, at most, and how many there were.
#[derive(Default)]
struct Cost {
    all: Duration,
    most: Duration,
    count: u32,
}

/// An answer drawn from random logits; `None` if it does not end within `limit` tokens.
fn drawn(
    model: &Model,
    mut grammar: Grammar,
    random: &mut Random,
    limit: usize,
    cost: &mut Cost,
) -> Result<Option<String>> {
    let mut sampler =
        Sampler::new(Sampling { temperature: 1.0, top_p: 1.0, top_k: 0, min_p: 0.0, seed: random.next() });
    let mut bytes = Vec::new();
    for _ in 0..limit {
        // Short marks are likelier, as they are in any text: else texts between marks hardly ever end.
        let mut logits: Vec<f32> =
            model.marks.iter().map(|mark| random.unit() * 4.0 + if *mark { 5.0 } else { 0.0 }).collect();
        let began = Instant::now();
        grammar.mask(&mut logits)?;
        let took = began.elapsed();
        *cost = Cost { all: cost.all + took, most: cost.most.max(took), count: cost.count + 1 };
        let token = sampler.draw(&logits)?;
        let over = grammar.accept(token)?;
        if model.tokenizer.is_end(token) {
            return Ok(Some(String::from_utf8(bytes).unwrap()));
        }
        bytes.extend_from_slice(model.tokenizer.answer_bytes(token));
        if over {
            return Ok(Some(String::from_utf8(bytes).unwrap()));
        }
    }
    Ok(None)
}

#[test]
fn a_thousand_schemas_let_only_what_fits_through() {
    let Some(model) = model() else { return };
    let (mut random, mut cost) = (Random(7), Cost::default());
    let (mut ended, mut compiling) = (0, Duration::ZERO);
    for number in 0..1000 {
        let schema = schema(&mut random, 3);
        let began = Instant::now();
        let grammar = model.grammars.of_schema(&schema, "json_schema").unwrap_or_else(|e| panic!("{e}: {schema}"));
        compiling += began.elapsed();
        // An answer that is still being written at the end is no failure, but there may be few.
        let Some(text) = drawn(&model, grammar, &mut random, 400, &mut cost).unwrap() else { continue };
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{number}: {e}: {text} for {schema}"));
        assert!(fits(&value, &schema), "{number}: {value} for {schema}");
        ended += 1;
    }
    println!(
        "{ended} of 1000 answers ended and fit; compiling took {:?} each, a mask {:?}, {:?} at most",
        compiling / 1000,
        cost.all / cost.count,
        cost.most
    );
    assert!(ended >= 950, "{ended} of 1000 answers ended");
}

const FORMS: [Form; 12] = [
    Form::Tagged,
    Form::Functions,
    Form::Keys,
    Form::Bare,
    Form::Listed,
    Form::Piped,
    Form::Prefixed,
    Form::Action,
    Form::Fenced,
    Form::Python,
    Form::Braced,
    Form::Line,
];

fn tools() -> Vec<Tool> {
    let tool = |name: &str, parameters: Value| Tool { name: name.to_owned(), parameters };
    vec![
        tool(
            "search",
            json!({
                "type": "object",
                "properties": {
                    "query": {"type": "string", "maxLength": 12},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 50},
                    "kind": {"type": "string", "enum": ["any", "letter \"A\""]},
                    "exact": {"type": "boolean"},
                },
                "required": ["query", "exact"],
                "additionalProperties": false,
            }),
        ),
        tool("now", Value::Null),
    ]
}

/// The calls in an answer of this form.
fn calls(form: Form, text: &str) -> Vec<(String, String)> {
    let mut answer = Answer::new(Vec::new(), Some(form), false);
    let (mut pieces, mut calls) = (Vec::new(), Vec::<(String, String)>::new());
    answer.push(text.as_bytes(), &mut pieces);
    answer.finish(&mut pieces);
    for piece in pieces {
        match piece {
            Piece::Call { name, arguments } => calls.push((name, arguments)),
            Piece::Arguments(more) => calls.last_mut().unwrap().1.push_str(&more),
            Piece::Text(text) => assert!(text.trim().is_empty(), "{form:?}: {text:?} is no call"),
            Piece::Reasoning(text) => panic!("{form:?}: {text:?} is a thought"),
        }
    }
    calls
}

#[test]
fn calls_of_every_family_are_of_its_form() {
    let Some(model) = model() else { return };
    let mut random = Random(11);
    for form in FORMS {
        let (mut ended, mut found) = (0, 0);
        for _ in 0..20 {
            let asked = Asked { required: true, several: false, thinking: false };
            let grammar = model.grammars.of_tools(form, &tools(), asked).unwrap();
            let Some(text) = drawn(&model, grammar, &mut random, 300, &mut Cost::default()).unwrap() else { continue };
            ended += 1;
            for (name, arguments) in calls(form, &text) {
                let tool = tools().into_iter().find(|tool| tool.name == name);
                let tool = tool.unwrap_or_else(|| panic!("{form:?}: {name} in {text}"));
                let arguments: Value =
                    serde_json::from_str(&arguments).unwrap_or_else(|e| panic!("{form:?}: {e}: {arguments} in {text}"));
                // A text between marks has no length that a grammar could bound there.
                let marked = matches!(form, Form::Functions | Form::Keys | Form::Braced);
                let mut schema = tool.parameters.clone();
                if marked && let Some(query) = schema.pointer_mut("/properties/query").and_then(Value::as_object_mut) {
                    query.remove("maxLength");
                }
                assert!(schema.is_null() || fits(&arguments, &schema), "{form:?}: {arguments} in {text}");
                found += 1;
            }
        }
        println!("{form:?}: {ended} of 20 answers ended, with {found} calls");
        assert!(ended >= 4 && found == ended, "{form:?}: {ended} ended, {found} calls");
    }
}

#[test]
fn an_answer_may_be_text_where_no_call_is_required() {
    let Some(model) = model() else { return };
    for form in FORMS {
        let asked = Asked { required: false, several: true, thinking: false };
        let mut grammar = model.grammars.of_tools(form, &tools(), asked).unwrap();
        let ids = model.tokenizer.encode(&[("The rent is 900 euros.", engine::tokenizer::Special::Plain)], false);
        for id in ids.unwrap() {
            let mut logits = vec![0.0; model.vocab];
            grammar.mask(&mut logits).unwrap();
            assert!(logits[id as usize].is_finite(), "{form:?}: {:?}", model.tokenizer.decode(&[id], true));
            assert!(!grammar.accept(id).unwrap());
        }
        let mut logits = vec![0.0; model.vocab];
        grammar.mask(&mut logits).unwrap();
        let ends = (0u32..).zip(&logits).any(|(id, logit)| logit.is_finite() && model.tokenizer.is_end(id));
        assert!(ends, "{form:?}: the text may end");
    }
}

#[test]
fn what_cannot_be_compiled_is_refused() {
    let Some(model) = model() else { return };
    let deep = (0..2000).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    for schema in [
        json!({"type": "nothing"}),
        json!({"$ref": "https://example.org/schema"}),
        json!({"type": "string", "pattern": "("}),
        json!({"type": "integer", "minimum": 5, "maximum": 1}),
        deep,
    ] {
        let begun: String = schema.to_string().chars().take(80).collect();
        let refused = model.grammars.of_schema(&schema, "json_schema").err();
        assert!(refused.is_some_and(|error| error.code() == "invalid_request"), "{begun}");
    }
    // As deep as is taken: refused or not, but no overflow.
    let nested = |count: usize| format!("start: {}\"a\"{}", "(".repeat(count), ")".repeat(count));
    let arrays = (0..60).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    assert!(model.grammars.of_schema(&arrays, "json_schema").is_ok());
    assert!(model.grammars.of_lark(&nested(10), "grammar").is_ok());
    // The library may have a limit of its own below ours.
    let _ = model.grammars.of_lark(&nested(128), "grammar");
    for lark in ["", "start: nothing", "start: \"a", &nested(129), &nested(500_000)] {
        assert!(model.grammars.of_lark(lark, "grammar").is_err(), "{lark}");
    }
    assert!(model.grammars.of_lark(&format!("start: \"{}\"", "a".repeat(2 << 20)), "grammar").is_err());
}

#[test]
fn a_form_that_turns_out_to_be_too_large_is_the_fault_of_its_parameter() {
    let Some(model) = model() else { return };
    let properties: serde_json::Map<String, Value> =
        (0..1_000).map(|n| (format!("k{n}"), json!({"type": "string"}))).collect();
    let large = json!({"type": "object", "properties": properties});
    let answer = model
        .grammars
        .of_schema(&large, "response_format")
        .and_then(|grammar| drawn(&model, grammar, &mut Random(3), 40, &mut Cost::default()));
    let error = answer.unwrap_err();
    assert_eq!(error.code(), "invalid_request");
    let said = error.to_string();
    assert!(said.contains("response_format") && said.contains("too large") && said.len() < 200, "{said}");
    for (wrong, reason) in [(json!({"type": "string", "pattern": "(?=a)b"}), "look"), (json!({"$ref": "#"}), "itself")]
    {
        let said = model.grammars.of_schema(&wrong, "response_format").err().unwrap().to_string();
        assert!(said.contains(reason) && !said.contains('\n'), "{said}");
    }
}
