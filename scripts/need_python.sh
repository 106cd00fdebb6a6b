#!/bin/sh
# need_python.sh INTERPRETER [GOAL]: quiet where it is Python 3.11 or newer and can make virtual environments;
# otherwise says what is wrong and the way out, and ends with 1.
python=$1
goal=${2:-setup}
enough='import sys; sys.exit(sys.version_info < (3, 11))'
able='import ensurepip, venv'

stop() {
    echo "make: $1" >&2
    # A name on the PATH proves nothing (version managers put shims there): each is run.
    for other in python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$other" -c "$enough" 2>/dev/null && "$other" -c "$able" 2>/dev/null; then
            echo "make: this machine has $other, which will do: make $goal PYTHON=$other" >&2
            exit 1
        fi
    done
    echo "make: $2, then: make $goal PYTHON=python3.11 (or the name under which it is installed)" >&2
    exit 1
}

install='install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python; else: https://www.python.org/downloads)'
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) \
    || stop "there is no Python under the name '$python'" "$install"
"$python" -c "$enough" || stop "Python 3.11 or newer is needed, and '$python' is $version" "$install"
"$python" -c "$able" 2>/dev/null \
    || stop "'$python' ($version) cannot make virtual environments" "install its venv module (Debian, Ubuntu: apt install python3-venv)"
