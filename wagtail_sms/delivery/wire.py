"""The request itself: a pool of threads over one keep-alive client. The threads never touch the database."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Lock

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import OutboundBatch, Outcome, SendResult


logger = logging.getLogger("wagtail_sms")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request to be made for the row `key`, not after `deadline` (monotonic seconds)."""

    key: int
    batch: OutboundBatch
    deadline: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a result per recipient, or the error that says that nothing at all was sent."""

    key: int
    results: list[SendResult] = field(default_factory=list)
    refused: Exception | None = None


class Pace:
    """Spaces requests so that no more than `per_second` start in a second."""

    def __init__(self, per_second: float):
        self._gap, self._next, self._lock = 1 / per_second, 0.0, Lock()

    def wait(self) -> None:
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + self._gap
        time.sleep(max(0.0, start - time.monotonic()))


class LeaseTooOld(ProviderError):
    """The request was not made: its lease is about to end, so another may soon take the row for uncertain."""


def deadline() -> float:
    """The last moment (monotonic) at which a request may start under a lease taken now."""
    return time.monotonic() + app_settings.LEASE_SECONDS / 2


def _uncertain(parcel: Parcel, error: Exception) -> list[SendResult]:
    text = type(error).__name__
    return [SendResult(number, Outcome.UNCERTAIN, error_text=text) for number in parcel.batch.recipients]


def send(parcels: list[Parcel], *, provider: str, pace: Pace) -> Iterator[Answer]:
    """Make the requests concurrently; answers come as they arrive. After a first refusal the rest is not tried."""
    client, stopped = get_provider(provider), []

    def make(parcel: Parcel) -> Answer:
        pace.wait()
        if stopped:
            return Answer(parcel.key, refused=stopped[0])
        if time.monotonic() > parcel.deadline:
            return Answer(parcel.key, refused=LeaseTooOld())
        try:
            return Answer(parcel.key, results=client.send(parcel.batch))
        except (ProviderError, ProviderConfigurationError) as error:
            stopped.append(error)
            return Answer(parcel.key, refused=error)
        except Exception as error:
            logger.exception("The provider raised an error of its own; the outcome is uncertain.")
            return Answer(parcel.key, results=_uncertain(parcel, error))

    with ThreadPoolExecutor(max_workers=app_settings.CONCURRENT_REQUESTS) as pool:
        for future in as_completed([pool.submit(make, parcel) for parcel in parcels]):
            yield future.result()
