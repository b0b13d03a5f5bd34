"""A person's own link that ends their subscription, for texts that can't be answered with STOP.

The link names nobody: it is the subscriber's key, encrypted and authenticated with the secrets that numbers are hashed
with. It is as long for everybody, so that a message costs what the estimate said.
"""

import hashlib
import hmac

from django.urls import reverse

from wagtail_sms.conf import app_settings
from wagtail_sms.subscribers.models import Subscriber


ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 16
ID_BITS, SEAL_BITS = 40, 54
PLACE = "{}"


def line_for(site) -> str:
    """The line below a message, with `{}` in the place of the person's token. STOP is understood everywhere."""
    path = reverse("wagtail_sms_opt_out", args=["0" * LENGTH])
    return f"STOP: {site.root_url}{path}".replace("0" * LENGTH, PLACE)


def completed(body: str, line: str, subscriber_id: int) -> str:
    """The message as this person gets it."""
    return f"{body}\n{line.replace(PLACE, token_of(subscriber_id))}"


def sample(body: str, line: str) -> str:
    """The message with a link that leads nowhere: what every person's is measured by."""
    return f"{body}\n{line.replace(PLACE, '0' * LENGTH)}"


def token_of(subscriber_id: int, *, pepper: str | None = None) -> str:
    """The unguessable part of the link. The same person always has the same."""
    pepper = app_settings.NUMBER_PEPPERS[0] if pepper is None else pepper
    seal = _seal(subscriber_id, pepper)
    return _in_letters(seal << ID_BITS | subscriber_id ^ _mask(seal, pepper))


def subscriber_of(token: str) -> Subscriber | None:
    """The person of this link; None for a link that nobody got, and for somebody who was deleted."""
    number = _as_number(token)
    for pepper in app_settings.NUMBER_PEPPERS if number is not None else ():
        seal = number >> ID_BITS
        subscriber_id = number & (1 << ID_BITS) - 1 ^ _mask(seal, pepper)
        if hmac.compare_digest(token, token_of(subscriber_id, pepper=pepper)):
            return Subscriber.objects.filter(pk=subscriber_id).select_related("site").first()
    return None


def _seal(subscriber_id: int, pepper: str) -> int:
    return _keyed(f"seal:{subscriber_id}", pepper) >> (256 - SEAL_BITS)


def _mask(seal: int, pepper: str) -> int:
    return _keyed(f"mask:{seal}", pepper) >> (256 - ID_BITS)


def _keyed(text: str, pepper: str) -> int:
    key = f"wagtail_sms.links:{pepper}".encode()
    return int.from_bytes(hmac.new(key, text.encode(), hashlib.sha256).digest())


def _in_letters(number: int) -> str:
    letters = ""
    for _position in range(LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters = ALPHABET[letter] + letters
    return letters


def _as_number(token: str) -> int | None:
    if len(token) != LENGTH or not set(token) <= set(ALPHABET):
        return None
    number = 0
    for letter in token:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    return number if number < 1 << (ID_BITS + SEAL_BITS) else None
