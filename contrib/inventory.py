"""Gather facts about each new client: host name, kernel, distribution, CPU, memory, disks, addresses.

How to enable: `load inventory`, or `require: [inventory]` in an init script. From then on a client that is added gets
a job `inventory-ID`, which runs once; `inventory CLIENT` runs it again. `describe-client CLIENT` shows the facts.

Options: inventory-timeout, the longest that gathering may take on a client.

What runs on a client is the portable sh script below. It changes nothing there, and needs nothing but what dash or
busybox bring along; what a machine cannot say is left out or empty.
"""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

from scirehooks import Client, ClientName, Fleet, Job, Result, Run, Script, command, effect, on, option

TIMEOUT = option(timedelta, timedelta(minutes=1), doc="Longest that gathering facts may take on a client.")

SCRIPT = "inventory"
BODY = r"""#!/bin/sh
# Prints facts about this machine as one JSON object.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin

text() { # a JSON string of what is on standard input
    printf '"%s"' "$(tr -d '\000-\037\177' | sed 's/\\/\\\\/g; s/"/\\"/g')"
}
say() { printf '%s' "$1" | text; }
number() { case $1 in '' | *[!0-9]*) printf null ;; *) printf '%s' "$1" ;; esac; }
release() { # a field of os-release
    for file in /etc/os-release /usr/lib/os-release; do
        if [ -r "$file" ]; then
            (. "$file" && eval "printf '%s' \"\${$1}\"") 2>/dev/null | text
            return
        fi
    done
    printf '""'
}
kilobytes() { # a field of meminfo, in bytes
    found=$(sed -n "s/^$1: *\([0-9]*\) kB.*/\1/p" /proc/meminfo 2>/dev/null)
    number "${found:+$((found * 1024))}"
}
disks() {
    comma=
    for disk in /sys/block/*; do
        name=${disk##*/}
        case $name in '*' | loop* | ram* | zram* | fd* | sr*) continue ;; esac
        sectors=$(cat "$disk/size" 2>/dev/null)
        [ "${sectors:-0}" -gt 0 ] || continue
        printf '%s{"name":%s,"model":%s,"bytes":%s}' "$comma" "$(say "$name")" \
            "$(sed 's/ *$//' "$disk/device/model" 2>/dev/null | text)" "$(number "$((sectors * 512))")"
        comma=,
    done
}
addresses() {
    comma=
    if command -v ip >/dev/null 2>&1; then
        ip -o addr show 2>/dev/null | sed -n 's/^[0-9]*: *\([^ ]*\) *inet6* \([^ /]*\).*/\1 \2/p'
    else # without interfaces for IPv4, which the kernel does not print beside them
        awk '/32 host LOCAL/ && !seen[last]++ { print "-", last } { last = $2 }' /proc/net/fib_trie 2>/dev/null
        sed -n 's/^\([0-9a-f]*\) .* \([^ ]*\)$/\2 \1/p' /proc/net/if_inet6 2>/dev/null |
            sed 's/\(....\)\(....\)\(....\)\(....\)\(....\)\(....\)\(....\)\(....\)$/\1:\2:\3:\4:\5:\6:\7:\8/'
    fi | while read -r interface address; do
        [ "$interface" != - ] || interface=
        printf '%s{"interface":%s,"address":%s}' "$comma" "$(say "$interface")" "$(say "$address")"
        comma=,
    done
}

cpus=$(grep -c '^processor' /proc/cpuinfo 2>/dev/null)
printf '{"hostname":%s,' "$(uname -n | text)"
printf '"kernel":{"name":%s,"release":%s,"machine":%s},' "$(uname -s | text)" "$(uname -r | text)" "$(uname -m | text)"
printf '"distribution":{"id":%s,"version":%s,"name":%s},' \
    "$(release ID)" "$(release VERSION_ID)" "$(release PRETTY_NAME)"
printf '"cpu":{"model":%s,"count":%s},' \
    "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1 | text)" "$(number "$cpus")"
printf '"memory":{"bytes":%s,"swap_bytes":%s},' "$(kilobytes MemTotal)" "$(kilobytes SwapTotal)"
printf '"disks":[%s],"addresses":[%s]}\n' "$(disks)" "$(addresses)"
"""


@on("post-client-add-hook", dry_run=True)
def gather_facts(client: Client, fleet: Fleet) -> None:
    """Make the inventory job of CLIENT, and run it; a firing that is repeated runs it only if it never ran."""
    run_inventory_once(client, fleet)


@effect
def run_inventory_once(client: Client, fleet: Fleet) -> None:
    """Make the inventory job of CLIENT and run it, unless it ran or the client is gone, or made up by `fire`."""
    if not fleet.store.present([int(client.id)]):
        return
    job = _job(client, fleet)
    if not fleet.store.runs(job=job.id):
        fleet.run(job.name, trigger=SCRIPT)


@on("pre-run-client-completion-hook")
def read_facts(run: Run, client: Client, result: Result, fleet: Fleet) -> dict[str, Any] | None:
    """Make facts of what an inventory job printed on CLIENT; leave any other RESULT alone."""
    job = fleet.store.job(int(run.job))
    if job.script is None or fleet.store.script(int(job.script)).name != SCRIPT or result.status != "succeeded":
        return None
    printed = fleet.output(run.id, client.id).decode(errors="replace")
    try:
        facts = json.loads(printed)
    except ValueError as error:
        return {"status": "failed", "label": f"the inventory is no JSON: {error}"}
    return {"facts": facts}


@command("inventory")
def gather_again(client: ClientName, *, fleet: Fleet) -> Run:
    """Gather the facts about CLIENT again.

    `describe-client CLIENT` shows them when the run has ended.

    Example: inventory web1
    """
    run: Run = fleet.run(_job(fleet.store.client(client), fleet).name, trigger="inventory command")
    return run


def _job(client: Client, fleet: Fleet) -> Job:
    """Return the inventory job of CLIENT, made if need be; two workers may be here at once for two clients."""
    if not fleet.store.is_taken(Script, SCRIPT):
        with contextlib.suppress(ValueError):  # the other one was faster
            fleet.script_create(SCRIPT, body=BODY)
    name = f"inventory-{client.id}"
    if not fleet.store.is_taken(Job, name):
        fleet.job_create(name, script=SCRIPT, target=(client.name,), timeout=TIMEOUT.value, idempotent=True)
    return fleet.store.job(name)
