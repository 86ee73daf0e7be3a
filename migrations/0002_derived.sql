-- What is computed from the documents' files and can be computed again: never in the log.
--
-- Offsets count chars (Unicode scalar values) of a page's text. Ids of documents are UUIDv7 in 16
-- bytes. A row here without its live document is dropped when the library opens.

-- The durable queue: one row per document, which is also the document's state.
CREATE TABLE jobs (
    document BLOB PRIMARY KEY,
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'reading', 'indexing', 'ready', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,   -- begun and not ended; a file that ends the app counts too
    fault    TEXT,                         -- why it failed, a Fault as JSON
    since    INTEGER NOT NULL              -- when it entered this state
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, since);

-- What reading a document found out about it as a whole.
CREATE TABLE readings (
    document BLOB PRIMARY KEY,
    pages    INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    embedded INTEGER NOT NULL DEFAULT 0,   -- passages that have a vector
    language TEXT,                         -- the main language, ISO 639-1
    notes    TEXT NOT NULL,                -- what a person should know: a list of Faults as JSON
    took_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE page_texts (
    document BLOB NOT NULL,
    page     INTEGER NOT NULL,             -- from 1
    text     TEXT NOT NULL,
    hash     BLOB NOT NULL,                -- BLAKE3 of the text
    width    REAL NOT NULL,                -- points; 0 where the format has no fixed layout
    height   REAL NOT NULL,
    boxes    BLOB NOT NULL,                -- where each word lies, see the library's extract::WordBox
    PRIMARY KEY (document, page)
) STRICT;

CREATE TABLE chunks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    document   BLOB NOT NULL,
    page       INTEGER NOT NULL,
    start_char INTEGER NOT NULL,
    end_char   INTEGER NOT NULL,
    section    TEXT,
    language   TEXT
) STRICT;
CREATE INDEX chunks_by_document ON chunks (document, page, start_char);

-- One unit vector per chunk and embedding model, f32 little-endian.
CREATE TABLE vectors (
    model  TEXT NOT NULL,
    chunk  INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
    vector BLOB NOT NULL,
    PRIMARY KEY (model, chunk)
) STRICT;
CREATE INDEX vectors_by_chunk ON vectors (chunk);

-- Which documents the full-text index has to look at again. Its commits carry the last number that
-- they contain, so that it catches up when it opens.
CREATE TABLE outbox (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    document BLOB NOT NULL
) STRICT;
