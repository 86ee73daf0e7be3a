//! What is made of what people type?

use super::*;
use protocol::MisreadAs;

fn languages() -> BTreeSet<String> {
    BTreeSet::from(["en".to_owned(), "fr".into(), "de".into()])
}

fn show(condition: &Condition) -> String {
    let list = |all: &[Condition], sign: &str| format!("({})", all.iter().map(show).collect::<Vec<_>>().join(sign));
    match condition {
        Condition::Word(wanted) => wanted.folded.clone(),
        Condition::Phrase(words) => format!("'{}'", words.join(" ")),
        Condition::Document(filter) => format!("{filter:?}"),
        Condition::Not(condition) => format!("!{}", show(condition)),
        Condition::All(all) => list(all, " & "),
        Condition::Any(all) => list(all, " | "),
    }
}

#[test]
fn what_people_type() {
    for (text, words, conditions, plain) in [
        ("notice periods", "notice periods", "", "notice periods"),
        ("What is the notice period?", "notice period", "", "What is the notice period?"),
        ("the who", "the who", "", "the who"),
        ("\"notice period\" lease -pets", "notice period lease", "'notice period' !pets", "notice period lease"),
        ("« délai de préavis »", "delai preavis", "'delai de preavis'", "délai de préavis"),
        ("lease -\"no pets\"", "lease", "!'no pets'", "lease"),
        (
            "\"DE89 3704 0044 0532 0130 00\"",
            "DE89370400440532013000",
            "('de89 3704 0044 0532 0130 00' | 'de89370400440532013000')",
            "DE89 3704 0044 0532 0130 00",
        ),
        (
            "\"BE68539007547034\"",
            "BE68539007547034",
            "('be68539007547034' | 'be68 5390 0754 7034')",
            "BE68539007547034",
        ),
        ("lease \"pets\"", "lease pets", "'pets'", "lease pets"),
        ("well-known e-mail", "well known mail", "", "well-known e-mail"),
        ("rent \"unclosed", "rent unclosed", "", "rent unclosed"),
        ("rent rent Rent", "rent", "", "rent rent Rent"),
        ("-tenant -pets", "", "!tenant !pets", ""),
        ("", "", "", ""),
        ("cats AND dogs", "cats dogs", "(cats & dogs)", "cats dogs"),
        ("cats OR dogs AND mice", "cats dogs mice", "(cats | (dogs & mice))", "cats dogs mice"),
        ("(cats OR dogs) rent", "cats dogs rent", "(cats | dogs)", "cats dogs rent"),
        ("rent NOT (cats dogs)", "rent", "!(cats & dogs)", "rent"),
        ("(see section three)", "see section three", "", "see section three"),
        ("leas* recieve~", "leas recieve", "", "leas recieve"),
        ("file:lease.pdf rent", "rent", "File([\"lease\", \"pdf\"])", "rent"),
        ("type:pdf lang:de Miete", "Miete", "Format([\"pdf\"]) Language(\"de\")", "Miete"),
    ] {
        let terms = parse(text, &languages());
        let folded: Vec<_> = terms.words.iter().map(|w| w.folded.as_str()).collect();
        let shown: Vec<String> = terms.conditions.iter().map(show).collect();
        assert_eq!((folded.join(" "), shown.join(" ")), (words.to_lowercase(), conditions.to_owned()), "{text}");
        assert_eq!(terms.plain.split_whitespace().collect::<Vec<_>>().join(" "), plain, "{text}");
    }
    assert!(parse("Kündigungen", &languages()).words[0].stems.contains("kundig"));
    assert_eq!(parse("résumé cote", &languages()).words[0].accented.as_deref(), Some("résumé"));
    assert_eq!(parse("leas*", &languages()).words[0].how, How::Beginning);
    assert!(parse("sort:new rent", &languages()).newest);
}

#[test]
fn what_cannot_be_understood_is_words_and_is_said() {
    for (text, words, misread) in [
        ("rent \"unclosed", "rent unclosed", vec![("\"unclosed", MisreadAs::Quote)]),
        ("rent date:soon", "rent", vec![("soon", MisreadAs::Date)]),
        ("rent lang:klingon", "rent", vec![("klingon", MisreadAs::Language)]),
        ("subject:Smith rent", "subject smith rent", vec![("subject:Smith", MisreadAs::Field)]),
        ("AND rent", "rent", vec![("AND", MisreadAs::Operator)]),
        ("rent OR", "rent", vec![("OR", MisreadAs::Operator)]),
        ("rent NOT", "rent", vec![("NOT", MisreadAs::Operator)]),
        ("(rent", "rent", vec![("(", MisreadAs::Parenthesis)]),
        ("rent) paid)", "rent paid", vec![(")", MisreadAs::Parenthesis), (")", MisreadAs::Parenthesis)]),
    ] {
        let terms = parse(text, &languages());
        let folded: Vec<_> = terms.words.iter().map(|w| w.folded.as_str()).collect();
        let said: Vec<_> = terms.misread.iter().map(|m| (m.text.as_str(), m.why)).collect();
        assert_eq!((folded.join(" ").as_str(), said), (words, misread), "{text}");
    }
}

#[test]
fn deep_and_long_queries_end() {
    let deep = format!("{}rent{}", "(".repeat(2_000), ")".repeat(2_000));
    assert_eq!(parse(&deep, &languages()).words.len(), 1);
    let nots = "NOT ".repeat(2_000) + "rent";
    parse(&nots, &languages());
    let long = "a AND ".repeat(2_000);
    parse(&long, &languages());
}
