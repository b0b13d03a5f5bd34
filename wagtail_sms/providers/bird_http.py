"""The HTTP client under the official `messagebird-sdk` package (`import bird`).

The package's own repeats a POST by itself, reads proxies and ~/.netrc, and loses headers of a refusal. Ours makes one
request per call and answers the question that matters after a failure: can it have reached Bird?
"""

import json
import os
import warnings
from collections.abc import Mapping
from threading import Lock
from types import ModuleType
from typing import Any

from wagtail_sms.exceptions import ProviderConfigurationError
from wagtail_sms.providers.answers import AnswerLost, NothingSent, retry_after


NOT_INSTALLED = "The package messagebird-sdk is missing: pip install 'wagtail-sms[bird]'."
# The package tells Bird's API by default which program called it, from the environment.
HEADERS = {"Bird-Enrichment": "0"}
# Routers forget silent lines without a word.
SILENCE_SECONDS = 20.0
_loading = Lock()


def load() -> tuple[ModuleType, ModuleType]:
    """The packages `bird` and `httpx`. Only a process that makes requests pays for them (3 s and 60 MB).

    Raises ProviderConfigurationError when they are not installed.
    """
    with _loading, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about a field of its own that shadows another
        try:
            import bird
            import httpx
        except ImportError as error:
            raise ProviderConfigurationError(NOT_INSTALLED) from error
    return bird, httpx


class Refused(Exception):
    """Bird read the request and refused it. `params` are the fields it names, each with what is wrong."""

    def __init__(self, status: int, error: Mapping[str, Any]):
        self.status = status
        self.code = str(error.get("code") or status)
        self.name = str(error.get("name") or "")
        self.readable = bool(error)
        self.params = _params(error)
        self.text = str(error.get("message") or "; ".join(self.params.values()) or self.name)[:300]
        super().__init__(f"{status}: {self.text}")


class Api:
    """The official client on a pool of ours, with every failure as NothingSent, AnswerLost or Refused."""

    def __init__(self, base_url: str, api_key: str, *, timeout: tuple[float, float], pool_size: int):
        self.base_url = base_url.rstrip("/")
        self.timeout, self.pool_size = timeout, pool_size
        self._key = lambda: api_key  # where no repr shows it
        self._lock = Lock()
        self._client: Any = None
        self._http: Any = None
        self._process = 0

    def __repr__(self) -> str:
        return f"<Api {self.base_url}>"

    def post(self, path: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        """One request under this idempotency key."""
        return self._call("post", path, body=body, idempotency_key=key)

    def get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._call("get", path, extra_query=params)

    def _call(self, verb: str, path: str, **content: Any) -> dict[str, Any]:
        bird, httpx = load()
        try:
            answer = getattr(self._open(bird, httpx), verb)(path, **content)
        except bird.APIConnectionError as error:
            cause = error.__cause__
            left = not isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            raise (AnswerLost if left else NothingSent)(f"{type(cause).__name__} at {self.base_url}") from error
        except ValueError as error:
            raise AnswerLost(f"unreadable answer at {self.base_url}") from error
        if not isinstance(answer, dict):
            raise AnswerLost(f"unreadable answer at {self.base_url}")
        return answer

    def _open(self, bird: ModuleType, httpx: ModuleType) -> Any:
        with self._lock:
            # A forked worker must not talk on its parent's sockets.
            if self._client is None or self._process != os.getpid():
                self._process, self._http = os.getpid(), self._new_http(httpx)
                self._client = bird.Bird(
                    api_key=self._key(),
                    base_url=self.base_url,
                    http_client=self._http,
                    timeout=httpx.Timeout(self.timeout[1], connect=self.timeout[0]),
                    max_retries=0,
                    default_headers=HEADERS,
                )
            return self._client

    def _new_http(self, httpx: ModuleType) -> Any:
        limits = httpx.Limits(
            max_connections=self.pool_size,
            max_keepalive_connections=self.pool_size,
            keepalive_expiry=SILENCE_SECONDS,
        )
        return httpx.Client(
            trust_env=False,
            follow_redirects=False,
            limits=limits,
            event_hooks={"response": [_raise_failure]},
        )

    def close(self) -> None:
        with self._lock:
            if self._http is not None and self._process == os.getpid():
                self._http.close()
            self._client = self._http = None


def _raise_failure(response: Any) -> None:
    """Before the package sees it: its errors know neither Retry-After of a 503 nor every shape of a body."""
    status = response.status_code
    if 200 <= status < 300:
        return
    error, pause = _error(response.read()), retry_after(response.headers)
    # E01033: "this attempt was not executed".
    if status == 429 or (status == 503 and (pause is not None or error.get("code") == "E01033")):
        raise NothingSent(f"Bird answered {status}", pause)
    readable = error or status in (401, 402, 403, 404, 405)
    if status < 400 or (status < 500 and status not in (408, 409) and readable):
        raise Refused(status, error)
    raise AnswerLost(f"Bird answered {status} {error.get('code') or ''}".strip())


def _error(body: bytes) -> dict[str, Any]:
    try:
        error = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        return {}
    return error if isinstance(error, dict) else {}


def _params(error: Mapping[str, Any]) -> dict[str, str]:
    details = error.get("details")
    named = [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    found = {str(detail.get("param")): str(detail.get("message") or "") for detail in named if detail.get("param")}
    return found or ({str(error["param"]): str(error.get("message") or "")} if error.get("param") else {})
