"""The sandbox: two small real sites, a local telephone network, and every process the package needs.

For trying wagtail-sms and for its browser tests. It promises one command from clone to a working demo, and never
talks to anything outside this machine.
"""

from sandbox.celery import app as celery_app


__all__ = ["celery_app"]
