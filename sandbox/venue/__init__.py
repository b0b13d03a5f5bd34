"""The pages of the two sandbox sites: Halle Nord, a concert hall, and Atelier Sud, a print workshop.

Ordinary Wagtail pages as a host would write them; what they take from wagtail-sms is one block and one template tag.
"""
