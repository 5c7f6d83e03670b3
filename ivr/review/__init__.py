"""Recorded calls -> training data, by an intent trainer's decisions."""
