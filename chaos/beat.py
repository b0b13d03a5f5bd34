"""`python -m chaos.beat SECONDS`: stands for Celery's beat, which sweeps every 30 seconds; here it is about one.

The sweep goes through the broker as it does in life, so a wipe of the broker takes sweeps with it as well.
"""

import contextlib
import sys
import time

from chaos.celeryapp import app


def main(seconds: float) -> None:
    from django.conf import settings

    while True:
        # Whatever goes wrong with the broker goes wrong with the next one too, or doesn't.
        with contextlib.suppress(Exception):
            app.send_task("wagtail_sms.sweep", queue=settings.QUEUE, retry=False, expires=10, ignore_result=True)
        time.sleep(seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]))
