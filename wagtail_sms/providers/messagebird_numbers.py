"""MessageBird's numbers API. Buying has no idempotency, so nothing here repeats it."""

from decimal import Decimal, InvalidOperation
from typing import Any

from wagtail_sms.exceptions import NumberNeedsPaperwork, NumberUnavailable, ProviderError, ProviderUnavailable
from wagtail_sms.providers.base import AvailableNumber, OwnedNumber
from wagtail_sms.providers.messagebird_errors import ask, translated
from wagtail_sms.providers.messagebird_http import Api
from wagtail_sms.providers.messagebird_sending import digits


def find(api: Api, country: str) -> AvailableNumber | None:
    """The first number for texts in both directions that needs no paperwork; NumberNeedsPaperwork if all do."""
    path, params = f"available-phone-numbers/{country}", {"features": "sms", "prices": "true", "limit": 20}
    answer = ask(api, path, params | {"exclude_numbers_require_verification": "true"}) or {}
    found = next((number for item in _items(answer) if (number := _available(item, country))), None)
    if found is None:
        _explain(_items(answer) or _items(ask(api, path, params) or {}), country)
    return found


def _explain(items: list[dict[str, Any]], country: str) -> None:
    for item in items:
        if item.get("verificationRequired"):
            conditions = item.get("conditions") if isinstance(item.get("conditions"), list) else []
            raise NumberNeedsPaperwork(country=country, conditions="; ".join(map(str, conditions)))


def is_for_sale(api: Api, number: str, country: str) -> bool:
    """Whether a search for this very number finds it."""
    params = {"features": "sms", "number": digits(number), "search_pattern": "anywhere", "limit": 20}
    answer = ask(api, f"available-phone-numbers/{country}", params) or {}
    return any(digits(str(item.get("number"))) == digits(number) for item in _items(answer))


def buy(api: Api, number: str, country: str) -> OwnedNumber:
    """Buy for a month at a time. After a lost answer it asks whether the number is ours now."""
    params = {"number": digits(number), "countryCode": country, "billingIntervalMonths": 1}
    try:
        answer = translated(lambda: api.call("phone-numbers", "POST", params), lost=_BuyingUnknown)
    except _BuyingUnknown as unknown:
        bought = owned(api, number)
        if bought is None:
            raise ProviderError("It is not known whether the number was bought.") from unknown
        return bought
    if answer is None:
        raise NumberUnavailable()
    return _owned(answer, number)


def owned(api: Api, number: str) -> OwnedNumber | None:
    answer = ask(api, f"phone-numbers/{digits(number)}")
    return None if answer is None else _owned(answer, number)


def release(api: Api, number: str) -> None:
    path = f"phone-numbers/{digits(number)}"
    translated(lambda: api.call(path, "DELETE"), lost=ProviderUnavailable)


class _BuyingUnknown(ProviderError):
    pass


def _items(answer: dict[str, Any]) -> list[dict[str, Any]]:
    items = answer.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _available(item: dict[str, Any], country: str) -> AvailableNumber | None:
    features = tuple(item.get("features") or ())
    if "sms" not in features or item.get("verificationRequired") or not item.get("number"):
        return None
    return AvailableNumber(
        "+" + digits(str(item["number"])),
        str(item.get("country") or country),
        features,
        False,
        _amount(item.get("monthlyPrice")),
        str(item.get("currency") or ""),
    )


def _owned(item: dict[str, Any], number: str) -> OwnedNumber:
    return OwnedNumber(
        "+" + digits(str(item.get("number") or number)),
        str(item.get("country") or ""),
        str(item.get("status") or "active"),
    )


def _amount(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
