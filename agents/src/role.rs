//! Which agents are built in? Each is a Markdown file: front matter, then its system prompt.

use std::sync::LazyLock;

/// When a role's turn searches the documents before its model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retrieval {
    /// With every question, where there are documents.
    Always,
    /// Only in the documents that are attached to the question.
    WhenAttached,
}

/// A built-in agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its key: stable, stored with chats.
    pub key: String,
    /// Its name.
    pub name: String,
    /// One line on what it does.
    pub about: String,
    /// Its maker's mark, an index into the fixed set.
    pub mark: u8,
    /// When it searches.
    pub retrieval: Retrieval,
    /// Whether it says so, instead of answering, when no document answers.
    pub documents_only: bool,
    /// Its sampling temperature; None: as the settings say.
    pub temperature: Option<f32>,
    /// The system prompt.
    pub prompt: String,
}

/// What is wrong with a role file.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RoleError {
    /// No `---` lines around the head.
    #[error("the file must begin with a head between two lines of ---")]
    NoHead,
    /// A line of the head is not `key: value`, or its key is unknown.
    #[error("line {0} of the head is not one of the known `key: value` pairs")]
    Line(usize),
    /// A key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A value cannot be read.
    #[error("`{key}` cannot be `{value}`")]
    Value {
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
    },
}

const FILES: [&str; 2] = [include_str!("../roles/assistant.md"), include_str!("../roles/researcher.md")];

static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    // A test parses each file, so that a file which cannot be read never gets this far.
    FILES
        .iter()
        .filter_map(|file| parse(file).inspect_err(|error| tracing::error!(%error, "a role file")).ok())
        .collect()
});

/// All built-in roles.
pub fn roles() -> &'static [Role] {
    &ROLES
}

/// The role with this key.
pub fn role(key: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.key == key)
}

/// Reads a role file.
pub fn parse(file: &str) -> Result<Role, RoleError> {
    let rest = file.strip_prefix("---\n").ok_or(RoleError::NoHead)?;
    let (head, body) = rest.split_once("\n---\n").ok_or(RoleError::NoHead)?;
    let mut values = std::collections::BTreeMap::new();
    for (number, line) in head.lines().enumerate() {
        let (key, value) = line.split_once(':').ok_or(RoleError::Line(number + 1))?;
        let key = KEYS.iter().find(|known| **known == key.trim()).ok_or(RoleError::Line(number + 1))?;
        values.insert(*key, value.trim().to_owned());
    }
    let mut take = |key: &'static str| values.remove(key).filter(|v| !v.is_empty()).ok_or(RoleError::Missing(key));
    let wrong = |key: &'static str, value: String| RoleError::Value { key, value };
    let mark = take("mark")?;
    let retrieval = take("retrieval")?;
    let documents_only = take("answers_from_documents_only")?;
    let temperature = take("temperature")?;
    Ok(Role {
        key: take("key")?,
        name: take("name")?,
        about: take("about")?,
        mark: mark.parse().map_err(|_| wrong("mark", mark))?,
        retrieval: match retrieval.as_str() {
            "always" => Retrieval::Always,
            "when-attached" => Retrieval::WhenAttached,
            _ => return Err(wrong("retrieval", retrieval)),
        },
        documents_only: match documents_only.as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(wrong("answers_from_documents_only", documents_only)),
        },
        temperature: match temperature.as_str() {
            "settings" => None,
            number => match number.parse::<f32>() {
                Ok(number) if (0.0..=2.0).contains(&number) => Some(number),
                _ => return Err(wrong("temperature", temperature)),
            },
        },
        prompt: body.trim().to_owned(),
    })
}

const KEYS: [&str; 7] = ["key", "name", "about", "mark", "retrieval", "answers_from_documents_only", "temperature"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_role_is_read() {
        assert_eq!(
            FILES.map(|file| parse(file).map(|role| role.key)),
            [Ok("assistant".into()), Ok("researcher".into())]
        );
        assert_eq!(roles().len(), FILES.len());
        for role in roles() {
            assert!(
                !role.prompt.is_empty() && role.prompt.chars().count() < 900,
                "{}: short enough for a tiny model",
                role.key
            );
        }
        let researcher = role("researcher").unwrap();
        assert!(researcher.documents_only);
        assert_eq!((researcher.retrieval, researcher.temperature), (Retrieval::Always, Some(0.0)));
        assert!(!role("assistant").unwrap().documents_only);
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let good = "---\nkey: a\nname: A\nabout: b\nmark: 1\nretrieval: always\nanswers_from_documents_only: true\ntemperature: 0.5\n---\nBe kind.\n";
        assert_eq!(parse(good).map(|role| (role.temperature, role.prompt)), Ok((Some(0.5), "Be kind.".to_owned())));
        let cases: &[(&str, &str, RoleError)] = &[
            ("---\nkey", "key", RoleError::NoHead),
            ("mark: 1\n", "", RoleError::Missing("mark")),
            ("mark: 1", "mark: 300", RoleError::Value { key: "mark", value: "300".into() }),
            ("mark: 1", "colour: red", RoleError::Line(4)),
            ("mark: 1", "mark", RoleError::Line(4)),
            ("always", "often", RoleError::Value { key: "retrieval", value: "often".into() }),
            ("true", "yes", RoleError::Value { key: "answers_from_documents_only", value: "yes".into() }),
            ("0.5", "3", RoleError::Value { key: "temperature", value: "3".into() }),
            ("0.5", "NaN", RoleError::Value { key: "temperature", value: "NaN".into() }),
        ];
        for (from, to, error) in cases {
            assert_eq!(parse(&good.replacen(from, to, 1)).as_ref(), Err(error), "{from} → {to}");
        }
    }
}
