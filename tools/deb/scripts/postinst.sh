#!/bin/sh
# After unpacking, and after an update that was refused.
set -e

case "$1" in
configure)
    # A read-only folder of root's gets no bytecode later, and a start without it takes seconds.
    @python@ -m compileall -q -j 0 /opt/countertop/lib
    /opt/countertop/bin/countertop install --packaged
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        if systemctl -q is-enabled countertop 2>/dev/null; then systemctl restart countertop; fi
    fi
    ;;
abort-upgrade | abort-remove)
    if [ -d /run/systemd/system ] && systemctl -q is-enabled countertop 2>/dev/null; then systemctl start countertop; fi
    ;;
esac
