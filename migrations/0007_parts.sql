-- Files that came inside another: the attachments of a message, the files of a ZIP folder.

-- The file that a document came in; NULL where it came by itself. A view of the log.
ALTER TABLE documents ADD COLUMN parent BLOB;
ALTER TABLE documents ADD COLUMN parent_stamp BLOB;
CREATE INDEX documents_by_parent ON documents (parent) WHERE parent IS NOT NULL;

-- What the last reading of a container found in it, in its order: one file may lie in several. Derived.
CREATE TABLE parts (
    container BLOB NOT NULL,
    ordinal   INTEGER NOT NULL,
    document  BLOB NOT NULL,
    PRIMARY KEY (container, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_by_document ON parts (document);
