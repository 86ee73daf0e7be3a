//! Whether a licence expression can be met with the licences of a list.

use std::collections::BTreeSet;

/// Reads an SPDX expression (and the older form with slashes): true when the list allows it.
/// `OR` needs one side, `AND` both; what cannot be read is not allowed.
pub fn allowed(expression: &str, list: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any(&words, &mut at, list);
    met == Some(true) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, list: &BTreeSet<String>) -> Option<bool> {
    let mut met = every(words, at, list)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= every(words, at, list)?;
    }
    Some(met)
}

fn every(words: &[&str], at: &mut usize, list: &BTreeSet<String>) -> Option<bool> {
    let mut met = one(words, at, list)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, list)?;
    }
    Some(met)
}

fn one(words: &[&str], at: &mut usize, list: &BTreeSet<String>) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    if word == "(" {
        let met = any(words, at, list)?;
        (words.get(*at) == Some(&")")).then(|| *at += 1)?;
        return Some(met);
    }
    if matches!(word, ")" | "AND" | "OR" | "WITH") {
        return None;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1)?;
        *at += 2;
        return Some(list.contains(&format!("{word} WITH {exception}")));
    }
    Some(list.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let list = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("MIT AND (GPL-2.0 OR Apache-2.0)", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("(MIT", false),
            ("MIT MIT", false),
            ("", false),
        ] {
            assert_eq!(allowed(expression, &list), expected, "{expression}");
        }
    }
}
