"""Two processes on the broker made of files: what one puts in is never read half."""

import multiprocessing
from queue import Empty
from shutil import rmtree

import pytest
from kombu import Connection

from wagtail_sms.celeryconf import local_broker


MESSAGES = 1000


def send(folder: str) -> None:
    with connected(folder) as connection:
        queue = connection.SimpleQueue("celery")
        for number in range(MESSAGES):
            queue.put({"number": number, "padding": "x" * 2000})


def connected(folder: str) -> Connection:
    options = local_broker(folder, polling_seconds=0.001)["broker_transport_options"]
    return Connection(transport="wagtail_sms.filebroker:Transport", transport_options=options)


@pytest.mark.processes
def test_a_message_is_read_whole_or_not_at_all(tmp_path):
    sender = multiprocessing.get_context("spawn").Process(target=send, args=[str(tmp_path)])
    sender.start()
    seen = []
    with connected(str(tmp_path)) as connection:
        queue = connection.SimpleQueue("celery", no_ack=True)
        while len(seen) < MESSAGES:
            try:
                seen.append(queue.get(timeout=20).payload["number"])
            except Empty:
                break
    sender.join(20)
    assert sorted(seen) == list(range(MESSAGES))


def test_a_message_that_is_being_written_belongs_to_no_queue(tmp_path):
    with connected(str(tmp_path)) as connection:
        channel = connection.default_channel
        (tmp_path / "queue" / ".17_abc.celery.msg").write_bytes(b"{")
        with pytest.raises(Empty):
            channel._get("celery")
        channel._put("celery", {"whole": True})
        assert channel._get("celery") == {"whole": True}


def test_a_folder_that_was_removed_is_made_again_and_ends_no_worker(tmp_path):
    with connected(str(tmp_path)) as connection:
        channel = connection.default_channel
        rmtree(tmp_path / "queue")
        with pytest.raises(Empty):
            channel._get("celery")
        channel._put("celery", {"number": 1})
        rmtree(tmp_path / "queue")
        channel._put("celery", {"number": 2})
        assert channel._get("celery") == {"number": 2}


def test_a_removed_folder_loses_no_broadcast_to_the_workers(tmp_path):
    with connected(str(tmp_path)) as connection:
        channel = connection.default_channel
        rmtree(tmp_path)
        channel._queue_bind("celery.pidbox", "", "", "one.celery.pidbox")
        assert [queue for _key, _pattern, queue in channel.get_table("celery.pidbox")] == ["one.celery.pidbox"]
