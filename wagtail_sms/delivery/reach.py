"""What a campaign's text costs each person, and whom its credits reach, as SQL that its plan and its claims share.

All of it is about a subscriber `s` and the rate `r` of their country.
"""


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
    """The condition that the credits reach somebody, with its parameters; always true for most campaigns.

    Cheapest texts first: all that cost less than `reach_credits`, and of those that cost just that whoever signed up
    first.
    """
    if campaign.reach_credits is None:
        return "1 = 1", []
    each, parameters = cost(campaign)
    most = campaign.reach_credits
    sql = f"({each} < %s OR ({each} = %s AND s.id <= %s))"
    return sql, [*parameters, most, *parameters, most, campaign.reach_through]
