-- How the cosines of an embedding model lie: of texts that have nothing to do with each other, and of questions with
-- what answers them, in one language and across two. `texts` is the version of the texts that it was measured on.
-- Derived; made again where it is gone.
CREATE TABLE nearness (
    model            TEXT PRIMARY KEY,
    texts            INTEGER NOT NULL,
    unrelated        REAL NOT NULL,
    related          REAL NOT NULL,
    unrelated_across REAL NOT NULL,
    related_across   REAL NOT NULL
) STRICT, WITHOUT ROWID;
