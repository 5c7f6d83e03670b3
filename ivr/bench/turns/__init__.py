"""How the service takes turns: a set of spoken turns, a caller who speaks them, what came of it."""
