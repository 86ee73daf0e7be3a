//! Schemas at random, and whether a value fits one: the part of JSON Schema that [`schema`] makes.

use serde_json::{Map, Value, json};

/// `SplitMix64`, for tests that find the same each time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }
}

const NAMES: [&str; 8] = ["name", "a b", "größe", "x\"y", "日付", "id", "items", "_"];

const PATTERNS: [&str; 3] = ["^[a-f]{2,6}$", "^\\d{4}-\\d{2}$", "^(yes|no)$"];

/// A schema that is at most `depth` deep.
pub fn schema(random: &mut Random, depth: usize) -> Value {
    let kinds = if depth == 0 { 7 } else { 11 };
    match random.below(kinds) {
        0 => json!({"type": "boolean"}),
        1 => json!({"type": "null"}),
        2 => {
            let least = random.below(200) as i64 - 100;
            json!({"type": "integer", "minimum": least, "maximum": least + random.below(500) as i64})
        }
        3 => json!({"type": "number", "minimum": -5, "exclusiveMaximum": 5}),
        4 => {
            let least = random.below(4);
            json!({"type": "string", "minLength": least, "maxLength": least + random.below(8)})
        }
        5 => {
            let values = [json!("one"), json!("zwei \"2\""), json!(3), json!(null), json!(false), json!(["x"])];
            let first = random.below(5);
            json!({"enum": values[first..=first + 1]})
        }
        6 => json!({"type": "string", "pattern": (PATTERNS[random.below(PATTERNS.len())])}),
        7 => {
            let least = random.below(3);
            let items = schema(random, depth - 1);
            json!({"type": "array", "items": items, "minItems": least, "maxItems": least + random.below(3)})
        }
        8 => {
            let (first, second) = (schema(random, depth - 1), json!({"const": "other"}));
            json!({"anyOf": [first, second]})
        }
        _ => {
            let mut properties = Map::new();
            for name in NAMES {
                if random.below(3) == 0 {
                    properties.insert(name.to_owned(), schema(random, depth - 1));
                }
            }
            let required: Vec<String> = properties.keys().filter(|_| random.chance()).cloned().collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
    }
}

/// Whether a value fits a schema that [`schema`] has made, or one like it.
pub fn fits(value: &Value, schema: &Value) -> bool {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(any) = list("anyOf") {
        return any.iter().any(|schema| fits(value, schema));
    }
    if schema.get("const").is_some_and(|only| only != value) || list("enum").is_some_and(|all| !all.contains(value)) {
        return false;
    }
    let within = |size: f64, least: &str, most: &str| {
        number(least).is_none_or(|least| size >= least) && number(most).is_none_or(|most| size <= most)
    };
    match schema.get("type").and_then(Value::as_str) {
        None => true,
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some(kind @ ("integer" | "number")) => {
            let Some(found) = value.as_f64() else { return false };
            (kind == "number" || found.fract() == 0.0)
                && within(found, "minimum", "maximum")
                && number("exclusiveMaximum").is_none_or(|most| found < most)
        }
        Some("string") => {
            let Some(text) = value.as_str() else { return false };
            within(text.chars().count() as f64, "minLength", "maxLength")
                && schema.get("pattern").and_then(Value::as_str).is_none_or(|pattern| matches(pattern, text))
        }
        Some("array") => {
            let Some(items) = value.as_array() else { return false };
            within(items.len() as f64, "minItems", "maxItems") && items.iter().all(|item| fits(item, &schema["items"]))
        }
        Some("object") => {
            let Some(found) = value.as_object() else { return false };
            let properties = schema["properties"].as_object().unwrap();
            list("required").is_none_or(|all| all.iter().all(|key| found.contains_key(key.as_str().unwrap())))
                && found.iter().all(|(key, value)| properties.get(key).is_some_and(|schema| fits(value, schema)))
        }
        Some(other) => panic!("a schema of the type {other}"),
    }
}

/// The few patterns, without a library for them.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[a-f]{2,6}$" => (2..=6).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'f')),
        "^\\d{4}-\\d{2}$" => {
            // A digit is any that Unicode calls so.
            let parts: Vec<&str> = text.split('-').collect();
            let digits = |part: &str, count| part.chars().count() == count && part.chars().all(char::is_numeric);
            parts.len() == 2 && digits(parts[0], 4) && digits(parts[1], 2)
        }
        "^(yes|no)$" => matches!(text, "yes" | "no"),
        other => panic!("the pattern {other}"),
    }
}
