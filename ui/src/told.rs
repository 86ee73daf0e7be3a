//! What the closed sets that the log and the wire carry say in the language in use.

use protocol::{Decision, Detail, Difference, Doing, LeftOut, Part, Summary, ToolTrouble};

/// What a tool call would do, or did.
pub fn summary(summary: &Summary) -> String {
    match summary {
        Summary::Known(Doing::RenameChat { title }) => t!("do.rename_chat", title = title),
        Summary::Text(words) => words.clone(),
    }
}

/// What there is to read about a step.
pub fn detail(detail: &Detail) -> String {
    match detail {
        Detail::Text(words) => words.clone(),
        Detail::LeftOut(parts) => parts.iter().map(left_out).collect::<Vec<_>>().join("\n"),
        Detail::Does(does) => summary(does),
        Detail::Failed { failed } => trouble(*failed),
    }
}

/// What did not get into a prompt.
pub fn left_out(left_out: &LeftOut) -> String {
    match left_out {
        LeftOut::Part { what, count } => match what {
            Part::OldestExchanges => t!("left.oldest_exchanges", n = *count),
            Part::WeakestPassages => t!("left.weakest_passages", n = *count),
            Part::PassagesForSmallModel => t!("left.passages_for_small_model", n = *count),
            Part::MiddleOfMessage => t!("left.middle_of_message", n = *count),
            Part::MiddleOfPassage => t!("left.middle_of_passage", n = *count),
            Part::MiddleOfToolResult => t!("left.middle_of_tool_result"),
            Part::MiddleOfQuestion => t!("left.middle_of_question"),
        },
        LeftOut::Text(words) => words.clone(),
    }
}

/// What a person decided on a tool call.
pub fn decided(decision: Decision, what: &str) -> String {
    match decision {
        Decision::AllowOnce => t!("decided.once", what = what),
        Decision::AllowAlways => t!("decided.always", what = what),
        Decision::Deny => t!("decided.denied", what = what),
        Decision::Expired => t!("decided.expired", what = what),
    }
}

/// What differs between an answer and its repetition.
pub fn difference(difference: &Difference) -> String {
    let or_none = |text: &String| if text.is_empty() { t!("differ.none") } else { text.clone() };
    match difference {
        Difference::ModelFile { then, now } => t!("differ.model_file", then = or_none(then), now = or_none(now)),
        Difference::Engine { then, now } => t!("differ.engine", then = or_none(then), now = or_none(now)),
        Difference::PassageChanged { document, page } => {
            t!("differ.passage_changed", document = document, page = *page)
        }
        Difference::PassageGone { document, page } => t!("differ.passage_gone", document = document, page = *page),
        Difference::Text { at, then, now } => t!("differ.text", at = at.to_string(), then = then, now = now),
    }
}

/// Why a tool call came to nothing.
fn trouble(trouble: ToolTrouble) -> String {
    match trouble {
        ToolTrouble::Unknown => t!("tool.unknown"),
        ToolTrouble::Arguments => t!("tool.arguments"),
        ToolTrouble::TooSlow => t!("tool.too_slow"),
        ToolTrouble::Broke => t!("tool.broke"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, set_lang};

    #[test]
    fn the_same_is_said_in_each_language() {
        let left = Detail::LeftOut(vec![
            LeftOut::Part { what: Part::OldestExchanges, count: 3 },
            LeftOut::Text("The question.".into()),
        ]);
        let rename = Summary::Known(Doing::RenameChat { title: "Bail".into() });
        for (lang, parts, does, gone) in [
            (
                Lang::En,
                "The 3 oldest questions of this chat and their answers\nThe question.",
                "You allowed once: Rename this chat to “Bail”",
                "The passage on page 2 of a.pdf is no longer there.",
            ),
            (
                Lang::Fr,
                "Les 3 questions les plus anciennes de cette conversation et leurs réponses\nThe question.",
                "Vous avez autorisé une fois : renommer cette conversation « Bail »",
                "Le passage de la page 2 de a.pdf n’existe plus.",
            ),
        ] {
            set_lang(lang);
            assert_eq!(detail(&left), parts);
            assert_eq!(decided(Decision::AllowOnce, &summary(&rename)).replace('\u{a0}', " "), does);
            let difference = difference(&Difference::PassageGone { document: "a.pdf".into(), page: 2 });
            assert_eq!(difference, gone);
        }
        set_lang(Lang::En);
    }
}
