"""A small load client: requests that are ready as bytes, over connections that stay open."""

import asyncio
import time
from collections import Counter, deque


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, requests: deque[bytes], statuses: Counter, over: asyncio.Future):
        self.requests, self.statuses, self.over, self.buffer = requests, statuses, over, b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        position = head.lower().find(b"content-length:")
        if len(rest) < int(head[position + 15 :].split(b"\r\n", 1)[0]):
            return
        self.buffer = b""
        self.statuses[int(head[9:12])] += 1
        self._next()

    def connection_lost(self, error) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def _next(self) -> None:
        if self.requests:
            self.transport.write(self.requests.popleft())
        else:
            self.transport.close()


def run_load(port: int, requests: list[bytes], *, connections: int) -> tuple[float, Counter]:
    """Seconds for all of them, and how often each status came."""
    return asyncio.run(_run(port, deque(requests), connections))


async def _run(port: int, requests: deque[bytes], connections: int) -> tuple[float, Counter]:
    loop, statuses = asyncio.get_running_loop(), Counter()
    ends = [loop.create_future() for _ in range(connections)]
    start = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: _Connection(requests, statuses, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return time.perf_counter() - start, statuses
