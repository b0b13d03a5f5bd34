"""A web process in which an editor writes, reviews and sends: `python -m benchmarks.click SITE SITE`.

Prints its peak memory in MB after each site's campaign, as JSON.
"""

import json
import os
import re
import sys

import django


def main(sites: list[int]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client

    from benchmarks.app import make_app
    from benchmarks.machine import peak_memory

    make_app("memory://localhost")
    client = Client()
    client.force_login(get_user_model().objects.create_superuser(f"editor-{os.getpid()}", "", "x"))
    peaks = []
    for site in sites:
        press_send(client, site, body=f"Tonight: piano, and soup in the break. {os.getpid()}.{site}")
        peaks.append(peak_memory())
    print(json.dumps(peaks))


def press_send(client, site: int, *, body: str) -> None:
    """Estimate, review, send. Raises RuntimeError unless the campaign was launched."""
    from uuid import uuid4

    from django.urls import reverse

    from wagtail_sms.campaigns.models import Campaign

    address, fields = reverse("wagtail_sms:send"), {"sms_site": site, "body": body, "form_token": uuid4()}
    client.post(reverse("wagtail_sms:estimate"), {"sms_site": site, "body": body})
    page = client.post(address, fields).content.decode()
    found = re.search(r'name="quote"[^>]*value="([^"]+)"', page)
    if found is None:
        raise RuntimeError(f"The review of site {site} has no quote:\n{page[-3000:]}")
    client.post(address, {**fields, "quote": found[1], "action-send": "1"})
    if not Campaign.objects.filter(site=site, body=body, launched_at__isnull=False).exists():
        raise RuntimeError(f"The campaign of site {site} was not launched.")


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
