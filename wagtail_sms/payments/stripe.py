"""Stripe Checkout, through Stripe's official `stripe` package (`pip install wagtail-sms[stripe]`)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import EmailValidator
from django.http import HttpRequest

from wagtail_sms.exceptions import PaymentRefused, PaymentUnavailable
from wagtail_sms.payments import stripe_events as events
from wagtail_sms.payments.base import Checkout, Order, PaymentEvent, PaymentMethod


logger = logging.getLogger("wagtail_sms")

MISSING = "the package 'stripe' is not installed. Run: pip install 'wagtail-sms[stripe]'"
NO_KEY = "SECRET_KEY is empty. Copy the secret key from Developers > API keys in the Stripe dashboard."
PUBLIC_KEY = "SECRET_KEY starts with 'pk_': that is the publishable key. Copy the secret or a restricted one."
NO_WEBHOOK_SECRETS = (
    "WEBHOOK_SECRETS is empty, so every notice of a payment would be refused. Copy the signing secret ('whsec_...') of "
    "the webhook endpoint from the Stripe dashboard."
)
TEST_KEY = "SECRET_KEY is a test key: credits are given for cards that are never charged."


class StripeCheckout(PaymentMethod):
    """Stripe's own payment page. Our reference is the idempotency key, so that an order has one page for good."""

    default_options = {
        "SECRET_KEY": "",
        "WEBHOOK_SECRETS": [],  # or one as a string; several while one is being replaced by another
        "API_BASE": "https://api.stripe.com",
        "TIMEOUT": (5, 10),  # seconds to connect and to wait for the answer; both may pass twice
    }

    def start(self, order: Order) -> Checkout:
        with self._asking() as api:
            if order.external_id:
                session = api.retrieve(order.external_id).to_dict()
            else:
                options = {"idempotency_key": order.reference}
                session = api.create(params=_page(order), options=options).to_dict()
        if not session.get("url"):
            raise PaymentRefused
        return Checkout(session["url"], session["id"])

    def fetch(self, external_id: str) -> PaymentEvent | None:
        session = self._find("sessions", external_id, expand=["payment_intent.latest_charge"])
        return None if session is None else events.of_session(session)

    def close_page(self, external_id: str) -> None:
        try:
            with self._asking() as api:
                api.expire(external_id)
        except PaymentRefused:
            pass  # paid, expired or unknown: what it is, `fetch` tells

    def parse_event(self, request: HttpRequest) -> PaymentEvent | None:
        self._stripe()
        content = events.verified(request, self._webhook_secrets)
        if content.get("livemode") is not self._live:
            logger.warning("%r ignored an event of Stripe's %s mode.", self, "test" if self._live else "live")
            return None
        return events.parse(content, look_up=self._find)

    def check(self) -> list[CheckMessage]:
        return [message for message in (self._check_package(), self._check_key(), self._check_secrets()) if message]

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._http.close()

    def _find(self, kind: str, external_id: str, *, expand: list[str] | None = None) -> dict[str, Any] | None:
        """One of Stripe's objects as plain values; None for one that it doesn't know."""
        try:
            with self._asking(kind) as api:
                return api.retrieve(external_id, params={"expand": expand or []}).to_dict()
        except PaymentRefused as error:
            if error.code == "resource_missing":
                return None
            raise PaymentUnavailable from None

    @contextmanager
    def _asking(self, kind: str = "sessions") -> Iterator[Any]:
        """The part of the API called `kind`. What goes wrong in the block becomes one of our errors, without keys."""
        stripe, client = self._stripe(), self._client
        services = {
            "sessions": client.v1.checkout.sessions,
            "payment_intents": client.v1.payment_intents,
            "disputes": client.v1.disputes,
        }
        try:
            yield services[kind]
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            self._log(logging.ERROR, error)
            raise PaymentRefused(code=error.code or "") from None
        # The order was sent before with other details, such as another host's addresses, and its answer lost: the page
        # is there, and whoever asks for it as the first time gets it.
        except (stripe.AuthenticationError, stripe.PermissionError, stripe.IdempotencyError) as error:
            self._log(logging.ERROR, error)
            raise PaymentUnavailable from None
        except stripe.StripeError as error:
            self._log(logging.WARNING, error)
            raise PaymentUnavailable from None

    def _log(self, level: int, error: Any) -> None:
        words = str(error).replace(self.options["SECRET_KEY"], "[key]")
        logger.log(level, "%r: %s %s: %s", self, type(error).__name__, error.http_status or "", words)

    def _stripe(self) -> Any:
        try:
            import stripe
        except ImportError as error:
            raise self._misconfigured(MISSING) from error
        return stripe

    @cached_property
    def _client(self) -> Any:
        if problem := self._key_problem():
            raise self._misconfigured(problem)
        return self._stripe().StripeClient(
            self.options["SECRET_KEY"],
            base_addresses={"api": self.options["API_BASE"].rstrip("/")},
            http_client=self._http,
            max_network_retries=1,
        )

    @cached_property
    def _http(self) -> Any:
        from requests import Session

        session = Session()
        # Without a rule of its own, requests would let a ~/.netrc replace the key.
        session.auth = _as_it_is
        timeout = self.options["TIMEOUT"]
        return self._stripe().RequestsClient(
            timeout=tuple(timeout) if isinstance(timeout, list) else timeout, session=session
        )

    @property
    def _webhook_secrets(self) -> list[str]:
        secrets = self.options["WEBHOOK_SECRETS"]
        return [secret for secret in ([secrets] if isinstance(secrets, str) else secrets) if secret]

    @property
    def _live(self) -> bool:
        return "_live_" in self.options["SECRET_KEY"][:8]

    def _key_problem(self) -> str:
        key = self.options["SECRET_KEY"]
        return PUBLIC_KEY if key.startswith("pk_") else NO_KEY if not key else ""

    def _misconfigured(self, problem: str) -> ImproperlyConfigured:
        return ImproperlyConfigured(self._says(problem))

    def _says(self, problem: str) -> str:
        return f"WAGTAIL_SMS['PAYMENTS'][{self.alias!r}]: {problem}"

    def _check_package(self) -> CheckMessage | None:
        try:
            self._stripe()
        except ImproperlyConfigured as error:
            return Error(str(error), id="wagtail_sms.E203")
        return None

    def _check_key(self) -> CheckMessage | None:
        if problem := self._key_problem():
            return Error(self._says(problem), id="wagtail_sms.E201")
        if not self._live and not settings.DEBUG:
            return Warning(self._says(TEST_KEY), id="wagtail_sms.W201")
        return None

    def _check_secrets(self) -> CheckMessage | None:
        return None if self._webhook_secrets else Error(self._says(NO_WEBHOOK_SECRETS), id="wagtail_sms.E202")


def _page(order: Order) -> dict[str, Any]:
    """The parameters of a checkout session. The reference is in both metadata: charges know their payment only."""
    email = _usable(order.email)
    return {
        "mode": "payment",
        "line_items": [
            {
                "quantity": order.quantity,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": order.unit_cents,
                    "product_data": {"name": order.description},
                },
            }
        ],
        "client_reference_id": order.reference,
        "metadata": {events.REFERENCE: order.reference},
        "payment_intent_data": {
            "description": order.description,
            "metadata": {events.REFERENCE: order.reference},
            **({"receipt_email": email} if email else {}),
        },
        **({"customer_email": email} if email else {}),
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "expires_at": int(order.expires_at.timestamp()),
        # The price on the page is the price we compare with, not its value in the buyer's own currency.
        "adaptive_pricing": {"enabled": False},
    }


def _usable(email: str) -> str:
    """The address if Stripe will take it: an editor named root@localhost can buy credits too."""
    try:
        EmailValidator(allowlist=[])(email)
    except ValidationError:
        return ""
    return email


def _as_it_is(request: Any) -> Any:
    return request
