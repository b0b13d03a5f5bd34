"""Texts that are kept under a name, to begin messages with."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from wagtail_sms.campaigns.estimate import check_draft
from wagtail_sms.campaigns.models import MessageTemplate
from wagtail_sms.exceptions import NameTaken


def save_template(site, *, name: str, body: str, by=None, now: datetime | None = None) -> MessageTemplate:
    """Keep a text under a name that no other one of the site has. Raises NameTaken, MessageRefused. Own transaction."""
    body, now = check_draft(body), now or timezone.now()
    try:
        with transaction.atomic():
            return MessageTemplate.objects.create(site=site, name=name, body=body, saved_at=now, saved_by=by)
    except IntegrityError as error:
        raise NameTaken() from error
