"""What the guide of the demo says, by what is really set."""

import pytest
from django.contrib.auth.models import AnonymousUser, User

from sandbox.venue.tour import allowed, pages_to_open
from tests import factories
from wagtail_sms.subscribers.settings import SmsSettings


@pytest.fixture
def site(db):
    return factories.make_site()


@pytest.mark.parametrize(("pages", "said"), [(10, "open 10 pages"), (2, "open 2 pages"), (1, "open a page")])
def test_the_guide_says_after_how_many_pages_the_popup_comes(site, pages, said):
    SmsSettings.objects.update_or_create(site=site, defaults={"popup_after_actions": pages})
    assert pages_to_open(site) == said


def test_only_who_may_do_the_step_is_not_asked_to_sign_in(site):
    assert allowed(User.objects.create_superuser("ada"), site, "rebuild_pwa")
    assert not allowed(AnonymousUser(), site, "rebuild_pwa")
    assert not allowed(None, site, "rebuild_pwa")
