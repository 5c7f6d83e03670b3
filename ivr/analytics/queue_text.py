"""Figures as people read them, in any language. Pure."""


def share(value: float | None) -> str:
    """Per cent; a dash where there was nothing to make it of."""
    return "—" if value is None else f"{100 * value:.0f} %"


def length(seconds: float | None) -> str:
    """Minutes and seconds, '1:05'; from an hour on '1:02:03'; a dash for nothing."""
    if seconds is None:
        return "—"
    whole = round(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and whole else ""
    return f"{sign}{hours}:{minutes:02d}:{rest:02d}" if hours else f"{sign}{minutes}:{rest:02d}"
