//! What a word is taken for where the documents do not have it as it was typed: its beginning, a slip
//! of the finger, an abbreviation that a document explains, the parts of a compound.

use super::{
    How, IndexError, Part, Terms, TextIndex, Wanted,
    compound::{self, JOINING, SHORTEST_PART},
    short,
};
use crate::words::{self, Stems};
use protocol::{Instead, InsteadOf};

/// A word with fewer letters is not completed.
const SHORTEST_BEGINNING: usize = 3;
/// A word with fewer letters is not corrected.
const SHORTEST_TYPO: usize = 4;
/// From so many letters on, two may be wrong.
const TWO_WRONG: usize = 8;
/// The most words that one is taken for.
const MOST: usize = 5;
/// The most words that one with a star stands for.
const MOST_BEGINNINGS: usize = 64;
/// The most long forms of a short one, and the other way round.
const MOST_FORMS: usize = 2;
/// The most words of a long form.
const LONGEST_FORM: usize = 6;
/// The most compounds that end with a word.
const MOST_LONGER: usize = 64;

impl Terms {
    /// Looks up what the words stand for in this index.
    pub fn expand(&mut self, index: &TextIndex) -> Result<(), IndexError> {
        let mut said: Vec<Instead> = Vec::new();
        let languages = index.languages();
        let joining = languages.iter().map(String::as_str).filter(|language| JOINING.contains(language));
        let joining: Vec<Stems> = joining.map(|language| Stems::of(Some(language))).collect();
        for wanted in self.all_words_mut() {
            if let Some((found, why)) = wanted.expand(index, &joining)? {
                let instead = Instead { typed: wanted.folded.clone(), found, why };
                if !said.contains(&instead) {
                    said.push(instead);
                }
            }
        }
        said.extend(self.expand_forms(index)?);
        self.instead = said;
        Ok(())
    }

    /// A short form finds what it is short for, and the other way round.
    fn expand_forms(&mut self, index: &TextIndex) -> Result<Vec<Instead>, IndexError> {
        let mut said = Vec::new();
        let all: Vec<String> = self.words.iter().map(|wanted| wanted.folded.clone()).collect();
        for from in 0..all.len() {
            for count in 1..=LONGEST_FORM.min(all.len() - from) {
                let form = all[from..from + count].join(" ");
                let leads = short::leads_from(&form);
                let forms = index.beginnings(index.fields().short, &leads, MOST_FORMS)?;
                let forms: Vec<&str> = forms.iter().filter_map(|(term, _)| term.strip_prefix(&leads)).collect();
                if forms.is_empty() {
                    continue;
                }
                for other in &forms {
                    self.words[from].others.push(other.split(' ').map(str::to_owned).collect());
                }
                let found = forms.into_iter().map(str::to_owned).collect();
                said.push(Instead { typed: form, found, why: InsteadOf::Abbreviation });
            }
        }
        Ok(said)
    }
}

impl Wanted {
    /// `joining`: the stemmers of those languages of the library that write compounds as one word.
    fn expand(&mut self, index: &TextIndex, joining: &[Stems]) -> Result<Option<(Vec<String>, InsteadOf)>, IndexError> {
        let fields = index.fields();
        match self.how {
            How::Beginning => {
                let all = index.beginnings(fields.exact, &self.folded, MOST_BEGINNINGS)?;
                self.others = all.into_iter().map(|(word, _)| vec![word]).collect();
                return Ok(None);
            }
            How::Alike => {
                let all = index.alike(fields.exact, &self.folded, self.wrong(), MOST_BEGINNINGS)?;
                self.others = all.into_iter().map(|(word, _)| vec![word]).collect();
                return Ok(None);
            }
            How::Plain => {}
        }
        let mut known = Vec::new();
        for stem in &self.stems {
            if index.frequency(fields.stem, stem)? > 0 || index.frequency(fields.title, stem)? > 0 {
                known.push(stem.clone());
            }
        }
        let nowhere = known.is_empty() && index.frequency(fields.exact, &self.folded)? == 0;
        // Stems that are nowhere only cost time.
        self.stems.retain(|stem| known.contains(stem));
        if !joining.is_empty() {
            self.take_apart(index, joining)?;
        }
        // The pages that are read have a plain blank between the groups of a number.
        self.others.extend(words::groups(&self.folded));
        if !nowhere || self.folded.bytes().any(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let letters = self.folded.chars().count();
        let mut found = Vec::new();
        let mut why = InsteadOf::Beginning;
        if letters >= SHORTEST_BEGINNING {
            found = index.beginnings(fields.exact, &self.folded, MOST)?;
        }
        if found.is_empty() && !self.parts.is_empty() {
            let parts = self.parts.iter().map(|part| part.folded.clone()).collect();
            return Ok(Some((parts, InsteadOf::Compound)));
        }
        if found.is_empty() && letters >= SHORTEST_TYPO {
            why = InsteadOf::Typo;
            found = index.alike(fields.exact, &self.folded, 1, MOST)?;
            if found.is_empty() && self.wrong() > 1 {
                found = index.alike(fields.exact, &self.folded, 2, MOST)?;
            }
        }
        let found: Vec<String> = found.into_iter().map(|(word, _)| word).collect();
        self.others = found.iter().map(|word| vec![word.clone()]).collect();
        Ok((!found.is_empty()).then_some((found, why)))
    }

    /// Finds what a compound is made of, and compounds that end with the word.
    fn take_apart(&mut self, index: &TextIndex, joining: &[Stems]) -> Result<(), IndexError> {
        let fields = index.fields();
        let parts = compound::parts(&self.folded, |part| Ok::<_, IndexError>(index.frequency(fields.exact, part)? > 0));
        for folded in parts?.unwrap_or_default() {
            let stems = joining.iter().map(|language| language.stem(&folded)).collect();
            self.parts.push(Part { folded, stems });
        }
        if self.folded.chars().count() >= SHORTEST_PART {
            let least = self.folded.chars().count() + SHORTEST_PART;
            let longer = index.beginnings(fields.ends, &compound::from_the_end(&self.folded), MOST_LONGER)?;
            let longer = longer.into_iter().filter(|(word, _)| word.chars().count() >= least);
            self.longer = longer.map(|(word, _)| compound::from_the_end(&word)).collect();
            // One that begins with it is a compound where the rest is a word, too: `Mietminderung`, not `Mieter`.
            for (word, _) in index.beginnings(fields.exact, &self.folded, MOST_LONGER)? {
                if word.chars().count() >= least
                    && compound::begins_with(&word, &self.folded, |part| {
                        Ok::<_, IndexError>(
                            index.frequency(fields.exact, part)? > 0
                                || !index.beginnings(fields.ends, &compound::from_the_end(part), 2)?.is_empty(),
                        )
                    })?
                {
                    self.longer.push(word);
                }
            }
        }
        Ok(())
    }

    /// How many letters may be wrong.
    fn wrong(&self) -> u8 {
        if self.folded.chars().count() >= TWO_WRONG { 2 } else { 1 }
    }
}
