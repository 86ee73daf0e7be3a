//! Are calls, thoughts and stop strings told from text, whatever the pieces they come in?

use super::*;

/// Pieces as one line, joined where they are of a kind: `text`, `(reasoning)`, `[name arguments]`.
fn line(pieces: &[Piece]) -> String {
    let (mut line, mut open) = (String::new(), "");
    for piece in pieces {
        let (begin, text, end) = match piece {
            Piece::Text(text) => ("", text.as_str(), ""),
            Piece::Reasoning(text) => ("(", text.as_str(), ")"),
            Piece::Call { name, arguments } => {
                line += open;
                line += &format!("[{name} {arguments}");
                open = "]";
                continue;
            }
            Piece::Arguments(text) => {
                assert_eq!(open, "]", "arguments belong to a call");
                line += text;
                continue;
            }
        };
        if open != end || end.is_empty() {
            line += open;
            line += begin;
            open = end;
        }
        line += text;
    }
    line + open
}

fn run(stops: &[&str], calls: Option<Form>, tokens: &[&[u8]]) -> (String, bool) {
    let mut answer = Answer::new(stops.iter().map(|s| (*s).to_owned()).collect(), calls, false);
    let mut pieces = Vec::new();
    for token in tokens {
        answer.push(token, &mut pieces);
    }
    answer.finish(&mut pieces);
    (line(&pieces), answer.stopped())
}

#[test]
fn stops_and_markers_may_span_tokens() {
    /// Stop strings, the form of calls, tokens, the line that is shown, whether it stopped.
    type Case = (&'static [&'static str], Option<Form>, &'static [&'static [u8]], &'static str, bool);
    const TAGGED: Option<Form> = Some(Form::Tagged);
    const CALL: &[u8] = br#"<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#;
    let cases: &[Case] = &[
        (&[], None, &[b"Hel", b"lo"], "Hello", false),
        (&["END"], None, &[b"a E", b"N", b"D b"], "a ", true),
        (&["END"], None, &[b"a E", b"N", b"d"], "a ENd", false),
        (&["END"], None, &[b"a EN"], "a EN", false),
        (&["b", "ab"], None, &[b"xab"], "x", true),
        (&["\n\n"], None, &[b"one\n", b"\ntwo"], "one", true),
        (&["é"], None, &[b"caf", &[0xC3], &[0xA9], b"!"], "caf", true),
        (&[""], None, &[b"x"], "x", false),
        (
            &[],
            TAGGED,
            &[b"ok ", b"<tool", br#"_call>{"name":"f","arguments":{"a":1}}</tool_call>"#],
            r#"ok [f {"a":1}]"#,
            false,
        ),
        (&[], None, &[CALL], r#"<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#, false),
        (&[], TAGGED, &[b"<tool_call>{broken</tool_call>"], "<tool_call>{broken</tool_call>", false),
        (&[], TAGGED, &[br#"<tool_call>{"name":"g"}"#], "[g {}]", false),
        (&["stop"], TAGGED, &[br#"<tool_call>{"name":"stop"}</tool_call>"#, b" stop"], "[stop {}]", true),
        (&[], None, &[b"\n", b"<th", b"ink>why</thi", b"nk>\n", b"\nso\n"], "(why)so\n", false),
        (&[], None, &[b" ", b" x"], "  x", false),
        (&[], None, &[b"a <think> b"], "a <think> b", false),
    ];
    for (stops, calls, tokens, expected, stopped) in cases {
        let name = String::from_utf8_lossy(&tokens.concat()).into_owned();
        assert_eq!(run(stops, *calls, tokens), ((*expected).to_owned(), *stopped), "{name}");
    }
}

/// Every form with what models write in it, and the line it becomes.
const WRITTEN: &[(Form, &str, &str)] = &[
    (
        Form::Tagged,
        r#"Let me see. <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#,
        r#"Let me see. [f {"a":1}]"#,
    ),
    (
        Form::Tagged,
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"}</tool_call>\"}}\n</tool_call>\n<tool_call>{\"name\":\"g\"}</tool_call>\nDone.",
        "[f {\"a\": \"}</tool_call>\"}][g {}]Done.",
    ),
    (Form::Tagged, "<think>\nf?\n</think>\n\n<tool_call>{\"name\": \"f\", \"arguments\": {}}", "(\nf?\n)[f {}]"),
    (Form::Tagged, r#"<tool_call>{"name": "f", "arguments": {"a": 1}, "id": 3} </tool_call>"#, r#"[f {"a": 1}]"#),
    (Form::Tagged, r#"<tool_call>{"arguments": {"a": 1}, "name": "f"}</tool_call>"#, r#"[f {"a":1}]"#),
    (Form::Tagged, r#"<tool_call>{"name": "f", "arguments": {"a": [1, 2"#, r#"[f {"a": [1, 2]"#),
    (Form::Tagged, r#"<tool_call>{"name": "f", "argu"#, r#"<tool_call>{"name": "f", "argu"#),
    (Form::Tagged, "<tool_call>f(1)</tool_call> so", "<tool_call>f(1)</tool_call> so"),
    (
        Form::Functions,
        "<tool_call>\n<function=f>\n<parameter=a>\n12\n</parameter>\n<parameter=b>\nx <y>\n\"z\"\n</parameter>\n</function>\n</tool_call>",
        r#"[f {"a": 12, "b": "x <y>\n\"z\""}]"#,
    ),
    (Form::Functions, "<tool_call><function=f></function></tool_call>ok", "[f {}]ok"),
    (Form::Functions, "<tool_call><function=f><parameter=a>1</parameter>", r#"[f {"a": 1}]"#),
    (Form::Functions, "<tool_call><functio", "<tool_call><functio"),
    (
        Form::Keys,
        "<think>hm</think>\n<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>Oslo, NO</arg_value>\n<arg_key>b</arg_key>\n<arg_value>[1]</arg_value>\n</tool_call>",
        r#"(hm)[f {"a": "Oslo, NO", "b": [1]}]"#,
    ),
    (
        Form::Keys,
        "<tool_call>now</tool_call><tool_call>f<arg_key>a</arg_key><arg_value>1</arg_value></tool_call>",
        r#"[now {}][f {"a": 1}]"#,
    ),
    (Form::Keys, "<tool_call>what is this?", "<tool_call>what is this?"),
    (Form::Bare, r#"{"name": "f", "parameters": {"a": 1}}"#, r#"[f {"a": 1}]"#),
    (Form::Bare, "\n<|python_tag|>{\"name\": \"f\", \"parameters\": {}}", "[f {}]"),
    (
        Form::Bare,
        r#"{"name": "f", "parameters": {}}; {"name": "g", "parameters": {"b": ";"}}"#,
        r#"[f {}][g {"b": ";"}]"#,
    ),
    (Form::Bare, r#"{"capital": "Paris"}"#, r#"{"capital": "Paris"}"#),
    (Form::Bare, r#"{"name": "f", "parameters": "#, r#"{"name": "f", "parameters": "#),
    (Form::Bare, r#"Here: {"name": "f", "parameters": {}}"#, r#"Here: {"name": "f", "parameters": {}}"#),
    (Form::Listed, r#"[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}, {"name": "g"}]"#, r#"[f {"a": 1}][g {}]"#),
    (Form::Listed, r#"[TOOL_CALLS][{"name": "f", "arguments": {}, "id": "abc"}] ok"#, "[f {}]ok"),
    (
        Form::Listed,
        r#"Well. [TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[CALL_ID]123456789[ARGS]{}"#,
        r#"Well. [f {"a": 1}][g {}]"#,
    ),
    (Form::Listed, r#"[THINK]f, then.[/THINK][TOOL_CALLS]f{"a": "é"}"#, r#"(f, then.)[f {"a": "é"}]"#),
    (Form::Listed, "[TOOL_CALLS] none", "[TOOL_CALLS] none"),
    (Form::Listed, "[TOOL_CALLS] []", "[TOOL_CALLS] []"),
    (Form::Listed, "a [list] of things", "a [list] of things"),
    (
        Form::Piped,
        r#"<|tool_call|>[{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]"#,
        r#"[f {"a": 1}][g {}]"#,
    ),
    (Form::Piped, r#"<|tool_call|>[{"name": "f", "arguments": {}}]<|/tool_call|>"#, "[f {}]"),
    (
        Form::Prefixed,
        r#"<|inner_prefix|>f.<|inner_suffix|><|tools_prefix|>[{"f": {"a": {"b": 1}}}, {"g": {}}]<|tools_suffix|>"#,
        r#"(f.)[f {"a": {"b": 1}}][g {}]"#,
    ),
    (Form::Prefixed, r#"<|tools_prefix|>[{"f": 1}]"#, r#"<|tools_prefix|>[{"f": 1}]"#),
    (
        Form::Action,
        "<|START_THINKING|>f.<|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"f\", \"parameters\": {\"a\": 1}}\n]<|END_ACTION|>",
        r#"(f.)[f {"a": 1}]"#,
    ),
    (
        Form::Fenced,
        "Action: ```json\n[\n    {\n        \"tool_name\": \"f\",\n        \"parameters\": {\"a\": 1}\n    }\n]```",
        r#"[f {"a": 1}]"#,
    ),
    (Form::Fenced, "Action: stand up", "Action: stand up"),
    (
        Form::Python,
        r#"<|tool_call_start|>[f(a="x, y)", b=[1, None]), g()]<|tool_call_end|>Done."#,
        r#"[f {"a": "x, y)", "b": [1,null]}][g {}]Done."#,
    ),
    (Form::Python, "<|tool_call_start|>[f(a=1", "[f {a=1]"),
    (Form::Python, "<|tool_call_start|>nothing", "<|tool_call_start|>nothing"),
    (
        Form::Braced,
        r#"<|channel>thought
f.
<channel|><|tool_call>call:f{a:<|"|>x{y}<|"|>,b:{c:[1,true]}}<tool_call|>"#,
        r#"(f.
)[f {"a": "x{y}", "b": {"c":[1,true]}}]"#,
    ),
    (Form::Line, "get_weather\n{\"city\": \"Oslo\"}", r#"[get_weather {"city": "Oslo"}]"#),
    (Form::Line, "Hello there", "Hello there"),
    (Form::Line, "Hello", "Hello"),
    (Form::Line, "Hello\n\nthere", "Hello\n\nthere"),
];

/// The pieces a text is handed over in: one by one, in even steps, and cut at random.
fn cuts(text: &str) -> Vec<Vec<&[u8]>> {
    let bytes = text.as_bytes();
    let mut all: Vec<Vec<&[u8]>> = (1..8).map(|size| bytes.chunks(size).collect()).collect();
    all.extend((0..=bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]));
    let mut state = 7u32;
    for _ in 0..8 {
        let (mut pieces, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (piece, after) = rest.split_at((state >> 24) as usize % 9 % (rest.len() + 1));
            pieces.push(piece);
            rest = after;
        }
        all.push(pieces);
    }
    all
}

#[test]
fn calls_of_every_family_are_read() {
    for (form, text, expected) in WRITTEN {
        for tokens in cuts(text) {
            assert_eq!(run(&[], Some(*form), &tokens).0, *expected, "{form:?} {tokens:?}: {text}");
        }
        // Without tools nothing is a call, and nothing is lost.
        let (line, _) = run(&[], None, &[text.as_bytes()]);
        assert!(!line.contains("[f {"), "{text}");
    }
}

/// Texts put together from parts of every form, in any order: no panic, the same whatever the pieces, and
/// what is no call is shown.
#[test]
fn broken_calls_are_shown_whatever_the_pieces() {
    let mut state = 11u32;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % below
    };
    let mut called = 0;
    for (form, written, _) in WRITTEN {
        for _ in 0..60 {
            let mut text: Vec<char> = written.chars().collect();
            for _ in 0..=draw(3) {
                let other: Vec<char> = WRITTEN[draw(WRITTEN.len())].1.chars().collect();
                let (at, from) = (draw(text.len() + 1), draw(other.len()));
                let part: Vec<char> = other[from..].iter().take(draw(24)).copied().collect();
                let end = (at + draw(12)).min(text.len());
                text.splice(at..end, part);
            }
            let text: String = text.into_iter().collect();
            let mut lines = cuts(&text).into_iter().map(|tokens| (run(&["STOP"], Some(*form), &tokens).0, tokens));
            let (first, _) = lines.next().unwrap();
            for (line, tokens) in lines {
                assert_eq!(line, first, "{form:?}: {text:?} in {tokens:?}");
            }
            let mut answer = Answer::new(Vec::new(), Some(*form), false);
            let mut pieces = Vec::new();
            answer.push(text.as_bytes(), &mut pieces);
            answer.finish(&mut pieces);
            let call = pieces.iter().any(|p| matches!(p, Piece::Call { .. }));
            called += usize::from(call);
            if !call
                && !pieces.iter().any(|p| matches!(p, Piece::Reasoning(_)))
                && !THOUGHTS.iter().any(|t| text.contains(t.0))
            {
                let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                assert_eq!(solid(&line(&pieces)), solid(&text), "{form:?}");
            }
        }
    }
    assert!(called > 500, "most are calls still: {called}");
}

/// Arguments come while they are written, not when the call is over.
#[test]
fn arguments_are_handed_out_as_they_come() {
    for (form, begun) in [
        (Form::Tagged, r#"<tool_call>{"name": "f", "arguments": {"text": "once upon a"#),
        (Form::Listed, r#"[TOOL_CALLS]f[ARGS]{"text": "once upon a"#),
        (Form::Prefixed, r#"<|tools_prefix|>[{"f": {"text": "once upon a"#),
        (Form::Line, "f\n{\"text\": \"once upon a"),
    ] {
        let mut answer = Answer::new(Vec::new(), Some(form), false);
        let mut pieces = Vec::new();
        answer.push(begun.as_bytes(), &mut pieces);
        assert_eq!(line(&pieces), r#"[f {"text": "once upon a]"#, "{form:?}");
    }
    // Where a value's kind shows at its end only, one argument comes at a time.
    let mut answer = Answer::new(Vec::new(), Some(Form::Python), false);
    let mut pieces = Vec::new();
    answer.push(b"<|tool_call_start|>[f(a=1, b='x", &mut pieces);
    assert_eq!(line(&pieces), r#"[f {"a": 1]"#);
}

/// A line end further on does not make a call of a text in the form whose calls have no marker.
#[test]
fn a_call_on_lines_ends_its_name_with_the_line() {
    for tokens in [&[&b"fE{:a\n"[..]][..], &[b"fE", b"{", b":a\n"], &[b"fE{", b":a\n"]] {
        assert_eq!(run(&[], Some(Form::Line), tokens).0, "fE{:a\n", "{tokens:?}");
    }
}

/// A call that the limit cut off must not look like a whole one: somebody might run it.
#[test]
fn a_call_that_was_cut_off_stays_unfinished() {
    for (form, written) in [
        (Form::Tagged, r#"<tool_call>{"name": "f", "arguments": "#),
        (Form::Tagged, r#"<tool_call>{"name": "f", "arguments": {"a": 1, "#),
        (Form::Functions, "<tool_call><function=f>"),
        (Form::Functions, "<tool_call><function=f><parameter=a>1</parameter>"),
        (Form::Keys, "<tool_call>f<arg_key>a</arg_key>"),
        (Form::Python, "<|tool_call_start|>[f("),
        (Form::Python, "<|tool_call_start|>[f(a=1, b="),
        (Form::Braced, "<|tool_call>call:f{a:1"),
        (Form::Line, "f\n{"),
    ] {
        let mut answer = Answer::new(Vec::new(), Some(form), false);
        let mut pieces = Vec::new();
        answer.push(written.as_bytes(), &mut pieces);
        answer.cut_off(&mut pieces);
        let mut arguments = String::new();
        for piece in &pieces {
            match piece {
                Piece::Call { arguments: text, .. } | Piece::Arguments(text) => arguments += text,
                Piece::Text(_) | Piece::Reasoning(_) => {}
            }
        }
        assert!(serde_json::from_str::<serde_json::Value>(&arguments).is_err(), "{form:?}: {written:?}: {arguments}");
    }
}

/// Nor is half of its beginning a text, unless it is one that only looks like a call.
#[test]
fn half_of_a_calls_beginning_is_no_text() {
    for (form, written, shown) in [
        (Form::Tagged, "Let me see. <tool_call>\n{\"name\": \"pai", "Let me see. "),
        (Form::Tagged, "<tool_call>{\"name\":\"g\"}</tool_call>\n<tool_call>{\"na", "[g {}]"),
        (Form::Functions, "<tool_call><functio", ""),
        (Form::Python, "<|tool_call_start|>[f", ""),
        (Form::Tagged, "<tool_call>f(1)</tool_call> so", "<tool_call>f(1)</tool_call> so"),
        (Form::Bare, "{\"name\": \"Ada", "{\"name\": \"Ada"),
        (Form::Tagged, "if a <tool", "if a <tool"),
    ] {
        let mut answer = Answer::new(Vec::new(), Some(form), false);
        let mut pieces = Vec::new();
        answer.push(written.as_bytes(), &mut pieces);
        answer.cut_off(&mut pieces);
        assert_eq!(line(&pieces), shown, "{form:?}: {written:?}");
    }
}

#[test]
fn a_second_thought_keeps_its_blanks() {
    for tokens in [
        &[&b"<think>a</think>\n<think>b c</think>\nd"[..]][..],
        &[b"<think>a</think>\n<think>b", b" ", b"c</think>\nd"],
    ] {
        assert_eq!(run(&[], None, tokens).0, "(ab c)d", "{tokens:?}");
    }
}

#[test]
fn a_stop_string_may_begin_in_what_opens_no_thought() {
    for tokens in [&[&b"Hi <|channel>thought\n\nmore"[..]][..], &[b"Hi ", b"<|channel>thought\n", b"\nmore"]] {
        assert_eq!(run(&["\n\n"], None, tokens), ("Hi <|channel>thought".to_owned(), true), "{tokens:?}");
    }
}

#[test]
fn characters_are_never_broken() {
    let text = "naïve 日本語 🦀 end";
    for size in 1..5 {
        let tokens: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let mut answer = Answer::new(Vec::new(), None, false);
        let mut pieces = Vec::new();
        for token in tokens {
            answer.push(token, &mut pieces);
        }
        assert!(pieces.iter().all(|p| matches!(p, Piece::Text(t) if !t.contains(char::REPLACEMENT_CHARACTER))));
        assert_eq!(run(&[], None, &text.as_bytes().chunks(size).collect::<Vec<_>>()).0, text);
    }
    assert_eq!(run(&[], None, &[&[0xFF], b"a", &[0xE6, 0x97]]).0, "\u{FFFD}a\u{FFFD}");
}
