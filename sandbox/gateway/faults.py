"""The faults that are switched on, for either protocol: before a request is taken, and after."""

from collections.abc import Callable

from sandbox.gateway import switches, told
from sandbox.gateway.traffic import Network
from sandbox.gateway.web import Request, Response, as_html


#: (status, headers) -> an error in the protocol's own words.
Error = Callable[[int, dict[str, str]], Response]


def before(network: Network, request: Request, error: Error) -> Response | None:
    """Nothing is taken; a network that is down takes no questions either."""
    if (answer := told.use(network.store, request.method, taken=False)) is not None:
        return answer
    faults = ("down", "busy", "busy_without_hint", "error") if request.method == "POST" else ("down",)
    setting = switches.use(network.store, "answers", *faults)
    hint = {"Retry-After": f"{setting.seconds:g}"} if setting.seconds else {}
    match setting.value:
        case "down":
            return Response(503, b"Service unavailable", "text/plain", hint)
        case "busy" | "busy_without_hint":
            return error(429, hint)
        case "error":
            return error(500, {})
    return None


def after(network: Network, request: Request, response: Response, error: Error) -> Response:
    """The request was taken, and the answer suffers."""
    if (answer := told.use(network.store, request.method, taken=True)) is not None:
        return answer
    if request.method != "POST":
        return response
    setting = switches.use(network.store, "answers", "slow", "silent", "lost", "cut", "garbled", "failed")
    match setting.value:
        case "slow":
            return Response(response.status, response.body, headers=response.headers, wait=setting.seconds)
        case "silent":
            return Response(response.status, fault="lost", wait=setting.seconds)
        case "lost" | "cut":
            return Response(response.status, response.body, fault=setting.value)
        case "garbled":
            return as_html("<!doctype html><title>Bad gateway</title><h1>Oops</h1>", response.status)
        case "failed":
            return error(500, {})
    return response
