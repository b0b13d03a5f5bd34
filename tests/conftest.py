import pytest

from tests import factories
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.locmem import LocmemProvider


@pytest.fixture(autouse=True)
def _fresh_provider():
    """No text of one test is in another's outbox."""
    provider = get_provider()
    if isinstance(provider, LocmemProvider):
        provider.reset()
    yield


@pytest.fixture
def provider() -> LocmemProvider:
    return get_provider()


@pytest.fixture
def site(db):
    """A site with the feature installed, 500 free credits and a sender number."""
    return factories.make_installed_site()


@pytest.fixture
def other_site(db):
    """A second installed site, with a number of its own."""
    return factories.make_installed_site("other.example", name="Atelier Sud", number="+12015550199")
