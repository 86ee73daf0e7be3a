-- Other workspaces on this machine that are searched from here. Not in the log: a log may be shared, and
-- which other workspaces a person has is nobody else's business.
CREATE TABLE neighbours (
    folder    TEXT PRIMARY KEY,             -- absolute
    workspace BLOB NOT NULL UNIQUE,
    name      TEXT NOT NULL,                -- what it was called when it was last looked into
    since     INTEGER NOT NULL              -- Unix milliseconds
) STRICT;
