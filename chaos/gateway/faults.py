"""The bad answers, and how often they come. An `_untaken` fault strikes before the texts are taken, others after."""

import random


# Of a thousand requests to send.
SEND_FAULTS = {
    "hang": 8,
    "hang_untaken": 4,
    "reset": 8,
    "reset_untaken": 4,
    "error": 8,
    "error_untaken": 8,
    "busy": 6,
    "busy_without_hint": 3,
    "unavailable": 3,
    "cut": 8,
    "garbled": 4,
    "slow": 20,
}
LOOKUP_FAULTS = {"error_untaken": 15, "reset_untaken": 5, "busy": 5}
#: Nothing is taken: who sends may be sure of it for "busy" and "unavailable" only.
UNTAKEN = {name for name in SEND_FAULTS if name.endswith("_untaken")} | {"busy", "busy_without_hint", "unavailable"}


class Dice:
    def __init__(self, seed: str, *, scale: float):
        self.random, self.scale = random.Random(f"{seed}:faults"), scale

    def send_fault(self) -> str:
        return self._one_of(SEND_FAULTS)

    def lookup_fault(self) -> str:
        return self._one_of(LOOKUP_FAULTS)

    def _one_of(self, weights: dict[str, int]) -> str:
        throw = self.random.random() * 1000
        for name, weight in weights.items():
            throw -= weight * self.scale
            if throw < 0:
                return name
        return ""
