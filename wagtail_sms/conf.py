"""The package's settings: the dict `WAGTAIL_SMS` of the host, read lazily, one typed property each."""

import difflib
import hashlib
import hmac
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


#: Their networks demand registered senders and replace or refuse others, so that an answer finds no way back.
NO_REPLY_COUNTRIES = "AE BY CN EG IN JO KW LK PH QA RU SA SG TH TR VN".split()


class AppSettings:
    """Reads `settings.WAGTAIL_SMS` at each use, so `override_settings` works; an unknown key is an error."""

    def _get(self, name: str, default):
        configured = getattr(settings, "WAGTAIL_SMS", {})
        self._refuse_unknown(configured)
        return configured.get(name, default)

    def _refuse_unknown(self, configured: dict) -> None:
        for key in configured.keys() - self.names():
            close = difflib.get_close_matches(key, self.names(), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ImproperlyConfigured(f"WAGTAIL_SMS: unknown setting {key!r}.{hint}")

    @classmethod
    @cache
    def names(cls) -> frozenset[str]:
        return frozenset(name for name in vars(cls) if name.isupper())

    @property
    def PROVIDERS(self) -> dict:
        """`{"default": {"BACKEND": dotted path, "OPTIONS": {...}}}`."""
        return self._get("PROVIDERS", {})

    @property
    def WEBHOOK_BASE_URL(self) -> str:
        """The public address of this installation as the provider sees it, without a slash at the end."""
        return self._get("WEBHOOK_BASE_URL", "").rstrip("/")

    @property
    def FREE_CREDITS_PER_MONTH(self) -> int:
        """Credits given to each site for the month of installation and for every month after it (UTC)."""
        return self._get("FREE_CREDITS_PER_MONTH", 500)

    @property
    def FREE_CREDITS_ROLL_OVER(self) -> bool:
        """Whether free credits outlive their month."""
        return self._get("FREE_CREDITS_ROLL_OVER", False)

    @property
    def PACKS(self) -> list[tuple[int, int]]:
        """What can be bought: pairs of credits and their price in the smallest unit of `PACK_CURRENCY`."""
        return self._get("PACKS", [(100, 100), (500, 500), (1000, 1000), (5000, 5000), (10000, 10000)])

    @property
    def PACK_CURRENCY(self) -> str:
        """ISO 4217 code."""
        return self._get("PACK_CURRENCY", "USD")

    @property
    def PAYMENTS(self) -> dict:
        """`{"default": {"BACKEND": dotted path, "OPTIONS": {...}}}`; without it credits can't be bought."""
        return self._get("PAYMENTS", {})

    @property
    def LARGEST_PRICE_CHANGE(self) -> int:
        """A price list in which a country costs this many times more or less than before is refused."""
        return self._get("LARGEST_PRICE_CHANGE", 10)

    @property
    def LOW_CREDITS(self) -> int:
        """Below this figure a site is told that its credits run low, unless its wallet has a figure of its own."""
        return self._get("LOW_CREDITS", 50)

    @property
    def REFUND_UNDELIVERED(self) -> bool:
        """Whether credits come back for a message that was accepted and then not delivered."""
        return self._get("REFUND_UNDELIVERED", False)

    @property
    def SENDER_COUNTRY(self) -> str:
        """ISO code of the country whose numbers sites get. Editors can't choose it."""
        return self._get("SENDER_COUNTRY", "US")

    @property
    def NO_REPLY_COUNTRIES(self) -> list[str]:
        """ISO codes of countries whose phones can't answer a number of another country: texts there carry a link."""
        return self._get("NO_REPLY_COUNTRIES", NO_REPLY_COUNTRIES)

    @property
    def OLD_NUMBER_LISTENS_DAYS(self) -> int:
        """Days that a replaced number still receives texts, so that a late STOP counts, before it is given back."""
        return self._get("OLD_NUMBER_LISTENS_DAYS", 30)

    @property
    def TRIAL_DAYS(self) -> int:
        """Days during which a newly installed site texts from `SHARED_NUMBER`; 0 means no trial."""
        return self._get("TRIAL_DAYS", 0)

    @property
    def SHARED_NUMBER(self) -> str | dict[str, str]:
        """The number (E.164) that the sites in trial share at the default provider, or `{alias: number}`."""
        return self._get("SHARED_NUMBER", "")

    @property
    def CELERY_QUEUE(self) -> str | None:
        """Queue for the package's tasks; None means the host's default queue."""
        return self._get("CELERY_QUEUE", None)

    @property
    def MAX_REQUESTS_PER_SECOND(self) -> int:
        """Requests per second to one provider account, by all workers together."""
        return self._get("MAX_REQUESTS_PER_SECOND", 20)

    @property
    def CONCURRENT_REQUESTS(self) -> int:
        """Requests a sending task has in flight at once."""
        return self._get("CONCURRENT_REQUESTS", 8)

    @property
    def SENDING_LANES(self) -> int:
        """Tasks that send campaigns through one provider at the same time. They share its MAX_REQUESTS_PER_SECOND."""
        return self._get("SENDING_LANES", 1)

    @property
    def PAUSE_AT_ERROR_SHARE(self) -> float:
        """Share of refused or uncertain recipients, of the last few hundred, at which a campaign pauses; 1 is never."""
        return self._get("PAUSE_AT_ERROR_SHARE", 0.5)

    @property
    def SILENCE_MINUTES(self) -> int:
        """Minutes after a text without any delivery report coming in that raise the alarm; 0 means never."""
        return self._get("SILENCE_MINUTES", 10)

    @property
    def REPORTS_KEPT_DAYS(self) -> int:
        """Days that delivery reports are kept as they came, after they were folded into the states."""
        return self._get("REPORTS_KEPT_DAYS", 30)

    @property
    def INBOX_KEPT_DAYS(self) -> int:
        """Days that incoming texts are kept; those that somebody still has to look at are kept until then."""
        return self._get("INBOX_KEPT_DAYS", 90)

    @property
    def UNREACHABLE_AFTER(self) -> int:
        """Texts in a row of which the network said that the number is no phone; then nobody texts it. 0 is never."""
        return self._get("UNREACHABLE_AFTER", 3)

    @property
    def JOURNAL_FOLDER(self) -> str:
        """Where sending tasks note what they are about to do; without it a private folder among the temporary files."""
        return self._get("JOURNAL_FOLDER", "")

    @property
    def LEASE_SECONDS(self) -> int:
        """How long a worker may hold a claimed batch or notice before it counts as uncertain."""
        return self._get("LEASE_SECONDS", 120)

    @property
    def RETRY_SECONDS(self) -> int:
        """First pause after the provider could not be reached; it doubles up to ten minutes."""
        return self._get("RETRY_SECONDS", 5)

    @property
    def MAX_SEGMENTS(self) -> int:
        """Longest message, in segments."""
        return self._get("MAX_SEGMENTS", 9)

    @property
    def NUMBER_PEPPERS(self) -> list[str]:
        """Secrets for the keyed hash of phone numbers, the current one first. Without them: from SECRET_KEY."""
        derived = hmac.new(settings.SECRET_KEY.encode(), b"wagtail_sms.numbers", hashlib.sha256).hexdigest()
        return self._get("NUMBER_PEPPERS", [derived])

    @property
    def OPT_IN_PER_NUMBER_PER_DAY(self) -> int:
        """Sign-ups of one number that are looked at per day."""
        return self._get("OPT_IN_PER_NUMBER_PER_DAY", 5)

    @property
    def OPT_IN_PER_ADDRESS_PER_HOUR(self) -> int:
        """Sign-ups from one address block (IPv4 /24, IPv6 /64) per hour."""
        return self._get("OPT_IN_PER_ADDRESS_PER_HOUR", 20)

    @property
    def OPT_IN_PER_SITE_PER_HOUR(self) -> int:
        """Sign-ups of one site per hour."""
        return self._get("OPT_IN_PER_SITE_PER_HOUR", 500)

    @property
    def TRUSTED_PROXIES(self) -> int:
        """Proxies of yours in front; a visitor's address is that many entries from the right in `X-Forwarded-For`."""
        return self._get("TRUSTED_PROXIES", 0)

    @property
    def WELCOME_CREDITS_PER_DAY(self) -> int:
        """Credits that welcome texts and codes of one site may cost per day; later welcome texts wait."""
        return self._get("WELCOME_CREDITS_PER_DAY", 500)

    @property
    def REPLY_ALLOWANCE_PER_DAY(self) -> int:
        """Replies of each kind (to STOP, START or HELP) that a site sends per day, without credits."""
        return self._get("REPLY_ALLOWANCE_PER_DAY", 500)

    @property
    def IMPORT_MAX_BYTES(self) -> int:
        """Largest file of subscribers that can be imported, in bytes."""
        return self._get("IMPORT_MAX_BYTES", 10_000_000)

    @property
    def IMPORT_MAX_ROWS(self) -> int:
        """Most rows of a file of subscribers."""
        return self._get("IMPORT_MAX_ROWS", 200_000)

    @property
    def PWA_BUILDS_KEPT(self) -> int:
        """PWA builds of a site that are kept."""
        return self._get("PWA_BUILDS_KEPT", 10)


app_settings = AppSettings()
