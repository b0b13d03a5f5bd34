"""What is said about the characters of a message."""

from wagtail_sms.admin.writing import describe


def test_characters_that_would_turn_or_hide_are_named_by_their_code_point():
    said = describe("A\u202eB\u200d“Ω☀\U0001f600").forcing_list
    assert said == "<bdi>U+202E</bdi>, <bdi>U+200D</bdi>, <bdi>“</bdi>, <bdi>☀</bdi>, <bdi>\U0001f600</bdi>"
