"""Celery settings a host merges into its own. No Django import, so that a settings module may import it."""

from pathlib import Path


BEAT_SCHEDULE = {
    "wagtail-sms-sweep": {"task": "wagtail_sms.sweep", "schedule": 30.0, "options": {"expires": 300}},
    "wagtail-sms-daily": {"task": "wagtail_sms.daily", "schedule": 3600.0, "options": {"expires": 3000}},
}


def local_broker(folder: str | Path, *, polling_seconds: float = 0.2) -> dict:
    """Celery settings for a broker made of files in `folder`: needs nothing installed, for development only.

    A message in flight is lost when its worker is killed, which costs nothing here but the half minute until the
    sweeper wakes the work again: the database is the queue.
    """
    from kombu.transport import TRANSPORT_ALIASES

    # Celery knows the transport by its alias only; ours differs in writing a message before it can be read.
    TRANSPORT_ALIASES["filesystem"] = "wagtail_sms.filebroker:Transport"
    queue, control = Path(folder) / "queue", Path(folder) / "control"
    for path in (queue, control):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": str(queue),
            "data_folder_out": str(queue),
            "control_folder": str(control),
            "polling_interval": polling_seconds,
        },
        "task_ignore_result": True,
        "worker_prefetch_multiplier": 1,
        "beat_schedule_filename": str(Path(folder) / "beat"),
    }
