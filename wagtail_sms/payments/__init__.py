"""Ways to pay for credits, each behind one class, as the SMS providers are.

Credits can't be bought yet: the operator gives them with `manage.py sms_grant`.
Never touches the ORM and never decides how many credits a payment is worth.
"""
