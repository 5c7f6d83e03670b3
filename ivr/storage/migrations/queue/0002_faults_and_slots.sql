-- Dials that came to nothing because of us are counted apart from what the customer did.
ALTER TABLE queue_contacts ADD COLUMN faults INTEGER NOT NULL DEFAULT 0;
-- The room in a slot is counted whenever one is booked.
CREATE INDEX queue_contacts_booked ON queue_contacts (place_at)
    WHERE state = 'waiting' AND kind = 'callback';
