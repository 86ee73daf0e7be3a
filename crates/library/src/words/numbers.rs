//! Which numbers are the same? `1,250.50`, `1.250,50`, `1 250,50` and `1250.50` are.

/// A number without the signs between its groups of three, and with a dot before its decimals; none where
/// those are `00`. None: it is written that way already, or it is no such number (a date, a version).
///
/// One sign before three digits parts groups: `1.250` is `1250`, as in contracts, and not one and a quarter.
pub(super) fn plain(folded: &str) -> Option<String> {
    let is_sign = |c: char| matches!(c, ',' | '.');
    let rest = folded.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == folded.len() || !rest.starts_with(is_sign) {
        return None;
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !folded.split(is_sign).all(digits) {
        return None;
    }
    let last = folded.rfind(is_sign)?;
    let (whole, decimals) = (&folded[..last], &folded[last + 1..]);
    let sign = &folded[last..=last];
    match whole.find(is_sign) {
        None if is_beginning(whole) && decimals.len() == 3 => Some(format!("{whole}{decimals}")),
        None => Some(with_decimals(whole, decimals)),
        Some(first) => {
            let group_sign = &whole[first..=first];
            if group_sign == sign {
                return without_groups(folded, sign);
            }
            Some(with_decimals(&without_groups(whole, group_sign)?, decimals))
        }
    }
}

/// Whether two runs of digits with a blank between them that does not break are groups of one number; the
/// second may have decimals. `several`: the first is made of groups already.
pub(super) fn are_groups(first: &str, several: bool, second: &str) -> bool {
    let whole = second.split([',', '.']).next().unwrap_or(second);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let beginning = digits(first) && (is_beginning(first) || several);
    beginning
        && whole.len() == 3
        && digits(whole)
        && second.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.'))
}

/// Whether a number in groups may begin so.
fn is_beginning(group: &str) -> bool {
    (1..=3).contains(&group.len()) && !group.starts_with('0')
}

/// The digits of groups of three.
fn without_groups(number: &str, sign: &str) -> Option<String> {
    let mut groups = number.split(sign);
    let first = groups.next().filter(|first| is_beginning(first))?;
    groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit())).then(|| {
        let rest = number[first.len()..].replace(sign, "");
        format!("{first}{rest}")
    })
}

fn with_decimals(whole: &str, decimals: &str) -> String {
    if decimals == "00" { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

/// The rows of words that a number of four and more digits may stand as where blanks part its groups of three:
/// `1250.5` as `1` `250.5` and as `1` `250,5`. None where it has no such form.
pub(super) fn groups(folded: &str) -> Vec<Vec<String>> {
    let number = plain(folded).unwrap_or_else(|| folded.to_owned());
    let (whole, decimals) = number.split_once('.').map_or((&*number, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let fits = (4..=12).contains(&whole.len()) && digits(whole) && !whole.starts_with('0');
    if !fits || !decimals.is_none_or(digits) {
        return Vec::new();
    }
    let first = (whole.len() - 1) % 3 + 1;
    let rest = whole.as_bytes()[first..].chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let row: Vec<String> = [whole[..first].to_owned()].into_iter().chain(rest).collect();
    // Two noughts are as good as none.
    let endings: Vec<String> = match decimals {
        Some(decimals) => [",", "."].map(|sign| format!("{sign}{decimals}")).to_vec(),
        None => ["", ",00", ".00"].map(str::to_owned).to_vec(),
    };
    let ending = |ending: String| {
        let mut row = row.clone();
        if let Some(last) = row.last_mut() {
            last.push_str(&ending);
        }
        row
    };
    endings.into_iter().map(ending).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_their_digits() {
        for (amount, expected) in [
            ("1,250", "1250"),
            ("1.250.000", "1250000"),
            ("1,250.50", "1250.50"),
            ("1.250,50", "1250.50"),
            ("1250,50", "1250.50"),
            ("1,250,000.00", "1250000"),
            ("1250.00", "1250"),
            ("1,25", "1.25"),
            ("0,250", "0.250"),
            ("3.14", "3.14"),
            ("1,2500", "1.2500"),
        ] {
            assert_eq!(plain(amount).as_deref(), Some(expected), "{amount}");
        }
        for other in
            ["1250", "31.12.2024", "3.2.1", "5,10,15", ",250", "a,250", "12.", "1234,567,890", "1.25,000,1", "", "1,,2"]
        {
            assert_eq!(plain(other), None, "{other}");
        }
        assert_eq!(plain("1234,567").as_deref(), Some("1234.567"));
    }

    #[test]
    fn groups_of_three() {
        for (number, expected) in [
            ("1250", "1 250; 1 250,00; 1 250.00"),
            ("1,250,000.00", "1 250 000; 1 250 000,00; 1 250 000.00"),
            ("125000,5", "125 000,5; 125 000.5"),
            ("250", ""),
            ("0125", ""),
            ("12a5", ""),
            ("31.12.2024", ""),
        ] {
            let rows: Vec<String> = groups(number).iter().map(|row| row.join(" ")).collect();
            assert_eq!(rows.join("; "), expected, "{number}");
        }
    }
}
