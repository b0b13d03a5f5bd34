"""The states things can be in, and the moves between them (DESIGN: states).

A move is a compare-and-set UPDATE in the part that owns the model; these tables say which moves exist.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExtensionStatus(models.TextChoices):
    INSTALLED = "installed", _("Installed")
    UNINSTALLED = "uninstalled", _("Not installed")


class ExtensionPlan(models.TextChoices):
    TRIAL = "trial", _("Trial")
    FULL = "full", _("Full")


class SubscriberStatus(models.TextChoices):
    PENDING = "pending", _("Not confirmed")
    ACTIVE = "active", _("Receives messages")
    SUSPENDED = "suspended", _("Suspended")
    STOPPED = "stopped", _("Unsubscribed")
    UNREACHABLE = "unreachable", _("Can't be reached")


class CampaignStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Sent")
    CANCELLED = "cancelled", _("Cancelled")


class BatchStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Being sent")
    DONE = "done", _("Sent")
    UNCERTAIN = "uncertain", _("Uncertain")
    CANCELLED = "cancelled", _("Cancelled")


class DeliveryStatus(models.IntegerChoices):
    """HANDED reads as its batch does; the number is the rank reports may only raise (see `RANK`)."""

    HANDED = 0, _("Handed over")
    ACCEPTED = 1, _("Accepted")
    SENT = 2, _("Sent")
    DELIVERED = 3, _("Delivered")
    UNDELIVERED = 4, _("Not delivered")
    EXPIRED = 5, _("Expired")
    REJECTED = 6, _("Rejected")
    SKIPPED = 7, _("Skipped")
    CANCELLED = 8, _("Cancelled")
    UNCERTAIN = 9, _("Uncertain")


class SkipReason(models.TextChoices):
    STOPPED = "stopped", _("Unsubscribed before it was sent")
    SUSPENDED = "suspended", _("Suspended before it was sent")
    UNREACHABLE = "unreachable", _("The number turned out to be no phone before it was sent")
    CHANGED = "changed", _("Switched off and on again after the launch")
    ERASED = "erased", _("Deleted before it was sent")
    LATE = "late", _("Signed up too late for this message")
    LOST = "lost", _("Never reached the network, and was not sent again")


class FailureKind(models.TextChoices):
    """Why a text did not arrive, in words; a provider says which of its codes mean which."""

    OUT_OF_REACH = "out_of_reach", _("The phone was off or out of reach for too long")
    NETWORK = "network", _("The network had a fault")
    NO_SUCH_NUMBER = "no_such_number", _("The number doesn't exist or takes no texts")
    BLOCKED = "blocked", _("The network blocked the message")
    OPTED_OUT = "opted_out", _("They told their network that they want no more texts")
    REFUSED = "refused", _("The SMS provider refused the message or the number")
    NO_REPORT = "no_report", _("The network never said what became of it, so it may have arrived")
    UNEXPLAINED = "unexplained", _("The network gave no reason")
    UNKNOWN = "unknown", _("A reason that we don't know")


# Those with which the same text may arrive at another time, and surely did not arrive the first time.
RETRYABLE = (FailureKind.OUT_OF_REACH, FailureKind.NETWORK)


class Verdict(models.TextChoices):
    """What a person says of uncertain texts when nobody else can."""

    SENT = "sent", _("They were sent")
    NOT_SENT = "not_sent", _("They were not sent")


class NoticeStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting for credits")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Being sent")
    ACCEPTED = "accepted", _("Accepted")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    EXPIRED = "expired", _("Expired")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Uncertain")
    CANCELLED = "cancelled", _("Cancelled")


class NoticePurpose(models.TextChoices):
    WELCOME = "welcome", _("Welcome text")
    CODE = "code", _("Confirmation code")
    STOP_REPLY = "stop_reply", _("Reply to STOP")
    START_REPLY = "start_reply", _("Reply to START")
    HELP_REPLY = "help_reply", _("Reply to HELP")
    TEST = "test", _("Test message")


class SenderStatus(models.TextChoices):
    REQUESTED = "requested", _("Being obtained")
    ACTIVE = "active", _("Active")
    # Another has taken its place; what people text to it still counts.
    LISTENING = "listening", _("Replaced, still listening")
    FAILED = "failed", _("Could not be obtained")
    RELEASED = "released", _("Given back")


class CountryRequestStatus(models.TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    DECLINED = "declined", _("Declined")


class ConsentKind(models.TextChoices):
    OPT_IN = "opt_in", _("Signed up")
    STOP = "stop", _("Texted STOP")
    START = "start", _("Texted START")
    SUSPEND = "suspend", _("Suspended by an editor")
    RESUME = "resume", _("Resumed by an editor")
    ERASE = "erase", _("Deleted by an editor")
    UNREACHABLE = "unreachable", _("The network says that the number is no phone")


class ImportStatus(models.TextChoices):
    """An import of subscribers, from the upload to the report."""

    UPLOADED = "uploaded", _("Uploaded")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    REFUSED = "refused", _("Refused")


class InboundVerdict(models.TextChoices):
    """What became of an incoming text that somebody had to look at, or looked at of their own accord."""

    STOP = "stop", _("Treated as STOP")
    LEFT = "left", _("Left as it is")
    SETTLED = "settled", _("They unsubscribed themselves")


class GrantKind(models.TextChoices):
    FREE = "free", _("Free monthly credits")
    PACK = "pack", _("Bought credits")
    ADJUSTMENT = "adjustment", _("Adjustment by the operator")


class PriceListStatus(models.TextChoices):
    ACCEPTED = "accepted", _("In use")
    REFUSED = "refused", _("Refused")
    # From the API of a provider whose prices from a file are in use.
    ASIDE = "aside", _("Kept aside")


class StrangeKind(models.TextChoices):
    STATUS = "status", _("status")
    EVENT = "event", _("event")


class RateBasis(models.TextChoices):
    """Where a country's credits come from."""

    PRICE = "price", _("The provider's price")
    PARENT = "parent", _("The price of another country")
    OVERRIDE = "override", _("Set by the operator")


class Bucket(models.TextChoices):
    ISSUED = "issued", _("Issued")
    AVAILABLE = "available", _("Available")
    RESERVED = "reserved", _("Reserved")
    SPENT = "spent", _("Spent")
    EXPIRED = "expired", _("Expired")


class TransferKind(models.TextChoices):
    ISSUE = "issue", _("Credits added")
    RESERVE = "reserve", _("Reserved")
    CAPTURE = "capture", _("Spent")
    RELEASE = "release", _("Given back")
    REFUND = "refund", _("Refunded")
    EXPIRE = "expire", _("Expired")


class ReservationStatus(models.TextChoices):
    HELD = "held", _("Held")
    CLOSED = "closed", _("Settled")
    VOID = "void", _("Void")


class PurchaseStatus(models.TextChoices):
    CREATED = "created", _("Created")
    PENDING = "pending", _("Waiting for the payment")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    DISPUTED = "disputed", _("Disputed")
    REFUNDED = "refunded", _("Refunded")


_S, _C, _B, _D, _N = SubscriberStatus, CampaignStatus, BatchStatus, DeliveryStatus, NoticeStatus
_P = PurchaseStatus

SUBSCRIBER_MOVES = {
    _S.PENDING: {_S.ACTIVE, _S.STOPPED},
    _S.ACTIVE: {_S.SUSPENDED, _S.STOPPED, _S.UNREACHABLE},
    _S.SUSPENDED: {_S.ACTIVE, _S.STOPPED},
    _S.UNREACHABLE: {_S.ACTIVE, _S.STOPPED},
    _S.STOPPED: {_S.ACTIVE},  # by the person only: START, or the PWA again
}
PURCHASE_MOVES = {
    _P.CREATED: {_P.PENDING, _P.PAID, _P.FAILED, _P.EXPIRED},
    _P.PENDING: {_P.PAID, _P.FAILED, _P.EXPIRED},
    # Late success: the bank's word beats our own clock.
    _P.FAILED: {_P.PAID},
    _P.EXPIRED: {_P.PAID},
    _P.PAID: {_P.DISPUTED, _P.REFUNDED},
    _P.DISPUTED: {_P.PAID, _P.REFUNDED},
    _P.REFUNDED: set(),
}
CAMPAIGN_MOVES = {
    _C.DRAFT: {_C.SCHEDULED, _C.QUEUED},
    _C.SCHEDULED: {_C.DRAFT, _C.QUEUED, _C.CANCELLED},
    _C.QUEUED: {_C.SENDING, _C.PAUSED, _C.CANCELLED},
    _C.SENDING: {_C.PAUSED, _C.DONE, _C.CANCELLED},
    _C.PAUSED: {_C.SENDING, _C.QUEUED, _C.CANCELLED},
    _C.DONE: set(),
    _C.CANCELLED: set(),
}
BATCH_MOVES = {
    _B.QUEUED: {_B.SENDING, _B.CANCELLED},
    _B.SENDING: {_B.QUEUED, _B.DONE, _B.UNCERTAIN},
    _B.UNCERTAIN: {_B.DONE, _B.QUEUED},
    _B.DONE: set(),
    _B.CANCELLED: set(),
}
RUNNING_CAMPAIGNS = (_C.QUEUED, _C.SENDING, _C.PAUSED)

# How far a message has come. Reports only raise it: equal ranks never replace each other, a late DELIVERED any failure.
RANK = {
    _D.UNCERTAIN: 0,
    _D.HANDED: 0,
    _D.ACCEPTED: 1,
    _D.SENT: 2,
    _D.UNDELIVERED: 3,
    _D.EXPIRED: 3,
    _D.DELIVERED: 4,
}
NOTICE_RANK = {
    _N.UNCERTAIN: 0,
    _N.SENDING: 0,
    _N.ACCEPTED: 1,
    _N.SENT: 2,
    _N.UNDELIVERED: 3,
    _N.EXPIRED: 3,
    _N.DELIVERED: 4,
}
