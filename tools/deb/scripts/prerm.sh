#!/bin/sh
# Before the files go. A terminal on which money is open is not removed.
set -e

configuration=/etc/countertop/terminal.toml

if [ "$1" = remove ]; then
    if [ -e "$configuration" ] && [ "${COUNTERTOP_UPDATE_OPEN:-}" != yes ]; then
        /opt/countertop/bin/countertop gate --config "$configuration" || {
            echo "countertop: not removed. Close what is open first; nothing has been changed." >&2
            exit 1
        }
    fi
    if [ -d /run/systemd/system ]; then systemctl disable --now countertop; fi
fi
