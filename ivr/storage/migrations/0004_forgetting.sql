-- What hangs on a call is found by the call when its record is deleted.
CREATE INDEX handoff_contexts_call_id ON handoff_contexts (call_id);
CREATE INDEX callback_requests_call_id ON callback_requests (call_id);
