import pytest

from tests.e2e.demo import running_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """One running sandbox for all end-to-end tests."""
    with running_demo(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
