"""What the network tells the site: signed, in time, again after a failure, and after its own death."""

import time

import pytest

from sandbox.gateway.reporter import Reporter
from sandbox.gateway.store import TABLES, Store
from sandbox.gateway.traffic import Network
from tests.gateway.fixtures import SIGNING_KEY, start_gateway, wait_for
from tests.gateway.site import running_site
from wagtail_sms.providers.base import OutboundBatch, ReportStatus
from wagtail_sms.providers.messagebird import MessageBirdProvider


A, B = "+33612345678", "+447700900123"
REPORTS, INBOUND = "/sms/hooks/default/token/reports/", "/sms/hooks/default/token/inbound/"


@pytest.fixture
def site(settings):
    with running_site() as site:
        settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "WEBHOOK_BASE_URL": site.url}
        yield site


def provider_for(gateway):
    return MessageBirdProvider("default", gateway.provider_options())


def send(gateway, site, *recipients, reference="ref", body="Hello"):
    provider = provider_for(gateway)
    url = site.url + REPORTS
    return provider.send(OutboundBatch(reference, "+12015550100", body, "GSM-7", recipients or (A,), url))


def reports(gateway, site, count):
    """The first reports, each with a good signature."""
    provider = provider_for(gateway)
    requests = [call.request() for call in wait_for(lambda: len(site.calls) >= count and list(site.calls))]
    for request in requests:
        provider.verify_signature(request)
    return [report for request in requests for report in provider.parse_reports(request)]


def test_each_recipient_is_reported_sent_and_then_delivered(gateway, site):
    send(gateway, site, A, B)
    found = reports(gateway, site, 4)
    for phone in (A, B):
        statuses = [report.status for report in found if report.recipient == phone]
        assert statuses == [ReportStatus.SENT, ReportStatus.DELIVERED]
    assert {report.reference for report in found} == {"ref"}
    assert {text["status"] for text in gateway.messages()} == {"delivered"}


def test_without_a_reference_there_are_no_reports(gateway, site):
    send(gateway, site, reference="")
    wait_for(lambda: gateway.messages()[0]["status"] == "delivered")
    gateway.wait_until_quiet()
    assert site.calls == []


def test_report_is_repeated_until_the_site_takes_it(gateway, site):
    site.answers = [500, 503, 500]
    send(gateway, site)
    statuses = {report.status for report in reports(gateway, site, 2)}
    assert statuses == {ReportStatus.SENT, ReportStatus.DELIVERED}


def test_site_that_was_down_hears_everything_later(gateway, site, settings):
    port = site.port
    site.close()
    send(gateway, site)
    wait_for(lambda: gateway.messages()[0]["status"] == "delivered")
    with running_site(port) as site:
        assert len(reports(gateway, site, 2)) == 2
        gateway.wait_until_quiet()


def test_reports_that_are_due_survive_the_death_of_the_network(tmp_path, site):
    store = tmp_path / "network.sqlite3"
    with start_gateway(store=store) as gateway:
        gateway.set_switch("reports", "late", seconds=1)
        send(gateway, site)
        wait_for(lambda: site.calls)
        gateway.process.kill()
    with start_gateway(store=store) as gateway:
        assert reports(gateway, site, 2)[-1].status == ReportStatus.DELIVERED


def test_site_that_refuses_is_not_bothered_for_ever(gateway, site):
    site.answers = [400] * 10
    send(gateway, site)
    gateway.wait_until_quiet(20)
    assert site.calls == []
    assert "refused by the site (400)" in gateway.page(f"/gateway/phones/{A.lstrip('+')}/")


@pytest.mark.parametrize(
    "switch, value, code",
    [
        ("phone", "unreachable", "27"),
        ("phone", "gone", "1"),
        ("phone", "opted_out", "103"),
        ("reports", "undelivered", "34"),
    ],
)
def test_text_that_does_not_arrive_is_reported(gateway, site, switch, value, code):
    gateway.set_switch(switch, value, **({"phone": A} if switch == "phone" else {}))
    send(gateway, site)
    last = reports(gateway, site, 2)[-1]
    assert (last.status, last.error_code) == (ReportStatus.UNDELIVERED, code)
    assert last.error_text


def test_start_ends_what_the_network_blocks(gateway, site):
    gateway.set_switch("phone", "opted_out", phone=A)
    send(gateway, site)
    assert reports(gateway, site, 2)[-1].error_code == "103"
    gateway.reply(A, "Start")
    send(gateway, site)
    wait_for(lambda: [text["status"] for text in gateway.messages()] == ["delivery_failed", "delivered"])


def test_reports_can_come_twice_with_the_same_key(gateway, site):
    gateway.set_switch("reports", "twice")
    send(gateway, site)
    found = reports(gateway, site, 4)
    assert len({report.event_key for report in found}) == 2


def test_reports_can_come_out_of_order(gateway, site):
    gateway.set_switch("reports", "shuffled")
    send(gateway, site)
    found = reports(gateway, site, 2)
    assert [report.status for report in found] == [ReportStatus.DELIVERED, ReportStatus.SENT]
    gateway.wait_until_quiet()
    assert gateway.messages()[0]["status"] == "delivered"


def test_reports_can_be_off(gateway, site):
    gateway.set_switch("reports", "off")
    send(gateway, site)
    wait_for(lambda: gateway.messages()[0]["status"] == "delivered")
    gateway.wait_until_quiet()
    assert site.calls == []


@pytest.mark.parametrize("style, method", [("query", "GET"), ("form", "POST"), ("json", "POST")])
def test_reply_reaches_the_site_signed_in_every_style(gateway, site, style, method):
    gateway.send_inbound_to(site.url + INBOUND)
    gateway.reply(A, "Stop, s'il vous plaît ☎ & +1", to="+12015550100", style=style)
    (call,) = wait_for(lambda: list(site.calls))
    request, provider = call.request(), provider_for(gateway)
    provider.verify_signature(request)
    (text,) = provider.parse_inbound(request)
    assert call.method == method
    assert (text.sender, text.recipient, text.body) == (A, "+12015550100", "Stop, s'il vous plaît ☎ & +1")
    wait_for(lambda: gateway.replies()[0]["status"] == "delivered")


def test_reply_goes_to_the_number_that_texted_last(gateway, site):
    gateway.send_inbound_to(site.url + INBOUND)
    send(gateway, site)
    gateway.reply(A, "STOP")
    wait_for(lambda: any(call.address.startswith(INBOUND) for call in site.calls))
    assert gateway.replies()[0]["number"] == "12015550100"


def test_reply_from_a_phone_that_nobody_texted_needs_a_number(gateway):
    with pytest.raises(ValueError, match="needs a phone"):
        gateway.reply(A, "STOP")


def test_thousand_texts_are_reported_in_seconds(gateway, site):
    for start in range(0, 1000, 50):
        crowd = [f"+3361234{n:04d}" for n in range(start, start + 50)]
        send(gateway, site, *crowd, reference=f"batch-{start}")
    wait_for(lambda: len(site.calls) == 2000, 15)
    assert SIGNING_KEY not in repr(site.calls[0])


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/hook/", "bird:"])
def test_a_network_that_is_emptied_while_it_reports_goes_on(tmp_path, address):
    """Between two tests the network forgets everything, also what it is about to tell."""
    store, now = Store(tmp_path / "gateway.sqlite3"), time.time()
    store.write("INSERT INTO messages VALUES ('m', 'mt', 'ref', '1201', 'Hello', 'plain', ?, 1, ?)", address, now)
    text = store.write(
        "INSERT INTO texts (message_id, phone, number, direction, status, status_at, created_at) "
        "VALUES ('m', '336', '1201', 'to_phone', 'sent', ?, ?)",
        *(now, now),
    )
    store.write(
        "INSERT INTO events (text_id, kind, status, reason, due_at, happened_at, call) "
        "VALUES (?, 'report', 'delivered', '', ?, ?, 1)",
        *(text, now - 1, now - 1),
    )
    read = store.rows

    def read_and_empty(sql, *values):
        found = read(sql, *values)
        for table in TABLES:
            store.write(f"DELETE FROM {table}")
        return found

    store.rows = read_and_empty
    reporter = Reporter(Network(store, "key", "signing", bird_secret="whsec_c2VjcmV0", bird_url="http://127.0.0.1:9/"))
    assert reporter.work() == 1
    assert reporter.work() == 0
