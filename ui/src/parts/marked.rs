//! A text with some of its letters marked: what was found in it.

use leptos::prelude::*;
use protocol::Span;

/// The text with its marks as elements.
pub fn marked(text: &str, marks: &[Span]) -> Vec<AnyView> {
    pieces(text, marks)
        .into_iter()
        .map(|(piece, mark)| if mark { view! { <mark>{piece}</mark> }.into_any() } else { piece.into_any() })
        .collect()
}

/// Cuts a text at its marks, in order; marks that overlap or lie outside are cut to fit.
pub fn pieces(text: &str, marks: &[Span]) -> Vec<(String, bool)> {
    let letters: Vec<char> = text.chars().collect();
    let mut marks: Vec<Span> = marks.to_vec();
    marks.sort_unstable();
    let mut pieces = Vec::new();
    let mut done = 0;
    for mark in marks {
        let start = (mark.start as usize).clamp(done, letters.len());
        let end = (mark.end as usize).clamp(start, letters.len());
        if start < end {
            if done < start {
                pieces.push((letters[done..start].iter().collect(), false));
            }
            pieces.push((letters[start..end].iter().collect(), true));
            done = end;
        }
    }
    if done < letters.len() {
        pieces.push((letters[done..].iter().collect(), false));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_cut_the_text() {
        let span = |start, end| Span { start, end };
        let table: [(&[Span], &str); 5] = [
            (&[], "le délai est court"),
            (&[span(3, 8)], "le [délai] est court"),
            (&[span(13, 99), span(0, 2)], "[le] délai est [court]"),
            (&[span(3, 8), span(5, 12)], "le [délai][ est] court"),
            (&[span(40, 50)], "le délai est court"),
        ];
        for (marks, expected) in table {
            let shown: String = pieces("le délai est court", marks)
                .into_iter()
                .map(|(piece, mark)| if mark { format!("[{piece}]") } else { piece })
                .collect();
            assert_eq!(shown, expected);
        }
    }
}
