"""The tables of the ledger. Only `credits.ledger` and what it calls write them."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import Bucket, GrantKind, ReservationStatus, TransferKind


LEGAL_MOVES = {
    TransferKind.ISSUE: (Bucket.ISSUED, Bucket.AVAILABLE),
    TransferKind.RESERVE: (Bucket.AVAILABLE, Bucket.RESERVED),
    TransferKind.CAPTURE: (Bucket.RESERVED, Bucket.SPENT),
    TransferKind.RELEASE: (Bucket.RESERVED, Bucket.AVAILABLE),
    TransferKind.REFUND: (Bucket.SPENT, Bucket.AVAILABLE),
    TransferKind.EXPIRE: (Bucket.AVAILABLE, Bucket.EXPIRED),
}
PRIORITIES = {GrantKind.FREE: 10, GrantKind.ADJUSTMENT: 15, GrantKind.PACK: 20}
KINDS_WITHOUT_RESERVATION = [TransferKind.ISSUE, TransferKind.EXPIRE]


def _legal_moves() -> Q:
    allowed = Q()
    for kind, (source, target) in LEGAL_MOVES.items():
        allowed |= Q(kind=kind, source=source, target=target)
    return allowed


def _spent_in_order() -> Q:
    right = Q()
    for kind, priority in PRIORITIES.items():
        right |= Q(kind=kind, priority=priority)
    return right


class Wallet(models.Model):
    """One site's stock of credits. Every operation updates this row first, which makes it the lock."""

    # The books outlive the site: deleting a home page must not erase what was bought and spent.
    site = models.OneToOneField(
        "wagtailcore.Site",
        null=True,
        on_delete=models.SET_NULL,
        related_name="sms_wallet",
        verbose_name=_("site"),
    )
    available = models.PositiveBigIntegerField(_("available"), default=0)
    reserved = models.PositiveBigIntegerField(_("reserved"), default=0)
    # Below this figure the site is told once that its credits run low; None: WAGTAIL_SMS["LOW_CREDITS"]. 0: never.
    low_threshold = models.PositiveIntegerField(_("warn below"), null=True, blank=True)
    low_told_at = models.DateTimeField(_("warned"), null=True, blank=True)
    granted_through = models.CharField(_("free credits granted through"), max_length=7, blank=True, default="")
    # Set while the feature is uninstalled: the calendar brings nothing then.
    resting_since = models.DateTimeField(_("no free credits since"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    # That of the newest transfer: with `Transfer.seal` it shows what was written past the ledger. See `seals`.
    seal = models.CharField(_("seal"), max_length=64, blank=True, default="", editable=False)

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        permissions = [
            ("buy_credits", _("Can buy credits")),
            ("adjust_credits", _("Can give and take credits, on all sites")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(available__gte=0, reserved__gte=0), name="wagtail_sms_wallet_not_overdrawn"
            ),
        ]

    def __str__(self) -> str:
        return (
            str(self.site)
            if self.site_id and self.site
            else _("Wallet %(number)s of a deleted site") % {"number": self.pk}
        )


class GrantQuerySet(models.QuerySet):
    def usable(self, now) -> "GrantQuerySet":
        """Grants that have not lapsed at `now`."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def due(self, now) -> "GrantQuerySet":
        """Grants that have lapsed at `now` and still hold available credits."""
        return self.filter(expires_at__lte=now, available__gt=0)

    def in_burn_order(self) -> "GrantQuerySet":
        """Free before given before bought; then what lapses first; then the oldest."""
        return self.order_by("priority", F("expires_at").asc(nulls_last=True), "pk")

    def in_taking_order(self) -> "GrantQuerySet":
        """What an operator takes away first: given, then free, then bought; then as they would be spent."""
        kinds = (GrantKind.ADJUSTMENT, GrantKind.FREE, GrantKind.PACK)
        rank = Case(*(When(kind=kind, then=Value(place)) for place, kind in enumerate(kinds)))
        return self.order_by(rank, F("expires_at").asc(nulls_last=True), "pk")


class Grant(models.Model):
    """Credits that came in together. Each is in exactly one of four buckets and never leaves the row."""

    PRIORITIES = PRIORITIES

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="grants", verbose_name=_("wallet"))
    kind = models.CharField(_("kind"), max_length=20, choices=GrantKind.choices)
    priority = models.PositiveSmallIntegerField(_("priority"))
    amount = models.PositiveBigIntegerField(_("credits"))
    available = models.PositiveBigIntegerField(_("available"), default=0)
    reserved = models.PositiveBigIntegerField(_("reserved"), default=0)
    spent = models.PositiveBigIntegerField(_("spent"), default=0)
    expired = models.PositiveBigIntegerField(_("lapsed"), default=0)
    period = models.CharField(_("month"), max_length=7, blank=True, default="")
    expires_at = models.DateTimeField(_("lapses"), null=True, blank=True)
    purchase = models.OneToOneField(
        "wagtail_sms.Purchase",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="grant",
        verbose_name=_("purchase"),
    )
    created_at = models.DateTimeField(_("granted"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("granted by"),
    )

    objects = GrantQuerySet.as_manager()

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount=F("available") + F("reserved") + F("spent") + F("expired")),
                name="wagtail_sms_grant_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, available__gte=0, reserved__gte=0, spent__gte=0, expired__gte=0),
                name="wagtail_sms_grant_not_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(kind=GrantKind.FREE, period__gt="") | (~Q(kind=GrantKind.FREE) & Q(period="")),
                name="wagtail_sms_grant_month_is_free",
            ),
            models.CheckConstraint(condition=_spent_in_order(), name="wagtail_sms_grant_priority_is_its_kinds"),
            models.CheckConstraint(
                condition=Q(purchase__isnull=True) | Q(kind=GrantKind.PACK),
                name="wagtail_sms_grant_purchase_is_pack",
            ),
            models.UniqueConstraint(
                fields=["wallet", "period"],
                condition=Q(kind=GrantKind.FREE),
                name="wagtail_sms_one_free_grant_a_month",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="wagtail_sms_grant_expires")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.period}".strip() + f": {self.amount}"

    def has_lapsed(self, now) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class Reservation(models.Model):
    """Credits held for one purpose, such as a campaign, until each is captured or released."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="reservations", verbose_name=_("wallet"))
    key = models.CharField(_("key"), max_length=120, unique=True)
    purpose = models.CharField(_("purpose"), max_length=255)
    amount = models.PositiveBigIntegerField(_("credits"))
    captured = models.PositiveBigIntegerField(_("captured"), default=0)
    released = models.PositiveBigIntegerField(_("released"), default=0)
    refunded = models.PositiveBigIntegerField(_("refunded"), default=0)
    status = models.CharField(
        _("status"), max_length=20, choices=ReservationStatus.choices, default=ReservationStatus.HELD
    )
    created_at = models.DateTimeField(_("reserved"), default=timezone.now)

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__gte=F("captured") + F("released")),
                name="wagtail_sms_reservation_not_oversettled",
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=F("refunded")), name="wagtail_sms_reservation_not_overrefunded"
            ),
            models.CheckConstraint(
                condition=Q(status=ReservationStatus.HELD) | Q(amount=F("captured") + F("released")),
                name="wagtail_sms_reservation_closed_is_settled",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReservationStatus.VOID) | Q(captured=0),
                name="wagtail_sms_reservation_void_is_unspent",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReservationStatus.CLOSED) | Q(captured__gt=0),
                name="wagtail_sms_reservation_closed_is_spent",
            ),
        ]

    def __str__(self) -> str:
        return self.purpose

    @property
    def left(self) -> int:
        """Credits still held: neither captured nor released."""
        return self.amount - self.captured - self.released


class Hold(models.Model):
    """The part of a reservation that one grant pays. Made in burn order, so `pk` keeps that order."""

    reservation = models.ForeignKey(
        Reservation, on_delete=models.PROTECT, related_name="holds", verbose_name=_("reservation")
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="holds", verbose_name=_("grant"))
    amount = models.PositiveBigIntegerField(_("credits"))
    captured = models.PositiveBigIntegerField(_("captured"), default=0)
    released = models.PositiveBigIntegerField(_("released"), default=0)
    refunded = models.PositiveBigIntegerField(_("refunded"), default=0)

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(fields=["reservation", "grant"], name="wagtail_sms_one_hold_per_grant"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__gte=F("captured") + F("released")),
                name="wagtail_sms_hold_not_oversettled",
            ),
            models.CheckConstraint(condition=Q(captured__gte=F("refunded")), name="wagtail_sms_hold_not_overrefunded"),
        ]

    def __str__(self) -> str:
        return f"{self.reservation_id} / {self.grant_id}: {self.amount}"

    @property
    def left(self) -> int:
        """Credits of this grant still held."""
        return self.amount - self.captured - self.released


class TransferQuerySet(models.QuerySet):
    def update(self, **kwargs):
        raise LedgerError("Transfers are history: they are added, never changed. Correct with another transfer.")

    def delete(self):
        raise LedgerError("Transfers are history: they are never deleted.")

    def bulk_create(self, objs, *args, update_conflicts=False, **kwargs):
        if update_conflicts:
            raise LedgerError("Transfers are history: they are added, never changed.")
        return super().bulk_create(objs, *args, **kwargs)


class Transfer(models.Model):
    """`amount` credits of one grant went from one bucket to another. Added, never changed or deleted.

    An operation that touches several grants writes several lines under one `key`; an operation is known again
    by (`kind`, `key`), so a caller may use the same key for reserving, capturing and releasing.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="transfers", verbose_name=_("grant"))
    reservation = models.ForeignKey(
        Reservation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transfers",
        verbose_name=_("reservation"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=TransferKind.choices)
    source = models.CharField(_("from"), max_length=20, choices=Bucket.choices)
    target = models.CharField(_("to"), max_length=20, choices=Bucket.choices)
    amount = models.PositiveBigIntegerField(_("credits"))
    key = models.CharField(_("key"), max_length=120)
    line = models.PositiveIntegerField(_("line"), default=0)
    note = models.CharField(_("note"), max_length=255, blank=True, default="")
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("by"),
    )
    seal = models.CharField(_("seal"), max_length=64, editable=False)

    objects = TransferQuerySet.as_manager()

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.UniqueConstraint(fields=["key", "kind", "line"], name="wagtail_sms_transfer_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="wagtail_sms_transfer_positive"),
            models.CheckConstraint(condition=_legal_moves(), name="wagtail_sms_transfer_legal_move"),
            models.CheckConstraint(
                condition=Q(reservation__isnull=False) | Q(kind__in=KINDS_WITHOUT_RESERVATION),
                name="wagtail_sms_transfer_has_reservation",
            ),
            models.CheckConstraint(
                condition=Q(reservation__isnull=True) | ~Q(kind=TransferKind.ISSUE),
                name="wagtail_sms_transfer_issue_is_free_of_reservation",
            ),
            models.CheckConstraint(condition=Q(key__gt="", seal__gt=""), name="wagtail_sms_transfer_is_sealed"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    def save(self, *args, **kwargs):
        if not self._state.adding:
            raise LedgerError("Transfers are history: they are added, never changed.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args, **kwargs):
        raise LedgerError("Transfers are history: they are never deleted.")
