"""Why texts did not arrive: what a delivery keeps of its report, and what that means in words."""

from django.core.exceptions import ImproperlyConfigured

from wagtail_sms.conf import app_settings
from wagtail_sms.providers import get_provider
from wagtail_sms.states import DeliveryStatus, FailureKind


FAILED = (DeliveryStatus.UNDELIVERED, DeliveryStatus.EXPIRED, DeliveryStatus.REJECTED)
# Of these the provider took nothing, or the network gave up: what no code explains, the state does.
BY_STATE = {DeliveryStatus.EXPIRED: FailureKind.OUT_OF_REACH, DeliveryStatus.REJECTED: FailureKind.REFUSED}


def kind_of(provider: str, status: int, reason: str) -> FailureKind:
    """What the reason that a delivery of this status keeps means, where the batch went through this provider."""
    try:
        named = get_provider(provider)
    except ImproperlyConfigured:
        return FailureKind.UNKNOWN if reason else FailureKind.UNEXPLAINED
    if reason in named.opted_out_codes:
        return FailureKind.OPTED_OUT
    if reason in named.bad_number_codes:
        return FailureKind.NO_SUCH_NUMBER
    # A refused request has codes of its own, which no report has: what they say is for the operator.
    if status == DeliveryStatus.REJECTED:
        return FailureKind.REFUSED
    if reason:
        return named.failure_kinds.get(reason, FailureKind.UNKNOWN)
    return BY_STATE.get(DeliveryStatus(status), FailureKind.UNEXPLAINED)


def reason(alias: str) -> tuple[str, list[str]]:
    """SQL for what a delivery keeps of the report `alias`, with its parameters: the code, or words that we know.

    Words that nobody knows are not kept: they may hold anything, also a number.
    """
    known = sorted(set().union(*(_known(provider) for provider in app_settings.PROVIDERS)))
    if not known:
        return f"{alias}.error_code", []
    listed = ", ".join(["%s"] * len(known))
    sql = f"""
        CASE WHEN {alias}.error_code NOT IN ({listed}) AND LOWER({alias}.error_text) IN ({listed})
             THEN LOWER({alias}.error_text) ELSE {alias}.error_code END
    """
    return sql, [*known, *known]


def _known(provider: str) -> set[str]:
    try:
        named = get_provider(provider)
    except ImproperlyConfigured:
        return set()
    return {*named.opted_out_codes, *named.bad_number_codes, *named.failure_kinds}
