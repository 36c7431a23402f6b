"""The hook runtime: Emacs-style hooks for any Python program, on the standard library alone."""

from scirehooks.hooks.advice import Advice
from scirehooks.hooks.clock import Alarm, Clock, SystemClock
from scirehooks.hooks.declaration import Declaration, Rehearsal, hyphenated, variable
from scirehooks.hooks.definitions import Module
from scirehooks.hooks.dryrun import (
    DryFiring,
    DryRun,
    dry_run_of,
    dry_running,
    leaves_the_process,
    offer_dry_run,
    stand_in,
)
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.failures import rehearsing, witnessing
from scirehooks.hooks.firing import CallingRule, ErrorRule, Verdict
from scirehooks.hooks.hook import Hook
from scirehooks.hooks.journal import ABSENT, Journal, Record
from scirehooks.hooks.lease import Lease
from scirehooks.hooks.marks import (
    Command,
    Effect,
    Option,
    command,
    effect,
    marks_of,
    on,
    option,
    planned_instead,
    planning,
)
from scirehooks.hooks.namespace import Namespace
from scirehooks.hooks.order import OrderRule, Placed, explain_order
from scirehooks.hooks.owner import BATCH, BUILTIN, UNASKED, Origin, Owner, Owners, Place, source_of
from scirehooks.hooks.past import (
    EventLog,
    EventWord,
    Outcome,
    PastEvent,
    PastFiring,
    amended_value,
    outcomes_of,
    outcomes_of_verdict,
)
from scirehooks.hooks.resource import Resource
from scirehooks.hooks.runtime import Runtime
from scirehooks.hooks.says import said, says
from scirehooks.hooks.scope import GLOBAL, current_scopes, scope
from scirehooks.hooks.signature import Payload, Shape
from scirehooks.hooks.status import Report, StatusPart
from scirehooks.hooks.trace import CallSpan, Change, FiringSpan

__all__ = [
    "ABSENT",
    "BATCH",
    "BUILTIN",
    "GLOBAL",
    "UNASKED",
    "Advice",
    "Alarm",
    "CallSpan",
    "CallingRule",
    "Change",
    "Clock",
    "Command",
    "Declaration",
    "DryFiring",
    "DryRun",
    "Effect",
    "Entry",
    "ErrorRule",
    "EventLog",
    "EventWord",
    "FiringSpan",
    "Hook",
    "Journal",
    "Lease",
    "Module",
    "Namespace",
    "Option",
    "OrderRule",
    "Origin",
    "Outcome",
    "Owner",
    "Owners",
    "PastEvent",
    "PastFiring",
    "Payload",
    "Place",
    "Placed",
    "Record",
    "Rehearsal",
    "Report",
    "Resource",
    "Runtime",
    "Shape",
    "StatusPart",
    "SystemClock",
    "Verdict",
    "amended_value",
    "command",
    "current_scopes",
    "dry_run_of",
    "dry_running",
    "effect",
    "explain_order",
    "hyphenated",
    "leaves_the_process",
    "marks_of",
    "offer_dry_run",
    "on",
    "option",
    "outcomes_of",
    "outcomes_of_verdict",
    "planned_instead",
    "planning",
    "rehearsing",
    "said",
    "says",
    "scope",
    "source_of",
    "stand_in",
    "variable",
    "witnessing",
]
