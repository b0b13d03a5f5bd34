"""What the pages show about phones: the list, one conversation, and who can be written to."""

from dataclasses import dataclass

from sandbox.gateway.prices import COUNTRIES, country_of
from sandbox.gateway.store import Store
from sandbox.gateway.traffic import digits


PHONES_ON_A_PAGE = 50
TEXTS_ON_A_SCREEN = 200


@dataclass(frozen=True)
class Phone:
    """One row of the list."""

    number: str
    country: str
    unread: int
    preview: str
    own: bool  # whether the last text was written on this phone
    at: float


@dataclass(frozen=True)
class Text:
    """One bubble."""

    id: int
    own: bool
    number: str
    body: str
    parts: int
    status: str
    reason: str
    at: float
    problem: str
    waiting: bool


def list_phones(store: Store, *, query: str = "", page: int = 1) -> tuple[list[Phone], int]:
    """One page of phones, the latest text first, and how many there are in all."""
    wanted = f"%{digits(query)}%"
    where = "phones.number LIKE ?" if digits(query) or not query else "0 AND phones.number LIKE ?"
    total = store.value(f"SELECT COUNT(*) FROM phones WHERE {where}", wanted)
    page = min(page, max(1, -(-total // PHONES_ON_A_PAGE)))
    rows = store.rows(
        "SELECT phones.number, phones.country, phones.unread, messages.body, "
        "texts.direction = 'from_phone', texts.created_at FROM phones "
        "JOIN texts ON texts.id = phones.last_text JOIN messages ON messages.id = texts.message_id "
        f"WHERE {where} ORDER BY phones.last_text DESC LIMIT ? OFFSET ?",
        wanted,
        PHONES_ON_A_PAGE,
        (page - 1) * PHONES_ON_A_PAGE,
    )
    return [Phone(*row[:4], bool(row[4]), row[5]) for row in rows], total


def conversation(store: Store, phone: str, number: str) -> list[Text]:
    """The latest texts between a phone and one of the sites' numbers, oldest first."""
    rows = store.rows(
        "SELECT texts.id, texts.direction = 'from_phone', texts.number, messages.body, messages.parts, "
        "texts.status, texts.reason, texts.created_at, COALESCE(MAX(events.problem), ''), "
        "COALESCE(MIN(events.due_at) < 9e12, 0) "
        "FROM texts JOIN messages ON messages.id = texts.message_id "
        "LEFT JOIN events ON events.text_id = texts.id AND events.problem != '' "
        "WHERE texts.phone = ? AND texts.number = ? GROUP BY texts.id ORDER BY texts.id DESC LIMIT ?",
        phone,
        number,
        TEXTS_ON_A_SCREEN,
    )
    return [Text(row[0], bool(row[1]), *row[2:9], bool(row[9])) for row in reversed(rows)]


def numbers_for(store: Store, phone: str) -> list[str]:
    """The numbers this phone can write to: those that wrote to it, latest first, then the others of the sites."""
    wrote = store.rows("SELECT number FROM texts WHERE phone = ? GROUP BY number ORDER BY MAX(id) DESC", phone)
    owned = store.rows("SELECT number FROM numbers ORDER BY bought_at")
    return list(dict.fromkeys(number for (number,) in wrote + owned))


def mark_as_read(store: Store, phone: str) -> None:
    store.write("UPDATE phones SET unread = 0 WHERE number = ? AND unread > 0", phone)


def display(number: str) -> str:
    """Digits in groups, as a phone shows them: +33 612 345 678."""
    if not number.isdigit():
        return number
    code = "1" if number.startswith("1") else COUNTRIES.get(country_of(number), ("", number[:2]))[1]
    rest = number[len(code) :]
    if code == "1":
        return f"+1 {rest[:3]} {rest[3:6]} {rest[6:]}"
    groups = [rest[start : start + 3] for start in range(0, len(rest), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return f"+{code} {' '.join(groups)}"
