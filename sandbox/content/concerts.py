"""The season of Halle Nord. Every artist is invented."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Concert:
    """`weeks` and `weekday` (Monday is 0) place it after the day the sandbox is first loaded."""

    slug: str
    title: str
    subtitle: str
    genre: str
    weeks: int
    weekday: int
    doors: time
    start: time
    price: str | None
    poster: str
    alt: str
    artists: tuple[tuple[str, str], ...]
    text: str
    quote: tuple[str, str] = ("", "")
    tickets: str = "available"

    def starts_at(self, today: date) -> datetime:
        earliest = today + timedelta(days=2 + 7 * self.weeks)
        day = earliest + timedelta(days=(self.weekday - earliest.weekday()) % 7)
        return datetime.combine(day, self.start, tzinfo=UTC)


CONCERTS = (
    Concert(
        "glass-harbour",
        "Glass Harbour",
        "The Marlen Voss Quartet plays wine glasses, prepared piano and the room itself",
        "Chamber, experimental",
        0,
        4,
        time(19),
        time(20),
        "18",
        "glass_harbour",
        "Poster: upright panes of tinted glass standing in dark green water under a pale sun",
        (
            ("Marlen Voss", "piano, glasses"),
            ("Inke Darboven", "viola"),
            ("Petr Holub", "double bass"),
            ("Yara Nasser", "percussion"),
        ),
        "<p>Forty-one wine glasses stand on the lid of the grand piano, each filled to a line scratched "
        "into its stem. "
        "For the first ten minutes nobody touches them. The bass does the work: it finds the note that one "
        "glass likes, "
        "and then the next, until the whole lid hums.</p>"
        "<p>Marlen Voss wrote <i>Glass Harbour</i> in our loading bay during the winter the heating failed. "
        "It has been "
        "played in eleven cities since and never sounded as it did there, so we have asked her to bring it "
        "home.</p>",
        ("I stopped tuning the glasses. The room was better at it.", "Marlen Voss"),
    ),
    Concert(
        "kadenz",
        "Kadenz",
        "Ilse Tramm live, four hours, two drum machines, no laptop",
        "Techno, live set",
        0,
        5,
        time(22),
        time(22, 30),
        "14",
        "kadenz",
        "Poster: two sets of concentric rings crossing into a red and violet interference pattern",
        (("Ilse Tramm", "machines"), ("Ode Berg", "lights")),
        "<p>A cadence is the moment a phrase decides to end. Ilse Tramm has built a whole set that keeps "
        "deciding "
        "otherwise. Two drum machines run a beat apart and drift, and the interesting part is what happens "
        "between them.</p>"
        "<p>There is no stage tonight. The table stands in the middle of the hall, at floor level, and you "
        "can walk around it. "
        "Earplugs are free at the bar. Please take them.</p>",
        tickets="few",
    ),
    Concert(
        "ten-thousand-small-lamps",
        "Ten Thousand Small Lamps",
        "Gamelan ensemble Bayu Kencana with new pieces for night-time",
        "Gamelan",
        1,
        3,
        time(19),
        time(19, 30),
        "16",
        "lamps",
        "Poster: rings of glowing amber dots on deep plum, brightest in the middle",
        (("Bayu Kencana", "gamelan, 16 players"), ("Sri Handayani", "voice")),
        "<p>Sixteen players, sixty-two instruments, and one long bronze breath. Bayu Kencana rehearses "
        "every Tuesday in a "
        "school gym on the other side of the canal. Tonight is their first full evening with us.</p>"
        "<p>The second half is a single piece. It is played with the house lights off and one candle per "
        "instrument, which "
        "our fire officer has looked at for a very long time and agreed to.</p>",
    ),
    Concert(
        "the-long-reverb",
        "The Long Reverb",
        "The Nordkai Chamber Choir sings seven centuries in total darkness",
        "Choir",
        1,
        6,
        time(17),
        time(17, 30),
        "20",
        "arches",
        "Poster: blue vaults one behind another, growing paler, with a small orange figure in the last",
        (("Nordkai Chamber Choir", "24 voices"), ("Agnes Lindqvist", "direction")),
        "<p>Sound takes five and a half seconds to leave our hall. Most bands ask us to do something about "
        "that. Agnes "
        "Lindqvist asked us to take the curtains down as well, and got to almost seven.</p>"
        "<p>The singers stand around you, not in front of you. The programme runs from a plainchant nobody "
        "signed to a piece "
        "finished last month, without breaks and without applause in between.</p>",
        ("You will not know who is singing. After a while, neither will they.", "Agnes Lindqvist"),
    ),
    Concert(
        "okapi-sunrise",
        "Okapi Sunrise",
        "Eleven people, five of them horns, and not one seat in the house",
        "Afro-funk",
        2,
        4,
        time(19, 30),
        time(20, 30),
        "19",
        "sunrise",
        "Poster: a striped pink sun with orange rays rising behind green hills",
        (("Okapi Sunrise", "band"), ("Fola Adeyemi", "voice, trumpet"), ("DJ Marguerite", "before and after")),
        "<p>They started as the backing band for a wedding that was called off, and kept the suits. Four "
        "albums later the "
        "horn lines are tighter, the suits are not, and the bass still arrives a little before everything "
        "else.</p>"
        "<p>We take every chair out for this one. There is a raised platform on the left for everybody who "
        "needs to sit or "
        "to see over the crowd; tell us at the door, or write to us before.</p>",
        tickets="sold_out",
    ),
    Concert(
        "night-ferry",
        "Night Ferry",
        "Saoirse & Lund: two voices, one harmonium, songs about leaving on time",
        "Folk",
        2,
        6,
        time(18),
        time(18, 30),
        "15",
        "ferry",
        "Poster: a small lit ferry on layered blue waves under a full moon",
        (("Saoirse Quill", "voice, harmonium"), ("Henrik Lund", "voice, guitar")),
        "<p>Saoirse Quill worked nine years on the night boat, in the kitchen, and learned most of these "
        "songs from people "
        "who could not sleep. Henrik Lund was one of them.</p>"
        "<p>It is a quiet evening. The bar closes while they play and opens again in the break.</p>",
    ),
    Concert(
        "concrete-organ",
        "Concrete Organ",
        "Teodor Rask plays the depot organ against forty-eight loudspeakers",
        "Organ, electronics",
        3,
        4,
        time(19),
        time(20),
        "17",
        "organ",
        "Poster: a row of grey organ pipes on concrete, one of them bright vermilion",
        (("Teodor Rask", "organ"), ("Mina Okafor", "sound direction")),
        "<p>The organ came from a chapel that was about to become a car park. It has nineteen stops, of "
        "which seventeen work "
        "and one is better broken. Teodor Rask has spent a month recording it from the inside.</p>"
        "<p>Now the recordings play back from forty-eight loudspeakers between the pillars, and he answers "
        "from the keys. "
        "You may lie down. We have mats.</p>",
    ),
    Concert(
        "moth-weather",
        "Moth Weather",
        "Guitars in soft focus: the last night of a two-year tour",
        "Dream pop",
        3,
        5,
        time(19, 30),
        time(20, 30),
        "21",
        "moths",
        "Poster: a glowing pink and cream moth with open wings on deep violet",
        (("Moth Weather", "band"), ("Pale Ledger", "opening")),
        "<p>Two guitars, tuned to something that is not quite a chord, and a singer who stands with her "
        "back to the light. "
        "Moth Weather have played a hundred and thirty nights since the record came out. This is the last "
        "one.</p>"
        "<p>They have promised to play it all the way through, in order, including the one they never "
        "managed live.</p>",
        tickets="few",
    ),
    Concert(
        "sunday-brass",
        "Sunday Brass",
        "A loud morning for small people, with breakfast",
        "Family",
        4,
        6,
        time(10),
        time(10, 30),
        None,
        "brass",
        "Poster: quarter circles and rings in yellow, red and cobalt on a grid",
        (("Blechwerk Nordhafen", "brass, 22 players"),),
        "<p>Twenty-two brass players from the harbour works, an hour of marches, film music and one tango. "
        "Children may "
        "conduct; there is a queue, and it moves.</p>"
        "<p>Rolls, cocoa and coffee from ten. Ear defenders in two sizes are at the cloakroom. Entrance is "
        "free, the hat "
        "goes round for the youth band's new sousaphone.</p>",
    ),
    Concert(
        "static-gardens",
        "Static Gardens",
        "An all-night listening with field recordings; bring a sleeping bag",
        "Ambient",
        5,
        5,
        time(22),
        time(23),
        "24",
        "gardens",
        "Poster: contour lines from dark green to pale yellow around an orange centre",
        (("Leaf & Carrier", "recordings, synthesisers"), ("Noor Halabi", "santur, at dawn")),
        "<p>Leaf & Carrier have put microphones into hedges, letterboxes and one beehive. The result lasts "
        "eight hours and "
        "asks for nothing, least of all your full attention.</p>"
        "<p>The floor is covered with mattresses. Phones go into a paper envelope that you keep. At first "
        "light Noor Halabi "
        "plays the santur, and then there is soup.</p>",
        ("The best review we ever had was snoring.", "Leaf & Carrier"),
    ),
)
