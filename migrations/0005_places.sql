-- What people call the places of a document, and what its text consists of. Documents that were read
-- before have neither until they are read again: their pages are shown as plain text.

-- A sheet's name, `Slide 3`, a chapter's title; NULL where the page's number is all.
ALTER TABLE page_texts ADD COLUMN label TEXT;
-- What each stretch of the text is, and the header cells of the table that it begins in the middle
-- of: lists as JSON, see protocol::Block.
ALTER TABLE page_texts ADD COLUMN blocks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE page_texts ADD COLUMN columns TEXT NOT NULL DEFAULT '[]';
-- The header row of the table that a passage begins in the middle of.
ALTER TABLE chunks ADD COLUMN header TEXT;
-- What people call the place (`Rent!B4:D9`); NULL where that is the page's number.
ALTER TABLE chunks ADD COLUMN place TEXT;
ALTER TABLE citations ADD COLUMN place TEXT;
