"""Atelier Sud: front page, three courses, the studio, privacy."""

HOME = {
    "title": "Atelier Sud",
    "tagline": "Three inks, one drum, no two prints alike.",
    "intro": "<p>A small print workshop in the second courtyard. We run an old stencil duplicator, a "
    "proofing press and four "
    "cases of wood type, and we like showing people how.</p>",
    "search_description": "A small print workshop: risography, letterpress, evening courses.",
}
HOME_BODY = [
    (
        "sms_signup",
        {"heading": "A text when a place is free", "text": "Our courses are small. We text when somebody drops out."},
    ),
    ("quote", {"text": "Out of register is not a mistake. It is a signature.", "source": "Painted over the sink"}),
]
COURSES = (
    {
        "slug": "first-two-colours",
        "title": "Your first two colours",
        "summary": "Draw two layers, print forty copies, take home thirty-nine.",
        "schedule": "Saturdays, 10:00 to 15:00",
        "places": 8,
        "price": "85",
        "print": "hills",
        "alt": "Print: hills in teal and pink under a halftone sun",
        "text": "<p>You bring a drawing or a photograph, or nothing. By noon it is two black stencils; "
        "after soup it is forty prints "
        "in pink and teal. You will learn what overprinting does, why the second layer never lands where "
        "you meant it to, "
        "and how to make that look deliberate.</p>",
    },
    {
        "slug": "wood-type-evenings",
        "title": "Wood type evenings",
        "summary": "Set one sentence by hand in letters the size of your palm.",
        "schedule": "Thursdays, 18:30 to 21:30",
        "places": 6,
        "price": "60",
        "print": "letters",
        "alt": "Print: large wood type letters in three inks",
        "text": "<p>Our wood type came from a circus printer, so there are eleven exclamation marks and "
        "only two letters Q. You choose "
        "a sentence, find out which letters we lack, and choose again. Then you lock it up, ink it and pull "
        "a proof.</p>",
    },
    {
        "slug": "still-life-on-the-drum",
        "title": "Still life on the drum",
        "summary": "Four mornings with a jug, a lemon and a halftone screen.",
        "schedule": "First week of the month, 9:00 to 12:00",
        "places": 8,
        "price": "190",
        "print": "still_life",
        "alt": "Print: a jug, a lemon and an apple on a yellow table",
        "text": "<p>We put three things on a table and look at them for four mornings. On the first you "
        "draw, on the second you "
        "separate, on the third you print, and on the last you throw most of it away and print the good "
        "one.</p>",
    },
)
STUDIO = {
    "title": "The studio",
    "intro": "Come in through the bicycle arch, second courtyard, the green door.",
}
STUDIO_BODY = [
    (
        "text",
        "<p>The open studio is every Saturday. If you have taken a course you may use the machines; we "
        "charge for paper and "
        "stencils. Children are welcome as long as somebody keeps them out of the yellow.</p>",
    ),
    (
        "facts",
        [
            {"label": "Drums", "value": "Pink, teal, yellow, blue-black"},
            {"label": "Paper", "value": "Up to A3, 60 to 210 g"},
            {"label": "Open", "value": "Saturday, 10:00 to 15:00"},
            {"label": "Access", "value": "One step at the door, ramp on request"},
        ],
    ),
]
PRIVACY = {"title": "Privacy", "intro": "We know very little about you, and would like to keep it so."}
PRIVACY_BODY = [
    (
        "text",
        "<p>If you book a course we keep your name and how to reach you until the course is over. If you "
        "ask for our text "
        "messages we keep your number until you reply STOP. Nobody else gets either.</p>",
    ),
    ("text", "<p>Atelier Sud is invented, a part of the wagtail-sms sandbox.</p>"),
]
