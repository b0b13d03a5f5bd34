"""MessageBird's refusals in our words: whose problem is it?

The codes decide, not the status: the same error was seen with 400 and with 422.
"""

from collections.abc import Callable
from typing import Any

from wagtail_sms.exceptions import (
    NumberUnavailable,
    ProviderConfigurationError,
    ProviderError,
    ProviderOutOfFunds,
    ProviderUnavailable,
)
from wagtail_sms.providers.answers import AnswerLost, NothingSent
from wagtail_sms.providers.messagebird_http import Api, Refused


WRONG_KEY = 2
OUT_OF_MONEY = 25
NO_SUCH_ENDPOINT = 98
#: Statuses that are about the account or the address, whatever the body says.
OPERATOR_STATUSES = {401, 402, 403, 404, 405}


def stops_everything(failure: Refused) -> bool:
    """Whether the refusal is about the account, the key, the address or the sender, not about a recipient."""
    return (
        300 <= failure.status < 400
        or failure.status in OPERATOR_STATUSES
        or bool(failure.codes & {WRONG_KEY, OUT_OF_MONEY, NO_SUCH_ENDPOINT})
        or "originator" in failure.parameters
    )


def operator_error(failure: Refused) -> Exception:
    """The error to raise for a refusal that only the operator can do something about."""
    if failure.status == 402 or OUT_OF_MONEY in failure.codes:
        return ProviderOutOfFunds()
    if "originator" in failure.parameters:
        return ProviderConfigurationError(f"MessageBird refuses the sender: {failure.text}")
    if failure.status in (401, 403) or WRONG_KEY in failure.codes:
        return ProviderConfigurationError(f"MessageBird refuses the ACCESS_KEY: {failure.text}")
    return ProviderConfigurationError(
        f"MessageBird answered {failure.status}; check the addresses in the options. {failure.text}"
    )


def ask(api: Api, path: str, params: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Read something; None if it isn't there. A read may be repeated, so a lost answer is no harm."""
    return translated(lambda: api.call(path, "GET", params), lost=ProviderUnavailable)


def translated(call: Callable[[], dict[str, Any]], *, lost: type[ProviderError]) -> dict[str, Any] | None:
    """The call's answer, None for "not found", `lost` when the answer got lost, or the operator's error."""
    try:
        return call()
    except NothingSent as failure:
        raise ProviderUnavailable(retry_after=failure.retry_after) from failure
    except AnswerLost as failure:
        raise lost() from failure
    except Refused as failure:
        if failure.status == 404 and failure.errors and NO_SUCH_ENDPOINT not in failure.codes:
            return None
        if stops_everything(failure):
            raise operator_error(failure) from failure
        raise NumberUnavailable() from failure
