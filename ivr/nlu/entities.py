"""(being written)"""
from datetime import date

from ivr.nlu.schema import Entity


def find_entities(text: str, *, today: date) -> tuple[Entity, ...]:
    return ()
