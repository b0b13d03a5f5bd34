"""Asking for a sender number of another country: the editor asks, the operator is mailed, changes it or says why not.

Editors never choose a number; the operator chooses a country, and the provider the number.
"""

import logging
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from wagtail.admin.mail import send_mail
from wagtail.admin.utils import get_admin_base_url

from wagtail_sms.countries import country_name
from wagtail_sms.exceptions import ExtensionNotInstalled, IllegalTransition
from wagtail_sms.extension import extension_for
from wagtail_sms.senders.changing import change_number
from wagtail_sms.senders.models import CountryRequest, SenderNumber
from wagtail_sms.states import CountryRequestStatus, ExtensionPlan
from wagtail_sms.timetable import turn
from wagtail_sms.wake import wake


logger = logging.getLogger("wagtail_sms")


def request_country(
    site, *, country: str, reason: str = "", by=None, now: datetime | None = None
) -> tuple[CountryRequest, bool]:
    """Ask the operator for a number of this country; (the open request, whether it is new): a site has one at a time.

    Raises IllegalTransition in trial, ExtensionNotInstalled. Runs in its own transaction; the mail leaves after it.
    """
    now, extension = now or timezone.now(), extension_for(site)
    if extension is None or not extension.is_installed:
        raise ExtensionNotInstalled()
    if extension.plan == ExtensionPlan.TRIAL:
        raise IllegalTransition(_("A site in trial texts from the shared number. Ask again when it has its own."))
    wish = {"country": country, "reason": reason[:500], "requested_at": now, "requested_by": by}
    try:
        with transaction.atomic():
            request = CountryRequest.objects.create(site=site, **wish)
            wake("wagtail_sms.tell_operators")
    except IntegrityError:
        return CountryRequest.objects.get(site=site, status=CountryRequestStatus.OPEN), False
    return request, True


def grant(request: CountryRequest, *, country: str, by=None, now: datetime | None = None) -> SenderNumber:
    """Obtain a number of this country for the site that asked. Raises as `change_number`. Own transaction."""
    with transaction.atomic():
        sender = change_number(request.site, country=country, now=now)
        _close(request, CountryRequestStatus.DONE, by=by, now=now)
    return sender


def decline(request: CountryRequest, *, answer: str, by=None, now: datetime | None = None) -> None:
    """Say why the site keeps its number; its editors read it. Runs in its own transaction."""
    with transaction.atomic():
        _close(request, CountryRequestStatus.DECLINED, answer=answer[:500], by=by, now=now)


def open_requests() -> QuerySet[CountryRequest]:
    """What waits for the operator, the oldest first."""
    waiting = CountryRequest.objects.filter(status=CountryRequestStatus.OPEN)
    return waiting.select_related("site", "requested_by").order_by("requested_at")


def tell_operators(*, now: datetime | None = None) -> int:
    """Mail each open request to the operators, once. Returns how many were mailed.

    A mail that can't be sent is tried again at the next sweep. Runs outside of transactions.
    """
    now = now or timezone.now()
    return sum(_tell(request, now) for request in open_requests().filter(told_at=None))


def operators() -> QuerySet:
    """Active users with an address who may change the senders of all sites; superusers when there is no such user."""
    field = get_user_model().get_email_field_name()
    users = get_user_model()._default_manager.filter(is_active=True)
    users = users.exclude(Q(**{field: ""}) | Q(**{f"{field}__isnull": True}))
    able = ModelBackend().with_perm("wagtail_sms.change_sender", include_superusers=False)
    found = users.filter(pk__in=able.values("pk"))
    return (found if found.exists() else users.filter(is_superuser=True)).order_by("pk")


def _close(request: CountryRequest, status: str, *, answer: str = "", by, now: datetime | None) -> None:
    """Compare-and-set: of two operators one closes it, and the other's change is rolled back."""
    waiting = CountryRequest.objects.filter(pk=request.pk, status=CountryRequestStatus.OPEN)
    if not waiting.update(status=status, answer=answer, closed_by=by, closed_at=now or timezone.now()):
        raise IllegalTransition(_("Somebody answered this request already."))
    request.refresh_from_db()


def _tell(request: CountryRequest, now: datetime) -> bool:
    with turn(f"country-request:{request.pk}", now=now) as is_mine:
        untold = CountryRequest.objects.filter(pk=request.pk, told_at=None)
        if not is_mine or not untold.exists():
            return False
        try:
            if not _mail(request):
                return False
        except Exception:
            logger.exception("The operators could not be told of %s; the next sweep tries again.", request)
            return False
        untold.update(told_at=now)
    return True


def _mail(request: CountryRequest) -> bool:
    """Whether there was anybody to write to."""
    field = get_user_model().get_email_field_name()
    addresses = {getattr(user, field).casefold(): getattr(user, field) for user in operators()}
    if not addresses:
        logger.info("%s asks for another country, and no operator has an e-mail address.", request.site)
        return False
    with override(settings.LANGUAGE_CODE):
        context = {
            "site": request.site.site_name or str(request.site),
            "country": country_name(request.country),
            "reason": request.reason,
            "asked_by": request.requested_by.get_full_name() or str(request.requested_by)
            if request.requested_by
            else "",
            "address": _address(),
        }
        subject = " ".join(render_to_string("wagtail_sms/email/country_request_subject.txt", context).split())
        body = render_to_string("wagtail_sms/email/country_request.txt", context)
    send_mail(subject, body.strip() + "\n", list(addresses.values()))
    return True


def _address() -> str:
    base = (get_admin_base_url() or "").rstrip("/")
    return f"{base}{reverse('wagtail_sms:all_numbers')}" if base else ""
