"""HTTP/1.1 with keep-alive on asyncio: the requests to send, the list of messages, and the harness's own questions."""

import asyncio
import contextlib
import json
import signal
import socket
import struct
import time
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chaos.gateway.faults import UNTAKEN
from chaos.gateway.network import Network, Text, iso, never_taken
from chaos.gateway.reporting import Reporter


HANG_SECONDS = 60
REASONS = {200: "OK", 201: "Created", 404: "Not Found", 422: "Unprocessable Entity", 429: "Too Many Requests"}


class Server:
    def __init__(self, network: Network, reporter: Reporter, *, latency: float):
        self.network, self.reporter, self.latency = network, reporter, latency
        # `{key: the answer}` of the requests that named a key and were taken.
        self._known: dict[str, dict[str, Any]] = {}
        self._open: set[asyncio.Task] = set()

    async def run(self, port: int) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self.reporter.start()
        async with await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=200):
            await stop.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while request := await _read(reader):
                if not await self._answer(writer, *request):
                    break
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, method: str, target: str, body: bytes) -> bool:
        """False when the connection is not to be used again."""
        parts = urlsplit(target)
        match method, parts.path.strip("/"):
            case "POST", "messages":
                return await self._send(writer, json.loads(body))
            case "GET", "messages":
                return await self._list(writer, {name: found[0] for name, found in parse_qs(parts.query).items()})
            case "POST", "trial/faults":
                self.network.dice.scale = float(json.loads(body))
            case "POST", "trial/reports":
                self.reporter.paused = not json.loads(body)
            case "GET", "trial":
                pass
            case _:
                return await _respond(writer, 404, _error(98, "API not found"))
        counts = {**self.network.counts, "reports_waiting": self.reporter.waiting}
        return await _respond(writer, 200, counts)

    async def _send(self, writer: asyncio.StreamWriter, fields: dict[str, Any]) -> bool:
        network, fault = self.network, self.network.dice.send_fault()
        network.counts["requests"] += 1
        network.counts[fault or "fine"] += 1
        await asyncio.sleep(network.dice.random.uniform(0.1, 1) * self.latency)
        if fault in UNTAKEN:
            return await self._spoil(writer, fault, {})
        refused = [number for number in fields["recipients"] if never_taken(number) == "refused"]
        if refused:
            return await _respond(writer, 422, _error(10, f"{refused[0]} is invalid", "recipients"))
        answer = self._known.get(fields.get("key", "")) or await self._taken(fields)
        if fault == "slow":
            await asyncio.sleep(network.dice.random.uniform(0.5, 2.0))
            fault = ""
        return await self._spoil(writer, fault, answer) if fault else await _respond(writer, 201, answer)

    async def _taken(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request that is taken; the same request, known by its key, is not taken again."""
        message_id, texts = self.network.take(fields)
        # As it was when it was taken, also when a report has overtaken the answer.
        answer = _message(message_id, fields, [replace(text, status="sent") for text in texts])
        if "key" in fields:
            self._known[fields["key"]] = answer
        await self.reporter.taken(texts, fields.get("reportUrl", ""))
        return answer

    async def _list(self, writer: asyncio.StreamWriter, query: dict[str, str]) -> bool:
        self.network.counts["lookups"] += 1
        if fault := self.network.dice.lookup_fault():
            return await self._spoil(writer, fault, {})
        since = datetime.fromisoformat(query["from"].replace(" ", "+")).timestamp() if "from" in query else 0
        found = self.network.list_of(query["recipient"], since=since)
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 20))
        items = [_message(text.message_id, {"reference": text.reference}, [text]) for text in found]
        items = items[offset : offset + limit]
        counts = {"offset": offset, "limit": limit, "count": len(items), "totalCount": len(found)}
        return await _respond(writer, 200, {**counts, "items": items})

    async def _spoil(self, writer: asyncio.StreamWriter, fault: str, answer: dict[str, Any]) -> bool:
        match fault.removesuffix("_untaken"):
            case "hang":
                await asyncio.sleep(HANG_SECONDS)
            case "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            case "error":
                return await _respond(writer, 500, _error(99, "internal error"))
            case "busy":
                return await _respond(writer, 429, _error(21, "too many requests"), "Retry-After: 1\r\n")
            case "busy_without_hint":
                return await _respond(writer, 429, _error(21, "too many requests"))
            case "unavailable":
                return await _respond(writer, 503, _error(99, "unavailable"), "Retry-After: 1\r\n")
            case "garbled":
                return await _respond(writer, 201, "<h1>Bad gateway</h1>")
            case "cut":
                body = json.dumps(answer).encode()
                writer.write(_head(201, len(body)) + body[: len(body) // 2])
                await writer.drain()
        return False


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, bytes] | None:
    first = (await reader.readline()).decode().split()
    if len(first) < 2:
        return None
    length = 0
    while (line := await reader.readline()).strip():
        name, _colon, value = line.decode().partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return first[0], first[1], await reader.readexactly(length)


async def _respond(writer: asyncio.StreamWriter, status: int, content: Any, headers: str = "") -> bool:
    body = json.dumps(content).encode()
    writer.write(_head(status, len(body), headers) + body)
    await writer.drain()
    return True


def _head(status: int, length: int, headers: str = "") -> bytes:
    reason = REASONS.get(status, "Error")
    kind = "Content-Type: application/json\r\n"
    return f"HTTP/1.1 {status} {reason}\r\n{kind}Content-Length: {length}\r\n{headers}\r\n".encode()


def _error(code: int, description: str, parameter: str | None = None) -> dict[str, Any]:
    return {"errors": [{"code": code, "description": description, "parameter": parameter}]}


def _message(message_id: str, fields: dict[str, Any], texts: list[Text]) -> dict[str, Any]:
    items = [_item(text.recipient, text.status, text.status_at) for text in texts]
    failed = [number for number in fields.get("recipients", []) if never_taken(number) == "failed_at_once"]
    items += [_item(number, "delivery_failed", time.time()) for number in failed]
    recipients = {"totalCount": len(items), "totalSentCount": len(texts), "items": items}
    created = iso(texts[0].taken_at if texts else time.time())
    known = {"id": message_id, "reference": fields["reference"], "createdDatetime": created}
    return {**known, "direction": "mt", "recipients": recipients}


def _item(recipient: str, status: str, at: float) -> dict[str, Any]:
    return {"recipient": int(recipient), "status": status, "statusDatetime": iso(at), "messagePartCount": 1}
