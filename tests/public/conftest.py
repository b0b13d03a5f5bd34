import pytest
from django.core.cache import cache

from tests.pwa.builds import build_pwa


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()


@pytest.fixture
def open_site(site):
    """A site whose PWA was rebuilt with the feature: it takes sign-ups."""
    build_pwa(site)
    return site
