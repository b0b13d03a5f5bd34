import pytest
from wagtail.models import Locale, Page, Site

from tests.credits import NOVEMBER
from wagtail_sms.credits import ledger


@pytest.fixture
def bare_site(db):
    """A site on which nothing was installed."""
    locale, _created = Locale.objects.get_or_create(language_code="en")
    root = Page.get_first_root_node() or Page.add_root(title="Root", slug="root", locale=locale)
    return Site.objects.create(hostname="venue.example", site_name="Venue", root_page=root)


@pytest.fixture
def site(bare_site):
    """A site whose wallet was opened in November 2026: 500 free credits until December."""
    ledger.open_wallet(bare_site, now=NOVEMBER)
    return bare_site
