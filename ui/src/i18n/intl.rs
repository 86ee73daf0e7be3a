//! How numbers, sizes, dates and plurals look in a language: the platform's `Intl` decides.
//!
//! Natively (tests only) a plain fallback stands in for `Intl`.

use super::{Lang, lang};

/// A number with the language's separators and at most one decimal.
pub fn number(n: impl Into<f64>) -> String {
    number_in(lang(), n.into())
}

/// A share from 0 to 1 as a percentage.
pub fn share(part: f64) -> String {
    t!("unit.percent", n = (part * 100.0).round())
}

/// A size in bytes, in the unit that fits.
pub fn bytes(bytes: u64) -> String {
    let (n, unit) = scaled(bytes);
    match unit {
        0 => t!("unit.b", n = n),
        1 => t!("unit.kb", n = n),
        2 => t!("unit.mb", n = n),
        _ => t!("unit.gb", n = n),
    }
}

/// The figure and the power of 1,000. Below ten one decimal stays, as in 3.7 KB.
fn scaled(bytes: u64) -> (f64, u32) {
    let mut n = bytes as f64;
    let mut unit = 0;
    while n >= 999.5 && unit < 3 {
        n /= 1000.0;
        unit += 1;
    }
    let n = if n < 10.0 && unit > 0 { (n * 10.0).round() / 10.0 } else { n.round() };
    (n, unit)
}

/// A duration: milliseconds, then seconds, then minutes.
pub fn milliseconds(ms: u64) -> String {
    match ms {
        0..1_000 => t!("unit.ms", n = ms),
        1_000..10_000 => t!("unit.s", n = (ms as f64 / 100.0).round() / 10.0),
        10_000..60_000 => t!("unit.s", n = ms / 1_000),
        _ => t!("unit.min", n = ms.div_ceil(60_000)),
    }
}

/// Tokens per second, whole from ten on.
pub fn rate(tokens_per_second: f32) -> String {
    let n = f64::from(tokens_per_second);
    t!("unit.rate", n = if n < 10.0 { (n * 10.0).round() / 10.0 } else { n.round() })
}

/// A count of tokens, short: 900, 1.9k, 18k.
pub fn thousands(n: u32) -> String {
    match n {
        0..1_000 => number(n),
        1_000..10_000 => t!("unit.thousand", n = (f64::from(n) / 100.0).round() / 10.0),
        _ => t!("unit.thousand", n = (f64::from(n) / 1_000.0).round()),
    }
}

/// A language by its ISO 639-1 code, in the language in use.
pub fn language(code: &str) -> String {
    name_of("language", code)
}

/// A country by its ISO 3166-1 code, in the language in use.
pub fn country(code: &str) -> String {
    name_of("region", code)
}

/// Which group of days a time falls in, seen from now: words such as "Today", else a date.
pub fn relative_day(then_ms: i64, now_ms: i64) -> String {
    match day(now_ms) - day(then_ms) {
        ..=0 => t!("day.today"),
        1 => t!("day.yesterday"),
        2..7 => weekday(then_ms),
        7..31 => t!("day.month"),
        _ => t!("day.older"),
    }
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use super::*;
    use js_sys::{Array, Date, Intl, Object, Reflect};
    use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

    #[wasm_bindgen]
    extern "C" {
        type DisplayNames;
        #[wasm_bindgen(catch, constructor, js_namespace = Intl)]
        fn new(locales: &Array, options: &Object) -> Result<DisplayNames, JsValue>;
        #[wasm_bindgen(catch, method)]
        fn of(this: &DisplayNames, code: &str) -> Result<JsValue, JsValue>;
    }

    /// The name of a language or a region; the code itself where the platform has none.
    pub fn name_of(kind: &str, code: &str) -> String {
        let names = DisplayNames::new(&locales(lang()), &options(&[("type", JsValue::from_str(kind))]));
        let name = names.and_then(|names| names.of(code)).ok().and_then(|name| name.as_string());
        name.unwrap_or_else(|| code.to_owned())
    }

    fn options(pairs: &[(&str, JsValue)]) -> Object {
        let object = Object::new();
        for (name, value) in pairs {
            // Setting a property of a fresh object cannot fail.
            let _ = Reflect::set(&object, &JsValue::from_str(name), value);
        }
        object
    }
    fn locales(lang: Lang) -> Array {
        Array::of1(&JsValue::from_str(lang.tag()))
    }

    pub fn number_in(lang: Lang, n: f64) -> String {
        let format =
            Intl::NumberFormat::new(&locales(lang), &options(&[("maximumFractionDigits", JsValue::from_f64(1.0))]));
        call(&format.format(), &JsValue::from_f64(n))
    }
    pub fn plural(lang: Lang, n: f64) -> String {
        Intl::PluralRules::new(&locales(lang), &Object::new()).select(n).into()
    }
    fn dated(ms: i64, pairs: &[(&str, &str)]) -> String {
        let pairs: Vec<(&str, JsValue)> = pairs.iter().map(|(name, value)| (*name, JsValue::from_str(value))).collect();
        let format = Intl::DateTimeFormat::new(&locales(lang()), &options(&pairs));
        call(&format.format(), &Date::new(&JsValue::from_f64(ms as f64)))
    }
    fn call(format: &js_sys::Function, value: &JsValue) -> String {
        format.call1(&JsValue::UNDEFINED, value).ok().and_then(|text| text.as_string()).unwrap_or_default()
    }
    /// The time of day.
    pub fn time(ms: i64) -> String {
        dated(ms, &[("hour", "2-digit"), ("minute", "2-digit")])
    }
    /// Day, month, year.
    pub fn date(ms: i64) -> String {
        dated(ms, &[("day", "numeric"), ("month", "long"), ("year", "numeric")])
    }
    /// Day and time.
    pub fn date_time(ms: i64) -> String {
        dated(ms, &[("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")])
    }
    pub fn weekday(ms: i64) -> String {
        let name = dated(ms, &[("weekday", "long")]);
        let mut chars = name.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
    }
    /// The number of the local day.
    pub fn day(ms: i64) -> i64 {
        let offset = Date::new(&JsValue::from_f64(ms as f64)).get_timezone_offset() as i64 * 60_000;
        (ms - offset).div_euclid(86_400_000)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    use super::*;

    pub fn name_of(_: &str, code: &str) -> String {
        code.to_owned()
    }
    pub fn number_in(_: Lang, n: f64) -> String {
        n.to_string()
    }
    pub fn plural(lang: Lang, n: f64) -> String {
        let one = match lang {
            Lang::En => n == 1.0,
            Lang::Fr => (0.0..2.0).contains(&n),
        };
        if one { "one" } else { "other" }.to_owned()
    }
    /// The time of day.
    pub fn time(ms: i64) -> String {
        format!("{:02}:{:02}", ms.div_euclid(3_600_000).rem_euclid(24), ms.div_euclid(60_000).rem_euclid(60))
    }
    /// Day, month, year.
    pub fn date(ms: i64) -> String {
        format!("day {}", day(ms))
    }
    /// Day and time.
    pub fn date_time(ms: i64) -> String {
        format!("{} {}", date(ms), time(ms))
    }
    pub fn weekday(ms: i64) -> String {
        format!("weekday {}", day(ms).rem_euclid(7))
    }
    /// The number of the day.
    pub fn day(ms: i64) -> i64 {
        ms.div_euclid(86_400_000)
    }
}

pub use platform::{date, date_time, day, time};
use platform::{name_of, weekday};
pub(super) use platform::{number_in, plural};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_two_figures() {
        let table =
            [(0, (0.0, 0)), (999, (999.0, 0)), (3_712, (3.7, 1)), (12_600, (13.0, 1)), (5_000_000_000, (5.0, 3))];
        for (bytes, expected) in table {
            assert_eq!(scaled(bytes), expected, "{bytes}");
        }
    }
}
