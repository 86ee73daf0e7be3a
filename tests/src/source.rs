//! What of a source file is the program, and what is its tests.

/// The text without its test modules, `#[cfg(test)] mod … { … }`. What else stands under
/// `#[cfg(test)]`, and all that follows it, stays. The text is as rustfmt lays it out.
pub fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let marked = line.trim_start().starts_with("#[cfg(") && line.contains("test");
        let opens = |next: &&str| {
            let next = next.trim_start();
            let name = next.strip_prefix("pub").and_then(|next| next.split_once(' ')).map_or(next, |(_, name)| name);
            name.starts_with("mod ") && next.ends_with('{')
        };
        if marked && lines.peek().is_some_and(opens) {
            let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            lines.find(|line| *line == end);
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_modules_go() {
        for (text, expected) in [
            ("a\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nc\n", "a\nc\n"),
            ("a\n#[cfg(all(test, unix))]\nmod tests {\n    b\n}\n", "a\n"),
            ("    #[cfg(test)]\n    mod inner {\n        b\n    }\nc\n", "c\n"),
            ("#[cfg(test)]\nmod tests;\nc\n", "#[cfg(test)]\nmod tests;\nc\n"),
            ("#[cfg(test)]\nScript(b),\nc\n", "#[cfg(test)]\nScript(b),\nc\n"),
            ("#[cfg(test)]\nuse b;\nfn c() {\n    d\n}\n", "#[cfg(test)]\nuse b;\nfn c() {\n    d\n}\n"),
        ] {
            assert_eq!(without_tests(text), expected, "{text}");
        }
    }
}
