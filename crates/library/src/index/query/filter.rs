//! Which documents a query is limited to: by name, folder, date, language, format.

use super::lex::Field;
use crate::{
    calendar::{DAY, days, month_length},
    words,
};
use protocol::MisreadAs;

/// A condition on the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Words of its name, each the beginning of one.
    File(Vec<String>),
    /// Words of the folders that it came from, in a row.
    In(Vec<String>),
    /// One of these formats.
    Format(Vec<String>),
    /// The passage's language, ISO 639-1.
    Language(String),
    /// Words of its author, each the beginning of one.
    Author(Vec<String>),
    /// All words of a label.
    Label(Vec<String>),
    /// Of this time or later, and before that one, in Unix milliseconds: by the date that it gives itself,
    /// else by when it was added.
    Dated(i64, i64),
    /// Added at this time or later, and before that one.
    Added(i64, i64),
}

/// What a field asks for.
pub enum Asked {
    Filter(Filter),
    /// The latest first.
    Newest,
}

/// Reads a field's value, or says what it is not.
pub fn read(field: Field, value: &str) -> Result<Asked, MisreadAs> {
    let filter = match field {
        Field::File => Filter::File(names(value)),
        Field::In => Filter::In(names(value)),
        Field::Type => Filter::Format(formats(value)),
        Field::Language => Filter::Language(language(value).ok_or(MisreadAs::Language)?.to_owned()),
        Field::Author => Filter::Author(names(value)),
        Field::Label => Filter::Label(names(value)),
        Field::Added => range(value).map(|(from, to)| Filter::Added(from, to)).ok_or(MisreadAs::Date)?,
        Field::Date => range(value).map(|(from, to)| Filter::Dated(from, to)).ok_or(MisreadAs::Date)?,
        Field::Before => Filter::Dated(i64::MIN, day(value).ok_or(MisreadAs::Date)?.0),
        Field::After => Filter::Dated(day(value).ok_or(MisreadAs::Date)?.0, i64::MAX),
        Field::Sort => match value.to_lowercase().as_str() {
            "new" | "newest" | "date" => return Ok(Asked::Newest),
            _ => return Err(MisreadAs::Field),
        },
    };
    match &filter {
        Filter::File(words)
        | Filter::In(words)
        | Filter::Format(words)
        | Filter::Author(words)
        | Filter::Label(words)
            if words.is_empty() =>
        {
            Err(MisreadAs::Field)
        }
        _ => Ok(Asked::Filter(filter)),
    }
}

/// The words of a name or a path: what stands between signs, folded. `Q3_report-final.pdf` has four.
pub fn names(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).map(words::fold).filter(|word| !word.is_empty()).collect()
}

/// What people call formats.
const FORMATS: &[(&[&str], &[&str])] = &[
    (&["word", "brief"], &["docx", "doc", "odt", "rtf"]),
    (&["document", "dokument"], &["docx", "doc", "odt", "rtf", "pdf"]),
    (&["excel", "sheet", "spreadsheet", "tableur", "tabelle"], &["xlsx", "xls", "ods", "csv"]),
    (&["powerpoint", "slides", "diapositives", "presentation", "folien"], &["pptx", "ppt", "odp"]),
    (&["mail", "email", "courriel", "e-mail"], &["eml", "mbox", "msg"]),
    (&["text", "texte"], &["txt", "md"]),
    (&["markdown"], &["md"]),
    (&["web", "htm"], &["html"]),
    (&["book", "livre", "buch"], &["epub"]),
    (&["image", "picture", "bild"], &["png", "jpg", "jpeg", "tiff", "tif", "webp", "gif", "bmp"]),
];

fn formats(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    for one in value.split([',', '|']) {
        let one = words::fold(one.trim().trim_start_matches('.'));
        match FORMATS.iter().find(|(names, _)| names.contains(&one.as_str())) {
            Some((_, formats)) => found.extend(formats.iter().map(|format| (*format).to_owned())),
            None if one.is_empty() => {}
            None => found.push(one),
        }
    }
    found
}

/// Languages by their codes and by their names in English, French and their own.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("en", &["english", "anglais"]),
    ("fr", &["french", "francais"]),
    ("de", &["german", "allemand", "deutsch"]),
    ("es", &["spanish", "espagnol", "espanol"]),
    ("it", &["italian", "italien", "italiano"]),
    ("pt", &["portuguese", "portugais", "portugues"]),
    ("nl", &["dutch", "neerlandais", "nederlands"]),
    ("sv", &["swedish", "suedois", "svenska"]),
    ("da", &["danish", "danois", "dansk"]),
    ("nb", &["norwegian", "norvegien", "norsk", "no"]),
    ("fi", &["finnish", "finnois", "suomi"]),
    ("hu", &["hungarian", "hongrois", "magyar"]),
    ("ro", &["romanian", "roumain", "romana"]),
    ("ru", &["russian", "russe"]),
    ("tr", &["turkish", "turc", "turkce"]),
    ("pl", &["polish", "polonais", "polski"]),
    ("cs", &["czech", "tcheque", "cestina"]),
    ("uk", &["ukrainian", "ukrainien"]),
    ("el", &["greek", "grec"]),
    ("ar", &["arabic", "arabe"]),
    ("he", &["hebrew", "hebreu"]),
    ("zh", &["chinese", "chinois"]),
    ("ja", &["japanese", "japonais"]),
    ("ko", &["korean", "coreen"]),
    ("hi", &["hindi"]),
];

fn language(value: &str) -> Option<&'static str> {
    let asked = words::fold(value);
    LANGUAGES.iter().find(|(code, names)| *code == asked || names.contains(&asked.as_str())).map(|(code, _)| *code)
}

/// `2024`, `2024-05`, `2024-05-01`, `2023..2024-06`, `..2024`, `>2024`, `<=2024-05`: the time from the
/// beginning of the first to the end of the last.
fn range(value: &str) -> Option<(i64, i64)> {
    for (sign, inclusive, before) in [(">=", true, false), ("<=", true, true), (">", false, false), ("<", false, true)]
    {
        if let Some(rest) = value.strip_prefix(sign) {
            let (from, to) = day(rest)?;
            return Some(match (before, inclusive) {
                (false, true) => (from, i64::MAX),
                (false, false) => (to, i64::MAX),
                (true, true) => (i64::MIN, to),
                (true, false) => (i64::MIN, from),
            });
        }
    }
    if let Some((from, to)) = value.split_once("..") {
        let from = if from.is_empty() { i64::MIN } else { day(from)?.0 };
        let to = if to.is_empty() { i64::MAX } else { day(to)?.1 };
        return (from < to && (from, to) != (i64::MIN, i64::MAX)).then_some((from, to));
    }
    day(value)
}

/// The time that a year, a month or a day lasts, in Unix milliseconds (UTC).
fn day(value: &str) -> Option<(i64, i64)> {
    let parts: Vec<&str> = value.split('-').collect();
    let number = |at: usize, length: usize, most: i64| -> Option<i64> {
        let part = parts.get(at)?;
        let number = part.parse().ok().filter(|n| (1..=most).contains(n))?;
        (part.len() == length && part.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    };
    let year = number(0, 4, 9_999)?;
    let next = |month: i64| if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let (from, to) = match parts.len() {
        1 => (days(year, 1, 1), days(year + 1, 1, 1)),
        2 => {
            let month = number(1, 2, 12)?;
            let (until_year, until) = next(month);
            (days(year, month, 1), days(until_year, until, 1))
        }
        3 => {
            let month = number(1, 2, 12)?;
            let from = days(year, month, number(2, 2, month_length(year, month))?);
            (from, from + 1)
        }
        _ => return None,
    };
    Some((from * DAY, to * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_ranges() {
        let at = |year, month, day| days(year, month, day) * 86_400_000;
        for (value, expected) in [
            ("1970", Some((0, at(1971, 1, 1)))),
            ("2024-02", Some((at(2024, 2, 1), at(2024, 3, 1)))),
            ("2024-02-29", Some((at(2024, 2, 29), at(2024, 3, 1)))),
            ("2023-02-29", None),
            ("2023..2024-06", Some((at(2023, 1, 1), at(2024, 7, 1)))),
            ("..2024", Some((i64::MIN, at(2025, 1, 1)))),
            ("2024..2023", None),
            ("..", None),
            (">2024", Some((at(2025, 1, 1), i64::MAX))),
            (">=2024-05", Some((at(2024, 5, 1), i64::MAX))),
            ("<2024", Some((i64::MIN, at(2024, 1, 1)))),
            ("<=2024-12-31", Some((i64::MIN, at(2025, 1, 1)))),
            ("yesterday", None),
            ("24-5-1", None),
            ("2024-13", None),
        ] {
            assert_eq!(range(value), expected, "{value}");
        }
    }

    #[test]
    fn values_as_people_write_them() {
        assert_eq!(names("Q3_report-final.PDF"), ["q3", "report", "final", "pdf"]);
        assert_eq!((language("Français"), language("no"), language("xx")), (Some("fr"), Some("nb"), None));
        assert_eq!(formats(".PDF,word"), ["pdf", "docx", "doc", "odt", "rtf"]);
        assert!(matches!(read(Field::Sort, "newest"), Ok(Asked::Newest)));
        assert!(matches!(read(Field::File, "..."), Err(MisreadAs::Field)));
        assert!(matches!(read(Field::Before, "soon"), Err(MisreadAs::Date)));
    }
}
