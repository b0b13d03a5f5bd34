"""Every status, reason and error code of MessageBird's reports, as the gateway sends them when it is told to."""

import pytest

from tests.gateway.site import running_site
from wagtail_sms.providers.base import OutboundBatch, ReportStatus
from wagtail_sms.providers.messagebird import MessageBirdProvider


PERSON = "+33612345678"
STATUSES = {
    "scheduled": ReportStatus.SENT,
    "pending": ReportStatus.SENT,
    "sent": ReportStatus.SENT,
    "buffered": ReportStatus.SENT,
    "delivered": ReportStatus.DELIVERED,
    "expired": ReportStatus.EXPIRED,
    "delivery_failed": ReportStatus.UNDELIVERED,
    "rejected": ReportStatus.REJECTED,
    "a_new_word": ReportStatus.UNKNOWN,
}
REASONS = [
    "DLR not received",
    "expired",
    "unknown subscriber",
    "unavailable subscriber",
    "generic delivery failure",
    "received_network_error",
    "carrier rejected",
    "opted out",
    "insufficient balance",
    "capacity limit reached",
]
CODES = [1, 2, 3, 5, 8, 9, 10, 11, 12, 26, 27, 31, 34, 103, 104, 999]


@pytest.fixture
def reported(gateway):
    """A function: what our provider makes of a report that the gateway is told to send."""
    with running_site() as site:
        provider = MessageBirdProvider("default", gateway.provider_options())
        gateway.set_switch("reports", "off")
        address = f"{site.url}/hook/"
        provider.send(OutboundBatch("reference-1", "+12015550100", "Hello", "GSM-7", (PERSON,), address))

        def report(status, **more):
            gateway.report(PERSON, status, **more)
            gateway.wait_until_quiet()
            request = site.calls.pop().request()
            (found,) = provider.parse_reports(request)
            return found

        yield report
        provider.close()


def test_every_status_has_its_meaning(reported):
    found = {word: reported(word) for word in STATUSES}
    assert {word: report.status for word, report in found.items()} == STATUSES
    assert {(report.reference, report.recipient) for report in found.values()} == {("reference-1", PERSON)}
    assert all(report.raw_status == word for word, report in found.items())


def test_every_reason_and_code_of_a_failure_is_kept(reported):
    for reason in REASONS:
        assert reported("delivery_failed", reason=reason, code=1).error_text == reason
    assert [reported("delivery_failed", code=code).error_code for code in CODES] == list(map(str, CODES))


def test_code_zero_is_no_error(reported):
    report = reported("delivered", reason="successfully delivered", code=0)
    assert (report.error_code, report.error_text) == ("", "")
