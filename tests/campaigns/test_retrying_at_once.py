"""Two editors, or two clicks, at the very same moment: one second try."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection

from tests.campaigns.test_retrying import failed
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.retrying import offer, retry
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Delivery
from wagtail_sms.exceptions import NobodyToText


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_form", [True, False])
def test_many_clicks_at_once_are_one_second_try(site, provider, same_form):
    campaign, people = failed(site, provider)
    held, token = ledger.balance(site).reserved, uuid4()

    def press(_tab: int) -> str:
        try:
            mine = Campaign.objects.get(pk=campaign.pk)
            retry(mine, quote=offer(mine).quote, form_token=token if same_form else uuid4())
        except NobodyToText:
            return "nobody left"
        else:
            return "sent"
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as tabs:
        outcomes = list(tabs.map(press, range(6)))
    [second] = Campaign.objects.filter(retry_of=campaign)
    assert outcomes.count("sent") == (6 if same_form else 1)
    assert ledger.balance(site).reserved - held == second.credits == len(people)
    assert Delivery.objects.filter(retry_id=second.pk).count() == len(people)
