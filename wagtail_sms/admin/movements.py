"""The rows of the ledger in words: what moved, which credits, and what caused it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from wagtail.admin.ui.tables import Column
from wagtail.admin.utils import get_user_display_name

from wagtail_sms.admin.columns import Look
from wagtail_sms.admin.spending_rows import numbered
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.countries import country_name
from wagtail_sms.credits.models import Transfer
from wagtail_sms.delivery.models import Notice
from wagtail_sms.states import GrantKind, TransferKind


_K = TransferKind
LOOKS = {
    _K.ISSUE: Look("plus", _K.ISSUE.label, "good"),
    _K.RESERVE: Look("lock", _K.RESERVE.label, "quiet"),
    _K.CAPTURE: Look("mail", _K.CAPTURE.label, "quiet"),
    _K.RELEASE: Look("lock-open", _K.RELEASE.label, "good"),
    _K.REFUND: Look("rotate", _K.REFUND.label, "good"),
    _K.EXPIRE: Look("time", _K.EXPIRE.label, "bad"),
}
# What the movement does to the credits that can be spent; spending touches only what was reserved before.
SIGNS = {_K.ISSUE: "+", _K.RELEASE: "+", _K.REFUND: "+", _K.RESERVE: "−", _K.EXPIRE: "−", _K.CAPTURE: ""}


@dataclass(frozen=True, slots=True)
class Cause:
    """What a movement was for; `url` leads there when there is a page."""

    label: str
    url: str = ""


class MovementColumn(Column):
    """Credits with the sign of what they do to the balance."""

    cell_template_name = "wagtail_sms/admin/credits/amount_cell.html"

    def __init__(self, name, **kwargs):
        super().__init__(name, classname="wagtail-sms-number", **kwargs)

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        context["value"] = intcomma(instance.amount)
        context["sign"] = SIGNS[instance.kind]
        return context


class CauseColumn(Column):
    cell_template_name = "wagtail_sms/admin/credits/cause_cell.html"


def with_causes(transfers, *, site, may_open: bool) -> list[Transfer]:
    """Add `look`, `which` and `cause` to each transfer, in two queries for all.

    `may_open`: whether messages may be read and led to. Else they are called by their numbers.
    """
    transfers = list(transfers)
    reservations = {transfer.reservation for transfer in transfers if transfer.reservation}
    causes = _campaigns(site, reservations, may_open=may_open) | _notices(site, reservations)
    for transfer in transfers:
        transfer.look = LOOKS[transfer.kind]
        transfer.which = which_credits(transfer.grant)
        transfer.cause = causes.get(transfer.reservation_id) or _cause_of_grant(transfer)
    return transfers


def which_credits(grant) -> str:
    """The grant in words: "Free credits of November 2026"."""
    if grant.kind == GrantKind.FREE:
        return _("Free credits of %(month)s") % {"month": format_date(datetime.strptime(grant.period, "%Y-%m"), "F Y")}
    return str(grant.get_kind_display())


def _campaigns(site, reservations, *, may_open: bool) -> dict[int, Cause]:
    sent = Campaign.objects.filter(site=site, reservation__in=reservations)
    if not may_open:
        return {campaign.reservation_id: Cause(numbered(campaign.pk)) for campaign in sent}
    return {
        campaign.reservation_id: Cause(str(campaign), reverse("wagtail_sms:campaign", args=[campaign.pk]))
        for campaign in sent
    }


def _notices(site, reservations) -> dict[int, Cause]:
    """Texts to one person, found by the key of their reservation; told by purpose and country, never by number."""
    by_key = {reservation.key: reservation.pk for reservation in reservations}
    ids = {int(key.removeprefix("notice:")): pk for key, pk in by_key.items() if key.startswith("notice:")}
    return {
        ids[notice.pk]: Cause(f"{notice.get_purpose_display()} ({country_name(notice.country)})")
        for notice in Notice.objects.filter(site=site, pk__in=ids)
    }


def _cause_of_grant(transfer: Transfer) -> Cause:
    if transfer.grant.purchase:
        return _cause_of_purchase(transfer)
    if transfer.note:
        return Cause(_noted(transfer))
    if transfer.kind == TransferKind.EXPIRE:
        return Cause(_("Their month is over") if transfer.grant.kind == GrantKind.FREE else _("Their date has come"))
    if transfer.grant.kind == GrantKind.FREE:
        wallet = transfer.grant.wallet
        return Cause(
            _("Installation")
            if f"{wallet.opened_at.astimezone(UTC):%Y-%m}" == transfer.grant.period
            else _("New month")
        )
    by = transfer.grant.created_by
    return Cause(_("Given by %(name)s") % {"name": get_user_display_name(by)}) if by else Cause("")


def _noted(transfer: Transfer) -> str:
    """The reason that was given, with the name of who gave it."""
    by = transfer.created_by if transfer.note else None
    return f"{transfer.note} ({get_user_display_name(by)})" if by else transfer.note


def _cause_of_purchase(transfer: Transfer) -> Cause:
    purchase = transfer.grant.purchase
    url = reverse("wagtail_sms:purchase", args=[purchase.uuid])
    if transfer.note or transfer.kind != TransferKind.ISSUE:
        return Cause(_noted(transfer) or _("Their date has come"), url)
    by = purchase.created_by
    return Cause(_("Bought by %(name)s") % {"name": get_user_display_name(by)} if by else _("Bought"), url)
