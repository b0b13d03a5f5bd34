"""What providers ask, what the operator decided, and the rate cards made of both. Nothing here is changed once made,
but for the operator's rules."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_sms.exceptions import IllegalTransition
from wagtail_sms.states import PriceListStatus, RateBasis


def _who(label) -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=label
    )


def _refuse() -> None:
    raise IllegalTransition("Rate cards are history: other prices make another card. Nothing of one is ever changed.")


class HistoryQuerySet(models.QuerySet):
    """Rows that are added and stay as they are."""

    def update(self, **kwargs):
        _refuse()

    def delete(self):
        _refuse()

    def bulk_create(self, objs, *args, update_conflicts=False, **kwargs):
        if update_conflicts:
            _refuse()
        return super().bulk_create(objs, *args, **kwargs)


class RateCardQuerySet(HistoryQuerySet):
    def retire(self) -> int:
        """The card in force makes room for the next: all that ever happens to one."""
        return models.QuerySet.update(self.filter(is_current=True), is_current=False)


class History(models.Model):
    """A row that is added and stays as it is."""

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        if not self._state.adding:
            _refuse()
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args, **kwargs):
        _refuse()


class PriceList(models.Model):
    """One provider's prices as they came in. The newest ACCEPTED one of each provider makes the rate card."""

    provider = models.CharField(_("provider"), max_length=50)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    # "api", or the name of the uploaded file.
    source = models.CharField(_("source"), max_length=255)
    status = models.CharField(_("status"), max_length=10, choices=PriceListStatus)
    # Why it was refused, a sentence per line.
    problem = models.TextField(_("problem"), blank=True, default="")
    digest = models.CharField(max_length=64, blank=True, default="")
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    # A refused list that keeps coming is one row; this is when it came last.
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    created_by = _who(_("uploaded by"))

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        indexes = [models.Index(fields=["provider", "status", "-id"], name="wagtail_sms_price_lists")]

    def __str__(self) -> str:
        return f"{self.provider} {self.received_at:%Y-%m-%d %H:%M}"


class Price(models.Model):
    """Price per segment of a country (`mccmnc` "" or three digits) or of one of its operators."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    country = models.CharField(max_length=2)
    mccmnc = models.CharField(max_length=10, blank=True, default="")
    amount = models.DecimalField(max_digits=12, decimal_places=6)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(fields=["price_list", "country", "mccmnc"], name="wagtail_sms_one_price_per_route"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="wagtail_sms_price_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.mccmnc}: {self.amount}"


class CountryRule(models.Model):
    """The operator's word on a country: its credits per segment whatever the price, or no texts there at all."""

    country = models.CharField(_("country"), max_length=2, unique=True)
    credits = models.PositiveIntegerField(_("credits"), null=True, blank=True)
    is_disabled = models.BooleanField(_("switched off"), default=False)
    reason = models.CharField(_("reason"), max_length=255)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = _who(_("changed by"))

    class Meta:
        verbose_name = _("country rule")
        verbose_name_plural = _("country rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_disabled=True) | Q(credits__gte=1), name="wagtail_sms_rule_says_something"
            ),
        ]

    def __str__(self) -> str:
        return self.country


class UnitPin(models.Model):
    """The price of one credit, fixed by the operator instead of the cheapest country's. The newest row counts."""

    # None: not pinned any more.
    price = models.DecimalField(_("price of one credit"), max_digits=12, decimal_places=6, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reason = models.CharField(_("reason"), max_length=255)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = _who(_("changed by"))

    class Meta:
        verbose_name = _("pinned unit")
        verbose_name_plural = _("pinned units")
        constraints = [
            models.CheckConstraint(condition=Q(price__isnull=True) | Q(price__gt=0), name="wagtail_sms_unit_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.price} {self.currency}"


class RateCard(History):
    """A dated list of credits per segment and country. A new price makes a new card, never a changed one."""

    currency = models.CharField(max_length=3)
    # The price that is one credit: the cheapest enabled country's, unless the operator pinned another.
    unit_price = models.DecimalField(max_digits=12, decimal_places=6)
    is_unit_pinned = models.BooleanField(default=False)
    is_current = models.BooleanField(default=False)
    # Why there is a new card, in words: new prices, a rule of the operator.
    reason = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = _who(_("made by"))

    objects = RateCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("rate card")
        verbose_name_plural = _("rate cards")
        permissions = [("change_prices", _("Can change prices and rate cards"))]
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=Q(is_current=True), name="wagtail_sms_one_current_card"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"


class CountryRate(History):
    """Credits per segment of one country on one card, with the price and the provider behind them."""

    card = models.ForeignKey(RateCard, on_delete=models.CASCADE, related_name="rates")
    country = models.CharField(max_length=2)
    credits = models.PositiveIntegerField()
    # None: the operator set the credits and no provider has a price.
    price = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    # Alias in WAGTAIL_SMS["PROVIDERS"] of the cheapest provider, which carries the texts to this country.
    provider = models.CharField(max_length=50, default="default")
    basis = models.CharField(max_length=10, choices=RateBasis, default=RateBasis.PRICE)
    # Whose price a territory without its own follows.
    parent = models.CharField(max_length=2, blank=True, default="")

    objects = HistoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("country rate")
        verbose_name_plural = _("country rates")
        constraints = [
            models.UniqueConstraint(fields=["card", "country"], name="wagtail_sms_one_rate_per_country"),
            models.CheckConstraint(condition=Q(credits__gte=1), name="wagtail_sms_rate_is_never_free"),
        ]

    def __str__(self) -> str:
        return f"{self.country}: {self.credits}"
