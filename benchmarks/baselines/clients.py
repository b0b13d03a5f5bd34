"""The two HTTP clients of the baselines."""

import os
from functools import cache

import messagebird
import requests
from messagebird.client import USER_AGENT
from messagebird.http_client import HttpClient


BODY = "Tonight at half past seven: piano, and soup in the break."
SENDER = "12015550100"


def own_client() -> messagebird.Client:
    """The official package as it comes: a new connection for each request."""
    return messagebird.Client("benchmark", http_client=HttpClient(_gateway(), "benchmark", USER_AGENT))


def post_alone(number: str, reference: str) -> str:
    """One request for one person by the package's own client. Returns the provider's id."""
    return own_client().message_create(SENDER, [number.lstrip("+")], BODY, {"reference": reference}).id


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    return session


def post_many(numbers: list[str], reference: str) -> str:
    """One request over connections that stay open. Returns the provider's id."""
    message = {"originator": SENDER, "recipients": [number.lstrip("+") for number in numbers], "body": BODY}
    answer = _session().post(_gateway() + "/messages", json=message | {"reference": reference}, timeout=20)
    answer.raise_for_status()
    return answer.json()["id"]


def _gateway() -> str:
    return os.environ["BENCH_GATEWAY"]
