"""What the gateway took, on disk and in memory, and the fate of each text."""

import json
import os
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.gateway.faults import Dice


# Numbers that the network never takes: about one in a thousand each, found again by whoever compares.
REFUSED, LEFT_OUT, FAILED_AT_ONCE = 997, 1009, 1013
ENDINGS = (("delivered", 92), ("delivery_failed", 5), ("expired", 3))


@dataclass(slots=True)
class Text:
    """One person's text that was taken. `status` is what the network says of it by now."""

    message_id: str
    reference: str
    recipient: str
    taken_at: float
    ending: str
    status: str = "sent"
    status_at: float = 0.0


def never_taken(recipient: str) -> str:
    """How the network refuses this number, "" if it doesn't."""
    number = int(recipient)
    refusals = {"refused": REFUSED, "left_out": LEFT_OUT, "failed_at_once": FAILED_AT_ONCE}
    return next((name for name, divisor in refusals.items() if number % divisor == 0), "")


class Network:
    def __init__(self, folder: Path, *, seed: str, faults: float, lag: float):
        self.lag, self.dice, self.counts = lag, Dice(seed, scale=faults), Counter()
        self._fates, self._messages = random.Random(f"{seed}:fates"), 0
        self._by_recipient: dict[str, list[Text]] = defaultdict(list)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._accepted = os.open(folder / "accepted.jsonl", flags, 0o644)
        self._acknowledged = os.open(folder / "acknowledged.jsonl", flags, 0o644)

    def take(self, fields: dict[str, Any]) -> tuple[str, list[Text]]:
        """Accept a message for all whom the network reaches. Written down before this returns."""
        self._messages += 1
        message_id, now = f"m{self._messages}", time.time()
        texts = [
            Text(message_id, fields["reference"], recipient, now, self._ending(), status_at=now)
            for recipient in fields["recipients"]
            if not never_taken(recipient)
        ]
        body = fields["body"]
        lines = [json.dumps([now, text.reference, text.recipient, body], separators=(",", ":")) for text in texts]
        # One write, past every buffer of this process.
        os.write(self._accepted, "".join(f"{line}\n" for line in lines).encode())
        for text in texts:
            self._by_recipient[text.recipient].append(text)
        self.counts["accepted"] += len(texts)
        return message_id, texts

    def acknowledged(self, report: dict[str, Any]) -> None:
        """The site said 2xx to this report, so it has to know it from now on."""
        line = json.dumps([report["reference"], report["recipient"], report["status"]], separators=(",", ":"))
        os.write(self._acknowledged, f"{line}\n".encode())

    def list_of(self, recipient: str, *, since: float) -> list[Text]:
        """The recipient's texts, newest first, as far as the list has caught up."""
        seen = time.time() - self.lag
        return [text for text in reversed(self._by_recipient[recipient]) if since <= text.taken_at <= seen]

    def _ending(self) -> str:
        names, weights = zip(*ENDINGS, strict=True)
        return self._fates.choices(names, weights)[0]


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
