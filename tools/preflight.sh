#!/bin/sh
# Say in plain words what this machine lacks, then make the virtual environment.
# Usage: preflight.sh VENV [PYTHON]
set -eu
venv=$1
python=${2:-}
missing=0

need() {
    printf '\nMissing: %s\n  %s\n' "$1" "$2" >&2
    missing=1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -z "$python" ]; then
    for candidate in "$venv/bin/python" python3.11 python3.12 python3.13 python3.14 python3 python; do
        if new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
fi
if [ -z "$python" ] || ! new_enough "$python"; then
    need "Python 3.11 or newer" \
        "Debian, Ubuntu: sudo apt install python3 python3-venv. macOS: brew install python@3.12. Another place: make PYTHON=/path/to/python3.11"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    need "the venv module of $python" "Debian, Ubuntu: sudo apt install python3-venv"
fi

rust=$(rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
if [ -z "$rust" ] || ! cargo --version >/dev/null 2>&1; then
    need "Rust (cargo and rustc, 1.90 or newer)" \
        "curl https://sh.rustup.rs -sSf | sh   and open a new shell"
elif [ "${rust%% *}" -eq 1 ] && [ "${rust##* }" -lt 90 ]; then
    need "a newer Rust: this one is ${rust% *}.${rust#* }, 1.90 is the oldest that works" \
        "rustup update stable"
fi

if ! command -v cc >/dev/null 2>&1; then
    need "a C linker (cc), which Rust links with" \
        "Debian, Ubuntu: sudo apt install build-essential. macOS: xcode-select --install"
fi

if [ "$missing" -ne 0 ]; then
    printf '\nInstall what is missing and run make again.\n' >&2
    exit 1
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
