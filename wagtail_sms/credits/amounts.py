"""What a verb of the ledger is given, checked before anything moves: whole credits, keys and notes that fit."""

from wagtail_sms.exceptions import LedgerError


# Far above any sum that is real, and so far below 64 bits that no sum of such amounts reaches them: SQLite would
# go on with an inexact floating point number there, and PostgreSQL would fail in the middle of a transaction.
MOST = 10**12
LONGEST_KEY, LONGEST_NOTE = 120, 255
# Keys that the ledger makes itself: for the free credits of a month, and for what lapsed.
OWN_KEYS = ("free:", "lapse:")


def whole(amount: int, *, at_least: int = 1) -> int:
    """The amount, if it is a whole number of credits from `at_least` to a trillion; else a LedgerError."""
    if type(amount) is not int:
        raise LedgerError(f"Credits are whole numbers: {amount!r} is not.")
    if amount < at_least:
        raise LedgerError(f"This needs at least {_credits(at_least)}, not {amount:,}.")
    if amount > MOST:
        raise LedgerError(f"No operation moves more than {MOST:,} credits.")
    return amount


def usable_key(key: str) -> str:
    """The key of an operation as a caller may choose it; else a LedgerError."""
    if not key or len(key) > LONGEST_KEY:
        raise LedgerError(f"A key has 1 to {LONGEST_KEY} characters: {key!r} has {len(key)}.")
    if key.startswith(OWN_KEYS):
        raise LedgerError(f"Keys that begin with {' or '.join(OWN_KEYS)} belong to the ledger itself: {key!r}.")
    return key


def fitting(note: str) -> str:
    """The note, or the purpose, of an operation; a LedgerError when it is too long to be kept."""
    if len(note) > LONGEST_NOTE:
        raise LedgerError(f"A note has at most {LONGEST_NOTE} characters; this one has {len(note)}.")
    return note


def _credits(amount: int) -> str:
    return "one credit" if amount == 1 else f"{amount} credits"
