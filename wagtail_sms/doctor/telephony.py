"""The telephone side: providers, what they report, numbers, prices."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import heartbeat, inbox, strange
from wagtail_sms.delivery.silence import silence_of
from wagtail_sms.doctor.findings import Finding, ago, count, error, fine, span, warning
from wagtail_sms.exceptions import ProviderError
from wagtail_sms.extension import Extension, providers_in_use
from wagtail_sms.number_requests import open_requests
from wagtail_sms.pricing.making import current_card, list_in_use
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import ExtensionStatus, SenderStatus, StrangeKind


PRICES_ARE_OLD = timedelta(days=3)


def provider(alias: str) -> Iterator[Finding]:
    """One question: the balance, which needs the key."""
    subject = f"Provider {alias}"
    try:
        left = get_provider(alias).balance()
    except ImproperlyConfigured as problem:
        yield error(subject, str(problem), "Only you can mend it, in WAGTAIL_SMS['PROVIDERS'].")
    except ProviderError as problem:
        yield error(subject, str(problem.message), "If it lasts, look at the provider's status page and your firewall.")
    else:
        if _is_empty(left):
            yield error(subject, f"The account is empty ({left}): every text is refused.", "Top it up.")
        else:
            yield fine(subject, f"The key works; left in the account: {left or 'it does not say'}.")


def _is_empty(left: str) -> bool:
    try:
        return float(left.split()[0]) <= 0
    except (IndexError, ValueError):
        return False


def webhooks(alias: str, now: datetime) -> Iterator[Finding]:
    """What came in last, and whether more should have."""
    subject = f"Webhooks of {alias}"
    report, text = heartbeat.last(heartbeat.REPORTS % alias), heartbeat.last(heartbeat.INBOUND % alias)
    heard = f"Last delivery report {ago(report, now)}" if report else "No delivery report ever came in"
    heard += f", last text from somebody {ago(text, now)}." if text else ", nor any text from somebody."
    silence = silence_of(alias, now=now)
    if silence is None:
        patience = span(timedelta(minutes=app_settings.SILENCE_MINUTES))
        yield fine(subject, f"{heard} No text has waited {patience} for its report.")
        return
    pulls = "Statuses are asked for meanwhile." if _can_read(alias) else "This provider can't be asked instead."
    yield error(
        subject,
        f"{heard} A text went out {ago(silence.since, now)} and nothing was heard since. {pulls}",
        "Somebody's STOP may be lost. See whether the provider paused the webhook, or a firewall, a login or a changed "
        "SIGNING_KEY keeps it out; then text STOP to your number and look here again.",
    )


def strays(now: datetime) -> Iterator[Finding]:
    """Texts that are in no site's inbox."""
    found = inbox.strays()
    if latest := found.first():
        yield warning(
            "Texts",
            f"{count(found.count(), 'text')} came to a number that no site has, last {ago(latest.received_at, now)} to "
            f"{latest.recipient or 'a number that was not told'}.",
            "Read them under Settings > SMS numbers. If the number is yours, a site may have lost its own.",
        )


def words(alias: str, now: datetime) -> Iterator[Finding]:
    """What it says that this version does not know."""
    for heard in strange.lately(now=now).filter(provider=alias):
        what = "a text's status" if heard.kind == StrangeKind.STATUS else "an event"
        yield warning(
            f"Words of {alias}",
            f"It named {what} “{heard.word}”, {count(heard.times, 'time')}, last {ago(heard.last_at, now)}. "
            "This version does not know the word: it is kept, and nothing is done about it.",
            "See whether a newer version of wagtail-sms knows it; if not, tell its authors.",
        )


def _can_read(alias: str) -> bool:
    try:
        return get_provider(alias).supports_read
    except ImproperlyConfigured:
        return False


def numbers(now: datetime) -> Iterator[Finding]:
    installed = Extension.objects.filter(status=ExtensionStatus.INSTALLED).select_related("site").order_by("pk")
    missing = [
        (one.site, alias) for one in installed for alias in providers_in_use() if not sender_for(one.site, alias)
    ]
    for site, alias in missing:
        wanted = SenderNumber.objects.filter(site=site, provider=alias, status=SenderStatus.REQUESTED).first()
        problem = (
            wanted.problem if wanted and wanted.problem else "It is being obtained." if wanted else "Nobody asked."
        )
        yield error(
            "Numbers",
            f"{site.site_name or site} has no number at {alias}: {problem}",
            "See Settings > SMS numbers." if wanted else "State SHARED_NUMBER for sites in trial, or end the trial.",
        )
    overdue = SenderNumber.objects.filter(status=SenderStatus.LISTENING, release_at__lte=now).exclude(problem="")
    for sender in overdue:
        yield warning("Numbers", f"{sender.number} can't be given back, and is paid for: {sender.problem}")
    if not missing:
        yield fine("Numbers", f"{count(len(installed), 'installed site')}, each with a number to text from.")
    if waiting := open_requests().count():
        yield warning(
            "Numbers",
            f"{count(waiting, 'request')} for a number of another country waiting for you.",
            "Answer under Settings > SMS numbers.",
        )


def prices(now: datetime) -> Iterator[Finding]:
    card = current_card()
    if card is None:
        yield error("Prices", "There is no rate card: nothing can be sent.", "Run manage.py sms_refresh_prices.")
        return
    for alias in app_settings.PROVIDERS:
        known = list_in_use(alias)
        if known is None:
            yield warning("Prices", f"No price list of {alias}.", "Run manage.py sms_refresh_prices, or upload a file.")
        elif now - known.seen_at > PRICES_ARE_OLD and known.source == "api":
            yield warning(
                "Prices",
                f"The prices of {alias} were confirmed last {ago(known.seen_at, now)}; it should be every hour.",
                "Run manage.py sms_refresh_prices and read what it says.",
            )
        else:
            yield fine("Prices", f"The prices of {alias} were confirmed {ago(known.seen_at, now)}.")
