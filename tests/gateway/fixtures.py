"""The real gateway as a process of its own, for every test that needs a telephone network."""

import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests


ROOT = Path(__file__).parents[2]
ACCESS_KEY = "live_local_network_key"
BIRD_KEY = "bk_lo1_local_network_key"
BIRD_SECRET = "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3RzIG9mIHRoZSBnYXRld2F5"
SIGNING_KEY = "a signing key of more than thirty-two bytes"


@dataclass
class RunningGateway:
    """A gateway that runs; `messages()` are the texts it took, as dicts with phone, number, body, status, ..."""

    url: str
    access_key: str
    signing_key: str
    store: Path
    process: subprocess.Popen

    def __post_init__(self):
        self._http = requests.Session()
        self._http.trust_env = False

    def provider_options(self, **more: Any) -> dict[str, Any]:
        """OPTIONS for the messagebird provider."""
        return {
            "ACCESS_KEY": self.access_key,
            "SIGNING_KEY": self.signing_key,
            "REST_URL": self.url,
            "NUMBERS_URL": f"{self.url}/v1",
            **more,
        }

    def bird_options(self, **more: Any) -> dict[str, Any]:
        """OPTIONS for the bird provider."""
        return {"API_KEY": BIRD_KEY, "WEBHOOK_SECRET": BIRD_SECRET, "API_URL": self.url, **more}

    def get(self, path: str, **params: Any) -> Any:
        response = self._http.get(self.url + path, params=params, timeout=10)
        response.raise_for_status()
        return response.json()

    def page(self, path: str) -> str:
        """The markup of a handset page."""
        return self._http.get(self.url + path, timeout=10).text

    def post(self, path: str, content: dict[str, Any] | None = None) -> Any:
        response = self._http.post(self.url + path, json=content or {}, timeout=10)
        if response.status_code >= 400:
            raise ValueError(response.text)
        return response.json()

    def messages(self, phone: str = "") -> list[dict[str, Any]]:
        """Texts to phones, oldest first."""
        texts = self.get("/control/texts", phone=phone)
        return [text for text in texts if text["direction"] == "to_phone"]

    def replies(self, phone: str = "") -> list[dict[str, Any]]:
        """Texts that people sent; status "delivered" once the site has taken them."""
        texts = self.get("/control/texts", phone=phone)
        return [text for text in texts if text["direction"] == "from_phone"]

    def set_switch(self, name: str, value: str, **more: Any) -> None:
        """`phone`, `seconds` and `times` are optional."""
        self.post("/control/switches", {"name": name, "value": value, **more})

    def tell(self, **answer: Any) -> None:
        """Give the next request this answer: status, content or text, headers, fault, method, taken, times."""
        self.post("/control/answer", answer)

    def report(self, phone: str, status: str, **more: Any) -> None:
        """Report any status about the latest text to a phone, with a `reason` and a `code`."""
        self.post("/control/report", {"phone": phone, "status": status, **more})

    def opt_out(self, phone: str, *, reason: str = "carrier_opted_out") -> None:
        """Bird blocks what the number that texted this phone last sends to it."""
        self.post("/control/opt-out", {"phone": phone, "reason": reason})

    def keys(self) -> list[dict[str, Any]]:
        """The idempotency keys it saw: key, status of the answer, and how many requests came under it."""
        return self.get("/control/keys")

    def reply(self, phone: str, body: str, *, to: str = "", style: str = "query") -> str:
        """Text the site from a phone; the id of the text."""
        return self.post("/control/reply", {"from": phone, "to": to, "body": body, "style": style})["id"]

    def get_owned(self) -> list[dict[str, Any]]:
        """The numbers that were bought."""
        headers = {"Authorization": f"AccessKey {self.access_key}"}
        response = self._http.get(f"{self.url}/v1/phone-numbers", headers=headers, timeout=10)
        return response.json()["items"]

    def send_inbound_to(self, url: str) -> None:
        """The site's webhook for texts, when it is known only now."""
        self.post("/control/inbound-url", {"url": url})

    def send_bird_events_to(self, url: str) -> None:
        """The one webhook for all that Bird's protocol tells."""
        self.post("/control/bird-url", {"url": url})

    def reset(self) -> None:
        self.post("/control/reset")

    def taken(self) -> int:
        """How many texts it ever took, from its journal."""
        return self.get("/control/journal")["texts"]

    def wait_until_quiet(self, seconds: float = 10) -> None:
        """Until no call to the site is waiting."""
        wait_for(lambda: self.get("/control/pending")["calls"] == 0, seconds)

    def stop(self) -> None:
        _stop(self.process)


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def wait_for(condition, seconds: float = 10):
    """The condition's first true value; AssertionError if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


@contextmanager
def start_gateway(
    *,
    store: Path | None = None,
    inbound_url: str = "",
    port: int = 0,
    delivery_seconds: tuple[float, float] = (0.02, 0.05),
) -> Iterator[RunningGateway]:
    """Run `python -m sandbox.gateway` on a free port (or `port`) until the block ends."""
    with tempfile.TemporaryDirectory(prefix="gateway-", ignore_cleanup_errors=True) as folder:
        path = store or Path(folder) / "gateway.sqlite3"
        command = [sys.executable, "-m", "sandbox.gateway", "--port", str(port), "--store", str(path)]
        command += ["--signing-key", SIGNING_KEY, "--access-key", ACCESS_KEY, "--inbound-url", inbound_url]
        command += ["--bird-key", BIRD_KEY, "--bird-secret", BIRD_SECRET]
        command += ["--delivery-seconds", *map(str, delivery_seconds)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            yield RunningGateway(_address(process), ACCESS_KEY, SIGNING_KEY, path, process)
        finally:
            _stop(process)
            process.stdout.close()


def _address(process: subprocess.Popen) -> str:
    ready, _, _ = select.select([process.stdout], [], [], 15)
    line = process.stdout.readline() if ready else ""
    found = re.search(r"http://[\d.]+:\d+", line)
    assert found, f"The gateway did not start: {line!r}"
    return found[0]
