"""Read the days of `--timerange`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from agent.errors import InvalidOptionError

DAY_SECS = 86_400
#: Later than any data: an open end.
OPEN_END_SECS = 1 << 60


def parse_time_range(text: str) -> tuple[int, int]:
    """Return [start, end) in seconds of `20210101-20221010`, last day included; either end may lack.

    Raises: InvalidOptionError.
    """
    found = re.fullmatch(r"(\d{8})?-(\d{8})?", text)
    try:
        ends = [_midnight(day) if day else None for day in (found.groups() if found else ())]
    except ValueError:
        ends = []
    if not ends or ends == [None, None]:
        raise InvalidOptionError("--timerange", text, "days as 20210101-20221010, 20210101- or -20221010")
    start, end = ends
    return 0 if start is None else start, OPEN_END_SECS if end is None else end + DAY_SECS


def _midnight(day: str) -> int:
    return int(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).timestamp())
