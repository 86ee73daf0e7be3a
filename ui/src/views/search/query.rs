//! Which conditions a query has: what can be taken out of it again, and whether there is anything besides.

use std::ops::Range;

/// What a document can be chosen by, as it is typed. The search itself reads the query: this only shows it.
const FIELDS: [&str; 19] = [
    "file", "name", "in", "folder", "author", "by", "from", "date", "added", "before", "after", "since", "lang",
    "language", "label", "tag", "type", "format", "sort",
];
/// Quotation marks. Each opens or closes.
const QUOTES: [char; 5] = ['"', '“', '”', '«', '»'];

/// A condition of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// What it chooses by, as it was typed.
    pub field: String,
    /// What it must be, without quotation marks.
    pub value: String,
    /// As it was typed.
    pub text: String,
    /// Its bytes in the query.
    pub at: Range<usize>,
}

/// The conditions of a query, in order.
pub(super) fn conditions(query: &str) -> Vec<Condition> {
    parts(query).into_iter().filter_map(|at| condition(query, at)).collect()
}

/// Whether there is nothing but conditions: then there are no words that could mean anything.
pub(super) fn only_conditions(query: &str) -> bool {
    let signs = ['(', ')', '-'];
    parts(query).into_iter().all(|at| {
        let text = query[at.clone()].trim_matches(signs);
        matches!(text, "" | "AND" | "OR" | "NOT") || condition(query, at).is_some()
    })
}

/// Whether the latest come first: their order is their date, not how near they are.
pub(super) fn by_date(query: &str) -> bool {
    conditions(query).iter().any(|condition| condition.field == "sort")
}

/// The query with one more condition.
pub(super) fn with(query: &str, condition: &str) -> String {
    format!("{} {condition}", query.trim()).trim_start().to_owned()
}

/// The query without one of its conditions.
pub(super) fn without(query: &str, condition: &Condition) -> String {
    let (Some(before), Some(after)) = (query.get(..condition.at.start), query.get(condition.at.end..)) else {
        return query.to_owned();
    };
    format!("{} {}", before.trim_end(), after.trim_start()).trim().to_owned()
}

/// What stands between spaces, those inside quotation marks not counted.
fn parts(query: &str) -> Vec<Range<usize>> {
    let (mut parts, mut begun, mut quoted) = (Vec::new(), None, false);
    for (at, letter) in query.char_indices() {
        if QUOTES.contains(&letter) {
            quoted = !quoted;
        }
        match (letter.is_whitespace() && !quoted, begun) {
            (true, Some(from)) => {
                parts.push(from..at);
                begun = None;
            }
            (false, None) => begun = Some(at),
            (true, None) | (false, Some(_)) => {}
        }
    }
    parts.extend(begun.map(|from| from..query.len()));
    parts
}

fn condition(query: &str, at: Range<usize>) -> Option<Condition> {
    // A parenthesis around it stays where it is.
    let whole = &query[at.clone()];
    let text = whole.trim_start_matches('(');
    let start = at.start + whole.len() - text.len();
    let text = text.trim_end_matches(')');
    let (field, value) = text.trim_start_matches('-').split_once(':')?;
    let field = field.to_ascii_lowercase();
    let value = value.trim_matches(QUOTES).trim().to_owned();
    let known = FIELDS.contains(&field.as_str()) && !value.is_empty();
    known.then(|| Condition { field, value, text: text.to_owned(), at: start..start + text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_found_and_taken_out() {
        let query = "rent type:pdf author:\"Ada Smith\" (lang:de) http://x note:1";
        let found = conditions(query);
        let texts: Vec<&str> = found.iter().map(|condition| condition.text.as_str()).collect();
        assert_eq!(texts, ["type:pdf", "author:\"Ada Smith\"", "lang:de"]);
        assert_eq!(found[1].value, "Ada Smith");
        assert_eq!(without(query, &found[0]), "rent author:\"Ada Smith\" (lang:de) http://x note:1");
        assert_eq!(without(query, &found[1]), "rent type:pdf (lang:de) http://x note:1");
        assert_eq!(with("", "type:pdf"), "type:pdf");
        assert_eq!(with("rent ", "type:pdf"), "rent type:pdf");
    }

    #[test]
    fn a_query_of_conditions_only_has_no_words() {
        for (query, only) in [
            ("type:pdf", true),
            ("type:pdf author:\"Ada Smith\"", true),
            ("(type:pdf OR type:docx) -lang:de", true),
            ("type:pdf rent", false),
            ("\"type:pdf rent\"", false),
            ("type:", false),
        ] {
            assert_eq!(only_conditions(query), only, "{query}");
        }
        assert!(by_date("rent sort:new") && !by_date("rent type:pdf"));
    }
}
