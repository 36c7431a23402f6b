"""What the fleet adds to the table of types: its names and records, as words, as JSON, and as candidates."""

from __future__ import annotations

from collections.abc import Iterable

from scirehooks.core import names
from scirehooks.core.model import Client, Event, Job, Run, Script
from scirehooks.core.store import Store
from scirehooks.errors import UnknownNameError
from scirehooks.hooks import EventWord
from scirehooks.values import Candidate, Id, Values

__all__ = ["event_of", "register_words"]

_RECENT = 50  # runs and events offered; nobody types the number of an old one by Tab


def event_of(store: Store, word: str) -> Event:
    """Return the event with the number or id WORD, or raise UnknownNameError."""
    if not word.isalnum() or not word.isascii():
        raise UnknownNameError("event", word, hint="An event is known by its number: see events.")
    return store.event(int(word) if word.isdigit() and len(word) < 19 else word)


def register_words(values: Values, store: Store) -> None:
    """Register in VALUES the types whose values are in STORE or are checked by the fleet."""
    values.register(names.Name, name="name", from_word=names.name, sample=lambda: names.name("web1"))
    values.register(names.Address, name="address", from_word=names.address, sample=lambda: names.address("192.0.2.1"))
    values.register(names.UserName, name="user name", from_word=names.user_name, sample=lambda: names.user_name("root"))
    values.register(names.Port, name="port", from_word=names.port, from_json=names.port, sample=lambda: names.port(22))

    def clients(prefix: str) -> Iterable[Candidate]:
        for client in store.clients():
            yield Candidate(client.name, f"{client.status}, {client.transport} {client.address or ''}".rstrip())

    def scripts(prefix: str) -> Iterable[Candidate]:
        return (Candidate(script.name, f"revision {script.revision}") for script in store.scripts())

    def jobs(prefix: str) -> Iterable[Candidate]:
        return (Candidate(job.name, job.status) for job in store.jobs())

    def runs(prefix: str) -> Iterable[Candidate]:
        known = {job.id: job.name for job in store.jobs(removed=True)}
        for run in reversed(store.runs(limit=_RECENT)):
            yield Candidate(str(run.id), f"{known[run.job]}, {run.status}")

    def events(prefix: str) -> Iterable[Candidate]:
        for event in reversed(store.events(limit=_RECENT)):
            yield Candidate(str(event.seq), f"{event.operation} {event.subject}")

    values.register(names.ClientName, name="client", from_word=names.name, candidates=clients)
    values.register(names.ScriptName, name="script", from_word=names.name, candidates=scripts)
    values.register(names.JobName, name="job", from_word=names.name, candidates=jobs)
    values.register(names.RunId, name="run", from_word=_number, to_json=str, candidates=runs)
    values.register(EventWord, name="event", candidates=events)
    # A word for a record is what it is found by; as JSON it is the record itself.
    values.register(Client, name="client", from_word=store.client, candidates=clients)
    values.register(Script, name="script", from_word=store.script, candidates=scripts)
    values.register(Job, name="job", from_word=store.job, candidates=jobs)
    values.register(Run, name="run", from_word=lambda word: store.run(_number(word)), candidates=runs)
    values.register(Event, name="event", from_word=lambda word: event_of(store, word), candidates=events)


def _number(word: str) -> names.RunId:
    if not (word.isascii() and word.isdigit() and len(word) < 16):
        raise UnknownNameError("run", word, hint="A run is known by its number: see runs.")
    return names.RunId(Id(int(word)))
