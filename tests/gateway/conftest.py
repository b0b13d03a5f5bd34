import pytest

from tests.gateway.fixtures import start_gateway


@pytest.fixture(scope="session")
def gateway_process():
    with start_gateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(gateway_process):
    """The real gateway, empty and with every switch in its normal position."""
    gateway_process.reset()
    return gateway_process
