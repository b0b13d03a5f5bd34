"""Phone numbers as an editor may see and search them."""

import re

from django.db.models import Q, QuerySet

from wagtail_sms.phone import display, mask
from wagtail_sms.senders.provisioning import sender_for


FULL_NUMBERS = "view_full_numbers_subscriber"
DIGITS_SHOWN = 2  # at the end of a masked number


def shown_number(number: str, *, full: bool) -> str:
    """The number spaced for reading, hidden but for its ends without the right to see it."""
    return display(number) if full else mask(number)


def sender_number(site) -> str:
    """The number the site texts from, spaced for reading; "" while it has none."""
    sender = sender_for(site)
    return display(sender.number) if sender else ""


def search(subscribers: QuerySet, typed: str, *, full: bool) -> QuerySet:
    """Subscribers with the typed digits in their number.

    Who sees masked numbers searches the shown last digits only: a longer search would answer whether somebody whose
    number one knows is a subscriber.
    """
    query = number_query(typed, full=full)
    return subscribers.none() if query is None else subscribers.filter(query)


def number_query(typed: str, *, full: bool, field: str = "number") -> Q | None:
    """The condition behind `search`, on the field that holds the number; None when nothing may be found."""
    digits = re.sub(r"\D", "", typed)
    if digits and full:
        return Q(**{f"{field}__contains": re.sub(r"^00", "", digits)})
    if digits and len(digits) <= DIGITS_SHOWN:
        return Q(**{f"{field}__endswith": digits})
    return None
