-- What was purged and is not gone from every file yet: written with the purge, cleared last, and
-- gone on with when the workspace opens.
CREATE TABLE erasures (
    scope BLOB PRIMARY KEY,                 -- the chat or document
    files INTEGER NOT NULL,                 -- its blob, snapshots and old pages are still to be erased
    words INTEGER NOT NULL                  -- so are its words in the search index
) STRICT, WITHOUT ROWID;
