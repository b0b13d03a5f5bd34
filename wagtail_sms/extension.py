"""The SMS feature as a site has it: installed or not, trial or full, since when and by whom."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import PWARequired
from wagtail_sms.phone import calling_code
from wagtail_sms.pricing.cards import served_countries
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.pwa.builder import current_build, serves_sms
from wagtail_sms.senders.provisioning import request_missing, request_number, share
from wagtail_sms.states import ExtensionPlan, ExtensionStatus
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import SmsTexts, current_wording, texts_of
from wagtail_sms.wake import wake


class Extension(models.Model):
    """One row per site that ever installed the feature. Uninstalling keeps people, credits and number."""

    site = models.OneToOneField("wagtailcore.Site", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=ExtensionStatus, default=ExtensionStatus.INSTALLED)
    plan = models.CharField(max_length=5, choices=ExtensionPlan, default=ExtensionPlan.FULL)
    trial_until = models.DateTimeField(null=True, blank=True)
    installed_at = models.DateTimeField()
    installed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    uninstalled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        permissions = [("install_extension", _("Can install and uninstall SMS notifications"))]

    def __str__(self) -> str:
        return f"{self.site} ({self.get_status_display()})"

    @property
    def is_installed(self) -> bool:
        return self.status == ExtensionStatus.INSTALLED


def extension_for(site) -> Extension | None:
    """The site's extension row, or None if it was never installed there."""
    return Extension.objects.filter(site=site).first()


def is_installed(site) -> bool:
    return Extension.objects.filter(site=site, status=ExtensionStatus.INSTALLED).exists()


def accepts_opt_ins(site) -> bool:
    """Whether visitors can sign up: the feature is installed and the PWA was rebuilt with it."""
    return is_installed(site) and serves_sms(site)


def install(site, *, by=None, now: datetime | None = None) -> Extension:
    """Install the feature: opens the wallet with the first free credits and asks for a sender number.

    Costs nothing. Raises PWARequired when the site has no PWA build. Installing twice changes nothing. Runs in its
    own transaction; the number is obtained by a task after the commit.
    """
    now = now or timezone.now()
    if current_build(site) is None:
        raise PWARequired()
    with transaction.atomic():
        extension, created = Extension.objects.get_or_create(
            site=site, defaults={"installed_at": now, "installed_by": by, **_plan(now)}
        )
        if not created and not extension.is_installed:
            _reinstall(extension, by=by, now=now)
        ledger.open_wallet(site, now=now)
        _ask_for_numbers(extension, now=now)
        wake("wagtail_sms.obtain_numbers")
    return extension


def uninstall(site, *, now: datetime | None = None) -> None:
    """Switch the feature off. Subscribers, credits, history and the number stay, and no free credits come meanwhile.

    Runs in its own transaction; uninstalling twice changes nothing.
    """
    now = now or timezone.now()
    with transaction.atomic():
        installed = Extension.objects.filter(site=site, status=ExtensionStatus.INSTALLED)
        if installed.update(status=ExtensionStatus.UNINSTALLED, uninstalled_at=now):
            ledger.rest_calendar(site, now=now)


def leave_trial(site, *, now: datetime | None = None) -> None:
    """Make the site a full one, with a number of its own. Runs in its own transaction."""
    now = now or timezone.now()
    with transaction.atomic():
        if Extension.objects.filter(site=site, plan=ExtensionPlan.TRIAL).update(plan=ExtensionPlan.FULL):
            _ask_for_numbers(extension_for(site), now=now)
            wake("wagtail_sms.obtain_numbers")


def end_trials(*, now: datetime | None = None) -> int:
    """Give every site whose trial is over a number of its own. Returns how many."""
    now = now or timezone.now()
    over = Extension.objects.filter(
        status=ExtensionStatus.INSTALLED, plan=ExtensionPlan.TRIAL, trial_until__lte=now
    ).select_related("site")
    for extension in over:
        leave_trial(extension.site, now=now)
    return len(over)


def providers_in_use() -> list[str]:
    """Aliases of the providers at which a site needs a number: the default one, and those that serve a country."""
    serving = set(CountryRate.objects.filter(card__is_current=True).values_list("provider", flat=True).distinct())
    return sorted(serving & app_settings.PROVIDERS.keys() | {"default"})


def request_missing_numbers(*, now: datetime | None = None) -> int:
    """Ask for what full sites lack since a price list brought another provider into use. Returns how many numbers."""
    full = Extension.objects.filter(status=ExtensionStatus.INSTALLED, plan=ExtensionPlan.FULL)
    sites = Site.objects.filter(pk__in=full.values("site"))
    return sum(request_missing(sites, provider=provider, now=now) for provider in providers_in_use())


def give_monthly_credits(*, now: datetime | None = None) -> None:
    """Give every installed site this month's free credits; they are also given at first use, and once in all."""
    for extension in Extension.objects.filter(status=ExtensionStatus.INSTALLED).select_related("site"):
        ledger.ensure_monthly_grant(extension.site, now=now or timezone.now())


def features_for(site) -> dict:
    """What a PWA build of this site is made with: the popup's texts and countries, or nothing when not installed."""
    if not is_installed(site):
        return {}
    chosen = SmsSettings.for_site(site)
    features = popup_features(chosen, [texts_of(chosen, language) for language in chosen.spoken])
    for language, texts in features["texts"].items():
        texts["consent_version"] = current_wording(site, language).version
    return {"sms": features}


def popup_features(chosen: SmsSettings, texts: list[SmsTexts]) -> dict:
    """What the popup says and when it comes, by settings and texts that need be neither saved nor valid."""
    countries = served_countries()
    return {
        "brand": chosen.brand or chosen.site.site_name,
        # In their order: what comes out of PostgreSQL has none of its own.
        "languages": [each.language for each in texts],
        "texts": {each.language: _popup_texts(each) for each in texts},
        "privacy_url": chosen.privacy_url,
        "default_country": chosen.default_country if chosen.default_country in countries else "",
        "countries": [[country, calling_code(country)] for country in countries],
        "after_actions": chosen.popup_after_actions,
        "after_seconds": chosen.popup_after_seconds,
        "from_visit": int(chosen.popup_from_visit),
        "audience": str(chosen.popup_audience),
        "never_on": chosen.never_on,
    }


def _popup_texts(texts: SmsTexts) -> dict:
    return {
        "title": texts.text("popup_title"),
        "text": texts.text("popup_text"),
        "accept": texts.text("accept_label"),
        "dismiss": texts.text("dismiss_label"),
        "consent": texts.text("consent_text"),
        "thanks": texts.text("thanks_text"),
    }


def _ask_for_numbers(extension: Extension, *, now: datetime) -> None:
    """Numbers of its own for a full site; one in trial texts from those that the operator shares."""
    for provider in providers_in_use():
        if extension.plan == ExtensionPlan.TRIAL:
            share(provider, now=now)
        else:
            request_number(extension.site, provider=provider, now=now)


def _plan(now: datetime) -> dict:
    if not app_settings.TRIAL_DAYS:
        return {"plan": ExtensionPlan.FULL}
    return {"plan": ExtensionPlan.TRIAL, "trial_until": now + timedelta(days=app_settings.TRIAL_DAYS)}


def _reinstall(extension: Extension, *, by, now: datetime) -> None:
    ledger.resume_calendar(extension.site, now=now)
    extension.status, extension.uninstalled_at = ExtensionStatus.INSTALLED, None
    extension.installed_at, extension.installed_by = now, by
    extension.save(update_fields=["status", "uninstalled_at", "installed_at", "installed_by"])
