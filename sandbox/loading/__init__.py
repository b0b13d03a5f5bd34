"""Filling the sandbox: pages, people, subscribers, a campaign.

Every part may be run again and adds only what is missing; what somebody changed in the demo stays as it is.
"""
