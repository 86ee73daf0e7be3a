-- Imports that are under way: what a crash or a power cut ends in the middle goes on at the next start. Not in
-- the log, which tells of each document when it is recorded.
CREATE TABLE imports (
    id       INTEGER PRIMARY KEY,
    actor    TEXT NOT NULL,                 -- JSON
    paths    TEXT NOT NULL,                 -- JSON, absolute
    attempts INTEGER NOT NULL DEFAULT 0     -- how often it was gone on with
) STRICT;
