//! What the test runner said: counts from the closing lines of `cargo test`.

/// Tests that were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Ignored.
    pub ignored: u32,
}

impl Counts {
    /// One check that passed or failed.
    pub fn one(passed: bool) -> Self {
        Self { passed: u32::from(passed), failed: u32::from(!passed), ignored: 0 }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// The counts of a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
pub fn line(line: &str) -> Option<Counts> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let number = |what: &str| {
        let before = rest.split(&format!(" {what}")).next()?;
        before.rsplit([' ', ';']).next()?.parse().ok()
    };
    Some(Counts { passed: number("passed")?, failed: number("failed")?, ignored: number("ignored")? })
}

/// Why a test did not run, from a line such as `skipped: no right to mount here`.
pub fn skipped(line: &str) -> Option<&str> {
    line.split_once("skipped: ").filter(|(before, _)| !before.contains('"')).map(|(_, why)| why.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        for (text, expected) in [
            (
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s",
                Some(Counts { passed: 12, failed: 0, ignored: 1 }),
            ),
            (
                "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.95s",
                Some(Counts { passed: 3, failed: 2, ignored: 0 }),
            ),
            ("test tests::closing_lines_are_counted ... ok", None),
            ("running 3 tests", None),
        ] {
            assert_eq!(line(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_left_out_is_named() {
        for (text, expected) in [
            ("skipped: no right to mount here", Some("no right to mount here")),
            // With one test at a time the runner's own line has begun already.
            ("test faults::a_full_disk ... skipped: no right to mount here", Some("no right to mount here")),
            ("test a_skipped_test ... ok", None),
        ] {
            assert_eq!(skipped(text), expected, "{text}");
        }
    }
}
