//! What left this machine, who allowed it, and the log that proves it.

use crate::*;
use serde::{Deserialize, Serialize};

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Allow,
    /// A person decides.
    Ask,
    /// No.
    Deny,
}

/// How far a tool reaches; the default verdict follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Reads in this workspace.
    Read,
    /// Writes in this workspace.
    Write,
    /// Touches other files on this machine.
    Machine,
    /// Sends something outside.
    Outside,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RuleSubject {
    /// Connections to a host (`host` or `host:port`, exact).
    Host {
        /// The host.
        host: String,
    },
    /// A tool, by name.
    Tool {
        /// The tool.
        name: String,
    },
}

/// A policy rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleView {
    /// The id.
    pub id: RuleId,
    /// What it is about.
    pub subject: RuleSubject,
    /// What it says.
    pub verdict: Verdict,
    /// When it was made.
    pub at: i64,
}

/// One attempt to go outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The id.
    pub id: EntryId,
    /// When.
    pub at: i64,
    /// Who: a person's or an agent's name, or `Atelier`.
    pub who: String,
    /// Why, one line.
    pub why: String,
    /// The host and port.
    pub host: String,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// What the gate decided.
    pub verdict: GateVerdict,
    /// Whether the connection was open when this was last written: as many bytes crossed, or more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// What the gate decided, and on what ground.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum GateVerdict {
    /// A rule allows it.
    Allowed,
    /// No rule allows it, or a rule denies it.
    Denied,
    /// The workspace is sealed.
    Sealed,
}

/// What left this machine today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EgressTotals {
    /// Bytes sent outside today.
    pub sent_today: u64,
    /// Bytes received from outside today.
    pub received_today: u64,
    /// Requests refused today.
    pub refused_today: u64,
    /// Connections open now.
    pub open: u32,
    /// Whether the workspace is sealed.
    pub sealed: bool,
}

/// The result of checking the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogReport {
    /// Whether everything holds.
    pub intact: bool,
    /// Records checked.
    pub records: u64,
    /// Devices that wrote them.
    pub devices: u32,
    /// The last record's hash, hex.
    pub head: String,
    /// The first record that does not hold, and why.
    pub first_bad: Option<BadRecord>,
    /// Tables that are not what the records make of them.
    #[serde(default)]
    pub altered: Vec<String>,
}

/// The result of reading every document again from its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentsReport {
    /// Whether every file, page and quote is as it was.
    pub intact: bool,
    /// Documents looked at.
    pub documents: u32,
    /// Pages read again and compared.
    pub pages: u32,
    /// Quotes of answers looked for on their pages.
    pub quotes: u32,
    /// What is not as it was; at most a thousand are named.
    pub altered: Vec<AlteredDocument>,
}

impl DocumentsReport {
    /// Whether nothing is altered, and some pages could not be compared since an earlier reader read them.
    pub fn only_earlier(&self) -> bool {
        let earlier = |altered: &AlteredDocument| matches!(altered.what, Alteration::ReadEarlier {});
        !self.altered.is_empty() && self.altered.iter().all(earlier)
    }
}

/// Something of a document that is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlteredDocument {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// What is altered.
    pub what: Alteration,
}

/// How a document is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Alteration {
    /// The workspace's copy of the file is gone.
    FileGone {},
    /// The copy has another hash than the one in the log.
    FileAltered {},
    /// The copy cannot be read any more.
    Unreadable {
        /// Why.
        fault: Fault,
    },
    /// An earlier version of its reader read it, and the one of now reads other pages: it has to be read again
    /// before they can be compared.
    ReadEarlier {},
    /// The stored text of a page is not what the file says.
    Page {
        /// From 1.
        page: u32,
    },
    /// A quote of an answer does not stand on its page.
    Quote {
        /// The answer.
        item: ItemId,
        /// The page, from 1.
        page: u32,
    },
}

/// The first record that does not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadRecord {
    /// The device whose sequence it is in.
    pub device: DeviceId,
    /// Its number in that sequence.
    pub seq: u64,
    /// What is wrong, in words.
    pub reason: String,
}

/// A record of the log, for reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number in this workspace.
    pub number: u64,
    /// The id.
    pub id: RecordId,
    /// The device.
    pub device: DeviceId,
    /// Its number in the device's sequence.
    pub seq: u64,
    /// When.
    pub at: i64,
    /// Who: a person's or an agent's name, or `Atelier`.
    pub who: String,
    /// The kind of change, such as `message_added`.
    pub kind: String,
    /// What it is about: an id.
    pub subject: String,
    /// Its hash, hex.
    pub hash: String,
    /// Whether the body was erased.
    pub erased: bool,
}
