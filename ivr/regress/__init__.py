"""Recordings through the call pipeline, faster than real time, compared with what was accepted."""
