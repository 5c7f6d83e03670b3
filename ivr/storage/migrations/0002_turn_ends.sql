-- Why speech was taken for over, and the silence that was waited for.
ALTER TABLE turns ADD COLUMN endpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN patience_ms INTEGER;
