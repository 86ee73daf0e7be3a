-- A ledger line of a connection that was open when the line was last written: as many bytes
-- crossed, or more.
ALTER TABLE ledger ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
