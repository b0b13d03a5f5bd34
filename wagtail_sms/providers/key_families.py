"""MessageBird has two APIs, and the keys of one are unknown to the other: which family does a key belong to?

Bird's keys name their kind and region (`bk_eu1_...`). The classic API's start with `live_` or `test_`; older ones are
25 letters and digits.
"""

import re


BIRD, CLASSIC, UNKNOWN = "bird", "classic", ""
_PATTERNS = {BIRD: r"(b[kmt]|bird)_.*", CLASSIC: r"(live|test)_.+|[A-Za-z0-9]{25}"}


def family(key: str) -> str:
    """BIRD, CLASSIC, or UNKNOWN for a key that looks like neither."""
    return next((name for name, pattern in _PATTERNS.items() if re.fullmatch(pattern, key)), UNKNOWN)


def region(key: str) -> str:
    """The region in a key of the Bird platform ("eu1"), "" if it names none."""
    found = re.match(r"b[km]_([a-z]{2}\d+)_.", key)
    return found[1] if found else ""
