"""Run as a program: processes that all want the same credits at once. Prints what each of them got, as JSON.

`python tests/credits/contend.py wallet|month [MODE]` makes its tables in the empty database of the settings: a SQLite
file in the folder TEST_VAR, or DATABASE_URL. MODE is SQLite's transaction mode, IMMEDIATE or DEFERRED.
"""

import collections
import json
import multiprocessing
import sys
import threading
import time

import django
from django.conf import settings


PROCESSES, ATTEMPTS, SLICE, SHARED = 8, 30, 7, 100
THREADS = 10  # a process, in the contest for the month: ten processes make a hundred attempts at once


def main(contest, mode=None):
    if mode:
        settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] = mode
    django.setup()
    make_tables()
    site_id = make_site()
    program, processes, parties, state = CONTESTS[contest]
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(parties), context.Queue()
    children = [
        context.Process(target=program, args=(number, site_id, barrier, results)) for number in range(processes)
    ]
    for child in children:
        child.start()
    outcomes = [results.get(timeout=100) for _ in range(parties)]
    for child in children:
        child.join()
    print(json.dumps({"outcomes": outcomes, **state(site_id)}))  # noqa: T201


def make_tables():
    """The tables that the ledger reaches, without the minutes that every migration of Wagtail takes."""
    from django.apps import apps
    from django.db import connection

    names = "contenttypes.ContentType auth.Permission auth.Group auth.User wagtailcore.Locale wagtailcore.Revision"
    names += " wagtailcore.Page wagtailcore.Site"
    ours = "Wallet Purchase PaymentEvent Grant Reservation Hold Transfer"
    with connection.schema_editor() as editor:
        for label in [*names.split(), *(f"wagtail_sms.{name}" for name in ours.split())]:
            editor.create_model(apps.get_model(label))


def make_site():
    from django.db import connection
    from wagtail.models import Locale, Page, Site

    from tests.credits import NOVEMBER, pack
    from wagtail_sms.credits import ledger

    locale = Locale.objects.create(language_code="en")
    root = Page(title="Root", slug="root", path="0001", depth=1, locale=locale, url_path="/")
    root.save_base(raw=True)
    site = Site(hostname="venue.example", root_page=root)
    site.save_base(raw=True)
    ledger.open_wallet(site, now=NOVEMBER)
    pack(site, 300)
    connection.close()
    return site.pk


def contend(number, site_id, barrier, results):
    from django.db import connection
    from wagtail.models import Site

    from tests.credits import DECEMBER, NOVEMBER, hold
    from wagtail_sms.credits import ledger

    seen, site = collections.Counter(), Site(pk=site_id, hostname="venue.example")
    barrier.wait()
    shared = attempt(seen, "shared", hold, site, SHARED, key="shared")
    attempt(seen, "captured", ledger.capture, shared, amount=40, key="shared", now=NOVEMBER)
    for turn in range(ATTEMPTS):
        attempt(seen, "reserved", hold, site, SLICE, key=f"{number}:{turn}")
    barrier.wait()
    attempt(seen, "released", ledger.release, shared, amount=60, key="shared", now=NOVEMBER)
    attempt(seen, "lapsed", ledger.expire_due, now=DECEMBER)
    attempt(seen, "month", ledger.ensure_monthly_grant, site, now=DECEMBER)
    connection.close()
    results.put(dict(seen))


def cross_the_months(number, site_id, barrier, results):
    """A process whose threads, with connections of their own, all look at the first instant of each month."""
    threads = [
        threading.Thread(target=look, args=(number * THREADS + turn, site_id, barrier, results))
        for turn in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def look(number, site_id, barrier, results):
    from django.db import connection
    from wagtail.models import Site

    from tests.credits import DECEMBER, JANUARY, NOVEMBER, hold
    from wagtail_sms.credits import ledger

    seen, site = collections.Counter(), Site(pk=site_id, hostname="venue.example")
    for month in (DECEMBER, JANUARY, NOVEMBER, JANUARY):
        barrier.wait()
        connect()
        if number % 4 == 0:
            attempt(seen, "lapsed", ledger.expire_due, now=month)
        if number % 2:
            attempt(seen, "month", ledger.ensure_monthly_grant, site, now=month)
        else:
            attempt(seen, "looked", ledger.balance, site, now=month)
        connection.close()
    barrier.wait()
    connect()
    attempt(seen, "reserved", hold, site, SLICE, key=f"look:{number}", now=JANUARY)
    connection.close()
    results.put(dict(seen))


def connect():
    """A PostgreSQL as it comes has room for 100 connections, one less than all of them and the tests' own need."""
    from django.db import OperationalError, connection

    give_up = time.monotonic() + 30
    while True:
        try:
            return connection.ensure_connection()
        except OperationalError as error:
            if "too many clients" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def attempt(seen, name, verb, *args, **kwargs):
    from wagtail_sms.exceptions import InsufficientCredits

    try:
        result = verb(*args, **kwargs)
    except InsufficientCredits:
        seen["refused"] += 1
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
        seen[f"error: {error!r}"] += 1
    else:
        seen[name] += result if isinstance(result, int) else 1
        return result


def state_of_the_months(site_id):
    from wagtail.models import Site

    from tests.credits import JANUARY, figures
    from wagtail_sms.credits import ledger
    from wagtail_sms.credits.models import Grant, Transfer

    return {
        "months": list(Grant.objects.filter(kind="free").values_list("period", flat=True).order_by("pk")),
        "issued": list(Transfer.objects.filter(kind="issue").values_list("amount", flat=True).order_by("pk")),
        "figures": figures(Site.objects.get(pk=site_id), JANUARY),
        "discrepancies": [str(found) for found in ledger.audit()],
    }


def state(site_id):
    from wagtail.models import Site

    from tests.credits import DECEMBER
    from wagtail_sms.credits import ledger
    from wagtail_sms.credits.models import Grant, Reservation

    site = Site.objects.get(pk=site_id)
    balance = ledger.balance(site, now=DECEMBER)
    shared = Reservation.objects.get(key="shared")
    return {
        "reservations": Reservation.objects.count(),
        "months": list(Grant.objects.filter(kind="free").values_list("period", flat=True).order_by("pk")),
        "shared": [shared.captured, shared.released],
        "balance": [balance.free_left, balance.bought, balance.reserved],
        "discrepancies": [str(found) for found in ledger.audit()],
    }


# What each process runs, how many processes and how many attempts at once, and what is told in the end.
CONTESTS = {
    "wallet": (contend, PROCESSES, PROCESSES, state),
    "month": (cross_the_months, 10, 10 * THREADS, state_of_the_months),
}


if __name__ == "__main__":
    main(*sys.argv[1:])
