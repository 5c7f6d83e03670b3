from datetime import date

import pytest

from ivr.errors import ConfigError
from ivr.nlu.evaluation import score
from ivr.nlu.measuring import Watcher, predict
from ivr.nlu.rasa_nlu import RasaNlu
from tests.unit.nlu.predictions import predicted

pytestmark = pytest.mark.unit


def test_figures_count_what_was_acted_on_and_what_was_right() -> None:
    found = score(
        [
            predicted("balance", "balance", 0.9),
            predicted("balance", "balance", 0.4),
            predicted("operator", "balance", 0.8),
            predicted("operator", "operator", 0.9),
            predicted("out_of_scope", "operator", 0.9),
            predicted("out_of_scope", "out_of_scope", 0.9),
        ],
        accept=0.6,
        confirm=0.3,
    )
    assert found.accuracy == pytest.approx(4 / 6)
    assert (found.accepted_right, found.accepted_wrong, found.false_accepts) == (0.5, 0.25, 0.5)
    assert found.f1 == pytest.approx({"balance": 0.8, "operator": 0.5, "out_of_scope": 2 / 3})
    assert found.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


async def test_nothing_to_measure_on_is_told_in_a_sentence() -> None:
    client = RasaNlu("http://127.0.0.1:9", "", 1.0, today=lambda: date(2026, 11, 22))
    with pytest.raises(ConfigError, match="at least one labelled phrase"):
        await predict(client, (), Watcher())
    await client.aclose()
