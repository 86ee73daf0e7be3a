//! How the few words that Atelier itself stores in English are shown: its agents, the person and the workspace.

use super::{Lang, text, with_catalogue};

/// What the log holds for every workspace, whatever its language.
const KEYS: [&str; 6] = [
    key!("own.assistant"),
    key!("own.assistant_about"),
    key!("own.researcher"),
    key!("own.researcher_about"),
    key!("own.workspace"),
    key!("own.you"),
];

/// A stored name or description: in the language in use where it is Atelier's own, else as it stands.
/// The words decide rather than the role, since items and approvals keep only the name.
pub fn own(stored: &str) -> String {
    let ours = |key: &&str| {
        let english = with_catalogue(Lang::En, |catalogue| catalogue.text(Lang::En, key, &[]));
        english.as_deref() == Some(stored)
    };
    KEYS.into_iter().find(ours).map_or_else(|| stored.to_owned(), |key| text(key, &[]))
}

#[cfg(test)]
mod tests {
    use super::{super::set_lang, *};

    #[test]
    fn own_words_follow_the_language_and_others_stay() {
        set_lang(Lang::Fr);
        let shown = ["You", "Researcher", "My workspace", "Rosa", ""].map(own);
        set_lang(Lang::En);
        assert_eq!(shown, ["Vous", "Chercheur", "Mon espace de travail", "Rosa", ""]);
        assert_eq!(own("You"), "You");
    }

    #[test]
    fn the_catalogue_knows_the_built_in_roles() {
        let known = KEYS.map(|key| text(key, &[]));
        for file in
            [include_str!("../../../agents/roles/assistant.md"), include_str!("../../../agents/roles/researcher.md")]
        {
            for field in ["name: ", "about: "] {
                let value = file.lines().find_map(|line| line.strip_prefix(field)).unwrap();
                assert!(known.iter().any(|words| words == value), "{value}");
            }
        }
    }
}
