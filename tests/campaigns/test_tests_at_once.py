"""A user's tests are counted one after the other, however many tabs send them."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from wagtail_sms.campaigns.testing import TESTS_PER_DAY, send_test
from wagtail_sms.delivery.models import Notice
from wagtail_sms.exceptions import RefusedTest
from wagtail_sms.phone import parse


@pytest.mark.django_db(transaction=True)
def test_tests_sent_from_many_tabs_at_once_stay_within_the_day(site):
    editor = get_user_model().objects.create_user("editor", password="editor")
    to = parse("+12015550123", country="US")

    def press(_tab: int) -> str:
        try:
            send_test(site, body="Tonight at eight", to=to, token=uuid4(), by=editor)
        except RefusedTest:
            return "refused"
        else:
            return "sent"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as tabs:
        outcomes = list(tabs.map(press, range(TESTS_PER_DAY + 6)))
    assert outcomes.count("sent") == Notice.objects.count() == TESTS_PER_DAY
    assert outcomes.count("refused") == 6
