//! In which of our languages is a question, and how do we say there that no document answers it?

/// A language that we have fixed sentences for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, also where no other is recognised.
    English,
    /// French.
    French,
    /// German.
    German,
}

// Words that are frequent in questions and belong to one of the three languages only. Questions are
// too short for letter statistics: "Wer zahlt?" has nine letters.
const FRENCH: &[&str] = &[
    "le",
    "la",
    "les",
    "un",
    "une",
    "du",
    "de",
    "des",
    "est",
    "sont",
    "quel",
    "quelle",
    "quels",
    "quelles",
    "que",
    "qui",
    "quoi",
    "où",
    "quand",
    "comment",
    "combien",
    "pourquoi",
    "et",
    "dans",
    "pour",
    "avec",
    "sur",
    "par",
    "ce",
    "cette",
    "ces",
    "il",
    "elle",
    "on",
    "nous",
    "vous",
    "ils",
    "elles",
    "ne",
    "pas",
    "au",
    "aux",
    "selon",
    "peut",
    "doit",
    "faut",
    "résume",
    "résumez",
    "explique",
    "expliquez",
    "donne",
    "donnez",
    "mon",
    "ma",
    "mes",
    "notre",
    "nos",
];
const GERMAN: &[&str] = &[
    "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "ist", "sind", "war", "wer",
    "was", "wie", "wo", "wann", "warum", "wieso", "welche", "welcher", "welches", "welchen", "wieviel", "viel",
    "viele", "lange", "und", "oder", "im", "für", "mit", "von", "vom", "zum", "zur", "auf", "aus", "bei", "nach",
    "nicht", "kein", "keine", "wird", "werden", "kann", "muss", "darf", "soll", "hat", "haben", "gibt", "steht", "ich",
    "wir", "unser", "unsere", "mein", "meine", "laut", "fasse", "erkläre", "nenne", "zahlt", "gilt",
];
const ENGLISH: &[&str] = &[
    "the",
    "a",
    "an",
    "of",
    "is",
    "are",
    "was",
    "were",
    "what",
    "which",
    "who",
    "whom",
    "whose",
    "when",
    "where",
    "why",
    "how",
    "much",
    "many",
    "does",
    "do",
    "did",
    "and",
    "or",
    "in",
    "for",
    "with",
    "from",
    "to",
    "by",
    "this",
    "that",
    "these",
    "not",
    "can",
    "must",
    "should",
    "may",
    "will",
    "has",
    "have",
    "there",
    "it",
    "we",
    "our",
    "my",
    "you",
    "summarise",
    "summarize",
    "explain",
    "give",
    "according",
    "long",
];

/// The language of a question, by its small words.
pub fn language_of(question: &str) -> Language {
    let lower = question.to_lowercase();
    let (mut english, mut french, mut german) = (0u32, 0u32, 0u32);
    for word in lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).take(200) {
        english += u32::from(ENGLISH.contains(&word));
        french += u32::from(FRENCH.contains(&word));
        german += u32::from(GERMAN.contains(&word));
    }
    // Letters that one language has alone count like a small word.
    french += u32::from(lower.contains(['é', 'è', 'ê', 'à', 'ç', 'ù', 'œ', 'î', 'ô', 'û']));
    // An elided article: l'article, d'une, qu'il, c'est.
    let elided = |apostrophe| {
        lower.split(apostrophe).any(|part: &str| part.ends_with(['l', 'd', 'j', 'n']) || part.ends_with("qu"))
    };
    french += u32::from(lower.contains(['\'', '’']) && !lower.contains("n't") && (elided('\'') || elided('’')));
    german += u32::from(lower.contains(['ä', 'ö', 'ü', 'ß']));
    if german > french && german > english {
        Language::German
    } else if french > english {
        Language::French
    } else {
        Language::English
    }
}

impl Language {
    /// Said when no document answers the question.
    pub fn nothing_found(self) -> &'static str {
        match self {
            Self::English => "Your documents do not answer this question.",
            Self::French => "Vos documents ne répondent pas à cette question.",
            Self::German => "Ihre Dokumente beantworten diese Frage nicht.",
        }
    }

    /// Said when no document seems to answer the question, above the sentence that comes closest.
    pub fn comes_closest(self) -> &'static str {
        match self {
            Self::English => "Your documents do not seem to answer this question. This comes closest:",
            Self::French => {
                "Vos documents ne semblent pas répondre à cette question. Voici ce qui s’en approche le plus\u{a0}:"
            }
            Self::German => "Ihre Dokumente scheinen diese Frage nicht zu beantworten. Am nächsten kommt ihr:",
        }
    }

    /// Said before the sentence of a document that comes closest to the question: it may be beside the point.
    pub fn documents_say(self) -> &'static str {
        match self {
            Self::English => "Closest in your documents:",
            Self::French => "Au plus près dans vos documents\u{a0}:",
            Self::German => "Am nächsten in Ihren Dokumenten:",
        }
    }

    /// Said between a sentence of a document and what a very small model writes.
    pub fn model_says(self) -> &'static str {
        match self {
            Self::English => "The model’s own words:",
            Self::French => "Le modèle, avec ses propres mots\u{a0}:",
            Self::German => "Das Modell mit eigenen Worten:",
        }
    }

    /// What tells a model to write in this language, in this language; None for that of the instructions.
    pub fn instruction(self) -> Option<&'static str> {
        match self {
            Self::English => None,
            Self::French => Some("Répondez en français."),
            Self::German => Some("Antworten Sie auf Deutsch."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_recognised_by_their_small_words() {
        use Language::{English, French, German};
        let cases = [
            ("What is the notice period?", English),
            ("Who signed the lease, and when?", English),
            ("Does the contract mention die casting?", English),
            ("What doesn't the policy cover?", English),
            ("notice period", English),
            ("", English),
            ("価格はいくらですか", English),
            ("Quel est le délai de résiliation ?", French),
            ("Combien coûte l’abonnement ?", French),
            ("Qui a signé le bail ?", French),
            ("L'indemnité maximale", French),
            ("Wie lange ist die Kündigungsfrist?", German),
            ("Wer zahlt?", German),
            ("Was kostet das Abonnement?", German),
            ("Welche Prämie gilt für 2025?", German),
        ];
        for (question, expected) in cases {
            assert_eq!(language_of(question), expected, "{question}");
        }
    }
}
