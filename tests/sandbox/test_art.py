import random

from PIL import Image

from sandbox.art import canvas, icons, posters, prints


def test_the_same_seed_draws_the_same_pixels():
    first, second = (posters.POSTERS["brass"](random.Random(3)) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_grain_is_the_same_for_the_same_seed_and_differs_for_another():
    sheet = Image.new("RGB", (600, 600), "#808080")
    assert canvas.grained(sheet, 1).tobytes() == canvas.grained(sheet, 1).tobytes()
    assert canvas.grained(sheet, 1).tobytes() != canvas.grained(sheet, 2).tobytes()


def test_light_falls_off_to_nothing_at_its_sides():
    field = canvas.glow((100, 100), (50, 50), 50)
    assert field.getpixel((50, 50)) > 245
    assert field.getpixel((0, 50)) < 3


def test_an_icon_fills_the_largest_size_a_pwa_needs():
    assert icons.halle().size == (1024, 1024)


def test_every_poster_and_print_of_the_sites_can_be_drawn():
    from sandbox.content.atelier import COURSES
    from sandbox.content.concerts import CONCERTS

    assert {concert.poster for concert in CONCERTS} <= set(posters.POSTERS)
    assert {course["print"] for course in COURSES} <= set(prints.PRINTS)
