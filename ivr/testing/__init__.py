"""Shipped fakes for unit tests: a leg without a user agent, a recognizer without a model."""
