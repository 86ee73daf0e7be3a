//! Elements in elements in elements: no deeper than browsers go.
//!
//! A parser of HTML looks through all open elements at many a tag, so that its time grows with the square of the
//! depth: two hundred thousand open `<div>` take minutes. Browsers leave out what lies deeper than 512; so does
//! this, before the parser sees it. What stands in the elements stays.

use std::borrow::Cow;

/// The deepest element, as in browsers.
const DEEPEST: usize = 512;
/// Elements that a page can put into one another without end; others close by themselves or hold no more.
const NESTING: &str = "div span section article main aside header footer nav table tbody tr td ul ol dl li blockquote details figure fieldset \
    form center font b i em strong u small big a label sup sub code svg g math object button template";

/// The same page, without the tags of elements that lie too deep.
pub(super) fn shallow(source: &str) -> Cow<'_, str> {
    let mut kept: Option<String> = None;
    let (mut depth, mut from, mut at) = (0usize, 0, 0);
    while let Some(next) = source[at..].find('<') {
        let open = at + next;
        at = open + 1;
        let Some((name, closes)) = tag(&source[at..]) else { continue };
        if !NESTING.split(' ').any(|nesting| nesting.eq_ignore_ascii_case(name)) {
            continue;
        }
        let deeper = match closes {
            true => {
                depth = depth.saturating_sub(1);
                depth >= DEEPEST
            }
            false => {
                depth += 1;
                depth > DEEPEST
            }
        };
        if deeper {
            let end = source[at..].find('>').map_or(source.len(), |end| at + end + 1);
            kept.get_or_insert_default().push_str(&source[from..open]);
            (from, at) = (end, end);
        }
    }
    match kept {
        Some(mut kept) => {
            kept.push_str(&source[from..]);
            Cow::Owned(kept)
        }
        None => Cow::Borrowed(source),
    }
}

/// The name of the tag whose `<` was passed, and whether it closes an element.
fn tag(rest: &str) -> Option<(&str, bool)> {
    let (name, closes) = rest.strip_prefix('/').map_or((rest, false), |name| (name, true));
    let length = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| (&name[..length], closes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_as_people_make_them_stay_as_they_are() {
        for page in ["", "<", "a < b", "<p>One<p>Two<br><img src=x>", "<DIV><span>x</span></DIV></div></div>", "<div"] {
            assert!(matches!(shallow(page), Cow::Borrowed(_)), "{page}");
        }
        let open = "<p>text<br>".repeat(5_000);
        assert!(matches!(shallow(&open), Cow::Borrowed(_)), "they close by themselves");
    }

    #[test]
    fn what_lies_too_deep_loses_its_tags_and_keeps_its_words() {
        let count = 200_000;
        let page =
            format!("{}words in the middle{}<p>and after", "<div class=\"x\">".repeat(count), "</div>".repeat(count));
        let made = shallow(&page);
        assert_eq!(made.matches("<div").count(), DEEPEST);
        assert_eq!(made.matches("</div>").count(), DEEPEST);
        assert!(made.contains(">words in the middle<") && made.ends_with("<p>and after"));
        let mut text = String::new();
        let mut take = |page: crate::extract::Page| {
            text.push_str(&page.text);
            Ok(())
        };
        super::super::flow(&page).pages(&mut take).unwrap();
        assert_eq!(text, "words in the middle\n\nand after");
    }
}
