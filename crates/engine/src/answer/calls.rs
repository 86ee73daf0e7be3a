//! In which form does a model call tools? Each family was trained with its own, and its template shows
//! which.

/// A form in which calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Qwen, Hermes, SmolLM, Granite 4.
    Tagged,
    /// `<tool_call><function=NAME><parameter=KEY>…</parameter></function></tool_call>`: Qwen 3.5 and Coder.
    Functions,
    /// `<tool_call>NAME<arg_key>…</arg_key><arg_value>…</arg_value></tool_call>`: GLM 4.5 and later.
    Keys,
    /// An answer that is nothing but `{"name": …, "parameters": …}`, perhaps behind `<|python_tag|>`,
    /// several with `;` between: Llama 3.
    Bare,
    /// `[TOOL_CALLS]` and a list of objects, or since 2025 `[TOOL_CALLS]NAME[ARGS]{…}`: Mistral.
    Listed,
    /// `<|tool_call|>` and a list of objects: Granite 3, Phi-4-mini.
    Piped,
    /// `<|tools_prefix|>[{NAME: {…}}]<|tools_suffix|>`: Apertus.
    Prefixed,
    /// `<|START_ACTION|>[{"tool_name": …, "parameters": …}]<|END_ACTION|>`: Command R7B and A.
    Action,
    /// `Action:` and a list of objects in a fenced block: Command R and R+.
    Fenced,
    /// `<|tool_call_start|>[NAME(KEY=…)]<|tool_call_end|>`: LFM2.
    Python,
    /// `<|tool_call>call:NAME{KEY:…}<tool_call|>`: Gemma 4.
    Braced,
    /// An answer that is the tool's name on a line of its own, and an object: GLM 4.
    Line,
}

/// What stands between the markers of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Objects with a name and arguments, perhaps in a list.
    Objects,
    /// The same, or a name and `[ARGS]` before an object.
    Named,
    /// Objects whose only key is the tool's name.
    ByName,
    /// A name, the end of the line and an object.
    Line,
    /// Markup around names and values.
    Tags(&'static Tags),
    /// Something like a call in a programming language.
    Written(&'static Dialect),
}

/// Markup around the parts of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tags {
    /// Before the name; the name ends with `>` where there is one, else with the first key.
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) key_end: &'static str,
    pub(super) value: &'static str,
    pub(super) value_end: &'static str,
    /// After the last value, if not the end of the section itself.
    pub(super) close: &'static str,
}

/// How a call and its values are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Before the name.
    pub(super) before: &'static str,
    pub(super) open: char,
    pub(super) close: char,
    /// Between a key and its value.
    pub(super) is: char,
    /// Around texts, beside `"` and `'` where `None`.
    pub(super) quote: Option<&'static str>,
}

static FUNCTION: Tags = Tags {
    name: "<function=",
    key: "<parameter=",
    key_end: ">",
    value: "",
    value_end: "</parameter>",
    close: "</function>",
};
static ARGUMENT: Tags = Tags {
    name: "",
    key: "<arg_key>",
    key_end: "</arg_key>",
    value: "<arg_value>",
    value_end: "</arg_value>",
    close: "",
};
pub(super) static PYTHON: Dialect = Dialect { before: "", open: '(', close: ')', is: '=', quote: None };
pub(super) static BRACED: Dialect =
    Dialect { before: "call:", open: '{', close: '}', is: ':', quote: Some(r#"<|"|>"#) };

/// Pairs around what a model writes to itself.
pub(super) const THOUGHTS: &[(&str, &str)] = &[
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought\n", "<channel|>"),
];

/// Control tokens that are part of an answer: without them a call cannot be told from text.
pub const SPOKEN: &[&str] = &[
    "<tool_call>",
    "</tool_call>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "<|tool_call|>",
    "<|/tool_call|>",
    "<|tools_prefix|>",
    "<|tools_suffix|>",
    "<|START_ACTION|>",
    "<|END_ACTION|>",
    "<|tool_call_start|>",
    "<|tool_call_end|>",
    "<|tool_call>",
    "<tool_call|>",
    r#"<|"|>"#,
    "<think>",
    "</think>",
    "[THINK]",
    "[/THINK]",
    "<|inner_prefix|>",
    "<|inner_suffix|>",
    "<|START_THINKING|>",
    "<|END_THINKING|>",
    "<|channel>",
    "<channel|>",
];

impl Form {
    /// The form that a chat template teaches; `None` if it teaches none that is read here.
    #[must_use]
    pub fn of_template(source: &str) -> Option<Self> {
        /// All of these and none of those make the form.
        type Line = (&'static [&'static str], &'static [&'static str], Form);
        const LINES: &[Line] = &[
            // The first that fits counts: the special ones stand before the common ones.
            (&["<tool_call>", "<function="], &[], Form::Functions),
            (&["<tool_call>", "<arg_key>"], &[], Form::Keys),
            (&["<|tool_call>call:"], &[], Form::Braced),
            (&["<|tool_list_start|>"], &[], Form::Python),
            (&["<|tool_call_start|>"], &[], Form::Python),
            (&["List of tools: ", "<|im_start|>", "tool_list"], &["<tool_call>"], Form::Python),
            (&["<tool_call>"], &["<tool_calls>", "minimax", "<function="], Form::Tagged),
            (&["[TOOL_CALLS]"], &[], Form::Listed),
            (&["<|tools_prefix|>"], &[], Form::Prefixed),
            (&["<|START_ACTION|>"], &[], Form::Action),
            (&["Action:", "```json"], &[], Form::Fenced),
            (&["<|tool_call|>"], &[], Form::Piped),
            (&["<|tool|>", "<|/tool|>"], &[], Form::Piped),
            (&["<|python_tag|>"], &["<function="], Form::Bare),
            (&[r#""name": function name, "parameters""#], &["<function="], Form::Bare),
            (&["[gMASK]", "metadata"], &["<tool_call>"], Form::Line),
        ];
        let fits = |(all, none, _): &&Line| {
            all.iter().all(|marker| source.contains(marker)) && !none.iter().any(|marker| source.contains(marker))
        };
        LINES.iter().find(fits).map(|(_, _, form)| *form)
    }

    /// What a call begins with; nothing where an answer is a call from its first letter on.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Tagged | Self::Functions | Self::Keys => "<tool_call>",
            Self::Bare => "<|python_tag|>",
            Self::Listed => "[TOOL_CALLS]",
            Self::Piped => "<|tool_call|>",
            Self::Prefixed => "<|tools_prefix|>",
            Self::Action => "<|START_ACTION|>",
            Self::Fenced => "Action:",
            Self::Python => "<|tool_call_start|>",
            Self::Braced => "<|tool_call>",
            Self::Line => "",
        }
    }

    /// What it ends with, if the model writes something.
    pub(crate) fn end(self) -> &'static str {
        match self {
            Self::Tagged | Self::Functions | Self::Keys => "</tool_call>",
            Self::Piped => "<|/tool_call|>",
            Self::Prefixed => "<|tools_suffix|>",
            Self::Action => "<|END_ACTION|>",
            Self::Fenced => "```",
            Self::Python => "<|tool_call_end|>",
            Self::Braced => "<tool_call|>",
            Self::Bare | Self::Listed | Self::Line => "",
        }
    }

    pub(super) fn body(self) -> Body {
        match self {
            Self::Tagged | Self::Bare | Self::Piped | Self::Action | Self::Fenced => Body::Objects,
            Self::Functions => Body::Tags(&FUNCTION),
            Self::Keys => Body::Tags(&ARGUMENT),
            Self::Listed => Body::Named,
            Self::Prefixed => Body::ByName,
            Self::Python => Body::Written(&PYTHON),
            Self::Braced => Body::Written(&BRACED),
            Self::Line => Body::Line,
        }
    }

    /// Whether an answer that begins so may be a call without a marker; `None` until more is known.
    pub(super) fn at_start(self, text: &str) -> Option<bool> {
        match self {
            Self::Bare => match text.chars().next() {
                None => None,
                first => Some(first == Some('{')),
            },
            Self::Line => {
                let name = text.find(|c| !is_name(c))?;
                let rest = text[name..].trim_start_matches(['\r', '\n']);
                if rest.is_empty() && name > 0 {
                    return None;
                }
                let between = &text[name..text.len() - rest.len()];
                Some(name > 0 && rest.starts_with('{') && between.contains('\n'))
            }
            Self::Tagged
            | Self::Functions
            | Self::Keys
            | Self::Listed
            | Self::Piped
            | Self::Prefixed
            | Self::Action
            | Self::Fenced
            | Self::Python
            | Self::Braced => Some(false),
        }
    }
}

/// Whether a character may be part of a tool's name.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/')
}
