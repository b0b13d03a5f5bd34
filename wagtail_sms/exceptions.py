"""Every error the package raises on purpose.

One root, `WagtailSMSError`, whose message can be shown to a person. Configuration errors stay outside of it, so that
`except WagtailSMSError` never hides a mistake in the settings.
"""

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class WagtailSMSError(Exception):
    """The root. `message` is a translatable sentence for people."""

    message = _("Something went wrong with the text messages.")

    def __init__(self, message=None):
        if message is not None:
            self.message = message
        super().__init__(str(self.message))


class ExtensionNotInstalled(WagtailSMSError):
    message = _("SMS notifications are not installed on this site.")


class PWARequired(WagtailSMSError):
    message = _("SMS notifications work in the PWA version of a site, and this site has no PWA yet.")


class IllegalTransition(WagtailSMSError):
    """A state was asked for that can't be reached from the present one."""

    message = _("This can't be done in the present state.")


class CameBack(WagtailSMSError):
    """A text can't be treated as a STOP any more: what the person did later counts."""

    message = _("They signed up or texted START after this text, so it no longer counts.")


class SentForGood(WagtailSMSError):
    message = _("A message that was sent is history: it can't be changed or deleted.")


class LedgerError(WagtailSMSError):
    message = _("The credit ledger refused this operation.")


class InsufficientCredits(WagtailSMSError):
    """`needed`, `available` and `shortfall` are credits."""

    def __init__(self, *, needed: int, available: int):
        self.needed, self.available = needed, available
        super().__init__(
            ngettext(
                "%(shortfall)s credit is missing: this needs %(needed)s credits and %(available)s are left.",
                "%(shortfall)s credits are missing: this needs %(needed)s credits and %(available)s are left.",
                self.shortfall,
            )
            % {"shortfall": f"{self.shortfall:,}", "needed": f"{needed:,}", "available": f"{available:,}"}
        )

    @property
    def shortfall(self) -> int:
        return self.needed - self.available


class QuoteChanged(WagtailSMSError):
    """It is not what was confirmed: `current` is the quote to be confirmed anew, `confirmed` the old one."""

    def __init__(self, *, confirmed, current):
        self.confirmed, self.current = confirmed, current
        changed = _("The cost changed since you saw it: from %(before)s credits to %(now)s. Please confirm it again.")
        if confirmed.credits == current.credits:
            changed = _("The prices changed since you saw them; the total is still %(now)s credits. Please confirm it.")
        if confirmed.digest != current.digest:
            changed = _("This is not the message whose cost you saw. It costs %(now)s credits. Please confirm it.")
        super().__init__(changed % {"before": f"{confirmed.credits:,}", "now": f"{current.credits:,}"})


class MessageRefused(WagtailSMSError):
    """The text of a message can't be sent as it is. `code` is empty, too_long or control_characters."""

    def __init__(self, message, *, code: str):
        self.code = code
        super().__init__(message)


class DraftChanged(WagtailSMSError):
    """Somebody else kept another text since the editor opened it; `campaign` has theirs. Nothing was overwritten."""

    message = _("This draft was changed while you were writing.")

    def __init__(self, campaign):
        self.campaign = campaign
        super().__init__()


class NameTaken(WagtailSMSError):
    message = _("There is a template of this name already. Choose another name, or delete the old one first.")


class RefusedTest(WagtailSMSError):
    """A test message to this phone, or by this user, is not sent."""


class NobodyToText(WagtailSMSError):
    message = _("Nobody would receive this message: no subscriber can be texted at the moment.")


class AlreadySent(WagtailSMSError):
    """The same text went to the same site's people within a day; `campaign` is the one that did it."""

    message = _("This very message was sent already.")

    def __init__(self, campaign):
        self.campaign = campaign
        super().__init__()


class NoSenderNumber(WagtailSMSError):
    message = _("This site has no sender number yet. It is being obtained; please try again in a few minutes.")


class NumberError(WagtailSMSError):
    """A phone number that can't be used. `code` names the reason for programs."""

    code = "number"


class NotANumber(NumberError):
    code = "not_a_number"
    message = _("Enter a phone number, using digits only.")


class UnknownCountry(NumberError):
    code = "unknown_country"
    message = _("We can't tell which country this number belongs to. Choose the country and type the number again.")


class InvalidNumber(NumberError):
    code = "invalid"
    message = _("This is not a valid phone number in the chosen country. Check the number of digits.")


class CannotReceiveTexts(NumberError):
    code = "no_texts"
    message = _("This kind of number can't receive text messages. Enter a mobile number.")


class CountryNotServed(NumberError):
    """No price is known for the country, so nothing is sent there: an unknown price is never free."""

    code = "country_not_served"
    message = _("We can't send text messages to this country yet.")

    def __init__(self, country: str = ""):
        self.country = country
        super().__init__()


class ImportRefused(WagtailSMSError):
    """A file of numbers that can't be read, or is too large; the message says what to do."""


class OptInRefused(WagtailSMSError):
    """The public form turned a sign-up away to protect the site. `code` is for programs and tests."""

    message = _("We can't add this number right now. Please try again later.")

    def __init__(self, code: str):
        self.code = code
        super().__init__()


class CodeRefused(WagtailSMSError):
    """A confirmation code was not taken or sent. `code` says why: wrong, tries, expired, soon, over, unpaid."""

    message = _("This code was not accepted.")

    def __init__(self, code: str):
        self.code = code
        super().__init__()


class BuildRefused(WagtailSMSError):
    """A PWA build failed its checks; `problems` says each in a sentence and nothing was published."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__(" ".join(str(problem) for problem in problems))


class ProviderError(WagtailSMSError):
    message = _("The SMS provider answered with an error.")


class ProviderUnavailable(ProviderError):
    """Nothing at all was sent. `retry_after` is in seconds, or None when the provider did not say."""

    message = _("The SMS provider can't be reached.")

    def __init__(self, message=None, *, retry_after: float | None = None):
        self.retry_after = retry_after
        super().__init__(message)


class ProviderOutOfFunds(ProviderError):
    """Nothing was sent: the operator's account at the provider is empty."""

    message = _("The operator's account at the SMS provider has run out of money.")


class PriceListRefused(ProviderError):
    """A price list that must not become the rate card as it is; `problems` says each reason in a sentence."""

    def __init__(self, problems: list[str], *, price_list=None):
        self.problems, self.price_list = problems, price_list
        super().__init__(" ".join([*problems, str(_("The old rate card stays in force."))]))


class PriceFileRefused(WagtailSMSError):
    """A file of prices that can't be read; nothing of it counts. `problems` has a sentence per line of the file."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__(" ".join(problems))


class PriceRuleRefused(WagtailSMSError):
    """A rule of the operator that makes no sense; the message says why."""


class DecisionRefused(WagtailSMSError):
    message = _("Say why you decide so, in at most 255 characters.")


class DoubtChanged(WagtailSMSError):
    """More or other texts wait for a decision than the person saw; `current` is the doubt as it is now."""

    message = _("This changed since you looked. Look at the figures again.")

    def __init__(self, current):
        self.current = current
        super().__init__()


class NumberUnavailable(ProviderError):
    message = _("The SMS provider has no number to offer.")


class NumberNeedsPaperwork(NumberUnavailable):
    """`conditions` are the provider's own words for what it wants to see."""

    def __init__(self, *, country: str, conditions: str):
        self.country, self.conditions = country, conditions
        message = _(
            "The SMS provider sells numbers of %(country)s only with papers (%(conditions)s). Order one by hand."
        )
        super().__init__(message % {"country": country, "conditions": conditions or _("not said which")})


class ProviderConfigurationError(ImproperlyConfigured):
    """Nothing was sent: the settings, the key or the sender are wrong. Only the operator can mend it."""


class PurchaseRefused(WagtailSMSError):
    """Credits that can't be ordered like this: a pack that is not offered, too many of it, another order's token."""

    message = _("This can't be bought.")


class PaymentError(WagtailSMSError):
    message = _("The payment company answered with an error.")


class PaymentUnavailable(PaymentError):
    """Nobody can tell at the moment; it may work later, with the same purchase."""

    message = _("The payment company can't be reached at the moment. Please try again in a few minutes.")


class PaymentRefused(PaymentError):
    """The payment company won't take this order, however often it is asked. `code` is its own word for why."""

    message = _("The payment company did not accept this order. Nothing was charged.")

    def __init__(self, message=None, *, code: str = ""):
        self.code = code
        super().__init__(message)


class WebhookRejected(SuspiciousOperation):
    """A webhook without a valid signature. Django answers 400 and stores nothing."""
