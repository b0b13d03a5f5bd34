"""Settings and shorthands of the payment tests."""

SECRET_KEY = "sk_test_the_secret_key_of_these_tests"
WEBHOOK_SECRET = "whsec_of_these_tests"
OLD_WEBHOOK_SECRET = "whsec_that_is_being_replaced"
STRIPE = "wagtail_sms.payments.stripe.StripeCheckout"
DUMMY = "wagtail_sms.payments.dummy.DummyPayment"
