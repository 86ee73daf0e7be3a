//! How a spreadsheet shows a number: by the cell's format, as people see it.
//!
//! Dates whose form depends on the reader's computer are written year first, which nobody reads wrongly.

/// Days from 1 March of the year 0 to 30 December 1899, from which spreadsheets count.
const EPOCH: i64 = 693_899;
/// Days between that and 1 January 1904, from which others count.
const EPOCH_1904: f64 = 1_462.0;
/// The last day that spreadsheets know: 31 December 9999.
const LAST_DAY: f64 = 2_958_466.0;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The format that a number of Excel's own list stands for.
pub(crate) fn built_in(id: u32) -> &'static str {
    match id {
        1 => "0",
        2 => "0.00",
        3 | 37 | 38 => "#,##0",
        4 | 39 | 40 => "#,##0.00",
        5 | 6 => "$#,##0",
        7 | 8 => "$#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        14 | 27 | 30 | 31 | 36 | 50 | 57 => "yyyy-mm-dd",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "yyyy-mm-dd hh:mm",
        41 | 42 => "#,##0",
        43 | 44 => "#,##0.00",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "0.0E+0",
        49 => "@",
        _ => "General",
    }
}

/// A number by a format.
pub(crate) fn shown(value: f64, format: &str, from_1904: bool) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let sections = sections(format);
    let (section, magnitude) = match sections.len() {
        0 => return general(value),
        1 => (&sections[0], value),
        // The section for negative numbers has its own sign.
        _ if value < 0.0 => (&sections[1], -value),
        2 => (&sections[0], value),
        _ if value == 0.0 => (&sections[2], value),
        _ => (&sections[0], value),
    };
    let parts = parts(section);
    if parts.iter().any(|part| matches!(part, Part::Time(..) | Part::Elapsed(..))) {
        return time(magnitude + if from_1904 { EPOCH_1904 } else { 0.0 }, &parts).unwrap_or_else(|| general(value));
    }
    number(magnitude, &parts).unwrap_or_else(|| general(value))
}

/// A number without a format: up to eleven digits, as spreadsheets show it.
pub(crate) fn general(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if !(1e-9..1e15).contains(&size) {
        return format!("{value:E}");
    }
    let digits = (10 - size.log10().floor() as i32).clamp(0, 20) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[derive(Debug, PartialEq)]
enum Part {
    Literal(String),
    /// A digit of a number, its point, its comma, its exponent, `%`, `/`.
    Digit(char),
    /// So many of y, m, d, h or s; tenths of seconds as `0`.
    Time(char, usize),
    /// Hours, minutes or seconds in all.
    Elapsed(char),
    AmPm,
    General,
    Text,
}

/// The parts of a format that are meant for positive, negative and zero.
fn sections(format: &str) -> Vec<String> {
    let (mut all, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in format.chars() {
        if c == ';' && !quoted && !escaped {
            all.push(String::new());
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all.retain(|section| !section.is_empty());
    all
}

fn parts(section: &str) -> Vec<Part> {
    let chars: Vec<char> = section.chars().collect();
    let (mut parts, mut at) = (Vec::new(), 0);
    let literal = |parts: &mut Vec<Part>, text: &str| match parts.last_mut() {
        Some(Part::Literal(last)) => last.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    };
    while at < chars.len() {
        let c = chars[at];
        let lower = c.to_ascii_lowercase();
        let run = chars[at..].iter().take_while(|next| next.to_ascii_lowercase() == lower).count();
        let rest: String = chars[at..].iter().take(7).collect::<String>().to_lowercase();
        at += match c {
            '"' => {
                let text: String = chars[at + 1..].iter().take_while(|c| **c != '"').collect();
                literal(&mut parts, &text);
                text.chars().count() + 2
            }
            '\\' => {
                literal(&mut parts, &chars.get(at + 1).map(char::to_string).unwrap_or_default());
                2
            }
            // As wide as a char, and filled up with one.
            '_' => {
                literal(&mut parts, " ");
                2
            }
            '*' => 2,
            '[' => {
                let inside: String = chars[at + 1..].iter().take_while(|c| **c != ']').collect();
                match inside.chars().next().map(|c| c.to_ascii_lowercase()) {
                    // A currency, then a language.
                    Some('$') => literal(&mut parts, inside[1..].split('-').next().unwrap_or_default()),
                    Some(unit @ ('h' | 'm' | 's')) if inside.chars().all(|c| c.to_ascii_lowercase() == unit) => {
                        parts.push(Part::Elapsed(unit));
                    }
                    // Colours and conditions.
                    Some(_) | None => {}
                }
                inside.chars().count() + 2
            }
            _ if rest.starts_with("general") => {
                parts.push(Part::General);
                7
            }
            _ if rest.starts_with("am/pm") => {
                parts.push(Part::AmPm);
                5
            }
            _ if rest.starts_with("a/p") => {
                parts.push(Part::AmPm);
                3
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => {
                parts.push(Part::Time(lower, run));
                run
            }
            'e' | 'E' if matches!(chars.get(at + 1), Some('+' | '-')) => {
                parts.push(Part::Digit('E'));
                2
            }
            '0' | '#' | '?' | '.' | ',' | '%' | '/' => {
                parts.push(Part::Digit(c));
                1
            }
            '@' => {
                parts.push(Part::Text);
                1
            }
            _ => {
                literal(&mut parts, &c.to_string());
                1
            }
        };
    }
    parts
}

/// Dates and times; None where the number is none.
fn time(value: f64, parts: &[Part]) -> Option<String> {
    if !(0.0..LAST_DAY).contains(&value) {
        return None;
    }
    // Tenths of milliseconds would round to the next second.
    let millis = (value * 86_400_000.0).round() as i64;
    let (mut day, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    // Spreadsheets have a 29 February 1900.
    if (1..60).contains(&day) {
        day += 1;
    }
    let (year, month, date) = civil(day + EPOCH);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    let half = parts.contains(&Part::AmPm);
    let mut text = String::new();
    let (mut last, mut tenths) = (' ', false);
    for (at, part) in parts.iter().enumerate() {
        let next = parts[at + 1..].iter().find_map(|part| match part {
            Part::Time(unit, _) => Some(*unit),
            _ => None,
        });
        match part {
            Part::Time(unit, length) => {
                let minutes = *unit == 'm' && (last == 'h' || (next == Some('s') && *length < 3));
                text += &match (*unit, *length) {
                    ('y', 1 | 2) => format!("{:02}", year % 100),
                    ('y', _) => year.to_string(),
                    ('m', 1) if minutes => minute.to_string(),
                    ('m', _) if minutes => format!("{minute:02}"),
                    ('m', 1) => month.to_string(),
                    ('m', 2) => format!("{month:02}"),
                    ('m', 3) => MONTHS[month as usize - 1][..3].to_owned(),
                    ('m', 5) => MONTHS[month as usize - 1][..1].to_owned(),
                    ('m', _) => MONTHS[month as usize - 1].to_owned(),
                    ('d', 1) => date.to_string(),
                    ('d', 2) => format!("{date:02}"),
                    ('d', 3) => DAYS[(day + 6).rem_euclid(7) as usize][..3].to_owned(),
                    ('d', _) => DAYS[(day + 6).rem_euclid(7) as usize].to_owned(),
                    ('h', length) => {
                        let hour = if half { (hour + 11) % 12 + 1 } else { hour };
                        if length == 1 { hour.to_string() } else { format!("{hour:02}") }
                    }
                    (_, 1) => second.to_string(),
                    (..) => format!("{second:02}"),
                };
                last = *unit;
            }
            Part::Elapsed(unit) => {
                let all = match unit {
                    'h' => millis / 3_600_000,
                    'm' => millis / 60_000,
                    _ => millis / 1_000,
                };
                text += &all.to_string();
                last = *unit;
            }
            Part::AmPm => text += if hour < 12 { "AM" } else { "PM" },
            Part::Literal(literal) => text += literal,
            Part::Digit('.') => (tenths, text) = (true, text + "."),
            Part::Digit('0') if tenths => {
                let behind = text.len() - text.rfind('.').unwrap_or(text.len());
                text.push(char::from(b'0' + (of_day % 1_000 / 10_i64.pow((3 - behind.min(3)) as u32) % 10) as u8));
            }
            Part::Digit(c @ ('/' | ',')) => text.push(*c),
            Part::Digit(_) | Part::General | Part::Text => {}
        }
    }
    Some(text.trim().to_owned())
}

/// Year, month and day from days since 1 March of the year 0.
fn civil(days: i64) -> (i64, i64, i64) {
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let month = if part < 10 { part + 3 } else { part - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * part + 2) / 5 + 1)
}

/// Numbers; None where the format has no place for one.
fn number(value: f64, parts: &[Part]) -> Option<String> {
    if parts.iter().any(|part| matches!(part, Part::General | Part::Text | Part::Digit('/'))) {
        let words = |part: &Part| if let Part::Literal(text) = part { text.clone() } else { String::new() };
        let around = |parts: &[Part]| parts.iter().map(words).collect::<String>();
        let at = parts.iter().position(|part| matches!(part, Part::General))?;
        return Some(around(&parts[..at]) + &general(value) + &around(&parts[at + 1..]));
    }
    let digits: Vec<char> =
        parts.iter().filter_map(|part| if let Part::Digit(c) = part { Some(*c) } else { None }).collect();
    let is_place = |c: &char| matches!(c, '0' | '#' | '?');
    if !digits.iter().any(is_place) {
        // A format of words only, as for zero.
        let words: String = parts
            .iter()
            .filter_map(|part| if let Part::Literal(text) = part { Some(text.as_str()) } else { None })
            .collect();
        return Some(words.trim().to_owned());
    }
    let exponent = digits.iter().position(|c| *c == 'E');
    let mantissa = &digits[..exponent.unwrap_or(digits.len())];
    let point = mantissa.iter().position(|c| *c == '.').unwrap_or(mantissa.len());
    let (whole, behind) = (&mantissa[..point], &mantissa[point..]);
    let least = whole.iter().filter(|c| **c == '0').count();
    let last = whole.iter().rposition(is_place).map_or(0, |at| at + 1);
    let thousands = whole[..last].contains(&',');
    // Commas behind the last digit leave thousands out.
    let scale = whole[last..].iter().chain(behind).filter(|c| **c == ',').count();
    let most = behind.iter().filter(|c| is_place(c)).count();
    let fixed =
        behind.iter().rposition(|c| *c == '0').map_or(0, |at| behind[..=at].iter().filter(|c| is_place(c)).count());
    let percent = digits.iter().filter(|c| **c == '%').count();
    let mut value = value * 100_f64.powi(percent as i32) / 1_000_f64.powi(scale as i32);
    let mut power = 0;
    if exponent.is_some() && value != 0.0 {
        power = value.abs().log10().floor() as i32;
        value /= 10_f64.powi(power);
    }
    let (negative, most) = (value < 0.0, most.min(15));
    let text = format!("{:.most$}", value.abs());
    let (front, back) = text.split_once('.').unwrap_or((&text, ""));
    let mut back = back.to_owned();
    while back.len() > fixed && back.ends_with('0') {
        back.pop();
    }
    let mut front = format!("{:0>1$}", front.trim_start_matches('0'), least);
    if thousands {
        let grouped: Vec<&str> = (0..front.len().div_ceil(3))
            .rev()
            .map(|group| &front[front.len().saturating_sub(3 * (group + 1))..front.len() - 3 * group])
            .collect();
        front = grouped.join(",");
    }
    let shown = front + if back.is_empty() { "" } else { "." } + &back;
    let zero = shown.chars().all(|c| matches!(c, '0' | '.' | ','));
    let power = exponent.map(|_| format!("E{power:+03}")).unwrap_or_default();
    let sign = if negative && !zero { "-" } else { "" };
    // The number stands where its first digit stands.
    let (mut text, mut written) = (String::from(sign), false);
    for part in parts {
        match part {
            Part::Literal(literal) => text += literal,
            Part::Digit('%') => text.push('%'),
            Part::Digit(_) if !written => {
                text += &shown;
                text += &power;
                written = true;
            }
            Part::Digit(_) | Part::Time(..) | Part::Elapsed(_) | Part::AmPm | Part::General | Part::Text => {}
        }
    }
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests;
