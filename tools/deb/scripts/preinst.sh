#!/bin/sh
# Before anything is unpacked. An update is refused while money is open: the installed version tells.
set -e

program=/opt/countertop/bin/countertop
configuration=/etc/countertop/terminal.toml

gate() { "$program" gate --config "$configuration"; }

refuse() {
    echo "countertop: not updated. Close what is open and install again; nothing has been changed." >&2
    echo "countertop: when the installed version cannot close it: COUNTERTOP_UPDATE_OPEN=yes (the new one finishes it)." >&2
    exit 1
}

if [ "$1" = upgrade ] && [ -x "$program" ] && [ -e "$configuration" ]; then
    if [ "${COUNTERTOP_UPDATE_OPEN:-}" = yes ]; then
        gate || echo "countertop: updated all the same, as COUNTERTOP_UPDATE_OPEN says." >&2
    else
        gate || refuse
        if [ -d /run/systemd/system ] && systemctl -q is-active countertop; then
            # Between the question and the stop a payment may have begun: ask again once nothing can begin.
            systemctl stop countertop
            gate || { systemctl start countertop; refuse; }
        fi
    fi
fi
