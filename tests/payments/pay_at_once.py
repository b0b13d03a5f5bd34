"""Run as a program: processes that all hear of the same payments at once. Prints what they saw and what came of it.

`python tests/payments/pay_at_once.py [MODE]`, in the empty database of the settings, as tests/credits/contend.py.
"""

import collections
import json
import multiprocessing
import random
import sys
import uuid

import django
from django.conf import settings


PROCESSES, PURCHASES = 8, 6
TOKEN = uuid.UUID(int=7)


def main(mode=None):
    if mode:
        settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] = mode
    django.setup()
    site_id, purchase_ids = prepare()
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    children = [
        context.Process(target=hear, args=(number, site_id, purchase_ids, barrier, results))
        for number in range(PROCESSES)
    ]
    for child in children:
        child.start()
    outcomes = [results.get(timeout=90) for _ in children]
    for child in children:
        child.join()
    print(json.dumps({"outcomes": outcomes, **state(site_id)}))  # noqa: T201


def prepare():
    from django.db import connection
    from wagtail.models import Site

    from tests.credits.contend import make_site, make_tables
    from tests.payments.telling import order

    make_tables()
    site_id = make_site()
    ordered = [order(Site.objects.get(pk=site_id)).pk for _ in range(PURCHASES)]
    connection.close()
    return site_id, ordered


def hear(number, site_id, purchase_ids, barrier, results):
    """Every process: one form's order, and each payment by a webhook that all get and by one of its own."""
    from django.db import connection
    from wagtail.models import Site

    from tests.payments.telling import order
    from wagtail_sms.credits import purchases
    from wagtail_sms.payments.base import PaymentKind

    seen = collections.Counter()
    told = [
        (purchase_id, kind, event_id, cents)
        for purchase_id in purchase_ids
        for kind, event_id, cents in (
            (PaymentKind.PAID, f"webhook:{purchase_id}", 100),
            (PaymentKind.PAID, f"return:{purchase_id}:{number}", 100),
            (PaymentKind.FAILED, f"late:{purchase_id}:{number}", 100),
            (PaymentKind.REFUNDED, f"refund:{purchase_id}:{number}", 30),
        )
    ]
    random.Random(number).shuffle(told)
    barrier.wait()
    attempt(seen, "ordered", order, Site.objects.get(pk=site_id), token=TOKEN)
    for purchase_id, kind, event_id, cents in told:
        event = make_event(purchase_id, kind, event_id, cents)
        attempt(seen, "confirmed", purchases.confirm, event)
    connection.close()
    results.put(dict(seen))


def make_event(purchase_id, kind, event_id, cents):
    from tests.payments.telling import event
    from wagtail_sms.credits.purchase_models import Purchase

    return event(Purchase.objects.get(pk=purchase_id), kind, cents=cents, event_id=event_id)


def attempt(seen, name, verb, *args, **kwargs):
    try:
        verb(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
        seen[f"error: {error!r}"] += 1
    else:
        seen[name] += 1


def state(site_id):
    from wagtail.models import Site

    from wagtail_sms.credits import ledger
    from wagtail_sms.credits.models import Grant
    from wagtail_sms.credits.purchase_models import PaymentEvent, Purchase

    site = Site.objects.get(pk=site_id)
    paid = Purchase.objects.exclude(uuid=TOKEN)
    return {
        "of one form": Purchase.objects.filter(uuid=TOKEN).count(),
        "states": sorted(set(paid.values_list("status", "refunded_cents", "shortfall"))),
        "grants": Grant.objects.filter(purchase__isnull=False).count(),
        "left": sum(Grant.objects.filter(purchase__isnull=False).values_list("available", flat=True)),
        "webhooks": PaymentEvent.objects.filter(event_id__startswith="webhook:").count(),
        "events": PaymentEvent.objects.count(),
        "discrepancies": [str(found) for found in ledger.audit(site)],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
