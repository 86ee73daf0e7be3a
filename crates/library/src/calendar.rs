//! Dates of the Gregorian calendar as people and files write them, in Unix milliseconds.

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March, so that the day that
/// some have more is their last.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The days that a month has.
pub fn month_length(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

/// Reads a time as files write it: ISO 8601 from the year on (`2024`, `2024-05-01T09:30:00+02:00`,
/// `2024-05-01 09:30 +02:00`) or as in a PDF (`D:20240501093000+02'00'`). What is not said is the
/// beginning of it; without a zone it is UTC.
pub fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_prefix("D:").unwrap_or(text);
    let mut rest = text;
    let year = number(&mut rest, 4, 1, 9_999)?;
    let mut part = |signs: &[char], least: i64, most: i64, unsaid: i64| -> Option<i64> {
        let after = rest.strip_prefix(signs).unwrap_or(rest);
        if !after.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(unsaid);
        }
        rest = after;
        number(&mut rest, 2, least, most)
    };
    let month = part(&['-', '/'], 1, 12, 1)?;
    let day = part(&['-', '/'], 1, month_length(year, month), 1)?;
    let hour = part(&['T', 't', ' '], 0, 23, 0)?;
    let minute = part(&[':'], 0, 59, 0)?;
    let second = part(&[':'], 0, 60, 0)?;
    let at = days(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1_000;
    Some(at - zone(rest)? * 60_000)
}

/// Minutes that a zone is before UTC; fractions of a second may stand before it.
fn zone(rest: &str) -> Option<i64> {
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let rest = rest.trim_start();
    let sign = match rest.chars().next() {
        None | Some('Z' | 'z') => return Some(0),
        Some('+') => 1,
        Some('-') => -1,
        // A name or what else follows a date: the day is what counts.
        Some(_) => return Some(0),
    };
    let mut rest = &rest[1..];
    let hours = number(&mut rest, 2, 0, 23)?;
    let mut after = rest.strip_prefix([':', '\'']).unwrap_or(rest);
    let minutes = if after.starts_with(|c: char| c.is_ascii_digit()) { number(&mut after, 2, 0, 59)? } else { 0 };
    Some(sign * (hours * 60 + minutes))
}

/// Takes a number of so many digits.
fn number(rest: &mut &str, digits: usize, least: i64, most: i64) -> Option<i64> {
    let text = rest.get(..digits).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    *rest = &rest[digits..];
    text.parse().ok().filter(|n| (least..=most).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months() {
        assert_eq!((days(1970, 1, 1), days(2000, 3, 1) - days(2000, 2, 28)), (0, 2));
        assert_eq!(days(2026, 11, 27) * DAY, 1_795_737_600_000);
        assert_eq!([(2023, 2), (2024, 2), (1900, 2), (2024, 12)].map(|(y, m)| month_length(y, m)), [28, 29, 28, 31]);
    }

    #[test]
    fn times_as_files_write_them() {
        let at = |year, month, day, hour: i64, minute: i64| {
            Some(days(year, month, day) * DAY + (hour * 60 + minute) * 60_000)
        };
        for (text, expected) in [
            ("2024", at(2024, 1, 1, 0, 0)),
            ("2024-05", at(2024, 5, 1, 0, 0)),
            (" 2024-02-29 ", at(2024, 2, 29, 0, 0)),
            ("2023-02-29", None),
            ("2024-05-01T09:30:00Z", at(2024, 5, 1, 9, 30)),
            ("2024-05-01T09:30:00.123456789", at(2024, 5, 1, 9, 30)),
            ("2024-05-01T09:30:00.12+02:00", at(2024, 5, 1, 7, 30)),
            ("2026-03-01 09:30 -0130", at(2026, 3, 1, 11, 0)),
            ("D:20240501093000+02'00'", at(2024, 5, 1, 7, 30)),
            ("D:20240501093000Z00'00'", at(2024, 5, 1, 9, 30)),
            ("D:2024", at(2024, 1, 1, 0, 0)),
            ("20240501", at(2024, 5, 1, 0, 0)),
            ("2024-05-01 (draft)", at(2024, 5, 1, 0, 0)),
            ("2024-13-01", None),
            ("0000-01-01", None),
            ("24-05-01", None),
            ("2024-05-01T25:00", None),
            ("2024-05-01T09:30+99:00", None),
            ("é024", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }
}
