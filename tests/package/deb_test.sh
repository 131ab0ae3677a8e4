#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages: built twice and compared, judged by lintian, and installed, configured, upgraded
# and purged in a fresh Debian 12 that systemd boots: deb_test.sh BUILD
#
# BUILD is a configured build tree. Needs root, a mirror of Debian, and what "install-deps package"
# installs. LAB_CACHE keeps the fresh Debian for the next time. Prints TAP; leaves nothing else behind.
set -uo pipefail

if [[ ${1:-} != --inside ]]; then
	build=$(realpath "${1:?usage: deb_test.sh BUILD}")
	exec unshare --mount --propagation private -- "$(realpath "$0")" --inside "$build"
fi

here=$(dirname "$(realpath "$0")")
build=$2
# shellcheck source=../lab/t/lib.sh
. "$here/../lab/t/lib.sh"
# shellcheck source=../systemd/containers.sh
. "$here/../systemd/containers.sh"
# shellcheck source=../systemd/corosync.sh
. "$here/../systemd/corosync.sh"
# shellcheck source=debs.sh
. "$here/debs.sh"
# shellcheck source=fresh.sh
. "$here/fresh.sh"
PACKAGES=(lunmask lunmaskd lunmask-cli lunmask-array-tgt)
UNITS=(lunmaskd lunmask-cutoff lunmask-tidy)

same() {
	local deb
	for deb in "$work"/one/*.deb; do
		cmp "$deb" "$work/somewhere/else/${deb##*/}" || return
	done
}

# A later version, as an upgrade has it; the files are the same.
later_make() {
	local deb name
	mkdir "$work/later"
	for name in "${PACKAGES[@]}"; do
		deb=$work/later/$name
		dpkg-deb -R "$work"/one/"$name"_*.deb "$deb" &&
			sed -i -E 's/^(Version: .*)/\1+later/; s/\((= [^)]*)\)/(\1+later)/g' "$deb/DEBIAN/control" &&
			dpkg-deb --root-owner-group -b "$deb" "$work/later" >/dev/null || return
	done
}

node() { container_exec node1 "$@"; }
property() { node systemctl show --value -p "$1" "$2"; }
state_is() { [ "$(property ActiveState "$1")" = "$2" ]; }
# The status of a unit that does not run is no success.
status_says() { { node systemctl --no-pager --full status "$1" 2>&1 || true; } | seen -E -- "$2"; }
# What was there before is not ours: the packages that we need start a cluster of one node.
install_debs() {
	rm -rf "$(container_path node1)/debs" && mkdir "$(container_path node1)/debs" &&
		cp "$@" "$(container_path node1)/debs" &&
		node sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -qq -y install /debs/*.deb'
}
all_active() { for unit in "${UNITS[@]}"; do state_is "$unit" active || return; done; }
journal_active() { node lunmask journal status --json 2>/dev/null | seen '"active": true'; }

configure() {
	local root
	root=$(container_path node1)
	node lunmask journal keygen &&
		node ssh-keygen -q -t ed25519 -N '' -f /etc/lunmask/san1.key &&
		sed 's/192\.0\.2\.[0-9]*/127.0.0.1/; s/ 198\.51\.100\.100:3260//' \
			"$root/etc/lunmask/lunmask.conf.example" >"$root/etc/lunmask/lunmask.conf" &&
		head -c 128 /dev/urandom >"$root/etc/corosync/authkey" &&
		corosync_conf fresh node1=127.0.0.1 >"$root/etc/corosync/corosync.conf"
}

# Files of lunmask, outside of what comes and goes.
ours() {
	node find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /debs -o -path /tmp \
		-o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt \) \
		-prune -o \( -name '*lunmask*' -o -path '*/lunmask/*' \) -print
}
links_dangling() { node find /etc/systemd /usr/lib/systemd /lib/systemd -xtype l -name '*lunmask*'; }
processes() { node ps -eo args= | grep -E '(^|/)lunmask' | grep -v 'ps -eo'; }

work=$(mktemp -d /var/tmp/lunmask-deb.XXXXXX)
containers_init
trap 'containers_end; rm -rf "$work"' EXIT

T_WHAT="the packages"
ok "$T_WHAT: the source is made" source_make
ok "$T_WHAT: are built, and the tests of the source pass" deb_build "$work/one"
ok "$T_WHAT: are built elsewhere" deb_build "$work/somewhere/else" nocheck
ok "$T_WHAT: both builds are the same to the bit" same
ok "$T_WHAT: lintian has nothing to say" lintian --fail-on error,warning,info -EI "$work"/one/*.changes
# shellcheck disable=SC2016 # awk's
ok "$T_WHAT: mandoc has nothing to say" sh -c "find $work/one/lunmask-*/debian -path '*/man?/*.gz' |
	while read -r page; do zcat \$page | mandoc -T lint -W warning || exit 1; done"

T_WHAT="a fresh Debian"
ok "$T_WHAT: is made" fresh_make node1 bookworm "$work"/one/*.deb
container_boot node1 --private-network -- systemd.show_status=no
ok "$T_WHAT: boots" wait_until 60 container_up node1
is "$T_WHAT: nothing of lunmask is there" "$(ours)" ""
mapfile -t debs < <(printf "$work/one/%s_*.deb\n" "${PACKAGES[@]}")
# shellcheck disable=SC2068 # the pattern is to be expanded
ok "$T_WHAT: the packages are installed" install_debs ${debs[@]}

T_WHAT="before it is configured"
for unit in "${UNITS[@]}"; do
	is "$T_WHAT: $unit is enabled" "$(node systemctl is-enabled "$unit" 2>&1)" enabled
	ok "$T_WHAT: $unit does not run" eval "! state_is $unit active"
done
ok "$T_WHAT: lunmaskd says what is missing" status_says lunmaskd "Run 'lunmask journal keygen'"
for unit in lunmask-cutoff lunmask-tidy; do
	ok "$T_WHAT: $unit says what is missing" status_says "$unit" \
		'ConditionPathExists=/etc/lunmask/lunmask.conf was not met'
	ok "$T_WHAT: $unit has not failed" state_is "$unit" inactive
done
install -m 755 "$here/../../debian/tests/smoke" "$(container_path node1)/debs"
like "$T_WHAT: systemd has Pacemaker's drop-in" "$(property After pacemaker)" lunmask-cutoff.service
smoke=$(node /debs/smoke 2>&1) || fail "$T_WHAT: the smoke test" "$smoke"
while read -r line; do
	case $line in
	ok\ *) pass "$T_WHAT: ${line#ok - }" ;;
	not\ ok\ *) fail "$T_WHAT: ${line#not ok - }" ;;
	esac
done <<<"$smoke"

T_WHAT="configured"
ok "$T_WHAT: as the manual says" configure
ok "$T_WHAT: the machine has its name" node hostname node1
ok "$T_WHAT: corosync takes it" node systemctl restart corosync
ok "$T_WHAT: lunmaskd agrees" node lunmaskd --check
ok "$T_WHAT: the daemons start" node systemctl restart "${UNITS[@]}"
ok "$T_WHAT: they are active" wait_until 30 all_active
ok "$T_WHAT: the journal is active" wait_until 60 journal_active

echo 'LUNMASK_CUTOFF_OPTIONS="--node node2"' >"$(container_path node1)/etc/default/lunmask-cutoff"
ok "$T_WHAT: lunmask-cutoff is told another name of its host" node systemctl restart lunmask-cutoff
ok "$T_WHAT: and takes it" status_says lunmask-cutoff 'host=node2'
ok "$T_WHAT: that is undone" node rm /etc/default/lunmask-cutoff

T_WHAT="booted again"
node systemctl poweroff >/dev/null 2>&1
ok "$T_WHAT: it ends" wait_until 60 container_gone node1
container_boot node1 --private-network -- systemd.show_status=no
ok "$T_WHAT: it boots" wait_until 60 container_up node1
ok "$T_WHAT: the daemons are active" wait_until 30 all_active
ok "$T_WHAT: the journal is active" wait_until 60 journal_active

T_WHAT="an upgrade"
was=$(property MainPID lunmaskd)
ok "$T_WHAT: a file of settings is changed" node sed -i 's/^#debug = no/debug = yes/' /etc/lunmask/journal.conf
ok "$T_WHAT: a later version is made" later_make
ok "$T_WHAT: is installed" install_debs "$work"/later/*.deb
is "$T_WHAT: it is the later one" "$(node dpkg-query -Wf "\${Version}" lunmaskd)" \
	"$(dpkg-deb -f "$work"/one/lunmaskd_*.deb Version)+later"
ok "$T_WHAT: the daemons are active" wait_until 30 all_active
unlike "$T_WHAT: lunmaskd is another process" "$(property MainPID lunmaskd)" "^$was\$"
ok "$T_WHAT: the journal is active" wait_until 60 journal_active
ok "$T_WHAT: the settings are kept" node grep -q '^debug = yes' /etc/lunmask/journal.conf

T_WHAT="purged"
ok "$T_WHAT: without an error" node sh -c "DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge ${PACKAGES[*]}"
is "$T_WHAT: no daemon runs" "$(processes)" ""
is "$T_WHAT: no link dangles" "$(links_dangling)" ""
is "$T_WHAT: what is left is data, and the administrator's own files" "$(ours | sort)" "$(sort <<-END
	/etc/lunmask
	/etc/lunmask/journal.key
	/etc/lunmask/lunmask.conf
	/etc/lunmask/san1.key
	/etc/lunmask/san1.key.pub
	/var/lib/lunmask
	/var/lib/lunmask/journal
	$(node find /var/lib/lunmask/journal -mindepth 1)
END
)"
ok "$T_WHAT: the journal is there" node sh -c 'test -s /var/lib/lunmask/journal/journal.db'
is "$T_WHAT: systemd knows none of the units" \
	"$(node systemctl list-units --all --no-legend 'lunmask*')" ""

T_WHAT="installed again"
# shellcheck disable=SC2068 # the pattern is to be expanded
ok "$T_WHAT: without an error" install_debs ${debs[@]}
ok "$T_WHAT: the daemons run at once" wait_until 30 all_active
ok "$T_WHAT: the journal is active" wait_until 60 journal_active
done_testing
