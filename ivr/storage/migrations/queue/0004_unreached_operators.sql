-- Operators who could not be reached for no fault of theirs, and talks that went out of sight.
ALTER TABLE queue_operators ADD COLUMN misses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue_operators ADD COLUMN retry_at DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE queue_operators ADD COLUMN lost_talk TEXT NOT NULL DEFAULT '';
