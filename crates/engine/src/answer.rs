//! What of the bytes a model writes is text, reasoning or a tool call, and where it must stop.
//!
//! Nothing is shown before it is certain: half a character, and the beginning of what may become a
//! stop string or a marker, are held back until the next token decides.

use serde_json::Value;

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text for the person.
    Text(String),
    /// Text the model wrote to itself.
    Reasoning(String),
    /// A call of a tool.
    Call {
        /// The tool's name.
        name: String,
        /// Its arguments, a JSON object as text.
        arguments: String,
    },
}

/// What the text at hand belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Text,
    Reasoning,
    Call,
}

const THINK: &str = "<think>";
const THOUGHT: &str = "</think>";
const CALL: &str = "<tool_call>";
const CALLED: &str = "</tool_call>";

/// Turns bytes into pieces.
pub struct Answer {
    stops: Vec<String>,
    calls: bool,
    mode: Mode,
    /// Whether any text has been shown: reasoning only comes first.
    begun: bool,
    /// Whether reasoning came before: the empty lines behind it belong to neither.
    thought: bool,
    bytes: Vec<u8>,
    held: String,
    stopped: bool,
}

impl Answer {
    /// An answer that stops at `stops`. With `calls`, tool calls are parsed. With `reasoning`, the
    /// prompt has opened a thought already.
    #[must_use]
    pub fn new(stops: Vec<String>, calls: bool, reasoning: bool) -> Self {
        let mode = if reasoning { Mode::Reasoning } else { Mode::Text };
        let stops = stops.into_iter().filter(|s| !s.is_empty()).collect();
        Self {
            stops,
            calls,
            mode,
            begun: false,
            thought: false,
            bytes: Vec::new(),
            held: String::new(),
            stopped: false,
        }
    }

    /// Whether a stop string has been met.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Takes the bytes of one token and appends what has become certain.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        if self.stopped {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        take_characters(&mut self.bytes, &mut self.held);
        self.settle(out);
    }

    /// The answer is over: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        if self.stopped {
            return;
        }
        self.held.push_str(&String::from_utf8_lossy(&self.bytes));
        self.bytes.clear();
        self.settle(out);
        let rest = std::mem::take(&mut self.held);
        match self.mode {
            // A model may forget the closing marker at the very end.
            Mode::Call => call(&rest, out),
            Mode::Text | Mode::Reasoning => self.show(rest, out),
        }
    }

    /// The markers that matter now.
    fn markers(&self) -> Vec<&str> {
        match self.mode {
            Mode::Reasoning => vec![THOUGHT],
            Mode::Call => vec![CALLED],
            Mode::Text => {
                let mut markers: Vec<&str> = self.stops.iter().map(String::as_str).collect();
                if self.calls {
                    markers.push(CALL);
                }
                if !self.begun {
                    markers.push(THINK);
                }
                markers
            }
        }
    }

    fn settle(&mut self, out: &mut Vec<Piece>) {
        // Each round passes one marker; a text holds fewer markers than characters.
        loop {
            let markers = self.markers();
            let found = markers.iter().filter_map(|m| self.held.find(m).map(|at| (at, m.to_string()))).min();
            let Some((at, marker)) = found else {
                let mut keep = if self.mode == Mode::Call { self.held.len() } else { undecided(&self.held, &markers) };
                let blank = self.held[..self.held.len() - keep].trim().is_empty();
                if self.mode == Mode::Text && !self.begun && blank {
                    keep = self.held.len();
                }
                let rest = self.held.split_off(self.held.len() - keep);
                let certain = std::mem::replace(&mut self.held, rest);
                self.show(certain, out);
                return;
            };
            let rest = self.held.split_off(at + marker.len());
            let mut before = std::mem::replace(&mut self.held, rest);
            before.truncate(at);
            match (self.mode, marker.as_str()) {
                (Mode::Call, _) => {
                    call(&before, out);
                    self.mode = Mode::Text;
                    self.begun = true;
                }
                (Mode::Reasoning, _) => {
                    self.show(before, out);
                    self.mode = Mode::Text;
                    self.thought = true;
                }
                (Mode::Text, THINK) if before.trim().is_empty() && !self.stops.iter().any(|s| s == THINK) => {
                    self.mode = Mode::Reasoning;
                }
                (Mode::Text, THINK) if !self.stops.iter().any(|s| s == THINK) => {
                    self.begun = true;
                    self.show(before + THINK, out);
                }
                (Mode::Text, CALL) if self.calls && !self.stops.iter().any(|s| s == CALL) => {
                    self.show(before, out);
                    self.mode = Mode::Call;
                }
                (Mode::Text, _) => {
                    self.show(before, out);
                    self.held.clear();
                    self.stopped = true;
                    return;
                }
            }
        }
    }

    fn show(&mut self, mut text: String, out: &mut Vec<Piece>) {
        if self.mode == Mode::Text && self.thought && !self.begun {
            text = text.trim_start().to_owned();
        }
        if text.is_empty() {
            return;
        }
        match self.mode {
            Mode::Reasoning => out.push(Piece::Reasoning(text)),
            Mode::Text | Mode::Call => {
                self.begun |= !text.trim().is_empty();
                out.push(Piece::Text(text));
            }
        }
    }
}

/// How many bytes at the end of a text may be the beginning of a marker.
fn undecided(text: &str, markers: &[&str]) -> usize {
    let beginning = |marker: &&str| {
        (1..marker.len()).rev().find(|n| marker.is_char_boundary(*n) && text.ends_with(&marker[..*n])).unwrap_or(0)
    };
    markers.iter().map(beginning).max().unwrap_or(0)
}

/// Moves whole characters from `bytes` to `text`; bytes that cannot become one turn into U+FFFD.
fn take_characters(bytes: &mut Vec<u8>, text: &mut String) {
    let mut done = 0;
    loop {
        match std::str::from_utf8(&bytes[done..]) {
            Ok(whole) => {
                text.push_str(whole);
                done = bytes.len();
                break;
            }
            Err(error) => {
                let valid = done + error.valid_up_to();
                text.push_str(&String::from_utf8_lossy(&bytes[done..valid]));
                done = valid;
                let Some(broken) = error.error_len() else { break };
                text.push(char::REPLACEMENT_CHARACTER);
                done += broken;
            }
        }
    }
    bytes.drain(..done);
}

/// The calls in the JSON between the markers: one object or a list of them. What cannot be read as
/// that is shown as the text that it is.
fn call(text: &str, out: &mut Vec<Piece>) {
    let one = |value: &Value| {
        let arguments = match value.get("arguments").or_else(|| value.get("parameters")) {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(object @ Value::Object(_)) => object.to_string(),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_)) => return None,
        };
        Some(Piece::Call { name: value.get("name")?.as_str()?.to_owned(), arguments })
    };
    let calls: Option<Vec<Piece>> = match serde_json::from_str(text.trim()) {
        Ok(Value::Array(list)) => list.iter().map(one).collect(),
        Ok(object) => one(&object).map(|call| vec![call]),
        Err(_) => None,
    };
    match calls {
        Some(calls) => out.extend(calls),
        None => out.push(Piece::Text(format!("{CALL}{text}{CALLED}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces as one line, joined where they are of a kind: `text`, `(reasoning)`, `[name arguments]`.
    fn run(stops: &[&str], calls: bool, tokens: &[&[u8]]) -> (String, bool) {
        let mut answer = Answer::new(stops.iter().map(|s| (*s).to_owned()).collect(), calls, false);
        let mut pieces = Vec::new();
        for token in tokens {
            answer.push(token, &mut pieces);
        }
        answer.finish(&mut pieces);
        let line = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Reasoning(text) => format!("({text})"),
            Piece::Call { name, arguments } => format!("[{name} {arguments}]"),
        });
        (line.collect(), answer.stopped())
    }

    #[test]
    fn stops_and_markers_may_span_tokens() {
        /// Stop strings, whether calls are parsed, tokens, the line that is shown, whether it stopped.
        type Case = (&'static [&'static str], bool, &'static [&'static [u8]], &'static str, bool);
        const CALL: &[u8] = br#"<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#;
        let cases: &[Case] = &[
            (&[], false, &[b"Hel", b"lo"], "Hello", false),
            (&["END"], false, &[b"a E", b"N", b"D b"], "a ", true),
            (&["END"], false, &[b"a E", b"N", b"d"], "a ENd", false),
            (&["END"], false, &[b"a EN"], "a EN", false),
            (&["b", "ab"], false, &[b"xab"], "x", true),
            (&["\n\n"], false, &[b"one\n", b"\ntwo"], "one", true),
            (&["é"], false, &[b"caf", &[0xC3], &[0xA9], b"!"], "caf", true),
            (&[""], false, &[b"x"], "x", false),
            (
                &[],
                true,
                &[b"ok ", b"<tool", br#"_call>{"name":"f","arguments":{"a":1}}</tool_call>"#],
                r#"ok [f {"a":1}]"#,
                false,
            ),
            (&[], false, &[CALL], r#"<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#, false),
            (&[], true, &[b"<tool_call>{broken</tool_call>"], "<tool_call>{broken</tool_call>", false),
            (&[], true, &[br#"<tool_call>{"name":"g"}"#], "[g {}]", false),
            (&["stop"], true, &[br#"<tool_call>{"name":"stop"}</tool_call>"#, b" stop"], "[stop {}] ", true),
            (&[], false, &[b"\n", b"<th", b"ink>why</thi", b"nk>\n", b"\nso\n"], "(why)so\n", false),
            (&[], false, &[b" ", b" x"], "  x", false),
            (&[], false, &[b"a <think> b"], "a <think> b", false),
        ];
        for (stops, calls, tokens, expected, stopped) in cases {
            let name = String::from_utf8_lossy(&tokens.concat()).into_owned();
            assert_eq!(run(stops, *calls, tokens), ((*expected).to_owned(), *stopped), "{name}");
        }
    }

    #[test]
    fn characters_are_never_broken() {
        let text = "naïve 日本語 🦀 end";
        for size in 1..5 {
            let tokens: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let mut answer = Answer::new(Vec::new(), false, false);
            let mut pieces = Vec::new();
            for token in tokens {
                answer.push(token, &mut pieces);
            }
            assert!(pieces.iter().all(|p| matches!(p, Piece::Text(t) if !t.contains(char::REPLACEMENT_CHARACTER))));
            assert_eq!(run(&[], false, &text.as_bytes().chunks(size).collect::<Vec<_>>()).0, text);
        }
        assert_eq!(run(&[], false, &[&[0xFF], b"a", &[0xE6, 0x97]]).0, "\u{FFFD}a\u{FFFD}");
    }
}
