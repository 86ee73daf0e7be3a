//! Does a chat become what templates know?

use super::*;

#[test]
fn an_answer_that_was_begun_is_gone_on_with() {
    let said = |role: &str, text: &str| json!({"role": role, "content": text});
    let mut begun = vec![said("user", "a"), said("assistant", "b")];
    assert_eq!(take_begun(&mut begun).as_deref(), Some("b"));
    assert_eq!(begun, [said("user", "a")]);
    for mut whole in [
        vec![said("user", "a")],
        vec![said("assistant", "a")],
        vec![said("user", "a"), json!({"role": "assistant", "content": "", "tool_calls": []})],
    ] {
        assert_eq!(take_begun(&mut whole), None);
    }
}

#[test]
fn effort_is_told_in_the_templates_words() {
    let template = |source: &str| ChatTemplate::new(source, String::new(), String::new(), std::iter::empty()).unwrap();
    let (both, one, none) = (
        template("{{ reasoning_effort }}{{ enable_thinking }}"),
        template("{% if enable_thinking is defined %}{{ enable_thinking }}{% endif %}"),
        template("{{ messages }}{% set enable_thinking = true %}{{ enable_thinking }}"),
    );
    let told = |effort: &str, template: &ChatTemplate, said: Value| {
        let mut extra = said.as_object().unwrap().clone();
        think(effort, template, &mut extra).map(|()| Value::Object(extra)).ok()
    };
    for (effort, template, said, expected) in [
        ("low", &both, json!({}), Some(json!({"reasoning_effort": "low", "enable_thinking": true}))),
        ("none", &one, json!({}), Some(json!({"reasoning_effort": "none", "enable_thinking": false}))),
        (
            "none",
            &one,
            json!({"enable_thinking": true}),
            Some(json!({"enable_thinking": true, "reasoning_effort": "none"})),
        ),
        ("low", &none, json!({}), None),
        ("none", &none, json!({}), Some(json!({}))),
        ("much", &both, json!({}), None),
    ] {
        assert_eq!(told(effort, template, said.clone()), expected, "{effort} {said}");
    }
}

#[test]
fn a_beginning_in_parts_is_one_text() {
    let part = |text: &str| json!({"type": "text", "text": text});
    let mut begun = json!({"role": "assistant", "content": [part("Wh"), part("ill")]});
    assert!(is_begun(&begun));
    join(&mut begun);
    assert_eq!(begun["content"], "Whill");
}

#[test]
fn what_the_system_says_stands_before_what_a_person_says_where_a_template_has_no_system() {
    let refuses = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}\
                   <{{ m.role }}>{{ m.content }}{% endfor %}";
    let template = ChatTemplate::new(refuses, String::new(), String::new(), std::iter::empty()).unwrap();
    let text = |messages: Value| {
        let chat: Chat = serde_json::from_value(json!({ "messages": messages })).unwrap();
        chat.prompt(Some(&template)).map(|prompt| prompt.text()).map_err(|problem| problem.body().to_string())
    };
    let (system, user) = (json!({"role": "system", "content": "Be brief"}), json!({"role": "user", "content": "Hi"}));
    assert_eq!(text(json!([system, user])).unwrap(), "<user>Be brief\nHi");
    assert_eq!(text(json!([system])).unwrap(), "<user>Be brief");
    // One in the middle has no place, and the template says so.
    assert!(text(json!([user, system])).unwrap_err().contains("no system"));
}

#[test]
fn the_last_message_is_gone_on_with_where_that_is_asked() {
    let template =
        ChatTemplate::new("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}", String::new(), String::new(), std::iter::empty()).unwrap();
    let text = |role: &str, more: Value| {
        let mut body = json!({"messages": [{"role": "user", "content": "Count"}, {"role": role, "content": "1, 2"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let chat: Chat = serde_json::from_value(body).unwrap();
        chat.prompt(Some(&template)).ok().map(|prompt| prompt.text())
    };
    let on = "<user>Count<assistant>1, 2";
    for (role, more, expected) in [
        ("assistant", json!({}), Some(on)),
        ("assistant", json!({"continue_final_message": true, "add_generation_prompt": false}), Some(on)),
        ("assistant", json!({"continue_final_message": true}), Some(on)),
        ("assistant", json!({"continue_final_message": false, "add_generation_prompt": false}), Some(on)),
        ("assistant", json!({"continue_final_message": true, "add_generation_prompt": true}), None),
        ("user", json!({"continue_final_message": true, "add_generation_prompt": false}), None),
        (
            "user",
            json!({"add_generation_prompt": null, "chat_template_kwargs": null}),
            Some("<user>Count<user>1, 2<assistant>"),
        ),
    ] {
        assert_eq!(text(role, more.clone()).as_deref(), expected, "{role} {more}");
    }
}

#[test]
fn a_developer_is_the_system() {
    let [mut system, mut person] = ["developer", "user"].map(|role| json!({"role": role, "content": "x"}));
    instruct(&mut system);
    instruct(&mut person);
    assert_eq!((&system["role"], &person["role"]), (&json!("system"), &json!("user")));
}

#[test]
fn contents_become_one_text() {
    for (content, expected) in [
        (json!("a"), Some("a")),
        (json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), Some("a\nb")),
        (json!(null), Some("")),
        (json!([{"type": "image_url", "image_url": {"url": "data:"}}]), None),
        (json!(3), None),
    ] {
        let message = plain(json!({"role": "user", "content": content}));
        assert_eq!(message.as_ref().ok().map(|m| m["content"].as_str().unwrap()), expected, "{content}");
    }
    assert!(plain(json!({"content": "no role"})).is_err());
}

#[test]
fn arguments_become_objects() {
    let call = json!({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{\"a\":1}"}}]});
    assert_eq!(plain(call).unwrap()["tool_calls"][0]["function"]["arguments"], json!({"a": 1}));
}

#[test]
fn ids_are_as_mistral_wants_them() {
    let mut call = json!({"role": "assistant", "tool_calls": [{"id": "call_0123456789abcdef_0"}, {"id": "abc123XYZ"}]});
    let mut outcome = json!({"role": "tool", "tool_call_id": "call_0123456789abcdef_0"});
    shorten_ids(&mut call);
    shorten_ids(&mut outcome);
    let id = outcome["tool_call_id"].as_str().unwrap();
    assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(call["tool_calls"][0]["id"], id);
    assert_eq!(call["tool_calls"][1]["id"], "abc123XYZ");
}
