//! What does a cosine mean? Models differ: of two texts that have nothing to do with each other one says 0.03 and
//! another 0.76.
//!
//! So each model is shown questions with their answers, once, and what it makes of them is the scale on which its
//! cosines are read: where texts that have nothing to do with each other lie, and where a question and its answer
//! do. On that scale the constants of search and of refusal (docs/decisions/0025-ranking.md) hold for every model.

use crate::{
    library::Embed,
    vectors::{dot, normalise},
};
use std::collections::BTreeMap;
use store::StoredNearness;

/// The version of the questions and answers.
pub(crate) const TEXTS: u32 = 1;
/// Questions and answers, a dozen in each language; by language, since few models know all.
const PAIRS: &str = include_str!("nearness.json");
/// A model knows a language where the means lie apart by at least so many times what cosines of unrelated texts
/// scatter. The starter model has 5.4 in English, 1.1 in French and 0.9 in German; multilingual E5 3.1 to 3.6.
const APART: f64 = 2.0;
/// And by at least so much: what separates less is noise, and would be stretched out of measure.
const LEAST_GAP: f64 = 0.01;

/// The scale on which the cosines of a model are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Nearness {
    /// Of texts in one language.
    same: Scale,
    /// Of texts in two: what says the same in another language is less near than what says it in the same one.
    across: Scale,
}

/// Two marks on a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    unrelated: f32,
    related: f32,
}

impl Nearness {
    /// What the starter model (all-MiniLM-L6-v2) makes of English texts: the constants were set with it.
    pub(crate) const USUAL: Self = Self { same: Scale::USUAL, across: Scale::USUAL };

    /// What was measured earlier.
    pub(crate) fn of(stored: StoredNearness) -> Self {
        let scale = |unrelated: f64, related: f64| Scale { unrelated: unrelated as f32, related: related as f32 };
        Self {
            same: scale(stored.unrelated, stored.related),
            across: scale(stored.unrelated_across, stored.related_across),
        }
    }

    /// How near two texts are: about the cosine that the starter model would give them in English. It can pass 1.
    /// A language that is not known is taken for the other text's.
    pub(crate) fn near(self, cosine: f32, languages: [Option<&str>; 2]) -> f32 {
        let [one, other] = languages;
        let across = one.is_some() && other.is_some() && one != other;
        let (scale, usual) = (if across { self.across } else { self.same }, Scale::USUAL);
        let share = (cosine - scale.unrelated) / (scale.related - scale.unrelated);
        usual.unrelated + share * (usual.related - usual.unrelated)
    }
}

impl Scale {
    const USUAL: Self = Self { unrelated: 0.033, related: 0.492 };
}

/// Shows a model the questions and answers. Where it knows none of their languages its cosines are taken as they
/// are; None where it does not answer.
pub(crate) async fn measure(embedder: &dyn Embed) -> Option<StoredNearness> {
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    for pairs in texts()?.into_values() {
        let (questions, texts): (Vec<String>, Vec<String>) = pairs.into_iter().map(|[q, a]| (q, a)).unzip();
        let count = questions.len();
        let mut vectors = Vec::new();
        for question in questions {
            vectors.push(embedder.embed_query(question).await.ok()?);
        }
        asked.push(units(vectors, count, embedder.dims())?);
        answers.push(units(embedder.embed(texts).await.ok()?, count, embedder.dims())?);
    }
    Some(lie(&asked, &answers))
}

fn texts() -> Option<BTreeMap<String, Vec<[String; 2]>>> {
    serde_json::from_str(PAIRS).ok()
}

/// Vectors of length 1; None where one is missing, or has no direction: it is near to nothing, and tells nothing.
fn units(mut vectors: Vec<Vec<f32>>, count: usize, dims: usize) -> Option<Vec<Vec<f32>>> {
    let all = vectors.len() == count && vectors.iter_mut().all(|vector| vector.len() == dims && normalise(vector));
    all.then_some(vectors)
}

/// What is made of the vectors of questions and answers, by language: `answers[l][n]` answers `asked[k][n]`.
fn lie(asked: &[Vec<Vec<f32>>], answers: &[Vec<Vec<f32>>]) -> StoredNearness {
    let of = |one: usize, other: usize| Lie::of(asked.get(one)?, answers.get(other)?).filter(Lie::tells);
    let known: Vec<usize> = (0..asked.len()).filter(|at| of(*at, *at).is_some()).collect();
    let same: Vec<Lie> = known.iter().filter_map(|at| of(*at, *at)).collect();
    let pairs = known.iter().flat_map(|one| known.iter().map(move |other| (*one, *other)));
    let across: Vec<Lie> =
        pairs.filter(|(one, other)| one != other).filter_map(|(one, other)| of(one, other)).collect();
    let usual = (f64::from(Scale::USUAL.unrelated), f64::from(Scale::USUAL.related));
    let (unrelated, related) = means(&same).unwrap_or(usual);
    // Of a model that knows one language, or whose languages have nothing to do with each other, nothing is known.
    let (unrelated_across, related_across) = means(&across).unwrap_or((unrelated, related));
    StoredNearness { unrelated, related, unrelated_across, related_across }
}

fn means(all: &[Lie]) -> Option<(f64, f64)> {
    let mean = |value: fn(&Lie) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
    (!all.is_empty()).then(|| (mean(|lie| lie.unrelated), mean(|lie| lie.related)))
}

/// How cosines lie of texts in one language, or in two.
struct Lie {
    unrelated: f64,
    related: f64,
    /// The standard deviation of the unrelated ones.
    scatter: f64,
}

impl Lie {
    /// `answers[n]` answers `asked[n]`, and nothing else. None where there are fewer than two.
    fn of(asked: &[Vec<f32>], answers: &[Vec<f32>]) -> Option<Self> {
        let (mut related, mut others) = (Vec::new(), Vec::new());
        for (q, question) in asked.iter().enumerate() {
            for (a, answer) in answers.iter().enumerate() {
                let cosine = f64::from(dot(question, answer));
                if q == a { related.push(cosine) } else { others.push(cosine) }
            }
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let unrelated = mean(&others);
        let squares: Vec<f64> = others.iter().map(|cosine| (cosine - unrelated).powi(2)).collect();
        let some = !others.is_empty() && !related.is_empty();
        some.then(|| Self { unrelated, related: mean(&related), scatter: mean(&squares).sqrt() })
    }

    /// Whether what answers stands out.
    fn tells(&self) -> bool {
        let gap = self.related - self.unrelated;
        gap >= LEAST_GAP && gap >= APART * self.scatter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors in the plane, by their angle.
    fn turned<const N: usize>(degrees: [f32; N]) -> Vec<Vec<f32>> {
        degrees.map(|angle| vec![angle.to_radians().cos(), angle.to_radians().sin()]).into()
    }

    #[test]
    fn the_starter_models_cosines_stay_as_they_are() {
        for cosine in [-0.1, 0.0, 0.3, 0.7, 1.0] {
            assert!((Nearness::USUAL.near(cosine, [Some("en"), Some("fr")]) - cosine).abs() < 1e-6, "{cosine}");
        }
    }

    #[test]
    fn where_all_cosines_are_high_the_scale_is_stretched() {
        let e5 = Nearness::of(StoredNearness {
            unrelated: 0.76,
            related: 0.83,
            unrelated_across: 0.73,
            related_across: 0.80,
        });
        for same in [[None, None], [Some("en"), None], [Some("fr"), Some("fr")]] {
            assert!((e5.near(0.76, same) - 0.033).abs() < 1e-4 && (e5.near(0.83, same) - 0.492).abs() < 1e-4);
            assert!(e5.near(0.72, same) < 0.0 && e5.near(0.95, same) > 1.0);
        }
        assert!((e5.near(0.80, [Some("fr"), Some("en")]) - 0.492).abs() < 1e-4, "what says it in English");
    }

    #[test]
    fn a_language_counts_where_answers_stand_out() {
        let asked = turned([0.0, 90.0, 180.0]);
        let (near, far) = (turned([10.0, 95.0, 185.0]), turned([80.0, 40.0, 100.0]));
        let one = lie(std::slice::from_ref(&asked), std::slice::from_ref(&near));
        assert!(one.related > 0.98 && one.unrelated < 0.0);
        assert_eq!((one.unrelated, one.related), (one.unrelated_across, one.related_across));
        assert_eq!(lie(&[asked.clone(), asked.clone()], &[near.clone(), far.clone()]), one, "it knows the first only");
        let none = lie(std::slice::from_ref(&asked), std::slice::from_ref(&far));
        assert_eq!(Nearness::of(none), Nearness::USUAL);
        let alike = turned([0.0, 0.01, 0.02]);
        assert_eq!(
            lie(std::slice::from_ref(&alike), std::slice::from_ref(&alike)),
            none,
            "of a model to which all is alike nothing is known"
        );
        // The same in another language, further off.
        let other = turned([30.0, 120.0, 210.0]);
        let two = lie(&[asked.clone(), other.clone()], &[asked, other]);
        assert!((two.related - 1.0).abs() < 1e-6 && (two.related_across - 0.866).abs() < 1e-3);
    }

    #[test]
    fn the_questions_are_a_dozen_in_each_language() {
        let languages = texts().unwrap();
        assert!(languages.len() >= 3 && languages.values().all(|pairs| pairs.len() == 12));
    }
}
