"""The HTTP client under the official `messagebird` package.

The package's own has no timeout, no keep-alive, lets ~/.netrc replace the key and hides status codes. This
one answers the question that matters after a failure: can the request have reached the provider?
"""

import json
import os
from collections.abc import Callable
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

import messagebird
from messagebird.client import USER_AGENT, ErrorException

from wagtail_sms import __version__
from wagtail_sms.providers.answers import AnswerLost, NothingSent, retry_after
from wagtail_sms.providers.watched import Pool, Response, progress


HEADERS = {"Accept": "application/json", "User-Agent": f"wagtail-sms/{__version__} {USER_AGENT}"}


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


class HttpClient:
    """What `messagebird.Client` takes as `http_client`: one pool of connections for all threads."""

    def __init__(self, base_url: str, access_key: str, *, timeout: tuple[float, float], pool_size: int):
        self.base_url = base_url.rstrip("/") + "/"
        self.timeout = timeout
        self.pool_size = pool_size
        self._prefix = urlsplit(self.base_url).path
        # Where no repr shows it.
        self._authorization: Callable[[], str] = lambda: f"AccessKey {access_key}"
        self._lock = Lock()
        self._pool: Pool | None = None
        self._process = 0

    def __repr__(self) -> str:
        return f"<HttpClient {self.base_url}>"

    def request(self, path: str, method: str = "GET", params: dict | None = None, format: Any = None) -> str:
        """The body of a 2xx answer; raises NothingSent, AnswerLost or Refused."""
        response = self._exchange(path, method, params or {})
        if 200 <= response.status < 300:
            return response.data.decode()
        raise _failure(response)

    def _exchange(self, path: str, method: str, params: dict) -> Response:
        address, body, headers = self._prefix + path, None, HEADERS | {"Authorization": self._authorization()}
        if method != "GET":
            body, headers["Content-Type"] = json.dumps(params).encode(), "application/json"
        elif params:
            address += "?" + urlencode(params, doseq=True)
        progress.request_left = False
        try:
            return self._open_pool().exchange(method, address, body=body, headers=headers)
        except (HTTPException, OSError, ValueError) as error:
            # From the class of the error alone a broken handshake and a broken answer look the same.
            reason = f"{type(error).__name__} at {self.base_url}"
            raise (AnswerLost(reason) if progress.request_left else NothingSent(reason)) from error

    def _open_pool(self) -> Pool:
        with self._lock:
            # A forked worker must not talk on its parent's sockets.
            if self._pool is None or self._process != os.getpid():
                self._pool = Pool(self.base_url, timeout=self.timeout, size=self.pool_size)
                self._process = os.getpid()
            return self._pool

    def close(self) -> None:
        with self._lock:
            if self._pool is not None and self._process == os.getpid():
                self._pool.close()
            self._pool = None


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


def _failure(response: Response) -> Exception:
    status, errors, pause = response.status, _errors(response), retry_after(response.headers)
    if status == 429 or (status == 503 and pause is not None):
        return NothingSent(f"the provider answered {status}", pause)
    readable = errors or status in (401, 402, 403, 404, 405)
    # 408 and 409: it came too late, or another one is at work; whatever else the answer says, nobody knows.
    if status < 400 or (status < 500 and status not in (408, 409) and readable):
        return Refused(status, errors)
    return AnswerLost(f"the provider answered {status}")


def _errors(response: Response) -> list[dict[str, Any]]:
    try:
        errors = json.loads(response.data)["errors"]
    except (ValueError, TypeError, KeyError):
        return []
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
