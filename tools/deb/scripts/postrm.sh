#!/bin/sh
# After the files have gone: what was made of them goes too. Journal, keys and configuration are never removed here.
set -e

case "$1" in
upgrade | remove)
    [ ! -d /opt/countertop/lib ] || find /opt/countertop/lib -name __pycache__ -type d -prune -exec rm -rf {} +
    ;;
purge)
    echo "countertop: /var/lib/countertop (journal, keys) and /etc/countertop are kept; remove them by hand." >&2
    ;;
esac
if [ "$1" = remove ]; then
    find /opt/countertop -depth -type d -empty -delete 2>/dev/null || true
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
