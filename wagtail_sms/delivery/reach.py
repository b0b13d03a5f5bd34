"""What a campaign's text costs each person, and whom its credits reach, as SQL that its plan and its claims share.

All of it is about a subscriber `s` and the rate `r` of their country.
"""

from wagtail_sms.states import DeliveryStatus


RETRIED = f"""
    s.id IN (
        SELECT failed.subscriber_id FROM wagtail_sms_delivery failed
        WHERE failed.campaign_id = %s AND failed.retry_id = %s
          AND failed.status IN ({DeliveryStatus.UNDELIVERED:d}, {DeliveryStatus.EXPIRED:d}))
"""  # noqa: S608 only our own numbers are interpolated


def needs_link(campaign) -> tuple[str, list[str]]:
    """The condition that somebody's text ends with a link, with its parameters; "" when nobody's does."""
    countries = campaign.link_countries.split(",") if campaign.link_countries else []
    return (f"s.country IN ({', '.join(['%s'] * len(countries))})", countries) if countries else ("", [])


def cost(campaign) -> tuple[str, list]:
    """Credits of one person's text, with the parameters."""
    link, parameters = needs_link(campaign)
    if not link:
        return "r.credits * %s", [campaign.segments]
    segments = f"CASE WHEN {link} THEN %s ELSE %s END"
    return f"r.credits * {segments}", [*parameters, campaign.link_segments, campaign.segments]


def within_reach(campaign) -> tuple[str, list]:
    """The condition that the campaign is for somebody, with its parameters; always true for most campaigns.

    A second try is for those whose failures it has taken, unless one arrived after all. Others are for everybody whom
    the credits reach.

    Cheapest texts first: all that cost less than `reach_credits`, and of those that cost just that whoever signed up
    first.
    """
    if campaign.retry_of_id:
        return RETRIED, [campaign.retry_of_id, campaign.pk]
    if campaign.reach_credits is None:
        return "1 = 1", []
    each, parameters = cost(campaign)
    most = campaign.reach_credits
    sql = f"({each} < %s OR ({each} = %s AND s.id <= %s))"
    return sql, [*parameters, most, *parameters, most, campaign.reach_through]
