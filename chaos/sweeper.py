"""`python -m chaos.sweeper SECONDS`: sweeps at full multiples of so many seconds, so that two of them do so at once."""

import sys
import time
import traceback

import django


def main(every: float) -> None:
    django.setup()
    from django.db import close_old_connections

    import chaos.celeryapp  # noqa: F401
    from wagtail_sms.delivery.sweep import sweep

    while True:
        time.sleep(every - time.time() % every)
        try:
            sweep()
            print("swept", flush=True)
        except Exception:  # noqa: BLE001 (whatever it is, it is the finding)
            traceback.print_exc()
            print("failed", flush=True)
        close_old_connections()


if __name__ == "__main__":
    main(float(sys.argv[1]))
