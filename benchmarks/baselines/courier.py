"""RapidPro's courier: a Redis queue with an item per message, 32 senders, one request each, states written in bulk."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from benchmarks.app import PREFIX
from benchmarks.baselines.clients import post_many
from benchmarks.baselines.rows import make_texts
from benchmarks.models import Text
from benchmarks.services import redis_client


WORKERS = 32
STATES_AT_ONCE, STATES_SECONDS = 1000, 0.5
QUEUE, SENT = f"{PREFIX}courier", f"{PREFIX}courier-sent"


def send_like_courier(campaign, people) -> int:
    redis, states = redis_client(), SimpleQueue()
    make_texts(campaign, people, batch_size=100)
    for pk, number in Text.objects.filter(campaign=campaign).values_list("pk", "number"):
        redis.lpush(QUEUE, json.dumps([pk, number]))
    with ThreadPoolExecutor(WORKERS) as pool:
        senders = [pool.submit(_send, redis, states) for _ in range(WORKERS)]
        written = 0
        while not all(sender.done() for sender in senders) or not states.empty():
            time.sleep(STATES_SECONDS if states.qsize() < STATES_AT_ONCE else 0)
            written += _write(states)
    for sender in senders:
        sender.result()
    redis.delete(SENT)
    return written


def _send(redis, states: SimpleQueue) -> None:
    while (item := redis.rpop(QUEUE)) is not None:
        pk, number = json.loads(item)
        if not redis.sismember(SENT, pk):
            post_many([number], f"text-{pk}")
            redis.sadd(SENT, pk)
            states.put(pk)


def _write(states: SimpleQueue) -> int:
    ids: list[int] = []
    try:
        while len(ids) < STATES_AT_ONCE:
            ids.append(states.get_nowait())
    except Empty:
        pass
    return Text.objects.filter(pk__in=ids).update(status="sent")
