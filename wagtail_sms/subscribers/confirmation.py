"""Confirmation by code: who signs up is nobody's subscriber until they type the code that their own phone got.

A sign-up waits in a row of its own, so that nothing that counts or texts subscribers can meet it.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms import languages
from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import CodeRefused
from wagtail_sms.phone import PhoneNumber
from wagtail_sms.subscribers import consent, protection
from wagtail_sms.subscribers.models import ConsentWording, PendingSignUp
from wagtail_sms.subscribers.settings import SmsSettings


LIFETIME = timedelta(minutes=10)
PAUSE = timedelta(seconds=30)
TRIES = 5
KEPT = timedelta(days=1)


def begin(
    site,
    *,
    number: PhoneNumber,
    wording: ConsentWording,
    page_url: str = "",
    build_id: str = "",
    address: str = "",
    user_agent: str = "",
    source: str = "popup",
    evidence: str = "",
    key: str = "",
    now: datetime | None = None,
) -> tuple[PendingSignUp, str]:
    """Somebody agreed; returns what waits for their code, and the code. It is the same whoever the number belongs to.

    A second one with the same number and `key` is an IntegrityError (see `begun`). Runs in the caller's transaction.
    """
    now, code = now or timezone.now(), _new_code()
    waiting = PendingSignUp(
        site=site,
        ticket=secrets.token_urlsafe(24),
        number=number.number,
        country=number.country,
        wording=wording,
        page_url=page_url[:500],
        build_id=build_id[:40],
        address=consent.shorten_address(address),
        user_agent=user_agent[:200],
        source=source,
        evidence=evidence[:500],
        key=key,
        code_sent_at=now,
        created_at=now,
    )
    waiting.code_hash = _hashes(waiting, code)[0]
    waiting.save(force_insert=True)
    return waiting, code


def begun(site, *, number: str, key: str) -> PendingSignUp | None:
    """The one that the browser gave this key, when only our answer was lost."""
    return PendingSignUp.objects.filter(site=site, number=number, key=key).first() if key else None


def renew(waiting: PendingSignUp, *, address: str = "", now: datetime | None = None) -> str:
    """Another code in place of the last one, which counts no more; returns it. It counts as another use of the form.

    Raises CodeRefused("soon") within 30 seconds of the last, CodeRefused("over") when they are confirmed, and
    OptInRefused. Runs in the caller's transaction.
    """
    now, code = now or timezone.now(), _new_code()
    renewed = PendingSignUp.objects.filter(pk=waiting.pk, confirmed_at=None, code_sent_at__lte=now - PAUSE).update(
        code_hash=_hashes(waiting, code)[0], code_sent_at=now, codes=F("codes") + 1, tries=0
    )
    if not renewed:
        waiting.refresh_from_db()
        raise CodeRefused("over" if waiting.confirmed_at else "soon")
    protection.check(waiting.site, number=waiting.number, address=address, now=now)
    waiting.refresh_from_db()
    return code


def take_try(waiting: PendingSignUp, code: str, *, now: datetime | None = None) -> None:
    """Count one of the code's five tries and compare. Raises CodeRefused: "expired", "tries" or "wrong".

    In a transaction of its own, so that whatever comes after it gives no try back.
    """
    now = now or timezone.now()
    fresh = Q(code_sent_at__gt=now - LIFETIME, confirmed_at=None)
    # A conditional UPDATE: guesses that come at once are counted one by one.
    counted = PendingSignUp.objects.filter(fresh, pk=waiting.pk, tries__lt=TRIES).update(tries=F("tries") + 1)
    waiting.refresh_from_db()
    if not counted:
        raise CodeRefused("expired" if waiting.code_sent_at <= now - LIFETIME else "tries")
    if not any(hmac.compare_digest(waiting.code_hash, hashed) for hashed in _hashes(waiting, code)):
        raise CodeRefused("wrong" if waiting.tries < TRIES else "tries")


def confirm(waiting: PendingSignUp, *, waits_for_start: bool = False, now: datetime | None = None):
    """The code was right: the consent is recorded as it was shown, and the subscription begins.

    Returns the OptIn, or None when another request was faster. Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        mine = PendingSignUp.objects.filter(pk=waiting.pk, confirmed_at=None)
        if not mine.update(confirmed_at=now, code_hash=""):
            return None
        return consent.opt_in(
            waiting.site,
            number=PhoneNumber(waiting.number, waiting.country, True),
            wording=waiting.wording,
            page_url=waiting.page_url,
            build_id=waiting.build_id,
            address=waiting.address.partition("/")[0],
            user_agent=waiting.user_agent,
            language=waiting.wording.language,
            source=waiting.source,
            method="code",
            waits_for_start=waits_for_start,
            evidence=waiting.evidence,
            now=now,
        )


def text_of(waiting: PendingSignUp, code: str) -> str:
    """The text with the code, in the language of the form. Its last line lets a browser fill it in (WebOTP)."""
    with languages.speaking(waiting.wording.language):
        said = _("{brand}: your code is {code}. It is good for 10 minutes.")
    brand = SmsSettings.for_site(waiting.site).sender_name
    said = said.replace("{code}", code).replace("{brand}", brand)
    return f"{said}\n\n@{waiting.site.hostname} #{code}"


def forget(*, now: datetime | None = None) -> int:
    """Delete the sign-ups that are a day old, confirmed or not. Returns how many."""
    now = now or timezone.now()
    return PendingSignUp.objects.filter(created_at__lte=now - KEPT).delete()[0]


def _new_code() -> str:
    return f"{secrets.randbelow(10**6):06}"


def _hashes(waiting: PendingSignUp, code: str) -> list[str]:
    """HMAC-SHA256 under every pepper in use, the current one first, bound to this sign-up."""
    said = f"code:{waiting.ticket}:{code}".encode()
    return [hmac.new(pepper.encode(), said, hashlib.sha256).hexdigest() for pepper in app_settings.NUMBER_PEPPERS]
