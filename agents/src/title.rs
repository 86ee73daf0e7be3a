//! What is a chat called? Its first question, cut at a word; no model is asked for it.

/// The longest title, in chars.
pub const LONGEST: usize = 60;

/// A title from a question: its first line with text, cut at a word.
pub fn title_of(question: &str) -> String {
    let line = question.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut title = String::new();
    let mut chars = 0;
    for word in line.split_whitespace() {
        let wide = word.chars().count() + usize::from(!title.is_empty());
        if chars + wide > LONGEST {
            if title.is_empty() {
                title.extend(word.chars().take(LONGEST - 1));
            }
            let kept = title.trim_end_matches([',', ';', ':', '.', '–', '-']).len();
            title.truncate(kept);
            title.push('…');
            return title;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
        chars += wide;
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_cut_at_words() {
        let long =
            "What does the tenancy agreement say, in the end, about giving notice before the first year is over?";
        let cases = [
            ("Who signed?", "Who signed?".to_owned()),
            ("  \n\n  Who   signed?\nAnd when?", "Who signed?".to_owned()),
            ("", String::new()),
            (long, "What does the tenancy agreement say, in the end, about…".to_owned()),
            (&"é".repeat(100), format!("{}…", "é".repeat(59))),
        ];
        for (question, expected) in cases {
            let title = title_of(question);
            assert_eq!(title, expected);
            assert!(title.chars().count() <= LONGEST);
        }
    }
}
