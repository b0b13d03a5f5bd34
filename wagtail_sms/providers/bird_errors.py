"""Bird's refusals in our words: whose problem is it?"""

from typing import Any

from wagtail_sms.exceptions import (
    ProviderConfigurationError,
    ProviderError,
    ProviderOutOfFunds,
    ProviderUnavailable,
)
from wagtail_sms.providers.answers import AnswerLost, NothingSent
from wagtail_sms.providers.bird_http import Api, Refused


SENDER_NAMES = {"SMSSenderNotConfigured", "SMSNoEligibleSender"}
#: Statuses that are about the account or the address, whatever the body says.
OPERATOR_STATUSES = {401, 402, 403, 404, 405, 421}


def stops_everything(failure: Refused) -> bool:
    """Whether the refusal is about the account, the key, the address or the sender, not about a recipient."""
    return 300 <= failure.status < 400 or failure.status in OPERATOR_STATUSES or _is_about_the_sender(failure)


def operator_error(failure: Refused) -> Exception:
    """The error to raise for a refusal that only the operator can do something about."""
    if failure.status == 402:
        return ProviderOutOfFunds()
    if _is_about_the_sender(failure):
        return ProviderConfigurationError(f"Bird refuses the sender: {failure.text}")
    if failure.status in (401, 403):
        return ProviderConfigurationError(f"Bird refuses the API_KEY: {failure.text}")
    return ProviderConfigurationError(f"Bird answered {failure.status}; check the option API_URL. {failure.text}")


def ask(api: Api, path: str, params: dict[str, Any]) -> dict[str, Any]:
    """Read something. A read may be repeated, so a lost answer is no harm."""
    try:
        return api.get(path, params)
    except NothingSent as failure:
        raise ProviderUnavailable(retry_after=failure.retry_after) from failure
    except AnswerLost as failure:
        raise ProviderUnavailable() from failure
    except Refused as failure:
        if stops_everything(failure):
            raise operator_error(failure) from failure
        raise ProviderError(f"Bird refuses the question: {failure.text}") from failure


def _is_about_the_sender(failure: Refused) -> bool:
    fields = {param.rpartition(".")[2] for param in failure.params}
    return failure.name in SENDER_NAMES or "from" in fields
