"""Writes reports to a device at an even pace: a process of its own, given the device's descriptor.

Reads jobs from standard input: interval in seconds, number of reports, bytes of each, the reports. After each job it
says how long that took, and its longest pause between two reports. It knows nothing else, so that it starts quickly.
"""

import os
import struct
import sys
import time

HEAD = struct.Struct("dII")


def main() -> None:
    """Serve until standard input ends."""
    device, jobs = int(sys.argv[1]), sys.stdin.buffer
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while head := jobs.read(HEAD.size):
        interval_s, count, size = HEAD.unpack(head)
        made = jobs.read(count * size)
        began = due = last = time.monotonic()
        longest = 0.0
        for start in range(0, len(made), size):
            os.write(device, made[start : start + size])
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            due += interval_s
            # Never faster than asked: a late report moves those after it.
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            else:
                due -= pause
        sys.stdout.write(f"{time.monotonic() - began} {longest}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
