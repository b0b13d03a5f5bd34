"""Each line of the history is sealed with a digest of itself and of the line before, wallet by wallet.

The sums of the ledger show a figure that was changed; the seals show what sums can't: another key, another date,
owner or note, and changes made in several tables so that the sums agree again. It is a digest without a secret:
it finds what was written past the ledger, not somebody who works it out anew for the whole rest of the history.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from django.db.models import QuerySet

from wagtail_sms.credits.models import Grant, Reservation, Transfer, Wallet
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import TransferKind


LINE = ("grant_id", "reservation_id", "kind", "source", "target", "amount", "key", "line", "note", "created_at")
# What never changes about a grant and a reservation is sealed with the line that brought them into the books.
OF_A_GRANT = ("wallet_id", "kind", "priority", "amount", "period", "expires_at", "purchase_id", "created_at")
OF_A_RESERVATION = ("wallet_id", "key", "purpose", "amount", "created_at")
OF_A_WALLET = ("pk", "site_id", "opened_at")


def put(line: Transfer) -> None:
    """Seal a line that is about to be saved, and keep the seal at the wallet. The wallet's row must be held."""
    wallet = Wallet.objects.filter(grants=line.grant_id).values("seal", *OF_A_WALLET).get()
    line.seal = seal(wallet["seal"] or beginning(wallet), vars(line), _facts(line))
    if not Wallet.objects.filter(pk=wallet["pk"], seal=wallet["seal"]).update(seal=line.seal):
        raise LedgerError(f"Wallet {wallet['pk']} was written by somebody who did not hold it.")


def seal(previous: str, line: dict, facts: list) -> str:
    return _digest([previous, *(line[name] for name in LINE), *facts])


def beginning(wallet: dict) -> str:
    """What the first line of a wallet follows: the wallet itself, and whose it is."""
    return _digest([wallet[name] for name in OF_A_WALLET])


def broken(wallets: QuerySet[Wallet]) -> Iterator[tuple[str, str, str]]:
    """(subject, seal found, seal computed) wherever the history of these wallets does not follow from itself."""
    heads = {wallet["pk"]: wallet for wallet in wallets.values("seal", *OF_A_WALLET)}
    seen = set()
    for pk, lines in groupby(_lines(wallets), itemgetter("grant__wallet_id")):
        seen.add(pk)
        # Of a site that was deleted nobody knows the number any more, so the first line has nothing to follow.
        previous = beginning(heads[pk]) if heads[pk]["site_id"] else None
        for line in lines:
            computed = line["seal"] if previous is None else seal(previous, line, _joined_facts(line))
            if computed != line["seal"]:
                yield f"Movement {line['pk']}", line["seal"], computed
            previous = line["seal"]
        if heads[pk]["seal"] != previous:
            yield f"Wallet {pk}", heads[pk]["seal"], previous
    for pk in heads.keys() - seen:
        if heads[pk]["seal"]:
            yield f"Wallet {pk}", heads[pk]["seal"], ""


def _lines(wallets: QuerySet[Wallet]) -> Iterator[dict]:
    grant, reservation = (
        (f"grant__{name}" for name in OF_A_GRANT),
        (f"reservation__{name}" for name in OF_A_RESERVATION),
    )
    lines = Transfer.objects.filter(grant__wallet__in=wallets).order_by("grant__wallet_id", "pk")
    return lines.values("pk", "seal", *LINE, *grant, *reservation).iterator(chunk_size=5000)


def _facts(line: Transfer) -> list:
    if line.kind == TransferKind.ISSUE:
        return list(Grant.objects.values_list(*OF_A_GRANT).get(pk=line.grant_id))
    if line.kind == TransferKind.RESERVE:
        return list(Reservation.objects.values_list(*OF_A_RESERVATION).get(pk=line.reservation_id))
    return []


def _joined_facts(line: dict) -> list:
    if line["kind"] == TransferKind.ISSUE:
        return [line[f"grant__{name}"] for name in OF_A_GRANT]
    if line["kind"] == TransferKind.RESERVE:
        return [line[f"reservation__{name}"] for name in OF_A_RESERVATION]
    return []


def _digest(values: list) -> str:
    return hashlib.sha256(json.dumps(values, default=_as_text).encode()).hexdigest()


def _as_text(value: object) -> str:
    """Moments are the same in every time zone; a text that is translated late is what it will be stored as."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
