"""Measures a running service from outside, as callers and as the machine see it."""
