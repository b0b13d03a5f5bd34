"""Taking in people who agreed elsewhere, from a file: a dry run, a confirmation, and each person once.

An import adds people and changes nobody: who is known stays as they are, and who texted STOP or was deleted is left
out for good. Nobody is texted. What a killed process leaves is taken up again from the last rows that were committed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_sms.countries import NAMES
from wagtail_sms.exceptions import CannotReceiveTexts, ImportRefused, NumberError
from wagtail_sms.phone import PhoneNumber, parse
from wagtail_sms.states import ConsentKind, ImportStatus
from wagtail_sms.subscribers.import_file import records
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber, SubscriberImport, Suppression
from wagtail_sms.subscribers.suppression import hold_suppressions, number_hash, number_hashes
from wagtail_sms.timetable import forget as forget_turns
from wagtail_sms.timetable import turn
from wagtail_sms.wake import wake


SOURCE = "import"
TASK = "wagtail_sms.import_subscribers"
OUTCOMES = ("new", "known", "suppressed", "repeated", "invalid")
# Up to so many rows are done while the editor waits.
ROWS_AT_ONCE = 5000
CHUNK = 1000
PROBLEMS_KEPT = 1000
KEPT = timedelta(days=1)
RUNNING = (ImportStatus.CHECKING, ImportStatus.IMPORTING)
# From where the columns can be chosen (again).
OPEN = (ImportStatus.UPLOADED, ImportStatus.CHECKED, ImportStatus.REFUSED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a number with the language of its person, or the code of what is wrong with it."""

    row: int
    number: PhoneNumber | None = None
    language: str = ""
    problem: str = ""


def upload(
    site, *, content: bytes, file_name: str, country: str, consent: str, by, now: datetime | None = None
) -> SubscriberImport:
    """Keep a file until its owner says what to do with it. Raises ImportRefused. Runs in its own transaction.

    `consent` is the sentence of where and when these people agreed. At most one file waits per editor and site.
    """
    kept = SubscriberImport(
        site=site,
        by=by,
        content=content,
        file_name=file_name[-100:],
        country=country,
        consent=consent[:300],
        created_at=now or timezone.now(),
    )
    if not sample(kept):
        raise ImportRefused(_("The file is empty."))
    with transaction.atomic():
        SubscriberImport.objects.filter(site=site, by=by, status__in=OPEN).delete()
        kept.save()
    return kept


def sample(found: SubscriberImport, *, rows: int = 6) -> list[list[str]]:
    """The first rows, filled up to the same length. Raises ImportRefused."""
    first = [cells for _row, cells in islice(records(bytes(found.content), name=found.file_name), rows)]
    width = max((len(cells) for cells in first), default=0)
    return [cells + [""] * (width - len(cells)) for cells in first]


def check(found: SubscriberImport, *, columns: dict) -> bool:
    """Begin the dry run, at once or in a worker. False when it is not time for it. Runs in its own transaction."""
    fresh = {"columns": columns, "rows": None, "rows_done": 0, "figures": {}, "problems": [], "refusal": ""}
    return _begin(found, ImportStatus.CHECKING, origins=OPEN, **fresh)


def confirm(found: SubscriberImport) -> bool:
    """Begin the import that the dry run showed. A second click finds that it has begun, and begins nothing."""
    return _begin(found, ImportStatus.IMPORTING, origins=(ImportStatus.CHECKED,), rows_done=0, figures={}, problems=[])


def run(import_id: int) -> None:
    """Do the pass that is asked for, one process at a time. Called again, it goes on where the last call ended."""
    with turn(_turn_name(import_id)) as mine:
        found = SubscriberImport.objects.filter(pk=import_id, status__in=RUNNING).first() if mine else None
        if found is None:
            return
        try:
            _pass(found)
        except ImportRefused as error:
            SubscriberImport.objects.filter(pk=found.pk, status__in=RUNNING).update(
                status=ImportStatus.REFUSED, refusal=str(error.message)[:300], finished_at=timezone.now()
            )
    forget_turns(_turn_name(import_id))


def wake_unfinished() -> None:
    """For the sweeper: what a lost message or a killed worker left."""
    for pk in SubscriberImport.objects.filter(status__in=RUNNING).values_list("pk", flat=True):
        wake(TASK, pk)


def forget(*, now: datetime | None = None) -> None:
    """Delete the files that nobody went on with for a day, and the reports of a month ago."""
    now = now or timezone.now()
    old = SubscriberImport.objects.exclude(status__in=RUNNING)
    old.exclude(status=ImportStatus.DONE).filter(created_at__lte=now - KEPT).delete()
    old.filter(created_at__lte=now - 30 * KEPT).delete()


def _begin(found: SubscriberImport, status: str, *, origins: tuple, **fields) -> bool:
    with transaction.atomic():
        begun = SubscriberImport.objects.filter(pk=found.pk, status__in=origins).update(status=status, **fields)
        is_small = begun and _is_small(found)
        if begun and not is_small:
            wake(TASK, found.pk)
    if is_small:
        run(found.pk)
    found.refresh_from_db()
    return bool(begun)


def _is_small(found: SubscriberImport) -> bool:
    if found.rows is not None:
        return found.rows <= ROWS_AT_ONCE
    try:
        begun = islice(records(bytes(found.content), name=found.file_name), ROWS_AT_ONCE + 1)
        return sum(1 for _record in begun) <= ROWS_AT_ONCE
    except ImportRefused:
        return True


def _pass(found: SubscriberImport) -> None:
    """Read all rows once, and count them or import them, a chunk to a transaction."""
    importing, behind = found.status == ImportStatus.IMPORTING, found.rows_done
    seen: set[int] = set()
    entries = _entries(found)
    done = 0
    while chunk := list(islice(entries, CHUNK)):
        firsts, repeated = _firsts(chunk, seen)
        done += len(chunk)
        # Committed before the last process died; it was read again only to know its numbers.
        if done <= behind:
            continue
        if not _chunk(found, chunk, firsts, repeated, importing=importing, done=done):
            return
    finish = {"status": ImportStatus.CHECKED, "rows": done}
    if importing:
        finish = {"status": ImportStatus.DONE, "content": b"", "finished_at": timezone.now()}
    with transaction.atomic():
        if SubscriberImport.objects.filter(pk=found.pk, status=found.status).update(**finish) and importing:
            data = {"people": found.figures.get("new", 0), "file": found.file_name}
            log(found.site, "wagtail_sms.import_subscribers", user=found.by, title=str(found.site), data=data)


def _firsts(chunk: list[Entry], seen: set[int]) -> tuple[list[Entry], int]:
    """Those whose number the file did not have before, and how many it had."""
    firsts, repeated = [], 0
    for entry in chunk:
        if entry.number is None:
            continue
        digits = int(entry.number.number[1:])
        if digits in seen:
            repeated += 1
            continue
        seen.add(digits)
        firsts.append(entry)
    return firsts, repeated


def _chunk(found, chunk: list[Entry], firsts: list[Entry], repeated: int, *, importing: bool, done: int) -> bool:
    """Count these rows, and import the new ones. False when somebody else did so meanwhile. Its own transaction."""
    with transaction.atomic():
        # Imports of one site take turns here, so that the same person in two files is new in one of them.
        running = SubscriberImport.objects.select_for_update().filter(site=found.site_id, status__in=RUNNING)
        rows_done = dict(running.order_by("pk").values_list("pk", "rows_done"))
        if rows_done.get(found.pk) != found.rows_done:
            return False
        if importing:
            hold_suppressions()
        suppressed, known = _suppressed(found.site, firsts), _known(found.site, firsts)
        new = [entry for entry in firsts if entry.number.number not in suppressed | known]
        added = _add(found, new) if importing else len(new)
        left_out = sum(entry.number.number in suppressed for entry in firsts)
        invalid = [[entry.row, entry.problem] for entry in chunk if entry.number is None]
        counted = {
            "new": added,
            "known": len(firsts) - left_out - added,
            "suppressed": left_out,
            "repeated": repeated,
            "invalid": len(invalid),
        }
        found.figures = dict(Counter(found.figures) + Counter(counted))
        found.problems = (found.problems + invalid)[:PROBLEMS_KEPT]
        found.rows_done = done
        found.save(update_fields=["figures", "problems", "rows_done"])
    return True


def _add(found: SubscriberImport, entries: list[Entry]) -> int:
    """Insert people and the proof of their consent. Returns how many were not there, not even since a moment ago."""
    now = timezone.now()
    people = [
        Subscriber(
            site=found.site,
            number=entry.number.number,
            country=entry.number.country,
            status_changed_at=now,
            created_at=now,
            language=entry.language,
            source=SOURCE,
        )
        for entry in entries
    ]
    Subscriber.objects.bulk_create(people, ignore_conflicts=True)
    # Whoever signed up in the popup meanwhile has a row of their own, and no proof from us.
    ours = Subscriber.objects.filter(site=found.site, source=SOURCE, created_at=now)
    added = set(ours.filter(number__in=[entry.number.number for entry in entries]).values_list("number", flat=True))
    evidence = f"{found.consent} ({found.file_name})"[:500]
    proof = {"site": found.site, "kind": ConsentKind.OPT_IN, "at": now, "by": found.by, "source": SOURCE}
    proof |= {"evidence": evidence, "key": f"import:{found.pk}"}
    events = [ConsentEvent(number_hash=number_hash(number), **proof) for number in sorted(added)]
    ConsentEvent.objects.bulk_create(events, ignore_conflicts=True)
    return len(added)


def _suppressed(site, entries: list[Entry]) -> set[str]:
    """The numbers among these that must not be texted."""
    by_hash = {hashed: entry.number.number for entry in entries for hashed in number_hashes(entry.number.number)}
    found = Suppression.objects.filter(site=site, number_hash__in=list(by_hash))
    return {by_hash[hashed] for hashed in found.values_list("number_hash", flat=True)}


def _known(site, entries: list[Entry]) -> set[str]:
    numbers = [entry.number.number for entry in entries]
    return set(Subscriber.objects.filter(site=site, number__in=numbers).values_list("number", flat=True))


def _entries(found: SubscriberImport) -> Iterator[Entry]:
    """The rows as entries; a first row without any digit in its place is the heading, and is left out."""
    place, country, language = (found.columns.get(name) for name in ("number", "country", "language"))
    rows = records(bytes(found.content), name=found.file_name)
    for position, (row, cells) in enumerate(rows):
        typed = _cell(cells, place)
        if position == 0 and not any(letter.isdigit() for letter in typed):
            continue
        named = _cell(cells, country)
        assumed = _country(named) if named else found.country
        yield _entry(row, typed, country=assumed, language=_cell(cells, language))


def _cell(cells: list[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _entry(row: int, typed: str, *, country: str, language: str) -> Entry:
    if not typed:
        return Entry(row, problem="empty")
    if typed.startswith("="):
        return Entry(row, problem="formula")
    try:
        number = parse(typed, country)
        if not number.can_receive_texts:
            raise CannotReceiveTexts
    except NumberError as error:
        return Entry(row, problem=error.code)
    return Entry(row, number, _language(language))


def _country(text: str) -> str:
    """An ISO code from a code or a name; nothing for anything else, so that such a number needs its plus."""
    code = text.upper()
    return code if code in NAMES else _codes().get(text.casefold(), "")


def _codes() -> dict[str, str]:
    return {str(name).casefold(): code for code, name in NAMES.items()}


def _language(text: str) -> str:
    """A language tag such as "fr" or "pt-br"; nothing for anything else."""
    tag = text.lower().replace("_", "-")
    is_tag = len(tag) <= 12 and tag.isascii() and tag.replace("-", "").isalnum() and 2 <= len(tag.split("-")[0]) <= 3
    return tag if is_tag else ""


def _turn_name(import_id: int) -> str:
    return f"import:{import_id}."
