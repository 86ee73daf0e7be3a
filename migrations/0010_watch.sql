-- Watched folders, and what a document's file held before it was edited.

-- What the file of a document held, from when on: the newest is the document's own. A view of the log.
CREATE TABLE versions (
    document BLOB NOT NULL,
    stamp    BLOB NOT NULL,
    hash     TEXT NOT NULL,
    format   TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    ms       INTEGER NOT NULL,
    PRIMARY KEY (document, stamp)
) STRICT, WITHOUT ROWID;
CREATE INDEX versions_by_hash ON versions (hash);
INSERT INTO versions (document, stamp, hash, format, bytes, ms)
SELECT id, stamp, hash, format, bytes, ms FROM documents;

-- Which record wrote the content, and which the name and place; NULL: the one that added it.
ALTER TABLE documents ADD COLUMN version_stamp BLOB;
ALTER TABLE documents ADD COLUMN place_stamp BLOB;
-- The watched folder that the file is gone from, where that is why the document is removed.
ALTER TABLE documents ADD COLUMN gone BLOB;
CREATE INDEX documents_gone ON documents (gone) WHERE gone IS NOT NULL;
CREATE INDEX documents_by_origin ON documents (origin);

-- Folders of a device that a person has watched. A view of the log.
CREATE TABLE folders (
    id            BLOB PRIMARY KEY,
    device        BLOB NOT NULL,
    member        BLOB NOT NULL,            -- who asked for it
    path          TEXT NOT NULL,
    ms            INTEGER NOT NULL,
    paused        INTEGER NOT NULL,
    paused_stamp  BLOB NOT NULL,
    removed       INTEGER NOT NULL,
    removed_stamp BLOB NOT NULL
) STRICT;

-- What this machine has seen of its watched folders; neither in the log nor rebuilt from it. Without
-- it the next look finds the documents again by their content.
CREATE TABLE sources (
    path     TEXT PRIMARY KEY,              -- absolute
    folder   BLOB NOT NULL,
    document BLOB NOT NULL,                 -- whose content it has; several paths may have the same
    hash     TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    mtime    INTEGER NOT NULL,              -- nanoseconds since 1970, as the file system has it
    disk     INTEGER NOT NULL               -- the file system's number
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_by_document ON sources (document);
CREATE INDEX sources_by_folder ON sources (folder);

-- When all of a folder was looked through last.
CREATE TABLE looks (
    folder  BLOB PRIMARY KEY,
    ms      INTEGER NOT NULL,
    took_ms INTEGER NOT NULL
) STRICT;

-- What a person has just brought is read before what a folder has brought.
ALTER TABLE jobs ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_turn ON jobs (state, rank, since, document);
