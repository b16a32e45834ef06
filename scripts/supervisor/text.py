"""Tables, numbers and durations for people."""

import unicodedata


def width(text: str) -> int:
    """Columns on a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(bool(unicodedata.combining(character)) for character in text)


def table(header: list[str], rows: list[list[str]], left: int = 1) -> list[str]:
    """Lines of a table; the first `left` columns are aligned to the left, numbers to the right."""
    widths = [max(width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = []
        for i, cell in enumerate(row):
            padding = " " * (widths[i] - width(cell))
            cells.append(cell + padding if i < left else padding + cell)
        lines.append("  ".join(cells).rstrip())
    return lines


def number(value) -> str:
    """1,234 · 56.7 · - for what is not known."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "-"
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}"


def percent(value) -> str:
    return f"{value:.0%}" if isinstance(value, (int, float)) else "-"


def count(value: int, noun: str) -> str:
    return f"{value:,} {noun}" + ("" if value == 1 else "s")


def duration(seconds) -> str:
    if not isinstance(seconds, (int, float)):
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size(value) -> str:
    return f"{value / (1 << 20):,.1f} MiB" if isinstance(value, (int, float)) else "-"


def bar(fraction: float, columns: int = 20) -> str:
    filled = round(max(0.0, min(1.0, fraction)) * columns)
    return "[" + "#" * filled + "." * (columns - filled) + "]"
