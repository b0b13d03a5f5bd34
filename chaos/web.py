"""`python -m chaos.web PORT`: the site's web process, so that STOP and reports come in over HTTP."""

import os
import sys


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chaos.settings")
    import django

    django.setup()
    # A web process of a real site has the Celery application, by whose name tasks are woken.
    from django.core.servers import basehttp
    from django.core.wsgi import get_wsgi_application

    import chaos.celeryapp  # noqa: F401

    basehttp.ThreadedWSGIServer.daemon_threads = True
    basehttp.ThreadedWSGIServer.request_queue_size = 100
    basehttp.run("127.0.0.1", port, get_wsgi_application(), threading=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
