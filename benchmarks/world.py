"""What every part of a round works with."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.stub import Stub


@dataclass(frozen=True, slots=True)
class World:
    """Sites by their number of subscribers, the gateway, and `{name: url}` of the brokers."""

    vendor: str
    sites: dict[int, object]
    gateway: Stub
    brokers: dict[str, str]
    folder: Path
    seed: int

    @property
    def rows(self) -> int:
        return max(self.sites)

    @property
    def largest(self):
        """The site that the round is about."""
        return self.sites[self.rows]

    def site(self, at_most: int):
        """The largest site with so many subscribers at most, or the smallest."""
        return self.sites[max((size for size in self.sites if size <= at_most), default=min(self.sites))]
