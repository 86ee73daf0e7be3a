//! Streams of real servers' kinds, folded.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// Folds events that come one millisecond apart.
fn fold(events: &[&str]) -> Result<Vec<Delta>, ModelError> {
    let (mut answer, mut out) = (Answer::of("far"), Vec::new());
    for (number, event) in events.iter().enumerate() {
        answer.event(event, MS * (number as u32 + 1), &mut out)?;
    }
    answer.closed(&mut out)?;
    Ok(out)
}

fn text(content: &str) -> String {
    serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": content } }] }).to_string()
}

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn end(finish: Finish, completion: u32, per_second: Option<f32>, ttft: Option<Duration>) -> Delta {
    let prompt_tokens = if completion > 0 { 9 } else { 0 };
    Delta::Done { finish, prompt_tokens, completion_tokens: completion, tokens_per_second: per_second, ttft }
}

#[test]
fn text_reasoning_progress_usage_and_timings() {
    let deltas = fold(&[
        r#"{"choices":[],"prompt_progress":{"total":9,"cache":0,"processed":4,"time_ms":1}}"#,
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
        &text("a"),
        &text(""),
        &text("b"),
        STOP,
        r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12},"timings":{"predicted_n":3,"predicted_per_second":50.5}}"#,
        "[DONE]",
        &text("never"),
    ]);
    let expected = vec![
        Delta::Reading { done: 4, total: 9 },
        Delta::Reasoning("hm".into()),
        Delta::Text("a".into()),
        Delta::Text("b".into()),
        end(Finish::Stop, 3, Some(50.5), Some(MS * 3)),
    ];
    assert_eq!(deltas.unwrap(), expected);
}

#[test]
fn speed_is_measured_here_where_the_server_does_not_say() {
    let deltas = fold(&[
        &text("a"),
        &text("b"),
        &text("c"),
        r#"{"choices":[{"index":0,"finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
    ]);
    assert_eq!(deltas.unwrap().pop(), Some(end(Finish::Length, 3, Some(1000.0), Some(MS))));
}

#[test]
fn tool_calls_are_put_together() {
    let calls = |pieces: &str| format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{pieces}]}}}}]}}"#);
    let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let call = |id: &str, name: &str, arguments: &str| Delta::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    let split = fold(&[
        &calls(r#"{"index":0,"id":"c1","type":"function","function":{"name":"search","arguments":""}}"#),
        &calls(r#"{"index":0,"function":{"arguments":"{\"q\""}}"#),
        &calls(
            r#"{"index":1,"id":"c2","function":{"name":"read","arguments":"{}"}},{"index":0,"function":{"arguments":":1}"}}"#,
        ),
        finish,
        "[DONE]",
    ]);
    let split = split.unwrap();
    assert_eq!(split[..2], [call("c1", "search", "{\"q\":1}"), call("c2", "read", "{}")]);
    assert!(matches!(split[2], Delta::Done { finish: Finish::ToolCalls, .. }));

    // Whole calls without an index, no arguments, and `stop` as the reason.
    let whole = fold(&[
        &calls(r#"{"id":"a","function":{"name":"x","arguments":"{}"}}"#),
        &calls(r#"{"id":"b","function":{"name":"y"}}"#),
        STOP,
    ]);
    let whole = whole.unwrap();
    assert_eq!(whole[..2], [call("a", "x", "{}"), call("b", "y", "{}")]);
    assert!(matches!(whole[2], Delta::Done { finish: Finish::ToolCalls, .. }));

    // The name repeated with every piece, and no id at all.
    let repeated = fold(&[
        &calls(r#"{"index":0,"function":{"name":"x","arguments":"{"}}"#),
        &calls(r#"{"index":0,"function":{"name":"x","arguments":"}"}}"#),
        STOP,
    ]);
    assert_eq!(repeated.unwrap()[0], call("call_0", "x", "{}"));

    let nameless = fold(&[&calls(r#"{"index":0,"function":{"arguments":"{}"}}"#), STOP]);
    assert!(matches!(nameless, Err(ModelError::Protocol { .. })));
}

#[test]
fn a_break_off_is_an_error_and_an_end_without_done_is_not() {
    assert!(matches!(fold(&[&text("a")]), Err(ModelError::BrokeOff { .. })));
    assert!(matches!(fold(&[]), Err(ModelError::BrokeOff { .. })));
    assert!(fold(&[&text("a"), STOP]).is_ok());
    assert!(fold(&[&text("a"), "[DONE]"]).is_ok());
}

#[test]
fn errors_in_the_middle_are_told() {
    for (event, status, message) in [
        (r#"{"error":{"message":"out of\nmemory","code":500}}"#, 500, "out of memory"),
        (r#"{"error":"gone"}"#, 0, "gone"),
        (r#"{"error":{"code":"engine.context","message":"too long"}}"#, 0, "too long"),
    ] {
        match fold(&[&text("a"), event]) {
            Err(ModelError::Server { status: s, message: m, .. }) => assert_eq!((s, m.as_str()), (status, message)),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(fold(&["{"]), Err(ModelError::Protocol { .. })));
    assert!(matches!(fold(&["<html>"]), Err(ModelError::Protocol { .. })));
}

#[test]
fn hostile_streams_are_bounded() {
    let many: Vec<_> = (0..=MAX_CALLS)
        .map(|n| format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":{n},"function":{{"name":"x"}}}}]}}}}]}}"#))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert!(matches!(fold(&many), Err(ModelError::Protocol { .. })));
    let long = "x".repeat(MAX_ARGUMENTS + 1);
    let long = format!(
        r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"function":{{"name":"x","arguments":"{long}"}}}}]}}}}]}}"#
    );
    assert!(matches!(fold(&[&long]), Err(ModelError::Protocol { .. })));
}
