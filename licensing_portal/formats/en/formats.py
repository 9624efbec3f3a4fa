"""Dates in the admin: the day first, so that nobody takes it for the month, and the zone named, for it is the reader’s own."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i T"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i T"
