"""Looking the whole installation over: what works, what is wrong in a sentence, and the way on.

Promises that looking changes nothing, and costs each provider one question. `manage.py sms_doctor` prints it.
"""

from wagtail_sms.doctor.findings import Finding, Level
from wagtail_sms.doctor.rounds import examine


__all__ = ["Finding", "Level", "examine"]
