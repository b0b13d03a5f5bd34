"""Text messages for the visitors of a Wagtail site's PWA."""

__version__ = "0.1.0.dev0"
