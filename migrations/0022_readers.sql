-- Which version of its reader a document was read by, and which one each format has now: what an earlier
-- version read may be worded otherwise today. Derived; the library writes `readers` when it opens.
ALTER TABLE readings ADD COLUMN reader INTEGER NOT NULL DEFAULT 0;
CREATE TABLE readers (
    format  TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
