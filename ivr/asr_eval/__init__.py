"""Measures speech recognition on recordings with known texts."""
