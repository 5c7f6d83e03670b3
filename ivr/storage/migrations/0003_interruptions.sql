-- The choice that a prompt was naming when the caller spoke over it.
ALTER TABLE turns ADD COLUMN played_item INTEGER;
