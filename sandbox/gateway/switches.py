"""The faults that can be asked for, in the words of the handset page, and where they are kept."""

from dataclasses import dataclass
from typing import Any

from sandbox.gateway.store import Store


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    explanation: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Switch:
    """One thing of the network that can go wrong in several ways; the first choice is the normal one."""

    name: str
    label: str
    choices: tuple[Choice, ...]

    @property
    def normal(self) -> Choice:
        return self.choices[0]


ANSWERS = Switch(
    "answers",
    "The network's answers",
    (
        Choice("normal", "Normal", "Texts are taken and answered at once."),
        Choice("slow", "Slow", "Texts are taken, the answer comes 3 seconds later.", 3.0),
        Choice("busy", "Too busy", "Nothing is taken: “too many requests, come back in 5 seconds” (429).", 5.0),
        Choice("busy_without_hint", "Too busy, no hint", "Nothing is taken: “too many requests” (429)."),
        Choice("error", "Error", "Nothing is taken, but the sender can't know that (500)."),
        Choice("failed", "Error after all", "Texts are taken, but the answer says error (500)."),
        Choice("silent", "Silence", "Texts are taken, no answer comes, and after a minute the line goes dead.", 60.0),
        Choice("lost", "Answer lost", "Texts are taken, then the line goes dead before the answer."),
        Choice("cut", "Answer cut", "Texts are taken, the answer breaks off in the middle."),
        Choice("garbled", "Answer garbled", "Texts are taken, the answer is an unreadable web page."),
        Choice("down", "Down", "Nothing is taken: “out of service, come back in 5 seconds” (503).", 5.0),
    ),
)
ACCOUNT = Switch(
    "account",
    "The operator's account",
    (
        Choice("fine", "Fine", "The account has money and its key is known."),
        Choice("no_money", "Out of money", "Every text is refused until somebody pays."),
        Choice("wrong_key", "Key refused", "The access key was withdrawn."),
        Choice("unknown_sender", "Sender refused", "The sender's number is not known here."),
    ),
)
REPORTS = Switch(
    "reports",
    "Delivery reports",
    (
        Choice("normal", "Normal", "“Sent” at once, “delivered” one to three seconds later."),
        Choice("late", "Late", "“Delivered” comes half a minute later.", 30.0),
        Choice("twice", "Twice", "Every report comes two times."),
        Choice("shuffled", "Out of order", "“Delivered” comes before “sent”."),
        Choice("undelivered", "Not delivered", "No text reaches its phone, and the reports say so."),
        Choice("off", "Off", "Texts arrive, but no report is sent."),
    ),
)
PHONE = Switch(
    "phone",
    "This phone",
    (
        Choice("normal", "Normal", "It receives every text."),
        Choice("refused", "Refused", "The network refuses every request that has this number in it."),
        Choice("left_out", "Left out", "The network skips this number without a word."),
        Choice("unreachable", "Switched off", "Texts to it are taken and reported as not delivered."),
        Choice("gone", "Not in use", "Texts to it are taken and reported as not delivered: there is no such phone."),
        Choice("opted_out", "Opted out", "The network blocks texts to it: this person sent STOP. START ends it."),
    ),
)
SWITCHES = {switch.name: switch for switch in (ANSWERS, ACCOUNT, REPORTS, PHONE)}


@dataclass(frozen=True)
class Setting:
    """A switch as it stands. `left` is how many more times it works, None for until it is turned back."""

    value: str
    seconds: float
    left: int | None = None


class UnknownSwitch(ValueError):
    pass


def set_switch(
    store: Store,
    name: str,
    value: str,
    *,
    phone: str = "",
    seconds: float | None = None,
    times: int | None = None,
) -> None:
    """Set a switch, of one phone (digits) or of the network; UnknownSwitch for a name or value that isn't one."""
    choice = _choice(name, value)
    if (name == PHONE.name) != bool(phone):
        raise UnknownSwitch("The switch 'phone' needs a phone, and only that one takes one.")
    store.write("DELETE FROM switches WHERE name = ? AND phone = ?", name, phone)
    if value != SWITCHES[name].normal.value:
        seconds = choice.seconds if seconds is None else float(seconds)
        store.write("INSERT INTO switches VALUES (?, ?, ?, ?, ?)", name, phone, value, seconds, times)


def _choice(name: str, value: str) -> Choice:
    choices = SWITCHES[name].choices if name in SWITCHES else ()
    for choice in choices:
        if choice.value == value:
            return choice
    raise UnknownSwitch(f"There is no switch {name!r} with a value {value!r}.")


def read(store: Store, name: str, *, phone: str = "") -> Setting:
    """The switch as it stands, without using one of its times up."""
    row = store.row("SELECT value, seconds, remaining FROM switches WHERE name = ? AND phone = ?", name, phone)
    return Setting(*row) if row else Setting(SWITCHES[name].normal.value, 0.0)


def use(store: Store, name: str, *values: str, phone: str = "") -> Setting:
    """The switch if it stands on one of the values, else its normal position.

    One that was set for a number of times counts down and turns itself back.
    """
    with store.writing():
        setting = read(store, name, phone=phone)
        if setting.value not in values:
            return Setting(SWITCHES[name].normal.value, 0.0)
        if setting.left is not None:
            key = (name, phone)
            store.write("UPDATE switches SET remaining = remaining - 1 WHERE name = ? AND phone = ?", *key)
            store.write("DELETE FROM switches WHERE name = ? AND phone = ? AND remaining <= 0", *key)
    return setting


def lift(store: Store, phone: str, value: str) -> None:
    """Put a phone back to normal, if it stands on this value."""
    store.write("DELETE FROM switches WHERE name = ? AND phone = ? AND value = ?", PHONE.name, phone, value)


def everything(store: Store) -> list[dict[str, Any]]:
    """All switches that are not in their normal position."""
    rows = store.rows("SELECT name, phone, value, seconds, remaining FROM switches ORDER BY name, phone")
    return [dict(zip(("name", "phone", "value", "seconds", "times"), row, strict=True)) for row in rows]
