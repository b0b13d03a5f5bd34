"""Delivery reports: signed, some before the answer to the request, some twice, in no order, until the site has them."""

import asyncio
import contextlib
import heapq
import itertools
import json
import random
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from chaos.gateway import SIGNING_KEY
from chaos.gateway.network import Network, Text, iso
from sandbox.gateway.signing import HEADER, signature


CALLERS = 4
AT_ONCE = 50
PATIENCE = 5.0
EARLY, TWICE, ALONE = 0.15, 0.2, 0.1


class Reporter:
    """`share` of the texts are reported; of the others the site hears nothing unless it asks."""

    def __init__(self, network: Network, *, share: float):
        self.network, self.share, self.paused = network, share, False
        self._dice, self._count = random.Random("reports"), itertools.count()
        self._due: list[tuple[float, int, str, dict[str, Any], Text]] = []
        self._calling, self._tasks = 0, []

    @property
    def waiting(self) -> int:
        return len(self._due) + self._calling

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._call_on_and_on()) for _caller in range(CALLERS)]

    async def taken(self, texts: list[Text], url: str) -> None:
        """Plan the reports of these texts; now and then the site hears of a text before its request is answered."""
        if not url:
            return
        early = self._dice.random() < EARLY
        for text in texts:
            if self._dice.random() < self.share:
                self._plan(text, url, early=early)
        if early and not self.paused:
            due = self._pop()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._tell(due)), 0.5)

    def _plan(self, text: Text, url: str, *, early: bool) -> None:
        now = time.time()
        for step, status in enumerate(("sent", text.ending)):
            at = iso(text.taken_at + step)
            report = {"id": text.message_id, "reference": text.reference, "recipient": text.recipient}
            report |= {"status": status, "statusDatetime": at}
            for _copy in range(2 if self._dice.random() < TWICE else 1):
                due = now if early else now + self._dice.uniform(0.0, 6.0)
                heapq.heappush(self._due, (due, next(self._count), url, report, text))

    def _pop(self) -> list[tuple]:
        """Some that are due, shuffled, all for one address."""
        due, now = [], time.time()
        while self._due and self._due[0][0] <= now and len(due) < AT_ONCE:
            if due and self._due[0][2] != due[0][2]:
                break
            due.append(heapq.heappop(self._due))
        self._dice.shuffle(due)
        self._calling += len(due)
        return due

    async def _call_on_and_on(self) -> None:
        while True:
            due = [] if self.paused else self._pop()
            if due:
                await self._tell(due)
            else:
                await asyncio.sleep(0.05)

    async def _tell(self, due: list[tuple]) -> None:
        if not due:
            return
        reports, url = [report for _at, _count, _url, report, _text in due], due[0][2]
        alone = len(reports) == 1 or self._dice.random() < ALONE
        for some in [[one] for one in due] if alone else [due]:
            status = await self._exchange(url, [report for _at, _count, _url, report, _text in some])
            self.network.counts[f"report_{status}"] += 1
            for _at, _count, _url, report, text in some:
                self._calling -= 1
                if 200 <= status < 300:
                    self.network.acknowledged(report)
                    if report["status"] != "sent":
                        text.status, text.status_at = report["status"], text.taken_at + 1
                else:
                    again = time.time() + self._dice.uniform(0.5, 2.0)
                    heapq.heappush(self._due, (again, next(self._count), url, report, text))

    async def _exchange(self, url: str, reports: list[dict[str, Any]]) -> int:
        """The site's answer, 0 when there is none."""
        with contextlib.suppress(OSError, ValueError, IndexError, asyncio.TimeoutError):
            return await asyncio.wait_for(_request(url, reports), PATIENCE)
        return 0


async def _request(url: str, reports: list[dict[str, Any]]) -> int:
    """One report as MessageBird's GET, several as a list of JSON."""
    parts, body, method = urlsplit(url), b"", "GET"
    if len(reports) == 1:
        url = f"{url}?{urlencode(reports[0])}"
    else:
        body, method = json.dumps(reports).encode(), "POST"
    target = urlsplit(url)
    path = target.path + (f"?{target.query}" if target.query else "")
    head = f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    head += f"{HEADER}: {signature(SIGNING_KEY, url, body)}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n" if body else "\r\n"
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(head.encode() + body)
        await writer.drain()
        status = (await reader.readline()).split()[1]
        await reader.read()
    finally:
        writer.close()
    return int(status)
