"""How tests do the long jobs that a press has started."""

from datetime import timedelta

from django.db.models import F

from licensing_portal.foundation import jobs
from licensing_portal.foundation.models import Job
from licensing_portal.kinds_of_jobs import KINDS


def do_jobs(is_stopping=lambda: False):
    """Do what is due, as `run_jobs --once`; return how many jobs were taken up."""
    return jobs.do_due(KINDS, is_stopping)


def make_due():
    """Let the time of every job that is leased or put off come, without waiting for it."""
    Job.objects.filter(state="open").update(due_at=F("due_at") - timedelta(hours=1))
