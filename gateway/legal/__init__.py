# SPDX-License-Identifier: Apache-2.0
"""The legal clock (法定时钟): time limits and working days as data of the pack, and the arithmetic on them."""

from gateway.legal.calendar import Calendar, Calendars, Notice
from gateway.legal.clock import Acceptance, Due, Left, LegalClock, Used
from gateway.legal.explain import explain
from gateway.legal.limits import Limit, Limits, Sense, Term, Unit
from gateway.legal.moments import Interval, Moment

__all__ = [
    "Acceptance", "Calendar", "Calendars", "Due", "Interval", "Left", "LegalClock", "Limit", "Limits", "Moment",
    "Notice", "Sense", "Term", "Unit", "Used", "explain",
]  # fmt: skip
