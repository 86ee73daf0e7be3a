-- The log and the tables that are views of it.
--
-- Ids are UUIDv7 in 16 bytes. `stamp` is a hybrid logical clock reading in 28 bytes, big-endian:
-- milliseconds (8), counter (4), device (16); blobs compare byte by byte, so stamps sort by time.
-- A column `x_stamp` says which record wrote field x last; an older record never overwrites it.

PRAGMA application_id = 0x4154454C; -- "ATEL"

-- The log: one row per record. Bodies stand apart, so that one can be erased and the chain still holds.
CREATE TABLE records (
    number    INTEGER PRIMARY KEY,          -- order of arrival in this database
    id        BLOB NOT NULL UNIQUE,
    device    BLOB NOT NULL,
    seq       INTEGER NOT NULL,             -- gap-free per device, from 1
    ms        INTEGER NOT NULL,
    counter   INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    scope     BLOB,                         -- the chat or document whose purge erases the body
    body_hash BLOB NOT NULL,
    prev      BLOB NOT NULL,
    hash      BLOB NOT NULL,
    signature BLOB NOT NULL,
    UNIQUE (device, seq)
) STRICT;
CREATE INDEX records_by_scope ON records (scope) WHERE scope IS NOT NULL;

CREATE TABLE bodies (
    record INTEGER PRIMARY KEY REFERENCES records (number),
    salt   BLOB NOT NULL,
    body   BLOB NOT NULL
) STRICT;

-- What this machine knows of itself; neither in the log nor rebuilt from it.
CREATE TABLE local_devices (
    device BLOB PRIMARY KEY,
    since  INTEGER NOT NULL                 -- the newest one writes
) STRICT;

-- The text so far of answers that are being written; becomes a record when the turn ends.
CREATE TABLE checkpoints (
    item BLOB PRIMARY KEY,
    text TEXT NOT NULL,
    ms   INTEGER NOT NULL
) STRICT;

-- Blobs of purged documents whose files are still to be deleted.
CREATE TABLE unlinked (
    hash TEXT PRIMARY KEY
) STRICT;

-- Views of the log.
CREATE TABLE workspaces (
    id   BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    id   BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id         BLOB PRIMARY KEY,
    member     BLOB NOT NULL,
    name       TEXT NOT NULL,
    public_key BLOB NOT NULL,
    ms         INTEGER NOT NULL
) STRICT;

CREATE TABLE agents (
    id    BLOB PRIMARY KEY,
    role  TEXT NOT NULL,
    name  TEXT NOT NULL,
    about TEXT NOT NULL,
    mark  INTEGER NOT NULL,
    ms    INTEGER NOT NULL,
    stamp BLOB NOT NULL
) STRICT;

CREATE TABLE chats (
    id            BLOB PRIMARY KEY,
    agent         BLOB NOT NULL,
    title         TEXT NOT NULL,
    title_stamp   BLOB NOT NULL,
    ms            INTEGER NOT NULL,
    changed_ms    INTEGER NOT NULL,
    chosen        BLOB,                     -- the branch shown is the newest leaf under this item
    chosen_stamp  BLOB NOT NULL,
    removed       INTEGER NOT NULL,
    removed_stamp BLOB NOT NULL
) STRICT;

CREATE TABLE items (
    id          BLOB PRIMARY KEY,
    chat        BLOB NOT NULL REFERENCES chats (id),
    parent      BLOB REFERENCES items (id),
    kind        TEXT NOT NULL,              -- question, answer
    author      TEXT NOT NULL,
    stamp       BLOB NOT NULL,
    ms          INTEGER NOT NULL,
    text        TEXT NOT NULL,
    status      TEXT NOT NULL,              -- JSON, as are the other lists and structures
    attached    TEXT NOT NULL,
    steps       TEXT NOT NULL,
    unsupported TEXT NOT NULL,
    supported   INTEGER,
    made        TEXT,
    turn        BLOB,
    ended_stamp BLOB                        -- NULL while the answer is being written
) STRICT;
CREATE INDEX items_by_parent ON items (chat, parent, stamp);
CREATE INDEX items_by_stamp ON items (chat, stamp);
CREATE INDEX items_unended ON items (kind) WHERE ended_stamp IS NULL;

CREATE TABLE citations (
    item      BLOB NOT NULL REFERENCES items (id),
    ordinal   INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    document  BLOB NOT NULL,
    name      TEXT NOT NULL,
    page      INTEGER NOT NULL,
    start     INTEGER NOT NULL,
    "end"     INTEGER NOT NULL,
    quote     TEXT NOT NULL,
    page_hash TEXT NOT NULL,
    PRIMARY KEY (item, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX citations_by_document ON citations (document);

CREATE TABLE explanations (
    item        BLOB PRIMARY KEY REFERENCES items (id),
    explanation TEXT NOT NULL
) STRICT;

CREATE TABLE approvals (
    asked      BLOB PRIMARY KEY,
    chat       BLOB NOT NULL,
    agent      TEXT NOT NULL,
    tool       TEXT NOT NULL,
    reach      TEXT NOT NULL,
    summary    TEXT NOT NULL,
    may_always INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    decision   TEXT                         -- NULL while it waits
) STRICT;
CREATE INDEX approvals_waiting ON approvals (ms) WHERE decision IS NULL;
CREATE INDEX approvals_by_chat ON approvals (chat);

CREATE TABLE documents (
    id            BLOB PRIMARY KEY,
    name          TEXT NOT NULL,
    origin        TEXT NOT NULL,
    format        TEXT NOT NULL,
    bytes         INTEGER NOT NULL,
    hash          TEXT NOT NULL,
    stamp         BLOB NOT NULL,
    ms            INTEGER NOT NULL,
    removed       INTEGER NOT NULL,
    removed_stamp BLOB NOT NULL
) STRICT;
CREATE INDEX documents_by_hash ON documents (hash);
CREATE INDEX documents_by_stamp ON documents (stamp);

CREATE TABLE rules (
    id      BLOB PRIMARY KEY,
    subject TEXT NOT NULL,
    verdict TEXT NOT NULL,
    ms      INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    stamp   BLOB NOT NULL
) STRICT;

CREATE TABLE endpoints (
    name    TEXT PRIMARY KEY,
    url     TEXT NOT NULL,
    model   TEXT NOT NULL,
    has_key INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    stamp   BLOB NOT NULL
) STRICT;

-- Single values of the workspace: `settings`, `sealed`.
CREATE TABLE registers (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    stamp BLOB NOT NULL
) STRICT;

-- What went outside, or wanted to.
CREATE TABLE ledger (
    id       BLOB PRIMARY KEY,
    ms       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    why      TEXT NOT NULL,
    host     TEXT NOT NULL,
    sent     INTEGER NOT NULL,
    received INTEGER NOT NULL,
    verdict  TEXT NOT NULL,
    stamp    BLOB NOT NULL
) STRICT;
CREATE INDEX ledger_by_ms ON ledger (ms);

-- Chats and documents that were purged: late records of theirs are not applied.
CREATE TABLE purged (
    scope BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
