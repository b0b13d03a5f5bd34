"""The parts of a round, each a module whose `run(world)` yields figures. `DATABASES` says where it has a meaning.

One with `NEEDS_BROKER` starts workers on RabbitMQ or Redis.
"""

from importlib import import_module
from types import ModuleType


NAMES = (
    "estimate",
    "launch",
    "plan",
    "send",
    "peers",
    "pace",
    "cost",
    "memory",
    "safety",
    "webhooks",
    "fold",
    "sqlite",
)


def part(name: str) -> ModuleType:
    return import_module(f"benchmarks.parts.{name}")
