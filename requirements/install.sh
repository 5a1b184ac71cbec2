#!/bin/sh
# Puts a virtual environment in place and installs hash-locked sets into it:
#     requirements/install.sh .venv run dev
# Needs Python 3.11 or newer and nothing else; says what to do when that is not enough.
set -eu
unset PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1

venv=$1
shift
here=$(dirname "$0")
python="$venv/bin/python"

fail() {
    printf '\ncountertop: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '    %s\n' "$line" >&2; done
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# The first Python that is new enough and can make an environment; else the first that is new enough.
find_python() {
    found=
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        path=$(command -v "$candidate" 2>/dev/null) || continue
        new_enough "$path" || continue
        if has_venv "$path"; then
            echo "$path"
            return
        fi
        found=${found:-$path}
    done
    echo "$found"
}

make_venv() {
    base=$(find_python)
    [ -n "$base" ] || fail "Python 3.11 or newer is needed, and none was found." \
        "Debian 12, Ubuntu 24.04 or newer:  sudo apt-get install python3 python3-venv" \
        "If it is installed elsewhere:      make PYTHON=/path/to/python3 ..."
    version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! has_venv "$base"; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "Installing the system package python3-venv (this Python cannot make environments) ..."
            install_venv_package "$version" || true
        fi
        has_venv "$base" || fail "This Python ($base) cannot make virtual environments: its venv module is a system package." \
            "Debian, Ubuntu:  sudo apt-get install python$version-venv" \
            "Then run the same command again."
    fi
    rm -rf "$venv"
    "$base" -m venv "$venv" || fail "The environment $venv could not be made." \
        "Check that this folder is writable and the disk is not full."
}

install_venv_package() {
    for package in "python$1-venv" python3-venv; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" >/dev/null 2>&1 && return
    done
    apt-get update -q >/dev/null 2>&1 || return 1 # a fresh machine has no package lists
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "python$1-venv" >/dev/null 2>&1
}

# Build isolation would fetch build tools that no hash protects: what compiles, compiles with build.txt.
install() {
    "$python" -m pip install -q --require-hashes --no-build-isolation "$@"
}

install_or_fail() {
    install "$@" || fail "Packages could not be installed (pip's own words stand above)." \
        "No connection: check the network, or point PIP_INDEX_URL at your mirror." \
        "A folder of wheels will do too: PIP_FIND_LINKS=/path/to/wheels PIP_NO_INDEX=1 make ..."
}

# evdev is compiled against this machine's headers. Without them its authors' own build serves.
install_evdev() {
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    compiler=$(command -v "${CC:-gcc}" || command -v cc || true)
    if [ -n "$compiler" ] && printf '#include <Python.h>\n#include <linux/input.h>\n#include <linux/uinput.h>\n' |
        "$compiler" -E -I"$include" - >/dev/null 2>&1; then
        install -r "$here/evdev.txt" >/dev/null 2>&1 && return
    fi
    echo "evdev: no compiler or headers here; installing the build of its authors."
    install -r "$here/evdev-binary.txt" || fail "evdev can neither be compiled nor had as a build for this machine." \
        "Debian, Ubuntu:  sudo apt-get install gcc python3-dev linux-libc-dev" \
        "Then run the same command again."
}

{ [ -x "$python" ] && new_enough "$python" && "$python" -m pip --version >/dev/null 2>&1; } || make_venv
echo "Environment $venv: $("$python" --version), installing: $*"
install_or_fail -r "$here/build.txt"
for set in "$@"; do
    install_or_fail -r "$here/$set.txt"
    [ "$set" != run ] || install_evdev
done
"$python" -m pip install -q --no-deps --no-build-isolation --config-settings editable_mode=compat -e "$here/.." 2>"$venv/install.log" ||
    { cat "$venv/install.log" >&2; fail "The project itself could not be installed; pip's own words stand above."; }
