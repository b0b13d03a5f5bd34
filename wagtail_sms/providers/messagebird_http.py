"""The HTTP client under the official `messagebird` package.

The package's own has no timeout, no keep-alive, lets ~/.netrc replace the key and hides status codes. This
one answers the question that matters after a failure: can the request have reached the provider?
"""

import os
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from typing import Any
from urllib.parse import urljoin

import messagebird
import requests
from django.utils import timezone
from messagebird.client import USER_AGENT, ErrorException

from wagtail_sms import __version__
from wagtail_sms.providers.watched import WatchedAdapter, progress


class NothingSent(Exception):
    """The request did not arrive, or was turned away unread. `retry_after` is in seconds or None."""

    def __init__(self, reason: str, retry_after: float | None = None):
        self.retry_after = retry_after
        super().__init__(reason)


class AnswerLost(Exception):
    """The request left; what became of it is unknown."""


class Refused(Exception):
    """The provider read the request and refused it. `errors` hold code, description and parameter."""

    def __init__(self, status: int, errors: list[dict[str, Any]]):
        self.status, self.errors = status, errors
        super().__init__(f"{status}: {self.text}")

    @property
    def codes(self) -> set[int | None]:
        return {error.get("code") for error in self.errors}

    @property
    def parameters(self) -> set[str | None]:
        return {error.get("parameter") for error in self.errors}

    @property
    def code(self) -> str:
        return str(next(filter(None, self.codes), self.status))

    @property
    def text(self) -> str:
        return "; ".join(str(error.get("description")) for error in self.errors)[:300]


class AccessKey(requests.auth.AuthBase):
    """Puts the key on each request, and nowhere that a log or a repr could show it."""

    def __init__(self, key: str):
        self._key = key

    def __repr__(self) -> str:
        return "<AccessKey>"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"AccessKey {self._key}"
        return request


class HttpClient:
    """What `messagebird.Client` takes as `http_client`: one pool of connections for all threads."""

    def __init__(self, base_url: str, access_key: str, *, timeout: tuple[float, float], pool_size: int):
        self.base_url = base_url.rstrip("/") + "/"
        self.timeout = timeout
        self.pool_size = pool_size
        self._auth = AccessKey(access_key)
        self._lock = Lock()
        self._session: requests.Session | None = None
        self._process = 0

    def __repr__(self) -> str:
        return f"<HttpClient {self.base_url}>"

    def request(self, path: str, method: str = "GET", params: dict | None = None, format: Any = None) -> str:
        """The body of a 2xx answer; raises NothingSent, AnswerLost or Refused."""
        response = self._exchange(path, method, params or {})
        if 200 <= response.status_code < 300:
            # Not response.text: without a charset it would guess, slowly.
            return response.content.decode()
        raise _failure(response)

    def _exchange(self, path: str, method: str, params: dict) -> requests.Response:
        content = {"params": params} if method == "GET" else {"json": params}
        progress.request_left = False
        try:
            return self._open_session().request(
                method,
                urljoin(self.base_url, path),
                timeout=self.timeout,
                allow_redirects=False,
                **content,
            )
        except (requests.RequestException, OSError) as error:
            # From the class of the error alone a broken handshake and a broken answer look the same.
            reason = f"{type(error).__name__} at {self.base_url}"
            raise (AnswerLost(reason) if progress.request_left else NothingSent(reason)) from error

    def _open_session(self) -> requests.Session:
        with self._lock:
            # A forked worker must not talk on its parent's sockets.
            if self._session is None or self._process != os.getpid():
                self._session, self._process = self._new_session(), os.getpid()
            return self._session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.auth = self._auth
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.update({"Accept": "application/json", "User-Agent": f"wagtail-sms/{__version__} {USER_AGENT}"})
        adapter = WatchedAdapter(pool_maxsize=self.pool_size, max_retries=0)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def close(self) -> None:
        with self._lock:
            if self._session is not None and self._process == os.getpid():
                self._session.close()
            self._session = None


class Api:
    """The official client on our HTTP client, with every failure as one of the three errors above."""

    def __init__(self, base_url: str, access_key: str, *, timeout: tuple[float, float], pool_size: int):
        self.http = HttpClient(base_url, access_key, timeout=timeout, pool_size=pool_size)
        self._client = messagebird.Client(access_key, http_client=self.http)

    def __repr__(self) -> str:
        return f"<Api {self.http.base_url}>"

    def call(self, path: str, method: str = "GET", params: dict | None = None) -> dict[str, Any]:
        """The answer as a dict ({} for an empty one)."""
        try:
            answer = self._client.request(path, method, params, "rest")
        except ErrorException as error:
            raise Refused(200, [vars(item) for item in error.errors]) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise AnswerLost(f"unreadable answer at {self.http.base_url}") from error
        if not answer and method == "DELETE":
            return {}
        if not isinstance(answer, dict):
            raise AnswerLost(f"unreadable answer at {self.http.base_url}")
        return answer


def _failure(response: requests.Response) -> Exception:
    status, errors, retry_after = response.status_code, _errors(response), _retry_after(response)
    if status == 429 or (status == 503 and retry_after is not None):
        return NothingSent(f"the provider answered {status}", retry_after)
    readable = errors or status in (401, 402, 403, 404, 405)
    if status < 400 or (status < 500 and readable):
        return Refused(status, errors)
    return AnswerLost(f"the provider answered {status}")


def _errors(response: requests.Response) -> list[dict[str, Any]]:
    try:
        errors = response.json()["errors"]
    except (ValueError, TypeError, KeyError):
        return []
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _retry_after(response: requests.Response) -> float | None:
    """RFC 9110 10.2.3: seconds, or the date of a moment."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment: datetime = parsedate_to_datetime(value)
        return max(0.0, (moment - timezone.now()).total_seconds())
    except (ValueError, TypeError):
        return None
