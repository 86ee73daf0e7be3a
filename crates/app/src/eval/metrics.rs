//! What a ranked list is worth, and what a list of times says.

use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

/// What was measured of one ranked list of documents, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Worth {
    /// Normalised discounted cumulative gain of the first ten.
    pub ndcg_10: f64,
    /// The share of the right documents among the first hundred.
    pub recall_100: f64,
    /// One over the place of the first right one among ten.
    pub mrr_10: f64,
}

/// Judges a list by the grades of the right documents; grades of 0 and less are wrong ones.
pub(super) fn worth(list: &[&str], grades: &HashMap<String, f64>) -> Worth {
    let grade = |id: &str| grades.get(id).copied().filter(|grade| *grade > 0.0);
    let gain = |grade: f64, place: usize| grade / (place as f64 + 2.0).log2();
    let found: f64 = list.iter().take(10).enumerate().filter_map(|(at, id)| Some(gain(grade(id)?, at))).sum();
    let mut right: Vec<f64> = grades.values().copied().filter(|grade| *grade > 0.0).collect();
    right.sort_by(|a, b| b.total_cmp(a));
    let ideal: f64 = right.iter().take(10).enumerate().map(|(at, grade)| gain(*grade, at)).sum();
    if ideal == 0.0 {
        return Worth::default();
    }
    let first = list.iter().take(10).position(|id| grade(id).is_some());
    Worth {
        ndcg_10: found / ideal,
        recall_100: list.iter().take(100).filter(|id| grade(id).is_some()).count() as f64 / right.len() as f64,
        mrr_10: first.map_or(0.0, |at| 1.0 / (at as f64 + 1.0)),
    }
}

/// How long something took, many times.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// One more.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that this share of all took at most, in milliseconds; 0 of none.
    pub fn ms(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() as f64 * share) as usize;
        let time = sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default();
        (time.as_secs_f64() * 1e5).round() / 1e2
    }

    /// Median and 99th percentile, in milliseconds.
    pub fn json(&self) -> Value {
        json!({ "count": self.0.len(), "p50_ms": self.ms(0.5), "p99_ms": self.ms(0.99) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_worth_what_trec_eval_says() {
        let grades: HashMap<String, f64> =
            [("a", 2.0), ("b", 1.0), ("z", 0.0)].map(|(id, grade)| (id.to_owned(), grade)).into();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        let all = worth(&["a", "b"], &grades);
        assert_eq!((all.ndcg_10, all.recall_100, all.mrr_10), (1.0, 1.0, 1.0));
        // (1/log2(3) + 2/log2(4)) / (2 + 1/log2(3))
        let some = worth(&["z", "b", "a"], &grades);
        close(some.ndcg_10, (1.0 / 3f64.log2() + 1.0) / (2.0 + 1.0 / 3f64.log2()));
        assert_eq!((some.recall_100, some.mrr_10), (1.0, 0.5));
        let late: Vec<&str> = std::iter::repeat_n("x", 10).chain(["a"]).collect();
        assert_eq!(worth(&late, &grades), Worth { ndcg_10: 0.0, recall_100: 0.5, mrr_10: 0.0 });
        assert_eq!(worth(&["a"], &HashMap::new()), Worth::default());
    }

    #[test]
    fn shares_of_times() {
        let mut times = Times::default();
        assert_eq!(times.ms(0.5), 0.0);
        (1..=100).rev().for_each(|ms| times.add(Duration::from_millis(ms)));
        assert_eq!((times.ms(0.5), times.ms(0.99)), (51.0, 100.0));
    }
}
