"""Numbered SQL files of the shared queue, applied in order by `ivr.storage.database`."""
