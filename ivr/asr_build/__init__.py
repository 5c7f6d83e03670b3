"""Builds the speech recognizer's decoding graph from the project's own texts."""
