"""The hook runtime: Emacs-style hooks for any Python program, on the standard library alone."""

from scirehooks.hooks.advice import Advice
from scirehooks.hooks.clock import Alarm, Clock, SystemClock
from scirehooks.hooks.declaration import Declaration, hyphenated, variable
from scirehooks.hooks.definitions import Module
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.failures import rehearsing
from scirehooks.hooks.firing import Verdict
from scirehooks.hooks.hook import Hook
from scirehooks.hooks.journal import ABSENT, Journal, Record
from scirehooks.hooks.lease import Lease
from scirehooks.hooks.marks import Command, Effect, Option, command, effect, marks_of, on, option, planning
from scirehooks.hooks.namespace import Namespace
from scirehooks.hooks.owner import BUILTIN, Origin, Owner, Owners, Place, source_of
from scirehooks.hooks.resource import Resource
from scirehooks.hooks.runtime import Runtime
from scirehooks.hooks.scope import GLOBAL, current_scopes, scope
from scirehooks.hooks.signature import Payload, Shape
from scirehooks.hooks.trace import CallSpan, FiringSpan

__all__ = [
    "ABSENT",
    "BUILTIN",
    "GLOBAL",
    "Advice",
    "Alarm",
    "CallSpan",
    "Clock",
    "Command",
    "Declaration",
    "Effect",
    "Entry",
    "FiringSpan",
    "Hook",
    "Journal",
    "Lease",
    "Module",
    "Namespace",
    "Option",
    "Origin",
    "Owner",
    "Owners",
    "Payload",
    "Place",
    "Record",
    "Resource",
    "Runtime",
    "Shape",
    "SystemClock",
    "Verdict",
    "command",
    "current_scopes",
    "effect",
    "hyphenated",
    "marks_of",
    "on",
    "option",
    "planning",
    "rehearsing",
    "scope",
    "source_of",
    "variable",
]
