"""Signals for the host project, sent after commit. Our own code calls functions instead."""

from django.dispatch import Signal


subscriber_subscribed = Signal()  # subscriber, is_new
subscriber_stopped = Signal()  # subscriber
campaign_launched = Signal()  # campaign
campaign_finished = Signal()  # campaign
delivery_updated = Signal()  # campaign, count
inbound_received = Signal()  # site, keyword
credits_low = Signal()  # site, available
purchase_paid = Signal()  # purchase
