#!/bin/sh
# Installs what the tests marked `reference` compare with: kamailio with its SQLite module, kamcmd, sipp and sipsak; and the
# servers that the tests of databases start: MariaDB and PostgreSQL.
#
# It is safe to run again and again, and it always exits 0: without root or apt-get it only says which tests will be
# skipped. The kamailio package would start a daemon on port 5060; a temporary policy-rc.d forbids that.

missing() {
	for tool in kamailio kamcmd sipp sipsak sqlite3 mariadbd; do
		command -v "$tool" >/dev/null 2>&1 || printf ' %s' "$tool"
	done
	ls /usr/lib/*/kamailio/modules/db_sqlite.so >/dev/null 2>&1 || printf ' db_sqlite.so'
	ls /usr/lib/*/kamailio/modules/db_mysql.so >/dev/null 2>&1 || printf ' db_mysql.so'
	ls /usr/lib/*/kamailio/modules/db_postgres.so >/dev/null 2>&1 || printf ' db_postgres.so'
	ls /usr/lib/*/kamailio/modules/ims_auth.so >/dev/null 2>&1 || printf ' ims_auth.so'
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || printf ' postgres'
}

report() {
	absent=$(missing)
	if [ -z "$absent" ]; then
		echo "install-tools: Kamailio, SIPp, sipsak, MariaDB and PostgreSQL are installed; every test can run"
		return
	fi
	echo "install-tools: not installed:$absent"
	for tool in $absent; do
		case $tool in
			kamailio) echo "  kamailio: the comparisons with Kamailio (tests/differential and others) will be skipped" ;;
			kamcmd) echo "  kamcmd: the tests that talk to Olelo with kamcmd will be skipped" ;;
			sipp) echo "  sipp: the tests that make calls with SIPp will be skipped" ;;
			sqlite3) echo "  sqlite3: the comparisons with Kamailio's kamctl and kamdbctl will be skipped" ;;
			mariadbd) echo "  mariadbd: the tests on MariaDB will be skipped" ;;
			postgres) echo "  postgres: the tests on PostgreSQL will be skipped" ;;
			ims_auth.so) echo "  ims_auth.so: the comparison of SIM registration with Kamailio will be skipped" ;;
			db_mysql.so) echo "  db_mysql.so: Kamailio on a MariaDB that Olelo uses, too, will not be compared" ;;
			db_postgres.so) echo "  db_postgres.so: Kamailio on a PostgreSQL that Olelo uses, too, will not be compared" ;;
			db_sqlite.so) echo "  db_sqlite.so: the comparisons of authentication with Kamailio will be skipped" ;;
			sipsak) echo "  sipsak: the tests that send requests with sipsak will be skipped" ;;
		esac
	done
}

policy=/usr/sbin/policy-rc.d
kept=
ours=

forbid_start() {
	if [ -e "$policy" ] || [ -L "$policy" ]; then
		aside=$(mktemp -d) || return 1
		mv "$policy" "$aside/policy-rc.d" || return 1
		kept=$aside
	fi
	ours=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
}

allow_start() {
	if [ -n "$ours" ]; then
		rm -f "$policy"
		ours=
	fi
	if [ -n "$kept" ]; then
		mv "$kept/policy-rc.d" "$policy" && rmdir "$kept"
		kept=
	fi
}

if [ -z "$(missing)" ]; then
	report
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "install-tools: not root, so nothing is installed"
elif ! command -v apt-get >/dev/null 2>&1; then
	echo "install-tools: there is no apt-get here, so nothing is installed"
else
	trap 'allow_start; exit 0' INT TERM HUP
	if forbid_start; then
		DEBIAN_FRONTEND=noninteractive
		export DEBIAN_FRONTEND
		# a machine without network must not wait for minutes
		patience="-o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1"
		apt-get $patience update || echo "install-tools: apt-get update failed; trying with the lists that are here"
		apt-get $patience install -y --no-install-recommends \
			kamailio kamailio-sqlite-modules kamailio-mysql-modules kamailio-postgres-modules \
			kamailio-ims-modules sip-tester sipsak sqlite3 mariadb-server postgresql || echo "install-tools: apt-get install failed"
	else
		echo "install-tools: $policy cannot be written, so nothing is installed"
	fi
	allow_start
	trap - INT TERM HUP
fi
report
exit 0
