from tests.gateway.conftest import gateway, gateway_process


__all__ = ["gateway", "gateway_process"]
