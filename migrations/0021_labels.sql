-- What people call documents by: a client, a matter, "urgent". A view of the log; the last word on a label wins.
CREATE TABLE labels (
    document BLOB NOT NULL,
    label    TEXT NOT NULL,
    held     INTEGER NOT NULL,              -- 0: taken off again
    stamp    BLOB NOT NULL,
    PRIMARY KEY (document, label)
) STRICT, WITHOUT ROWID;
