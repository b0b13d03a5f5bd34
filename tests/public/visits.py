"""What a visitor's browser sends."""

HOST = "localhost"
SUBSCRIBE = "/sms/subscribe/"
OWN_PAGE = {"host": HOST, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
GOOD = {
    "phone": "06 12 34 56 78",
    "country": "FR",
    "consent": "yes",
    "consent_version": "1",
    "key": "c0ffee00-1111-4222-8333-444455556666",
    "page": f"http://{HOST}/programme/?token=secret#here",
}


def post_json(client, *, headers=None, **changed):
    sent = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    return client.post(SUBSCRIBE, sent, content_type="application/json", headers={**OWN_PAGE, **(headers or {})})


def post_form(client, *, headers=None, **changed):
    sent = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    return client.post(SUBSCRIBE, sent, headers={**OWN_PAGE, **(headers or {})})
