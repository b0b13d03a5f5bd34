"""The message broker made of files, with messages that appear whole.

kombu's own transport creates a message's file and writes it afterwards; a worker that looks in between reads nothing
and dies of it ("Unrecoverable error: JSONDecodeError"). Seen on a busy machine with kombu 5.7. It dies as well of a
folder that somebody cleared away; here it is made again, and what was in it is found by the next sweep.
"""

from pathlib import Path
from time import monotonic
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict, **kwargs) -> None:
        """Write the message under a name that no queue has, then give it its own."""
        self._make_folders()
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        unfinished = Path(self.data_folder_out) / f".{name}"
        try:
            unfinished.write_bytes(str_to_bytes(dumps(payload)))
            unfinished.rename(unfinished.with_name(name))
        except OSError as error:
            raise ChannelError(f"Cannot add {name} to {self.data_folder_out}.") from error

    def _get(self, queue: str) -> dict:
        self._make_folders()
        return super()._get(queue)

    def _size(self, queue: str) -> int:
        self._make_folders()
        return super()._size(queue)

    def _purge(self, queue: str) -> int:
        self._make_folders()
        return super()._purge(queue)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        self._make_folders()
        super()._queue_bind(exchange, routing_key, pattern, queue)

    def _make_folders(self) -> None:
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)


class Transport(filesystem.Transport):
    Channel = Channel
