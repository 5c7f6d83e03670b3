"""What the configuration says about the queue, as its rules."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.app_queue import node_id
from ivr.app_queue_rules import calling_hours, destination_rules, operator_rules, queue_rules
from ivr.config import Settings, load
from ivr.config_queue import CallbackSettings
from ivr.errors import ConfigError
from ivr.queue.destinations import Refusal
from ivr.queue.model import AttemptMode, AttemptOutcome, Priority

pytestmark = pytest.mark.unit

MOSCOW = ZoneInfo("Europe/Moscow")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp()


def test_without_hours_operators_work_always():
    assert calling_hours(CallbackSettings()).business.is_open(at("2026-11-22T03:00"))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T09:00", True),  # Monday
        ("2026-11-23T08:59", False),
        ("2026-11-27T20:59", True),
        ("2026-11-28T10:30", True),  # Saturday
        ("2026-11-28T18:00", False),
        ("2026-11-29T12:00", False),
        ("2027-01-01T12:00", False),
        ("2027-01-04T12:00", True),
        ("2027-01-04T16:00", False),
    ],
)
def test_hours_and_holidays(moment: str, is_open: bool):
    callback = CallbackSettings(
        hours=("mon-fri 09:00-21:00", "sat 10:00-18:00"),
        holidays=("2027-01-01", "2027-01-04 10:00-15:00"),
    )
    assert calling_hours(callback).business.is_open(at(moment)) is is_open


def test_a_week_may_go_round_and_a_day_may_have_a_break():
    callback = CallbackSettings(hours=("sat-mon 09:00-12:00", "sat-mon 13:00-18:00"))
    business = calling_hours(callback).business
    assert [day for day in range(7) if day in business.week] == [0, 5, 6]
    assert not business.is_open(at("2026-11-22T12:30"))
    assert business.is_open(at("2026-11-22T13:30"))


def test_nobody_is_called_at_night_where_they_live():
    callback = CallbackSettings(regions={"914": "Asia/Vladivostok"})
    hours = calling_hours(callback)
    evening = at("2026-11-22T15:00")  # 22:00 in Vladivostok
    assert hours.call_from("9031234567", evening) == evening
    assert hours.call_from("9141234567", evening) > evening


def test_the_guard_takes_what_is_configured():
    rules = destination_rules(CallbackSettings(denied=("7903*",)))
    assert rules.refusal("9031234567") is Refusal.DENIED
    assert rules.refusal("9161234567") is None
    assert rules.refusal("8091234567") is Refusal.PREMIUM


def test_operators_phones_are_of_the_own_network_or_of_named_hosts():
    handoff = {"operator": "sip:100@pbx.example:5062", "hosts": ["phones.example"]}
    callback = {"exceptions": ["3752912XXXXX"]}
    rules = operator_rules(Settings.model_validate({"handoff": handoff, "callback": callback}))
    for target in ("sip:1@pbx.example", "sip:1@phones.example:5070", "sip:1@10.0.0.1", "sip:1@pbx"):
        assert rules.refusal(target) is None
    assert rules.refusal("sip:1@other.example") is Refusal.HOST
    assert rules.refusal("sip:+375291234567@pbx.example") is None
    assert rules.refusal("sip:+8821612345678@pbx.example") is Refusal.FOREIGN
    assert operator_rules(Settings()).refusal("sip:1@pbx.example") is Refusal.HOST


def test_an_operator_who_may_not_be_called_is_refused_at_the_start():
    settings = Settings.model_validate({"handoff": {"operator": "sip:+8821612345678@trunk"}})
    with pytest.raises(ConfigError, match=r"handoff\.operator.*callback\.exceptions"):
        operator_rules(settings)


def test_rules_of_the_queue():
    settings = Settings.model_validate(
        {
            "queue": {"vip_head_start_s": 30, "overflows": {"travel": "general"}, "overflow_s": 90},
            "callback": {
                "mode": "customer_first",
                "tries": 2,
                "faults": 3,
                "slot_calls": 7,
                "busy_retry_s": 5,
                "later_retry_s": 60,
            },
        }
    )
    rules = queue_rules(settings)
    assert rules.callback_mode is AttemptMode.CUSTOMER_FIRST
    assert (rules.tries, rules.faults, rules.slot_calls) == (2, 3, 7)
    assert rules.retry_delays[AttemptOutcome.CUSTOMER_LATER] == 60
    assert rules.retry_delays[AttemptOutcome.CUSTOMER_BUSY] == 5
    assert rules.most_overtaking_s(Priority.NORMAL) == 30
    assert (rules.overflows["travel"].skill, rules.overflows["travel"].after_s) == ("general", 90)


@pytest.mark.parametrize(
    ("ring_s", "retry_s", "pause_s"), [(35, 300, 60), (35, 20, 40), (35, 50, 50), (120, 300, 125)]
)
def test_no_customer_is_rung_again_while_a_call_of_a_machine_that_is_gone_may_still_ring(
    ring_s: float, retry_s: float, pause_s: float
):
    callback = {"ring_s": ring_s, "failed_retry_s": retry_s}
    assert queue_rules(Settings.model_validate({"callback": callback})).again_s == pause_s


def test_nodes_are_told_apart_and_known_again():
    here = node_id(Settings())
    assert here == node_id(Settings())
    other = Settings.model_validate({"sip": {"port": 5070}})
    assert node_id(other) != here
    assert node_id(Settings.model_validate({"queue": {"node": "left"}})) == "left"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("queue.vip_numbers", '["903"]'),
        ("callback.customer_uri", '"sip:trunk"'),
        ("callback.customer_uri", '"{number}@trunk"'),
        ("callback.zone", '"Moscow"'),
        ("callback.regions", '{ 914 = "there" }'),
        ("callback.hours", '["monday 09:00-21:00"]'),
        ("callback.hours", '["mon-fri 9-21"]'),
        ("callback.holidays", '["1 January"]'),
        ("callback.from_hour", '"25:00"'),
        ("callback.mode", '"both"'),
    ],
)
def test_bad_values_are_named(tmp_path: Path, key: str, value: str):
    section, name = key.split(".")
    file = tmp_path / "ivr.toml"
    file.write_text(f"[{section}]\n{name} = {value}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert caught.value.key == key
