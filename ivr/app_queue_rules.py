"""Settings -> the rules of the queue: order, hours, retries, and who may be called."""

from datetime import date, time
from zoneinfo import ZoneInfo

from ivr.config import Settings
from ivr.config_queue import DAYS, CallbackSettings
from ivr.errors import ConfigError
from ivr.handoff.operator import rings_on_s
from ivr.queue.desk import target_fault
from ivr.queue.destinations import DestinationRules, hostname, understood
from ivr.queue.hours import WHOLE_DAY, Calendar, CallingHours, Hours, Slots, russian_regions
from ivr.queue.model import AttemptMode, AttemptOutcome, Priority
from ivr.queue.rules import RETRY_DELAYS, Overflow, QueueRules


def queue_rules(settings: Settings) -> QueueRules:
    """How contacts and operators are treated."""
    queue, callback = settings.queue, settings.callback
    return QueueRules(
        head_starts={
            Priority.VIP: queue.vip_head_start_s,
            Priority.NORMAL: 0.0,
            Priority.LOW: -queue.vip_head_start_s,
        },
        overflows={
            skill: Overflow(other, queue.overflow_s) for skill, other in queue.overflows.items()
        },
        prefer_s=queue.prefer_s,
        wrap_up_s=queue.wrap_up_s,
        callback_mode=AttemptMode(callback.mode),
        tries=callback.tries,
        faults=callback.faults,
        slot_calls=callback.slot_calls,
        retry_delays={
            **RETRY_DELAYS,
            AttemptOutcome.CUSTOMER_BUSY: callback.busy_retry_s,
            AttemptOutcome.CUSTOMER_NO_ANSWER: callback.no_answer_retry_s,
            AttemptOutcome.CUSTOMER_VOICEMAIL: callback.voicemail_retry_s,
            AttemptOutcome.CUSTOMER_LATER: callback.later_retry_s,
            AttemptOutcome.CUSTOMER_FAILED: callback.failed_retry_s,
            AttemptOutcome.CALLER_LEFT: callback.failed_retry_s,
        },
        # No phone may ring twice at once, also where nobody was left to end the first call.
        again_s=max(
            min(QueueRules().again_s, callback.failed_retry_s), rings_on_s(callback.ring_s)
        ),
        call_from=calling_hours(callback).call_from,
        retry_operator_s=queue.unreached_retry_s,
        retry_operator_most_s=max(queue.unreached_retry_s, queue.unreached_retry_max_s),
        lost_place_s=queue.lost_place_s,
        lease_s=queue.lease_s,
        lease_grace_s=queue.lease_grace_s,
    )


def calling_hours(callback: CallbackSettings) -> CallingHours:
    """When operators work, and when customers may be called."""
    zone = ZoneInfo(callback.zone)
    week = _week(callback.hours)
    return CallingHours(
        business=Calendar(zone=zone, week=week, dates=dict(map(_holiday, callback.holidays))),
        regions=russian_regions(zone, callback.regions),
        begin=time.fromisoformat(callback.from_hour),
        end=time.fromisoformat(callback.to_hour),
    )


def bookable_slots(callback: CallbackSettings) -> Slots:
    """What may be booked."""
    return Slots(length_s=callback.slot_minutes * 60.0, capacity=callback.slot_calls)


def destination_rules(callback: CallbackSettings) -> DestinationRules:
    """Who may be called back."""
    return DestinationRules(
        allowed=callback.allowed,
        exceptions=callback.exceptions,
        denied=callback.denied,
        per_number=callback.per_number,
        per_caller=callback.per_caller,
        per_day=callback.per_day,
    )


def operator_rules(settings: Settings) -> DestinationRules:
    """Where operators' phones may be: the own network, `handoff.hosts` and the host of
    `handoff.operator`. Telephone numbers in their addresses are judged like those of customers.

    `ConfigError` when `handoff.operator` itself is none that may be called.
    """
    callback, handoff = settings.callback, settings.handoff
    named = understood(handoff.operator).host
    here = {settings.sip.address, settings.sip.public_address}
    rules = DestinationRules(
        allowed=callback.allowed,
        exceptions=callback.exceptions,
        denied=callback.denied,
        hosts=tuple({*handoff.hosts, *here, *({hostname(named)} if named else ())}),
        own_network=True,
    )
    fault = target_fault(handoff.operator, rules) if handoff.operator else ""
    if fault:
        raise ConfigError("handoff.operator", handoff.operator, f"another one ({fault})")
    return rules


def _week(lines: tuple[str, ...]) -> dict[int, Hours]:
    """'mon-fri 09:00-21:00', ... -> hours by weekday; no line: always open."""
    if not lines:
        return dict.fromkeys(range(7), WHOLE_DAY)
    week: dict[int, Hours] = {}
    for line in lines:
        days, _, stretch = line.partition(" ")
        first, _, last = days.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        for day in range(begin, end + 1 if end >= begin else end + 8):
            week[day % 7] = (*week.get(day % 7, ()), _stretch(stretch))
    return week


def _holiday(line: str) -> tuple[date, Hours]:
    day, _, stretch = line.partition(" ")
    return date.fromisoformat(day), (_stretch(stretch),) if stretch else ()


def _stretch(text: str) -> tuple[time, time]:
    begin, _, end = text.partition("-")
    return time.fromisoformat(begin), time.fromisoformat(end)
