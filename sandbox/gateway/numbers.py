"""The numbers API: finding, buying, listing and giving back the numbers that sites text from."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.gateway.prices import COUNTRIES
from sandbox.gateway.traffic import Network, Refusal, digits
from sandbox.gateway.web import Request, Response, as_json


# 555-0100 to 555-0199 belong to nobody: they are kept for films and examples.
CANADIAN = (416, 514, 604)
AREA_CODES = (201, 202, 212, 213, 303, 305, 312, 404, 415, 503, 512, 617, 646, 702, 718, 773, 808, 917)
PAPERWORK = ("GB", "FR", "DE", "NL")


def answer(network: Network, request: Request, path: str) -> Response:
    match request.method, path.strip("/").split("/"):
        case "GET", ["available-phone-numbers", country]:
            return _search(network, request, country.upper())
        case "POST", ["phone-numbers"]:
            return _buy(network, request.content())
        case "GET", ["phone-numbers"]:
            return _list(network, request)
        case "GET" | "PATCH", ["phone-numbers", number]:
            return as_json(_read(network, number))
        case "DELETE", ["phone-numbers", number]:
            _read(network, number)
            network.store.write("DELETE FROM numbers WHERE number = ?", digits(number))
            return Response(204)
    raise Refusal(98, "API not found", status=404)


def _search(network: Network, request: Request, country: str) -> Response:
    limit = min(request.number("limit", 20), 100)
    without_paperwork = request.param("exclude_numbers_require_verification") == "true"
    wanted = request.param("number")
    found = [] if country in PAPERWORK and without_paperwork else list(_free(network, country, limit, wanted))
    items = [_offer(number, country) for number in found]
    return as_json({"items": items, "limit": limit, "count": len(items)})


def _free(network: Network, country: str, limit: int, wanted: str) -> Iterator[str]:
    taken = {number for (number,) in network.store.rows("SELECT number FROM numbers")}
    free = (number for number in _all_numbers(country) if number not in taken and wanted in number)
    for number, _ in zip(free, range(limit), strict=False):
        yield number


def _all_numbers(country: str) -> Iterator[str]:
    if country == "US":
        for last in range(100, 200):
            for area in AREA_CODES:
                yield f"1{area}5550{last}"
    elif country == "CA":
        for last in range(100, 200):
            for area in CANADIAN:
                yield f"1{area}5550{last}"
    elif country == "SE":
        # Kept for films and examples by the Swedish authority.
        for last in range(5, 100):
            yield f"467017406{last:02d}"
    elif country in PAPERWORK:
        for last in range(100):
            yield f"{COUNTRIES[country][1]}7009000{last:02d}"


def _offer(number: str, country: str) -> dict[str, Any]:
    paperwork = country in PAPERWORK
    return {
        "number": number,
        "country": country,
        "region": "",
        "locality": "",
        "features": ["sms", "voice"],
        "type": "mobile",
        "verificationRequired": paperwork,
        "initialContractDuration": 1,
        "inboundCallsOnly": False,
        "monthlyPrice": 1,
        "currency": "USD",
        "conditions": ["Proof of address in the country"] if paperwork else [],
    }


def _buy(network: Network, content: dict[str, Any]) -> Response:
    """Buying the same number twice is charged twice, as it may be at the real one: there is no idempotency."""
    number, country = digits(content.get("number") or ""), str(content.get("countryCode") or "").upper()
    for name, value in (("number", number), ("countryCode", country)):
        if not value:
            raise Refusal(9, f"{name} is required", name)
    if number not in set(_all_numbers(country)):
        raise Refusal(10, "number is not available", "number")
    network.store.write(
        "INSERT INTO numbers (number, country, bought_at) VALUES (?, ?, ?) "
        "ON CONFLICT (number) DO UPDATE SET purchases = purchases + 1",
        number,
        country,
        time.time(),
    )
    return as_json(_read(network, number), 201)


def _list(network: Network, request: Request) -> Response:
    limit, offset = min(request.number("limit", 20), 100), request.number("offset", 0)
    rows = network.store.rows("SELECT * FROM numbers ORDER BY bought_at LIMIT ? OFFSET ?", limit, offset)
    total = network.store.value("SELECT COUNT(*) FROM numbers")
    items = [_owned(row) for row in rows]
    return as_json({"offset": offset, "limit": limit, "count": len(items), "totalCount": total, "items": items})


def _read(network: Network, number: str) -> dict[str, Any]:
    row = network.store.row("SELECT * FROM numbers WHERE number = ?", digits(number))
    if row is None:
        raise Refusal(20, "number not found", "number", status=404)
    return _owned(row)


def _owned(row: tuple) -> dict[str, Any]:
    number, country, bought_at, _ = row
    bought = datetime.fromtimestamp(bought_at, UTC)
    return {
        "number": number,
        "country": country,
        "region": "",
        "locality": "",
        "features": ["sms", "voice"],
        "tags": [],
        "type": "mobile",
        "status": "active",
        "createdAt": bought.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "renewalAt": None,
    }
