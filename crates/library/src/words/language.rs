//! Which language is a text in, and which of its words carry no evidence on their own?

use super::words;
use std::{collections::HashSet, sync::LazyLock};

/// A text with fewer letters tells its language better by its function words than by its letters.
const SHORT_TEXT: usize = 120;

/// The language of a text as ISO 639-1, where it can be told.
pub fn language(text: &str) -> Option<&'static str> {
    let vote = language_by_function_words(text);
    let short = text.chars().filter(|c| c.is_alphabetic()).take(SHORT_TEXT).count() < SHORT_TEXT;
    if short && vote.is_some() {
        return vote;
    }
    let info = whatlang::detect(text);
    info.filter(|info| info.is_reliable()).and_then(|info| iso(info.lang())).or(vote)
}

/// The language most of whose function words stand in a text: at least two, and more than of any other.
fn language_by_function_words(text: &str) -> Option<&'static str> {
    let mut counts = [0u32; FUNCTION_WORDS.len()];
    for word in words(text).iter().take(200) {
        for (count, set) in counts.iter_mut().zip(function_words()) {
            *count += u32::from(set.contains(word.folded.as_str()));
        }
    }
    let (best, most) = counts.iter().enumerate().max_by_key(|(_, n)| **n)?;
    let alone = counts.iter().filter(|n| *n == most).count() == 1;
    (*most >= 2 && alone).then(|| FUNCTION_WORDS[best].0)
}

fn iso(lang: whatlang::Lang) -> Option<&'static str> {
    use whatlang::Lang;
    // Languages that people's documents have most; others are searched unstemmed.
    Some(match lang {
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Por => "pt",
        Lang::Nld => "nl",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Tur => "tr",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Ukr => "uk",
        Lang::Ell => "el",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Hin => "hi",
        _ => return None,
    })
}

/// Words that carry no evidence on their own, folded, by language.
const FUNCTION_WORDS: [(&str, &str); 5] = [
    (
        "en",
        "a about above after again all also although am an and any are as at be because been before being below between \
         both but by can could did do does doing down during each few for from further had has have having he her here hers \
         him his how i if in into is it its itself just let many may me might more most much must my no nor not now of off on once \
         one only or other our ours out over own per same shall she should so some such than that the their theirs them then \
         there these they this those through to too under until up upon us very was we were what when where which while who \
         whom whose why will with would yes you your yours",
    ),
    (
        "fr",
        "au aux avec ce ces cet cette ceci cela combien comment dans de des du elle elles en est et etait etaient ete etes \
         etre eu eux fait il ils je la le les leur leurs lui ma mais me meme mes moi mon ne nos notre nous on ont ou par pas \
         plus pour pourquoi qu quand que quel quelle quelles quels qui quoi sa sans se sera ses si son sont sous sur ta te tes \
         toi ton tous tout toute toutes tu un une vos votre vous y",
    ),
    (
        "de",
        "aber alle allem allen aller alles als am an andere anderen auch auf aus bei bin bis bist da damit dann das dass dein \
         dem den denn der des die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er \
         es etwas euer fur gegen gibt hat hatte hatten haben hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja \
         jede jedem jeden jeder jedes kann kein keine keinem keinen keiner konnen man mehr mein mit muss nach nicht noch nun \
         nur ob oder ohne sehr sein seine seinem seinen seiner sich sie sind so soll sollte um und uns unser unter vom von vor \
         war waren warum was weil welche welchem welchen welcher welches wenn wer wie wieviel wieviele wird wirst wo wurde \
         wurden zu zum zur zwischen",
    ),
    (
        "es",
        "al como con cual cuando de del donde el en entre es esta estan este esto la las lo los mas no para pero por que \
        quien se su sus un una y",
    ),
    (
        "it",
        "al alla anche che chi come con cosa da dei del della delle di dove e gli i il in la le lo ma nel non per quale \
        quando se si sono un una uno",
    ),
];

fn function_words() -> &'static [HashSet<&'static str>; FUNCTION_WORDS.len()] {
    static SETS: LazyLock<[HashSet<&'static str>; FUNCTION_WORDS.len()]> =
        LazyLock::new(|| FUNCTION_WORDS.map(|(_, words)| words.split_whitespace().collect()));
    &SETS
}

/// Whether a folded word is a function word in any of these languages.
pub fn is_function_word(folded: &str) -> bool {
    function_words().iter().any(|set| set.contains(folded))
}
