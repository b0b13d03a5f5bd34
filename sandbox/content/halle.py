"""Halle Nord beside its concerts: front page, programme, visit, hall, privacy."""

HOME = {
    "title": "Halle Nord",
    "tagline": "Nine hundred people and one very good echo.",
    "intro": "<p>Halle Nord is the old tram depot on the north quay: forty metres of brick, a floor that "
    "still has the rails in it, "
    "and music on most nights of the week.</p>",
    "search_description": "Concerts in the old tram depot on the north quay.",
}
HOME_BODY = [
    (
        "sms_signup",
        {
            "heading": "Hear it from us first",
            "text": "Last tickets, moved doors, the odd secret gig: we text you when it matters, and not otherwise.",
        },
    ),
    ("heading", "The house"),
    (
        "text",
        "<p>Trams slept here until the line was cut. The doors are wide enough for two of them, which is "
        "why every stage, "
        "organ and sousaphone has come in without a scratch.</p>",
    ),
    (
        "quote",
        {"text": "If a note is worth playing, it is worth hearing it come back.", "source": "Above the stage door"},
    ),
]
PROGRAMME = {
    "title": "Programme",
    "intro": "Eight evenings, one whole night, and one morning with cocoa.",
}
VISIT = {
    "title": "Plan your visit",
    "intro": "Where to come in, when to come, and what is waiting for you inside.",
}
VISIT_BODY = [
    (
        "facts",
        [
            {"label": "Address", "value": "Kaistrasse 14, Shed 3, Nordhafen"},
            {"label": "Tram", "value": "Lines 2 and 9 to Nordkai, then four minutes along the water"},
            {"label": "Night bus", "value": "N2 every half hour until 4:30"},
            {"label": "Bicycles", "value": "180 racks under the viaduct, lit all night"},
            {"label": "Cloakroom", "value": "€2, free for instruments"},
            {"label": "Bar", "value": "Opens with the doors; card and cash"},
        ],
    ),
    ("heading", "Getting in without stairs"),
    (
        "text",
        "<p>Everything is on one level except the balcony. There is a step-free way from the tram stop, an "
        "accessible toilet "
        "beside the cloakroom, and a raised platform with seats at every standing concert. Companions come "
        "in free. "
        "An induction loop covers the front third of the hall.</p>",
    ),
    ("heading", "Loud and quiet"),
    (
        "text",
        "<p>Earplugs are free at the bar, ear defenders for children at the cloakroom. If it gets too much, "
        "the tram "
        "drivers' old tea room behind the balcony stairs is the quietest place in the harbour, and it has a "
        "sofa.</p>",
    ),
]
HALL = {
    "title": "The hall",
    "intro": "Built for trams, kept for the sound they left behind.",
}
HALL_BODY = [
    (
        "text",
        "<p>When the last tram left, somebody clapped, and the clap went on for five and a half seconds. "
        "The people who heard "
        "it rented the place the same week. They paid the first winter's heating with a raffle.</p>"
        "<p>Since then the roof has been mended twice, the pit has become a cloakroom, and the rails have "
        "stayed where they "
        "were because every dancer in town likes them.</p>",
    ),
    (
        "facts",
        [
            {"label": "Standing", "value": "900"},
            {"label": "Seated", "value": "420"},
            {"label": "Length", "value": "41 metres"},
            {"label": "Reverberation", "value": "5.5 seconds, 2.1 with the curtains"},
            {"label": "Organ", "value": "19 stops, 17 of them reliable"},
        ],
    ),
    (
        "quote",
        {
            "text": "We do not book bands for the hall. We book the hall for bands.",
            "source": "The programme group, minutes of the first meeting",
        },
    ),
]
PRIVACY = {
    "title": "Privacy",
    "intro": "What happens to your phone number, in plain words.",
}
PRIVACY_BODY = [
    (
        "text",
        "<p>If you ask for our text messages we keep your mobile number, the day you asked, and the "
        "sentence you agreed to. "
        "We use the number to text you about concerts in this hall and for nothing else. We do not sell it, "
        "lend it or swap it.</p>",
    ),
    ("heading", "How to stop"),
    (
        "text",
        "<p>Reply STOP to any of our texts. It works at once, in the words you would use anyway. After that "
        "we keep only a "
        "scrambled form of your number, so that nobody can put you back on the list by mistake. Reply HELP "
        "for help.</p>",
    ),
    ("heading", "This is a demo"),
    (
        "text",
        "<p>Halle Nord is invented. The texts of this sandbox travel over a telephone network that runs on "
        "this computer and ends there.</p>",
    ),
]
