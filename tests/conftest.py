"""What the commands print is judged as on a wide terminal, whatever this one is."""

import pytest

from ivr.cli.context import console


@pytest.fixture(autouse=True)
def wide_console(monkeypatch: pytest.MonkeyPatch) -> None:
    # Rich takes the width from COLUMNS once, when it is imported: too early for a test.
    monkeypatch.setattr(console, "_width", 200)
