"""A crowd of every kind, the same on any database: what SQL makes of it can be compared with Python and with a file."""

import random
from datetime import timedelta

from django.utils import timezone

from wagtail_sms.subscribers.models import Subscriber


# Of these only the first five have a rate on a card of `RATES`.
COUNTRIES = ("US", "FR", "GB", "DE", "MX", "KP")
RATES = {"US": (1, "default"), "FR": (8, "second"), "GB": (4, "default"), "DE": (8, "second"), "MX": (4, "second")}


def make_crowd(*sites, people: int, seed: int) -> list[Subscriber]:
    """Of all these sites by turns, in all countries and states; those of the first one that are left, by key.

    Every tenth is deleted again, so that keys have gaps.
    """
    dice, before = random.Random(seed), timezone.now() - timedelta(days=1)
    # By name, so that one more of them changes no seeded crowd.
    statuses = ["pending", "active", "suspended", "stopped"]
    made = Subscriber.objects.bulk_create(
        Subscriber(
            site=dice.choice(sites),
            number=f"+1201{position:07d}",
            country=dice.choices(COUNTRIES, weights=(9, 5, 4, 3, 2, 1))[0],
            status=dice.choices(statuses, weights=[20 if one == "active" else 1 for one in statuses])[0],
            status_changed_at=before,
            created_at=before,
        )
        for position in range(people)
    )
    gone = {person.pk for person in dice.sample(made, people // 10)}
    Subscriber.objects.filter(pk__in=gone).delete()
    return [person for person in made if person.pk not in gone and person.site == sites[0]]
