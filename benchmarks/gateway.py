"""A provider that takes every text: MessageBird's `POST /messages` over keep-alive, and nothing else.

`python -m benchmarks.gateway` prints its port. `POST /reset?latency=0.05` forgets everything; `GET /stats` tells what
came since. A bare asyncio protocol in a process of its own, so that it has several times the speed of whoever sends.
"""

import asyncio
import json
import time
from array import array
from urllib.parse import parse_qsl, urlsplit


MOMENT = "2026-11-15T12:00:00+00:00"
ITEM = f'","status":"sent","statusDatetime":"{MOMENT}","messagePartCount":1}},{{"recipient":"'


class Tally:
    """What was asked of the gateway since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, latency: float = 0.0) -> None:
        self.latency, self.recipients, self.duplicates, self.connections = latency, 0, 0, 0
        self.times, self.seen, self.cpu = array("d"), set(), time.process_time()

    def take(self, numbers: list[str]) -> None:
        """Nobody is to be texted twice between two resets, whatever the reference of the request."""
        before = len(self.seen)
        self.seen.update(numbers)
        self.times.append(time.monotonic())
        self.recipients += len(numbers)
        self.duplicates += len(numbers) - (len(self.seen) - before)

    def stats(self) -> dict:
        return {
            "requests": len(self.times),
            "recipients": self.recipients,
            "duplicates": self.duplicates,
            "connections": self.connections,
            "cpu_seconds": time.process_time() - self.cpu,
        }


class Gateway(asyncio.Protocol):
    """One connection."""

    def __init__(self, tally: Tally, loop: asyncio.AbstractEventLoop):
        self.tally, self.loop, self.buffer = tally, loop, b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.tally.connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (request := self._whole_request()) is not None:
            self._answer(*request)

    def _whole_request(self) -> tuple[str, bytes] | None:
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        position = head.lower().find(b"\r\ncontent-length:")
        length = int(head[position + 17 :].split(b"\r\n", 1)[0]) if position >= 0 else 0
        if len(rest) < length:
            return None
        self.buffer = rest[length:]
        return head[: head.index(b"\r\n")].decode("latin-1"), rest[:length]

    def _answer(self, line: str, body: bytes) -> None:
        method, target, _version = line.split(" ")
        if method == "POST" and target == "/messages":
            self._send(201, _accepted(self.tally, json.loads(body)), self.tally.latency)
        elif target.startswith("/reset"):
            self.tally.reset(float(dict(parse_qsl(urlsplit(target).query)).get("latency", 0)))
            self._send(200, "{}")
        elif target == "/stats":
            self._send(200, json.dumps(self.tally.stats()))
        elif target == "/times":
            self._send(200, json.dumps(list(self.tally.times)))
        else:
            self._send(404, '{"errors":[{"code":20,"description":"not here","parameter":null}]}')

    def _send(self, status: int, content: str, latency: float = 0.0) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        answer = (head + content).encode("latin-1")
        if latency:
            self.loop.call_later(latency, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


def _accepted(tally: Tally, message: dict) -> str:
    """MessageBird's answer in full; the part of each recipient is put together by one join."""
    numbers = message["recipients"]
    numbers = numbers.split(",") if isinstance(numbers, str) else [str(number) for number in numbers]
    tally.take(numbers)
    identity, many = f"{len(tally.times):032x}", len(numbers)
    items = ITEM.join(numbers)
    reference = json.dumps(message.get("reference"))
    return (
        f'{{"id":"{identity}","href":"https://rest.messagebird.com/messages/{identity}","direction":"mt","type":"sms",'
        f'"originator":"{message["originator"]}","body":"","reference":{reference},"validity":null,"gateway":10,'
        f'"typeDetails":{{}},"datacoding":"plain","mclass":1,"scheduledDatetime":null,"createdDatetime":"{MOMENT}",'
        f'"recipients":{{"totalCount":{many},"totalSentCount":{many},"totalDeliveredCount":0,'
        f'"totalDeliveryFailedCount":0,"items":[{{"recipient":"{items}","status":"sent","statusDatetime":"{MOMENT}",'
        f'"messagePartCount":1}}]}}}}'
    )


async def serve() -> None:
    loop, tally = asyncio.get_running_loop(), Tally()
    server = await loop.create_server(lambda: Gateway(tally, loop), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
