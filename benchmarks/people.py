"""A million subscribers of one site in 60 countries, and smaller sites beside it; the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate, islice

from django.db import connection
from django.utils import timezone

from tests.factories import make_card, make_number, make_site
from wagtail_sms.credits import ledger
from wagtail_sms.extension import Extension
from wagtail_sms.states import GrantKind, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


# The most frequent country first.
COUNTRIES = (
    "US:1 GB:44 FR:33 DE:49 ES:34 IT:39 NL:31 BE:32 CH:41 AT:43 PT:351 IE:353 SE:46 NO:47 DK:45 FI:358 PL:48 CZ:420 "
    "SK:421 HU:36 RO:40 BG:359 GR:30 HR:385 SI:386 EE:372 LV:371 LT:370 LU:352 MT:356 CY:357 TR:90 UA:380 RS:381 "
    "IL:972 AE:971 SA:966 EG:20 MA:212 TN:216 ZA:27 NG:234 KE:254 GH:233 IN:91 PK:92 BD:880 TH:66 VN:84 MY:60 SG:65 "
    "ID:62 PH:63 JP:81 KR:82 AU:61 NZ:64 BR:55 MX:52 AR:54"
)
CODES = dict(pair.split(":") for pair in COUNTRIES.split())
STATUSES = {SubscriberStatus.ACTIVE: 96, SubscriberStatus.SUSPENDED: 2, SubscriberStatus.STOPPED: 2}
CREDITS = 1_000_000_000
AT_ONCE = 20_000


def make_world(sizes: list[int], *, seed: int) -> dict[int, object]:
    """`{subscribers: site}`, each with a number, texts and credits, on one rate card of 1 to 12 credits."""
    make_card({country: (1 + place * 11 // len(CODES), "default") for place, country in enumerate(CODES)})
    sites = {}
    for size in sorted(set(sizes)):
        sites[size] = site = _installed_site(size)
        _insert(_people(site, size, random.Random(f"{seed}:{size}")))
    return sites


def _installed_site(size: int):
    site, now = make_site(f"{size}.example", name=f"Site {size}"), timezone.now()
    Extension.objects.create(site=site, installed_at=now)
    ledger.open_wallet(site, now=now)
    ledger.grant(site, amount=CREDITS, kind=GrantKind.ADJUSTMENT, key=f"bench:{site.pk}")
    make_number(site, f"+1201555{site.pk:04d}")
    SmsSettings.objects.create(site=site, brand=f"Site {size}")
    return site


def _people(site, size: int, dice: random.Random) -> Iterator[tuple]:
    """Rows in the order of `_columns()`. Numbers are E.164; how many live where follows Zipf's law."""
    countries, codes = list(CODES), list(CODES.values())
    zipf = list(accumulate(1 / rank for rank in range(1, len(codes) + 1)))
    places = dice.choices(range(len(codes)), cum_weights=zipf, k=size)
    statuses = dice.choices([status.value for status in STATUSES], weights=list(STATUSES.values()), k=size)
    pattern = _pattern(site)
    number, country, status = (_columns().index(name) for name in ("number", "country", "status"))
    for serial, (place, state) in enumerate(zip(places, statuses, strict=True), start=100_000_000):
        row = list(pattern)
        row[number], row[country], row[status] = f"+{codes[place]}{serial}", countries[place], state
        yield tuple(row)


def _columns() -> list[str]:
    return [field.column for field in Subscriber._meta.concrete_fields if not field.primary_key]


def _pattern(site) -> list:
    before = timezone.now() - timedelta(days=30)
    person = Subscriber(site=site, number="", country="", status_changed_at=before, created_at=before)
    fields = [field for field in Subscriber._meta.concrete_fields if not field.primary_key]
    return [field.get_db_prep_save(field.pre_save(person, add=True), connection) for field in fields]


def _insert(rows: Iterator[tuple]) -> None:
    columns, table = ", ".join(_columns()), Subscriber._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        places = ", ".join(["%s"] * len(_columns()))
        while chunk := list(islice(rows, AT_ONCE)):
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", chunk)


def settle_down() -> None:
    """What autovacuum does in a database that has been there for more than a minute."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
