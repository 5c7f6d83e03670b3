"""Calls as they happen, for people who watch."""

from rich.console import Console

from ivr.events import (
    CallAnswered,
    CallEnded,
    CallOffered,
    Event,
    HandoffEnded,
    HandoffProgressed,
    HandoffStarted,
    PartialHeard,
    SpeechBegan,
    Subscription,
    TurnCompleted,
)


async def print_events(subscription: Subscription, console: Console) -> None:
    """Print events until the subscription is closed."""
    async for event in subscription:
        for line in lines(event):
            console.print(line, soft_wrap=True)


def lines(event: Event) -> list[str]:
    """An event as lines for people; rich markup."""
    match event:
        case CallOffered():
            return [f"[bold]call[/]      from {event.ani or 'unknown'} to {event.dnis}"]
        case CallAnswered():
            return [f"[bold]answered[/]  {event.codec}"]
        case SpeechBegan(barge_in=True):
            return ["[yellow]barge-in[/]  the bot falls silent"]
        case PartialHeard():
            return [f"[dim]partial[/]   [dim]{event.audio_s:6.2f} s  {event.text}[/]"]
        case TurnCompleted():
            return _turn(event)
        case HandoffStarted():
            return [f"[bold]hand-off[/]  {event.mode} to {event.target}, reason {event.reason}"]
        case HandoffProgressed():
            return [f"[bold]hand-off[/]  {event.mode}: {event.status} {event.reason}"]
        case HandoffEnded():
            return [f"[bold]hand-off[/]  {event.mode}: {event.outcome}"]
        case CallEnded():
            return [f"[bold]ended[/]     {event.outcome} ({event.side}, {event.status})"]
        case _:
            return []


def _turn(turn: TurnCompleted) -> list[str]:
    shown = []
    if turn.kind in ("heard", "keyed"):
        shown.append(f"[bold cyan]caller[/]    {turn.text}")
    elif turn.kind != "started":
        shown.append(f"[bold cyan]caller[/]    [dim]({turn.kind})[/]")
    if turn.intent:
        slots = " ".join(f"{entity.kind}={entity.value}" for entity in turn.entities)
        confidence = f"{turn.intent_confidence or 0:.2f}"
        shown.append(f"[magenta]intent[/]    {turn.intent} {confidence} {turn.decision} {slots}")
    if turn.reply:
        shown.append(f"[bold green]bot[/]       {turn.reply}")
    if turn.response_ms is not None:
        parts = [f"end of speech -> reply {turn.response_ms:.0f} ms"]
        if turn.asr_ms is not None:
            parts.append(f"final {turn.asr_ms:.0f} ms")
        if turn.nlu_ms is not None:
            parts.append(f"intent {turn.nlu_ms:.0f} ms")
        shown.append(f"[dim]latency   {', '.join(parts)}[/]")
    return shown
