"""The gateway answers as MessageBird's classic API does."""

import math

import messagebird
import phonenumbers
import pytest
import requests
from messagebird.http_client import HttpClient

from sandbox.gateway.prices import COUNTRIES
from tests.gateway.fixtures import start_gateway


A, B = "33612345678", "447700900123"
TEXT = {"originator": "12015550100", "body": "Hello", "recipients": [A], "reference": "ref"}


def call(gateway, method, path, **more):
    headers = {"Authorization": f"AccessKey {gateway.access_key}", **more.pop("headers", {})}
    return requests.request(method, gateway.url + path, headers=headers, timeout=10, **more)


def send(gateway, **changes):
    return call(gateway, "POST", "/messages", json=TEXT | changes)


def error_of(response):
    (error,) = response.json()["errors"]
    return response.status_code, error["code"], error["parameter"]


@pytest.fixture
def client(gateway):
    return messagebird.Client(
        gateway.access_key, http_client=HttpClient(f"{gateway.url}/", gateway.access_key, "tests")
    )


def test_official_package_sends_reads_and_lists(client, gateway):
    sent = client.message_create("12015550100", [A, B], "Hello", {"reference": "ref"})
    assert len(sent.id) == 32
    assert sorted(item.recipient for item in sent.recipients["items"]) == sorted([int(A), int(B)])
    assert client.message(sent.id).body == "Hello"
    assert [message.id for message in client.message_list().items] == [sent.id]
    assert client.balance().amount == 1000
    assert client.lookup(A).countryCode == "FR"
    assert [text["phone"] for text in gateway.messages()] == [A, B]


def test_official_package_is_told_of_a_wrong_key(gateway):
    client = messagebird.Client("wrong", http_client=HttpClient(f"{gateway.url}/", "wrong", "tests"))
    with pytest.raises(messagebird.ErrorException) as caught:
        client.balance()
    assert caught.value.errors[0].code == 2


def test_official_package_searches_buys_and_gives_back_numbers(gateway):
    numbers = messagebird.Client(
        gateway.access_key, http_client=HttpClient(f"{gateway.url}/v1/", gateway.access_key, "tests")
    )
    offer = numbers.available_numbers_list("US", {"features": "sms"}, 3, 0).items[0]
    assert numbers.purchase_number(offer.number, "US").status == "active"
    assert [number.number for number in numbers.purchased_numbers_list().items] == [offer.number]
    assert numbers.purchased_number(offer.number).country == "US"
    numbers.delete_number(offer.number)
    assert gateway.get_owned() == []


@pytest.mark.parametrize("recipients", [[A, B], [f"+{A}", f"00{B}"], [int(A), int(B)], f"{A},{B}"])
def test_recipients_come_in_every_form(gateway, recipients):
    assert send(gateway, recipients=recipients).status_code == 201
    assert [text["phone"] for text in gateway.messages()] == [A, B]


def test_form_body_is_read(gateway):
    assert call(gateway, "POST", "/messages", data=TEXT | {"recipients": f"{A},{B}"}).status_code == 201
    assert len(gateway.messages()) == 2


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"originator": ""}, (422, 9, "originator")),
        ({"originator": "TwelveLetters"}, (422, 10, "originator")),
        ({"body": ""}, (422, 9, "body")),
        ({"body": "x" * 1378}, (422, 10, "body")),
        ({"body": "ы" * 604, "datacoding": "unicode"}, (422, 10, "body")),
        ({"recipients": []}, (422, 9, "recipients")),
        ({"recipients": ["letters"]}, (422, 9, "recipients")),
        ({"recipients": [f"3361234{n:04d}" for n in range(51)]}, (422, 10, "recipients")),
    ],
)
def test_wrong_fields_are_named(gateway, changes, expected):
    assert error_of(send(gateway, **changes)) == expected
    assert gateway.messages() == []


@pytest.mark.parametrize(
    "method, path, expected",
    [
        ("GET", "/messages/unknown", (404, 20, None)),
        ("GET", "/nothing", (404, 98, None)),
        ("GET", "/v1/nothing", (404, 98, None)),
        ("GET", "/v1/phone-numbers/1", (404, 20, "number")),
    ],
)
def test_unknown_things_have_their_codes(gateway, method, path, expected):
    assert error_of(call(gateway, method, path)) == expected


def test_without_the_key_nothing_is_told(gateway):
    response = requests.get(f"{gateway.url}/balance", timeout=10)
    assert error_of(response) == (401, 2, "access_key")


def test_list_filters_and_pages(gateway):
    for number in range(3):
        send(gateway, recipients=[A], reference=f"r{number}")
    send(gateway, recipients=[B])
    found = call(gateway, "GET", f"/messages?recipient={A}&limit=2&offset=1").json()
    assert (found["totalCount"], found["count"], found["offset"]) == (3, 2, 1)
    assert [item["reference"] for item in found["items"]] == ["r1", "r0"]
    later = call(gateway, "GET", "/messages", params={"from": "2099-01-01T00:00:00+00:00"}).json()
    assert later["totalCount"] == 0
    assert error_of(call(gateway, "GET", "/messages?from=soon")) == (422, 10, "from")


@pytest.mark.parametrize(
    "body, coding, parts",
    [("x" * 160, "plain", 1), ("x" * 161, "plain", 2), ("€" * 80, "plain", 1), ("☎" * 71, "auto", 2)],
)
def test_parts_are_counted_as_they_travel(gateway, body, coding, parts):
    answer = send(gateway, body=body, datacoding=coding).json()
    assert answer["recipients"]["items"][0]["messagePartCount"] == parts


def test_plain_coding_loses_other_characters(gateway):
    send(gateway, body="Привет ok")
    assert gateway.messages()[0]["body"] == "?????? ok"


def test_prices_span_from_one_credit_to_many_and_leave_countries_out():
    with start_gateway() as gateway:
        rows = call(gateway, "GET", "/pricing/sms/outbound").json()["prices"]
    prices = {row["countryIsoCode"]: float(row["price"]) for row in rows if row["mnc"] is None}
    credits = {country: math.ceil(round(price / min(prices.values()), 6)) for country, price in prices.items()}
    assert (credits["US"], credits["GB"], credits["FR"]) == (1, 5, 9)
    assert max(credits.values()) > 24
    assert len(prices) > 60
    assert "CU" not in prices and "KP" not in prices
    assert rows[0]["countryIsoCode"] == "XX"


def test_offered_numbers_are_valid_american_ones(gateway):
    items = call(gateway, "GET", "/v1/available-phone-numbers/US?features=sms&limit=100").json()["items"]
    parsed = [phonenumbers.parse(f"+{item['number']}") for item in items]
    assert len(items) == 100
    assert all(map(phonenumbers.is_valid_number, parsed))
    assert {phonenumbers.region_code_for_number(number) for number in parsed} == {"US"}


def test_countries_carry_the_calling_codes_of_the_world():
    for country, (_, code, _, _) in COUNTRIES.items():
        assert phonenumbers.country_code_for_region(country) == int(code), country


def test_every_text_is_in_the_journal_also_after_a_reset(gateway):
    before = gateway.taken()
    send(gateway, recipients=[A, B])
    gateway.reset()
    send(gateway)
    assert gateway.taken() == before + 3


def test_network_remembers_everything_after_a_restart(tmp_path):
    store = tmp_path / "network.sqlite3"
    with start_gateway(store=store) as gateway:
        send(gateway, recipients=[A])
        call(gateway, "POST", "/v1/phone-numbers", json={"number": "12015550100", "countryCode": "US"})
        gateway.set_switch("answers", "busy")
        gateway.process.kill()
    with start_gateway(store=store) as gateway:
        assert [text["phone"] for text in gateway.messages()] == [A]
        assert [number["number"] for number in gateway.get_owned()] == ["12015550100"]
        assert send(gateway).status_code == 429
        assert gateway.taken() == 1


@pytest.mark.parametrize("content", [{}, {"name": "answers", "value": "odd"}, {"name": "phone", "value": "refused"}])
def test_unknown_switches_are_refused(gateway, content):
    with pytest.raises(ValueError, match="problem"):
        gateway.post("/control/switches", content)


def test_switch_for_a_number_of_times_turns_itself_back(gateway):
    gateway.set_switch("answers", "busy", times=2)
    assert [send(gateway).status_code for _ in range(3)] == [429, 429, 201]
    assert gateway.get("/control/switches") == []
