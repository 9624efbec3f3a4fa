"""Moments read `24 Nov 2026, 2:32 pm UTC`: the day first, so that nobody takes it for the month."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, g:i a e"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, g:i a"
