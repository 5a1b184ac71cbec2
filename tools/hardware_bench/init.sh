#!/bin/busybox sh
# First program of the virtual machine: loads the modules, puts this machine's file tree (read only, changes
# stay in memory) under everything, and runs there what the outside has written to /run/bench/start.
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs devtmpfs /dev
up() { $bb cut -d' ' -f1 /proc/uptime; }
began=$(up)

while read -r name parameters; do
    # Words on purpose: each parameter is one.
    # shellcheck disable=SC2086
    $bb insmod "/modules/$name.ko" $parameters || echo "bench: module $name was not loaded"
done < /modules/order
modules=$(up)

$bb mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=524288,cache=loose hostroot /lower
$bb mount -t tmpfs -o size=60% tmpfs /rw
$bb mkdir /rw/upper /rw/work
$bb mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work,index=off,xino=off overlay /house
for folder in dev proc sys; do $bb mount -o move /$folder /house/$folder; done
$bb mkdir -p /house/dev/pts /house/dev/shm
$bb mount -t devpts devpts /house/dev/pts
$bb mount -t tmpfs tmpfs /house/dev/shm
$bb mount -t tmpfs -o mode=755 tmpfs /house/run
$bb mount -t configfs configfs /house/sys/kernel/config
$bb mkdir /house/run/bench
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none bench /house/run/bench
$bb ip link set lo up
echo "$began $modules $(/bin/busybox cut -d' ' -f1 /house/proc/uptime)" > /house/run/bench/boot

$bb chroot /house /bin/sh /run/bench/start < /house/dev/null > /house/dev/hvc0 2>&1
echo $? > /house/run/bench/status
$bb sync
$bb poweroff -f
