-- Contacts that ended long ago are deleted in the order of their ends.
CREATE INDEX queue_contacts_ended ON queue_contacts (ended_at) WHERE ended_at IS NOT NULL;
