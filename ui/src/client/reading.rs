//! When is the shown chat read? Once at a time, again when something was missed, never in a rush.

use protocol::{ChatId, ItemId};

/// The same chat is not read again sooner than this.
const PAUSE_MS: u32 = 100;

/// The one reader of the shown chat.
#[derive(Clone, Copy, Default)]
pub(super) struct Reading {
    busy: bool,
    /// It is to read, or to read again.
    wanted: bool,
    /// The branch to choose before.
    branch: Option<ItemId>,
    /// What it read last, and when.
    last: Option<(ChatId, i64)>,
}

/// What the reader does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Reads a chat, after choosing a branch of it.
    Read(ChatId, Option<ItemId>),
    /// Waits so many milliseconds.
    Pause(u32),
    /// Nothing.
    Rest,
}

impl Reading {
    /// The branch that is wanted before the next reading.
    pub fn choose(&mut self, branch: Option<ItemId>) {
        self.branch = branch;
    }

    /// Something is to be read; whether the reader has to be woken for it.
    pub fn begin(&mut self) -> bool {
        self.wanted = true;
        !std::mem::replace(&mut self.busy, true)
    }

    /// What to do next, `now` being the time in milliseconds.
    pub fn next(&mut self, shown: Option<ChatId>, now: i64) -> Next {
        let Some(chat) = shown.filter(|_| self.wanted) else {
            *self = Self { last: self.last, ..Self::default() };
            return Next::Rest;
        };
        let soon = self.last.is_some_and(|(last, at)| last == chat && now - at < PAUSE_MS.into());
        if soon && self.branch.is_none() {
            self.last = None;
            return Next::Pause(PAUSE_MS);
        }
        self.wanted = false;
        self.last = Some((chat, now));
        Next::Read(chat, self.branch.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(n: u8) -> ChatId {
        format!("00000000-0000-7000-8000-0000000000{n:02x}").parse().unwrap()
    }

    #[test]
    fn what_is_asked_for_while_it_reads_is_read_after_that() {
        let mut reading = Reading::default();
        assert!(reading.begin());
        assert_eq!(reading.next(Some(chat(1)), 0), Next::Read(chat(1), None));
        assert!(!reading.begin(), "it reads already");
        assert_eq!(reading.next(Some(chat(1)), 5), Next::Pause(PAUSE_MS));
        assert_eq!(reading.next(Some(chat(1)), 105), Next::Read(chat(1), None));
        assert_eq!(reading.next(Some(chat(1)), 110), Next::Rest);
        assert!(reading.begin(), "it has to be woken again");
        assert_eq!(reading.next(Some(chat(1)), 120), Next::Pause(PAUSE_MS), "a new start is no way round the pause");
    }

    #[test]
    fn another_chat_and_another_branch_do_not_wait() {
        let branch = format!("{}", chat(7)).parse().unwrap();
        let mut reading = Reading::default();
        reading.begin();
        assert_eq!(reading.next(Some(chat(1)), 0), Next::Read(chat(1), None));
        reading.begin();
        assert_eq!(reading.next(Some(chat(2)), 1), Next::Read(chat(2), None));
        reading.choose(Some(branch));
        reading.begin();
        assert_eq!(reading.next(Some(chat(2)), 2), Next::Read(chat(2), Some(branch)));
        assert_eq!(reading.next(None, 3), Next::Rest);
    }
}
