"""The request itself: a pool of threads over one keep-alive client. The threads never touch the database."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

from django.core.exceptions import ImproperlyConfigured

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import OutboundBatch, Outcome, SendResult


logger = logging.getLogger("wagtail_sms")

# How often whoever sends says that it is still there, also while no answer comes.
BEAT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request to be made for the row `key` at `start`, not after `deadline` (both in monotonic seconds).

    After `latest` its turn is over: a process that stood still for a while would make all at once what is overdue.
    """

    key: int
    batch: OutboundBatch
    deadline: float
    start: float = 0.0
    claim: str = ""
    latest: float = float("inf")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a result per recipient, or the error that says that nothing at all was sent.

    `overdue` is the request itself, which was not made because its turn is over.
    """

    key: int
    results: list[SendResult] = field(default_factory=list)
    refused: Exception | None = None
    overdue: Parcel | None = None


class LeaseTooOld(ProviderError):
    """The request was not made: its lease is about to end, so another may soon take the row for uncertain."""


def deadline(asked_at: float) -> float:
    """The last moment at which a request may start under a lease that was asked for at `asked_at` (both monotonic).

    It counts from before the claim: a process can be stopped in the middle of one, and wake up when it is long over.
    """
    return asked_at + app_settings.LEASE_SECONDS / 2


def _note_nothing(claim: str, key: int) -> None:
    pass


class Wire:
    """Makes requests concurrently for as long as it is open; `note(claim, key)` is called before each one leaves.

    After a first refusal the rest is not tried: `refusal` says why.
    """

    def __init__(self, provider: str, *, note: Callable[[str, int], None] = _note_nothing):
        self.refusal: Exception | None = None
        self.outstanding = 0
        self._note, self._most = note, app_settings.CONCURRENT_REQUESTS
        self._parcels: SimpleQueue[Parcel | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        # Not an executor's: its futures, which nobody waits for, cost more than the queue.
        self._threads: list[Thread] = []
        try:
            self._send = get_provider(provider).send
        except ImproperlyConfigured as error:
            # Removed from the settings, or misspelt there: surely nothing was sent.
            self._send = _refuse(str(error))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exc_info: object) -> None:
        for _thread in self._threads:
            self._parcels.put(None)
        for thread in self._threads:
            thread.join()

    def put(self, parcels: Iterable[Parcel]) -> None:
        for parcel in parcels:
            self.outstanding += 1
            self._parcels.put(parcel)
            if len(self._threads) < min(self._most, self.outstanding):
                self._threads.append(Thread(target=self._work, name="wagtail-sms-request"))
                self._threads[-1].start()

    def answers(self, *, seconds: float, enough: int) -> list[Answer]:
        """What came back within so many seconds: `enough` answers, or fewer if nothing more is outstanding."""
        found: list[Answer] = []
        end = time.monotonic() + seconds
        while len(found) < enough and self.outstanding:
            try:
                found.append(self._answers.get(timeout=max(0.0, end - time.monotonic())))
            except Empty:
                break
            self.outstanding -= 1
        return found

    def _work(self) -> None:
        while (parcel := self._parcels.get()) is not None:
            self._make(parcel)

    def _make(self, parcel: Parcel) -> None:
        try:
            self._answers.put(self._request(parcel))
        except Exception as error:
            logger.exception("The provider raised an error of its own; the outcome is uncertain.")
            self._answers.put(Answer(parcel.key, results=_uncertain(parcel, error)))

    def _request(self, parcel: Parcel) -> Answer:
        time.sleep(max(0.0, parcel.start - time.monotonic()))
        if time.monotonic() > parcel.latest:
            return Answer(parcel.key, overdue=parcel)
        refused = self._refusal_of(parcel)
        if refused is None:
            self._note(parcel.claim, parcel.key)
            # Once more: whoever reads the note must know that what is not noted by then is never begun.
            refused = self._refusal_of(parcel)
        if refused is not None:
            return Answer(parcel.key, refused=refused)
        try:
            return Answer(parcel.key, results=self._send(parcel.batch))
        except (ProviderError, ProviderConfigurationError) as error:
            self.refusal = self.refusal or error
            return Answer(parcel.key, refused=error)

    def _refusal_of(self, parcel: Parcel) -> Exception | None:
        return self.refusal or (LeaseTooOld() if time.monotonic() > parcel.deadline else None)


def _refuse(problem: str) -> Callable[[OutboundBatch], list[SendResult]]:
    def send(batch: OutboundBatch) -> list[SendResult]:
        raise ProviderConfigurationError(problem)

    return send


def _uncertain(parcel: Parcel, error: Exception) -> list[SendResult]:
    text = type(error).__name__
    return [SendResult(number, Outcome.UNCERTAIN, error_text=text) for number in parcel.batch.recipients]


class Beat:
    """Calls `renew` every BEAT_SECONDS at most: a wave of slow requests outlasts the lease of its lane."""

    def __init__(self, renew: Callable[[], object]):
        self._renew, self._last = renew, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last >= BEAT_SECONDS:
            self._renew()
            self._last = time.monotonic()


def send(parcels: list[Parcel], *, provider: str, renew: Callable[[], object]) -> Iterator[Answer]:
    """Make these requests and no more; answers come as they arrive.

    `renew` is called from the caller's own thread now and then for as long as requests are open.
    """
    beat = Beat(renew)
    with Wire(provider) as wire:
        wire.put(parcels)
        while wire.outstanding:
            yield from wire.answers(seconds=BEAT_SECONDS, enough=1)
            beat()
