"""What pjsua2 callbacks carry: messages as text, headers; faults stay inside them. pj thread."""

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec

import pjsua2 as pj

from ivr.sip.identity import mask_numbers

Parameters = ParamSpec("Parameters")


def guarded(
    callback: Callable[Concatenate[Any, Parameters], None],
) -> Callable[Concatenate[Any, Parameters], None]:
    """An exception that leaves a pjsua2 callback aborts the process: log it instead."""

    @functools.wraps(callback)
    def wrapper(self: Any, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            callback(self, *args, **kwargs)
        except pj.Error as exc:
            self.owner.log(logging.WARNING, f"x {callback.__name__}: {mask_numbers(exc.info())}")
        except Exception as exc:
            self.owner.log(logging.ERROR, f"x {callback.__name__}: {mask_numbers(repr(exc))}")

    return wrapper


def with_headers(status: int, headers: Mapping[str, str] | None) -> pj.CallOpParam:
    """Parameters of a response (or 0: of a request) with further headers."""
    parameters = pj.CallOpParam(True)
    parameters.statusCode = status
    for name, value in (headers or {}).items():
        header = pj.SipHeader()
        header.hName = name
        header.hValue = " ".join(value.splitlines())
        parameters.txOption.headers.append(header)
    return parameters


def received_message(event: pj.SipEvent) -> str:
    """Text of the message behind an event, '' when it was not a received one."""
    if event.type != pj.PJSIP_EVENT_TSX_STATE or (
        event.body.tsxState.type != pj.PJSIP_EVENT_RX_MSG
    ):
        return ""
    return str(event.body.tsxState.src.rdata.wholeMsg)


def sent_message(event: pj.SipEvent) -> pj.SipTxData | None:
    """The message behind an event, None when it was not a sent one."""
    if event.type != pj.PJSIP_EVENT_TSX_STATE or (
        event.body.tsxState.type != pj.PJSIP_EVENT_TX_MSG
    ):
        return None
    return event.body.tsxState.src.tdata
