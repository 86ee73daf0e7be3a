-- What a document says of itself, where it does: who wrote it, and when (Unix milliseconds). Derived:
-- a document that was read before says nothing until it is read again.
ALTER TABLE readings ADD COLUMN author TEXT;
ALTER TABLE readings ADD COLUMN dated INTEGER;
