import json
from datetime import UTC, datetime

import pytest

from sandbox.gateway.signing import HEADER, signature
from wagtail_sms.exceptions import WebhookRejected
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.providers.messagebird import MessageBirdProvider
from wagtail_sms.providers.messagebird_webhooks import moment


KEY, OTHER_KEY = "k" * 40, "o" * 40
REPORTS, INBOUND = "/sms/hooks/default/token/reports/", "/sms/hooks/default/token/inbound/"
AT = datetime(2016, 5, 3, 14, 26, 57, tzinfo=UTC)


def make_provider(**options):
    return MessageBirdProvider("default", {"ACCESS_KEY": "live_x", "SIGNING_KEY": KEY, **options})


def get(rf, address, *, key=KEY, now=None, base="http://testserver"):
    return rf.get(address, headers={HEADER: signature(key, base + address, now=now)})


def post(rf, path, body, content_type, *, key=KEY, signed=None):
    token = signature(key, f"http://testserver{path}", body if signed is None else signed)
    return rf.post(path, body, content_type=content_type, headers={HEADER: token})


# Signatures


def test_every_key_of_a_rotation_is_accepted(rf):
    provider = make_provider(SIGNING_KEY=[OTHER_KEY, KEY])
    request = get(rf, f"{REPORTS}?id=1&recipient=31612345678&status=sent")
    provider.verify_signature(request)
    assert provider.parse_reports(request)[0].recipient == "+31612345678"


def test_signature_covers_the_public_address_not_the_one_behind_the_proxy(rf, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "WEBHOOK_BASE_URL": "https://www.example.com/"}
    provider, address = make_provider(), f"{REPORTS}?id=1"
    provider.verify_signature(get(rf, address, base="https://www.example.com"))
    with pytest.raises(WebhookRejected):
        provider.verify_signature(get(rf, address, base="http://testserver"))


def test_query_is_compared_as_it_came(rf):
    address = f"{REPORTS}?statusDatetime=2016-05-03T08:58:10+00:00&price[amount]=0.07&b=%7E|&a=%C3%A9"
    provider = make_provider()
    provider.verify_signature(get(rf, address))
    reordered = rf.get(f"{REPORTS}?a=%C3%A9", headers={HEADER: signature(KEY, f"http://testserver{address}")})
    with pytest.raises(WebhookRejected):
        provider.verify_signature(reordered)


@pytest.mark.parametrize("changes", [{"key": OTHER_KEY}, {"now": 1_000_000_000}, {"base": "http://evil.example"}])
def test_wrong_key_old_token_and_wrong_address_are_rejected(rf, changes):
    with pytest.raises(WebhookRejected):
        make_provider().verify_signature(get(rf, REPORTS, **changes))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30.", "." * 5000])
def test_strange_tokens_are_rejected_and_raise_nothing_else(rf, token):
    with pytest.raises(WebhookRejected):
        make_provider().verify_signature(rf.get(REPORTS, headers={HEADER: token.encode().decode("latin-1")}))


def test_token_without_the_hash_of_the_address_is_rejected(rf):
    import jwt

    claims = {"iss": "MessageBird", "nbf": datetime.now(UTC), "exp": datetime(2099, 1, 1, tzinfo=UTC)}
    token = jwt.encode(claims, KEY, algorithm="HS256")
    with pytest.raises(WebhookRejected):
        make_provider().verify_signature(rf.get(REPORTS, headers={HEADER: token}))


def test_changed_body_is_rejected(rf):
    provider = make_provider()
    provider.verify_signature(post(rf, INBOUND, b"originator=1", "application/x-www-form-urlencoded"))
    changed = post(rf, INBOUND, b"originator=2", "application/x-www-form-urlencoded", signed=b"originator=1")
    with pytest.raises(WebhookRejected):
        provider.verify_signature(changed)


def test_without_a_public_address_or_a_key_nothing_passes(rf, settings):
    with pytest.raises(WebhookRejected):
        make_provider(SIGNING_KEY="").verify_signature(get(rf, REPORTS))
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "WEBHOOK_BASE_URL": ""}
    with pytest.raises(WebhookRejected):
        make_provider().verify_signature(get(rf, REPORTS, base=""))


def test_unsigned_reports_pass_only_where_they_are_allowed_and_inbound_never(rf):
    lenient = make_provider(REQUIRE_SIGNED_REPORTS=False)
    assert lenient.verify_signature(rf.get(REPORTS)) is None
    for provider, request in ((make_provider(), rf.get(REPORTS)), (lenient, rf.get(INBOUND))):
        with pytest.raises(WebhookRejected):
            provider.verify_signature(request)
    with pytest.raises(WebhookRejected):
        lenient.verify_signature(get(rf, REPORTS, key=OTHER_KEY))


def test_missing_signing_key_is_found_by_the_checks():
    assert [message.id for message in make_provider(SIGNING_KEY=[]).check()] == ["wagtail_sms.E102"]


def test_test_key_is_found_by_the_checks():
    assert [message.id for message in make_provider(ACCESS_KEY="test_x").check()] == ["wagtail_sms.W101"]


# Reports


@pytest.mark.parametrize(
    "word, status",
    [
        ("scheduled", ReportStatus.SENT),
        ("sent", ReportStatus.SENT),
        ("buffered", ReportStatus.SENT),
        ("delivered", ReportStatus.DELIVERED),
        ("expired", ReportStatus.EXPIRED),
        ("delivery_failed", ReportStatus.UNDELIVERED),
        ("rejected", ReportStatus.REJECTED),
        ("new_word", ReportStatus.UNKNOWN),
    ],
)
def test_each_status_has_its_meaning(rf, word, status):
    (report,) = make_provider().parse_reports(rf.get(REPORTS, {"recipient": "31612345678", "status": word}))
    assert (report.status, report.raw_status) == (status, word)


def test_report_of_a_failure_says_why(rf):
    fields = {"id": "m", "reference": "ref", "recipient": "31612345678", "status": "delivery_failed"}
    fields |= {"statusDatetime": "2016-05-03T14:26:57+00:00", "statusErrorCode": "103", "statusReason": "opted out"}
    (report,) = make_provider().parse_reports(rf.get(REPORTS, fields))
    assert (report.error_code, report.error_text) == ("103", "opted out")
    assert (report.provider_id, report.reference, report.occurred_at) == ("m", "ref", AT)


def test_report_of_a_success_has_no_error(rf):
    fields = {"recipient": "31612345678", "status": "delivered", "statusErrorCode": "0"}
    (report,) = make_provider().parse_reports(rf.get(REPORTS, fields | {"statusReason": "successfully delivered"}))
    assert (report.error_code, report.error_text) == ("", "")


def test_reports_may_be_posted_as_form_and_as_json(rf):
    provider, fields = make_provider(), {"recipient": "31612345678", "status": "sent", "id": "m"}
    by_form = provider.parse_reports(rf.post(REPORTS, fields))
    by_json = provider.parse_reports(rf.post(REPORTS, json.dumps([fields, fields]), content_type="application/json"))
    assert by_form[0].event_key == by_json[0].event_key == by_json[1].event_key


@pytest.mark.parametrize("fields", [{}, {"recipient": "31612345678"}, {"status": "sent"}])
def test_report_without_recipient_or_status_is_rejected(rf, fields):
    with pytest.raises(WebhookRejected):
        make_provider().parse_reports(rf.get(REPORTS, fields))


@pytest.mark.parametrize("body", [b"no json", b"1", b"[1]", b"\xff"])
def test_unreadable_json_is_rejected(rf, body):
    with pytest.raises(WebhookRejected):
        make_provider().parse_reports(rf.post(REPORTS, body, content_type="application/json"))


# Inbound texts


INBOUND_SHAPES = {
    "number": {
        "id": "e8077d80",
        "recipient": "12015550100",
        "originator": "31612345678",
        "body": "Stop",
        "createdDatetime": "2016-05-03T14:26:57 00:00",
    },
    "short code": {
        "mid": "e8077d80",
        "shortcode": "12015550100",
        "originator": "31612345678",
        "message": "Stop",
        "receive_datetime": "20160503142657",
    },
    "flow": {
        "id": "e8077d80",
        "recipient": "+1 201 555 0100",
        "originator": "+31612345678",
        "payload": "Stop",
        "createdDatetime": "2016-05-03T16:26:57+02:00",
    },
    "other names": {
        "message_id": "e8077d80",
        "receiver": "12015550100",
        "sender": "31612345678",
        "body": "Stop",
        "date_utc": "1462285617",
    },
}


@pytest.mark.parametrize("shape", INBOUND_SHAPES)
@pytest.mark.parametrize("transport", ["query", "form", "json"])
def test_inbound_text_in_every_shape(rf, shape, transport):
    fields = INBOUND_SHAPES[shape]
    request = {
        "query": lambda: rf.get(INBOUND, fields),
        "form": lambda: rf.post(INBOUND, fields),
        "json": lambda: rf.post(INBOUND, json.dumps(fields), content_type="application/json"),
    }[transport]()
    (text,) = make_provider().parse_inbound(request)
    assert (text.sender, text.recipient, text.body) == ("+31612345678", "+12015550100", "Stop")
    assert (text.provider_id, text.received_at) == ("e8077d80", AT)


def test_unescaped_plus_in_the_date_is_read(rf):
    address = f"{INBOUND}?id=1&originator=31612345678&body=This+is+it&createdDatetime=2016-05-03T14:26:57+00:00"
    (text,) = make_provider().parse_inbound(rf.get(address))
    assert (text.body, text.received_at) == ("This is it", AT)


def test_text_without_an_id_is_known_by_its_content(rf):
    fields = {"originator": "31612345678", "body": "Stop", "date": "2016-05-03T14:26:57Z"}
    provider = make_provider()
    (text,), (again,) = (provider.parse_inbound(rf.get(INBOUND, fields)) for _ in range(2))
    (other,) = provider.parse_inbound(rf.get(INBOUND, fields | {"body": "Start"}))
    assert text.event_key == again.event_key != other.event_key
    assert text.recipient == ""


def test_empty_text_and_odd_senders_are_kept(rf):
    (text,) = make_provider().parse_inbound(rf.get(INBOUND, {"originator": "Bank", "recipient": "1008"}))
    assert (text.sender, text.recipient, text.body) == ("Bank", "1008", "")


def test_text_from_nobody_is_rejected(rf):
    with pytest.raises(WebhookRejected):
        make_provider().parse_inbound(rf.get(INBOUND, {"body": "Stop"}))


@pytest.mark.parametrize("text", ["", "yesterday", "2016-13-45T99:00:00Z", "99999999999999", "-1"])
def test_unreadable_moments_are_none(text):
    assert moment(text) is None
