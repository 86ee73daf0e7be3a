//! Does what an Anthropic client asks for become a chat that templates know?

use super::*;

fn chat(body: Value) -> Result<Value, Problem> {
    let count: Count = serde_json::from_value(body).unwrap();
    count.chat().map(|chat| chat.into_messages().into())
}

#[test]
fn blocks_become_messages() {
    let found = chat(json!({
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "What is"},
            {"role": "user", "content": [{"type": "text", "text": "the rent?"}]},
            {"role": "assistant", "content": [
                {"type": "redacted_thinking", "data": "x"},
                {"type": "thinking", "thinking": "I search."},
                {"type": "text", "text": "One moment."},
                {"type": "tool_use", "id": "t1", "name": "search", "input": {"query": "rent"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "900"}]},
                {"type": "text", "text": "And?"},
            ]},
        ],
    }));
    let call = json!({"id": "t1", "type": "function", "function": {"name": "search", "arguments": {"query": "rent"}}});
    assert_eq!(
        found.unwrap(),
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is\nthe rent?"},
            {"role": "assistant", "content": "One moment.", "reasoning_content": "I search.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": "900"},
            {"role": "user", "content": "And?"},
        ])
    );
    let failed = json!({"type": "tool_result", "tool_use_id": "t2", "content": "no such file", "is_error": true});
    let found = chat(json!({"messages": [{"role": "user", "content": [failed]}]})).unwrap();
    assert_eq!(found[0]["content"], "Error: no such file");
    for wrong in [
        json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}),
        json!({"messages": [{"role": "system", "content": "x"}]}),
        json!({"messages": [], "tools": [{"type": "web_search", "name": "w"}]}),
    ] {
        assert!(chat(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn an_answer_may_have_a_schema_and_a_speed() {
    let request = |more: Value| {
        let mut body = json!({"messages": [{"role": "user", "content": "x"}], "max_tokens": 8});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<Request>(body).unwrap()
    };
    let schema = json!({"type": "object", "properties": {"rent": {"type": "integer"}}, "required": ["rent"]});
    let held = request(json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}}));
    assert!(held.form().is_ok() && held.draw().is_ok());
    assert!(request(json!({"output_config": {"format": {"type": "json_schema"}}})).form().is_err());
    assert!(request(json!({"speed": "standard"})).draw().is_ok());
    assert!(request(json!({"speed": "fast"})).draw().is_err());
}
