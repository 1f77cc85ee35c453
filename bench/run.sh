#!/bin/sh
# `make bench`: processor time per call, side by side with an installed Kamailio.
# BENCH names the program that measures; bench/load.py is this project's own.
set -eu
cd "$(dirname "$0")/.."
if ! command -v sipp >/dev/null 2>&1; then
	echo "make bench: sipp is not installed (Debian: apt-get install sip-tester)"
	exit 0
fi
exec .venv/bin/python bench/load.py "$@"
