from io import BytesIO

import pytest
from PIL import Image

from tests.pwa.builds import make_icon
from wagtail_sms.pwa.icons import SIZES, draw_icons, icon_key, icon_problems, real_size


@pytest.fixture
def drawn(db):
    return draw_icons(make_icon(size=(900, 700)), background="#ffffff")


def test_every_icon_really_has_its_size(drawn):
    assert {name: real_size(png) for name, png in drawn.items()} == {name: (side, side) for name, side in SIZES.items()}


def test_maskable_icon_grows_in_the_colour_of_its_edge(drawn):
    with Image.open(BytesIO(drawn["icon-maskable"])) as picture:
        assert picture.mode == "RGB"
        assert picture.getpixel((2, 2)) == (0x1A, 0x6B, 0x54)


def test_transparent_icon_stands_on_the_background_where_the_platform_wants_it_opaque(db):
    image = make_icon()
    with Image.open(image.file.path) as picture:
        seen_through = picture.convert("RGBA")
    seen_through.putalpha(0)
    seen_through.save(image.file.path)
    drawn = draw_icons(image, background="#204060")
    with Image.open(BytesIO(drawn["icon-apple"])) as apple:
        assert apple.getpixel((90, 90)) == (0x20, 0x40, 0x60)
    with Image.open(BytesIO(drawn["icon-192"])) as plain:
        assert plain.mode == "RGBA"


def test_key_changes_with_picture_and_background_only(db):
    image = make_icon()
    assert icon_key(image, background="#ffffff") == icon_key(image, background="#ffffff")
    assert icon_key(image, background="#ffffff") != icon_key(image, background="#000000")
    assert icon_key(image, background="#ffffff") != icon_key(make_icon(colour="#123456"), background="#ffffff")


def test_large_picture_has_no_problem(db):
    assert icon_problems(make_icon(size=(512, 2000))) == []
