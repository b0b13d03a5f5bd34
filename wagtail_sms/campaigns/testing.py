"""A message to the editor's own phone before it goes to anybody: marked, paid, and part of no other figure."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms.campaigns.estimate import check_body
from wagtail_sms.delivery import notices
from wagtail_sms.delivery.models import Notice
from wagtail_sms.exceptions import ExtensionNotInstalled, NoSenderNumber, RefusedTest
from wagtail_sms.extension import is_installed
from wagtail_sms.phone import PhoneNumber
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import NoticePurpose
from wagtail_sms.subscribers.suppression import is_suppressed


# Enough to get a message right, too few to write to people who never agreed.
TESTS_PER_DAY = 10


def send_test(site, *, body: str, to: PhoneNumber, token: UUID, by, now: datetime | None = None) -> Notice | None:
    """Text this message to one phone, once per token; None when that was done already.

    Raises MessageRefused, RefusedTest (who said STOP, too many), InsufficientCredits, CountryNotServed, NoSenderNumber,
    ExtensionNotInstalled. Runs in its own transaction.
    """
    now = now or timezone.now()
    text = check_body(marked(body))
    if not is_installed(site):
        raise ExtensionNotInstalled()
    if sender_for(site) is None:
        raise NoSenderNumber()
    if is_suppressed(site, number=to.number):
        raise RefusedTest(_("This number has unsubscribed from this site, so nothing is sent to it, not even a test."))
    with transaction.atomic():
        # One user's tabs wait in line here, on whatever site: what each of them counts stays true until it has sent.
        get_user_model().objects.select_for_update(no_key=True).get(pk=by.pk)
        if _of(by).filter(created_at__gt=now - timedelta(days=1)).count() >= TESTS_PER_DAY:
            raise RefusedTest(
                _("You have sent %(most)s tests within a day; more are not allowed.") % {"most": TESTS_PER_DAY}
            )
        return notices.test(site, key=f"{_prefix(by)}{token}", number=to.number, country=to.country, body=text, now=now)


def marked(body: str) -> str:
    """The text of the test: nobody should take it for the message itself."""
    return f"{_('TEST:')} {body.strip()}" if body.strip() else ""


def last_number(user) -> str:
    """The number of the user's last test (E.164), on any site; "" before the first."""
    return _of(user).order_by("-created_at").values_list("number", flat=True).first() or ""


def _of(user):
    return Notice.objects.filter(purpose=NoticePurpose.TEST, key__startswith=_prefix(user))


def _prefix(user) -> str:
    return f"test:{user.pk}:"
