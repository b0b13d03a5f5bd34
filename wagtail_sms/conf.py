"""The package's settings: the dict `WAGTAIL_SMS` of the host, read lazily, one typed property each."""

import difflib
import hashlib
import hmac

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


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
    def names(cls) -> set[str]:
        return {name for name in vars(cls) if name.isupper()}

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
    def CREDITS_PER_PACK(self) -> int:
        """Credits in one pack."""
        return self._get("CREDITS_PER_PACK", 100)

    @property
    def PACK_PRICE_CENTS(self) -> int:
        """Price of one pack in the smallest unit of `PACK_CURRENCY`."""
        return self._get("PACK_PRICE_CENTS", 100)

    @property
    def PACK_CURRENCY(self) -> str:
        """ISO 4217 code."""
        return self._get("PACK_CURRENCY", "USD")

    @property
    def LOW_CREDITS(self) -> int:
        """`credits_low` is sent when a site's credits fall below this figure."""
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
    def TRIAL_DAYS(self) -> int:
        """Days during which a newly installed site texts from `SHARED_NUMBER`; 0 means no trial."""
        return self._get("TRIAL_DAYS", 0)

    @property
    def SHARED_NUMBER(self) -> str:
        """The number (E.164) that the sites in trial share."""
        return self._get("SHARED_NUMBER", "")

    @property
    def CELERY_QUEUE(self) -> str | None:
        """Queue for the package's tasks; None means the host's default queue."""
        return self._get("CELERY_QUEUE", None)

    @property
    def MAX_REQUESTS_PER_SECOND(self) -> int:
        """Requests a sending worker makes to the provider per second."""
        return self._get("MAX_REQUESTS_PER_SECOND", 20)

    @property
    def CONCURRENT_REQUESTS(self) -> int:
        """Requests a sending worker has in flight at once."""
        return self._get("CONCURRENT_REQUESTS", 8)

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
        """Credits that welcome texts of one site may cost per day; later ones wait."""
        return self._get("WELCOME_CREDITS_PER_DAY", 500)

    @property
    def REPLY_ALLOWANCE_PER_DAY(self) -> int:
        """Replies to STOP, START and HELP that a site sends per day without credits."""
        return self._get("REPLY_ALLOWANCE_PER_DAY", 500)

    @property
    def PWA_BUILDS_KEPT(self) -> int:
        """PWA builds of a site that are kept."""
        return self._get("PWA_BUILDS_KEPT", 10)


app_settings = AppSettings()
