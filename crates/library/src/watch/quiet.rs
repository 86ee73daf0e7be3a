//! When a file that was touched may be read: pure, time is given.
//!
//! A file that is being written is not read half. Where the system says that its writer has closed it, it
//! is read a moment later; where nothing says so, once nothing has happened to it for longer. What never
//! comes to rest is read now and then all the same, so that a log that grows is not left out for ever.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long waits are.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// After a file was closed, renamed or deleted.
    pub closed: Duration,
    /// After a write that no close has followed.
    pub open: Duration,
    /// After the first touch of one that is touched again and again.
    pub longest: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { closed: Duration::from_secs(2), open: Duration::from_secs(15), longest: Duration::from_secs(300) }
    }
}

/// Paths that may be kept; beyond that it is simpler to look through everything.
const MOST: usize = 10_000;

/// Paths that were touched and wait.
#[derive(Debug)]
pub(super) struct Quiet {
    waits: Waits,
    touched: HashMap<String, Touched>,
}

#[derive(Clone, Copy, Debug)]
struct Touched {
    first: Instant,
    last: Instant,
    /// Written, and not closed since.
    open: bool,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// Something was written.
    Written,
    /// Its writer closed it, or it came, went or got another name.
    Done,
}

impl Quiet {
    pub fn new(waits: Waits) -> Self {
        Self { waits, touched: HashMap::new() }
    }

    /// Notes a touch; false where there are more than can be kept.
    pub fn touch(&mut self, path: String, how: Touch, now: Instant) -> bool {
        if self.touched.len() >= MOST && !self.touched.contains_key(&path) {
            return false;
        }
        let touched = self.touched.entry(path).or_insert(Touched { first: now, last: now, open: false });
        touched.last = now;
        touched.open = how == Touch::Written;
        true
    }

    /// Forgets everything: it is looked at another way.
    pub fn clear(&mut self) {
        self.touched.clear();
    }

    /// When the next path has come to rest.
    pub fn next(&self) -> Option<Instant> {
        self.touched.values().map(|touched| self.due(touched)).min()
    }

    /// The paths that have come to rest, in order.
    pub fn rested(&mut self, now: Instant) -> Vec<String> {
        let due = |touched: &Touched| self.due(touched) <= now;
        let mut rested: Vec<String> =
            self.touched.iter().filter(|(_, touched)| due(touched)).map(|(path, _)| path.clone()).collect();
        rested.sort();
        for path in &rested {
            self.touched.remove(path);
        }
        rested
    }

    fn due(&self, touched: &Touched) -> Instant {
        let wait = if touched.open { self.waits.open } else { self.waits.closed };
        (touched.last + wait).min(touched.first + self.waits.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_file_is_read_once_it_has_come_to_rest() {
        let (mut quiet, start) = (Quiet::new(Waits::default()), Instant::now());
        let at = |seconds: u32| start + SECOND * seconds;
        assert_eq!(quiet.next(), None);
        // Written for ten seconds, then closed.
        for second in 0..10 {
            assert!(quiet.touch("/a".into(), Touch::Written, at(second)));
            assert_eq!(quiet.rested(at(second)), Vec::<String>::new());
        }
        assert_eq!(quiet.next(), Some(at(24)), "a writer that goes away without a word");
        quiet.touch("/a".into(), Touch::Done, at(10));
        quiet.touch("/b".into(), Touch::Done, at(10));
        assert_eq!(quiet.rested(at(11)), Vec::<String>::new());
        assert_eq!(quiet.rested(at(12)), ["/a", "/b"]);
        assert_eq!((quiet.rested(at(99)), quiet.next()), (Vec::<String>::new(), None));
    }

    #[test]
    fn what_never_rests_is_read_now_and_then() {
        let (mut quiet, start) = (Quiet::new(Waits::default()), Instant::now());
        let mut read = Vec::new();
        for second in 0..1_000 {
            quiet.touch("/log".into(), Touch::Written, start + SECOND * second);
            read.extend(quiet.rested(start + SECOND * second).into_iter().map(|_| second));
        }
        assert_eq!(read, [300, 601, 902]);
    }

    #[test]
    fn more_than_can_be_kept_is_said() {
        let (mut quiet, now) = (Quiet::new(Waits::default()), Instant::now());
        assert!((0..MOST).all(|n| quiet.touch(n.to_string(), Touch::Done, now)));
        assert!(!quiet.touch("one more".into(), Touch::Done, now));
        assert!(quiet.touch("7".into(), Touch::Done, now), "one that is known");
        quiet.clear();
        assert_eq!(quiet.next(), None);
    }
}
