# Sourced by the other scripts: finds a Python, makes .venv and installs an extra into it.
#
# The virtual environment counts as made only when its stamp is there, and the stamp is
# written last, so an interrupted install is simply done again. Nothing outside the
# checkout is touched. HELIOTROPE_PYTHON names the interpreter to use,
# HELIOTROPE_VENV another place for the environment.

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
VENV=${HELIOTROPE_VENV:-$ROOT/.venv}
OLDEST='3, 11'

say() { printf '%s\n' "$*" >&2; }

# stop MESSAGE [STATUS]: one line and out; 2 is the caller's mistake, 1 a failure on the way.
stop() {
    say "${0##*/}: $1"
    exit "${2:-2}"
}

new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < ($OLDEST))" >/dev/null 2>&1
}

# The system's own python3 comes first: its -venv package is the likeliest to be there.
find_python() {
    if [ -n "${HELIOTROPE_PYTHON:-}" ]; then
        new_enough "$HELIOTROPE_PYTHON" ||
            stop "HELIOTROPE_PYTHON=$HELIOTROPE_PYTHON is not a Python 3.11 or newer; name another or unset it"
        printf '%s\n' "$HELIOTROPE_PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer on the PATH; install one (Debian 12 or newer: apt install python3 python3-venv) or name it in HELIOTROPE_PYTHON"
}

# What the installed state depends on: the project file, where it lies, who made the environment.
fingerprint() {
    "$VENV/bin/python" - "$ROOT" "$1" <<'PY'
import hashlib, pathlib, sys
root, extra = sys.argv[1:]
parts = (pathlib.Path(root, "pyproject.toml").read_bytes(), root.encode(), sys.prefix.encode(),
         sys.version.encode(), extra.encode())
print(hashlib.sha256(b"\0".join(parts)).hexdigest())
PY
}

# Show the package being worked on while a quiet pip runs; plain lines where nobody watches.
watch_pip() {
    pip_pid=$1 log=$2 waited=0
    while kill -0 "$pip_pid" 2>/dev/null; do
        sleep 1
        waited=$((waited + 1))
        if [ -t 2 ]; then
            now=$(sed -n 's/^ *\(Collecting\|Downloading\|Building\|Installing\) \([^ ]*\).*/\1 \2/p' "$log" | tail -n 1)
            printf '\r\033[K  %3d s  %.60s' "$waited" "$now" >&2
        elif [ $((waited % 20)) -eq 0 ]; then
            say "  $waited s ..."
        fi
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
    wait "$pip_pid"
}

# An interrupted or failed install takes away what it had begun.
undo_install() {
    trap - EXIT INT TERM HUP
    [ -z "${pip_pid:-}" ] || kill "$pip_pid" 2>/dev/null || true
    [ -z "${fresh_venv:-}" ] || rm -rf "$VENV"
    exit "${1:-1}"
}

make_venv() {
    python=$(find_python) || exit $?
    version=$("$python" -c 'import platform; print(platform.python_version())')
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        stop "Python $version at $python cannot make virtual environments; install its venv package (Debian: apt install python3-venv)"
    say "Making a virtual environment with Python $version in ${VENV#"$ROOT"/}"
    fresh_venv=yes
    "$python" -m venv --clear "$VENV" >/dev/null ||
        stop "could not make a virtual environment in $VENV; look whether there is room and the right to write" 1
}

# environment EXTRA WHAT: afterwards $VENV/bin holds heliotrope with that extra, editable.
environment() {
    extra=$1 fresh_venv='' pip_pid=''
    cd "$ROOT" || exit 1
    stamp=$VENV/.heliotrope-$extra
    if [ -x "$VENV/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$extra")" ]; then
        return 0
    fi
    # Two first starts at once would write over each other.
    if command -v flock >/dev/null 2>&1; then
        mkdir -p "$(dirname "$VENV")" && exec 9>"$VENV.lock" && flock 9
        if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$extra")" ]; then
            exec 9>&-
            return 0
        fi
    fi
    trap 'undo_install 130' INT
    trap 'undo_install 143' TERM HUP
    trap 'undo_install $?' EXIT
    # A folder without any stamp was left by an install that did not end, or by another checkout.
    if ! ls "$VENV"/.heliotrope-* >/dev/null 2>&1 || ! "$VENV/bin/python" -c '' >/dev/null 2>&1; then
        make_venv
    fi
    rm -f "$VENV"/.heliotrope-*
    say "Installing Heliotrope $2; the first time takes a few minutes"
    log=$VENV/install.log
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
        --editable ".[$extra]" >"$log" 2>&1 </dev/null &
    if ! watch_pip $! "$log"; then
        pip_pid=''
        tail -n 15 "$log" >&2
        say "${0##*/}: pip could not install the packages (its last lines are above); look at the network connection and run this again"
        undo_install 1
    fi
    pip_pid=''
    fingerprint "$extra" >"$stamp.new" && mv "$stamp.new" "$stamp"
    # Whoever has everything for development has the simulated room too.
    [ "$extra" != dev ] || fingerprint sim >"$VENV/.heliotrope-sim"
    trap - EXIT INT TERM HUP
    exec 9>&-
}
