#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmask doctor finds nothing on a good cluster, and each of some faults that are planted: its row and
# no other, with what mends it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

# Where systemd has not started the node, nobody knows about units.
UNITS=${DOCTOR_UNITS:-units,libvirt-guests}
DRIVER=/usr/sbin/lunmask-array-tgt

clean_up() {
	mend_files
	libvirtd_signal node1 CONT
	lab array -- sh -c "[ ! -e $DRIVER.away ] || mv $DRIVER.away $DRIVER"
	tidy_back
	crm configure property stonith-enabled=true
	fencing_parameters pcmk_host_check= pcmk_host_list=
	crm -F configure delete web1
} >/dev/null 2>&1
trap clean_up EXIT

# doctor NODE [OPTION...]: sets RC and FOUND: "LEVEL CHECK" of all that has not passed, sorted. OUT has
# a line for each: its node, what was found, and what mends it.
doctor() {
	local json
	json=$(lab exec "$1" -- lunmask doctor --json "${@:2}")
	RC=$?
	FOUND=$(rows '{level} {check}' <<<"$json" |
		grep -vE "^UNKNOWN (${UNITS//,/|})\$" | sort -u | xargs)
	OUT=$(rows '{node}: {what} mend: {mend}' <<<"$json")
}
rows() {
	python3 -c 'import json, sys
for row in json.load(sys.stdin)["checks"]:
    if row["level"] != "PASS":
        print(sys.argv[1].format(**{"mend": "", **row}))' "$1"
}

good() {
	doctor node1
	is "$1: nothing is found" "$RC $FOUND" "0 "
	[ -z "$FOUND" ] || printf '%s\n' "$OUT" | sed 's/^/#   /'
}

# finds RC FOUND REGEX [OPTION...]: on node1.
finds() {
	doctor node1 "${@:4}"
	is "$T_WHAT: it is found, and nothing else" "$RC $FOUND" "$1 $2"
	like "$T_WHAT: it is told" "$OUT" "$3"
}

# keep NODE FILE; mend_files gives all of them back as they were.
KEPT=()
keep() {
	lab exec "$1" -- cp -a "$2" "$2.kept"
	KEPT+=("$1 $2")
}
mend_files() {
	local node file
	while read -r node file; do
		[ -z "$node" ] || lab exec "$node" -- mv "$file.kept" "$file"
	done < <(printf '%s\n' "${KEPT[@]}")
	KEPT=()
}

# ssh's shared connections would not look at a host key again.
ssh_forget() { lab exec node1 -- sh -c 'rm -f /run/lunmask/ssh/*'; }

tidy_away() {
	lab exec node1 -- touch /run/lab-tidy-stop
	# shellcheck disable=SC2016 # expanded on the node
	lab exec node1 -- sh -c 'kill -KILL $(cat /run/lunmask/lunmask-tidy.pid)'
	wait_until 10 lab exec node1 -- sh -c '! pgrep -x lunmask-tidy'
}
tidy_back() {
	lab exec node1 -- sh -c '[ ! -e /run/lab-tidy-stop ] || { rm /run/lab-tidy-stop
		setsid lunmask-tidy -f 2>>/var/log/lunmask-tidy.log </dev/null >/dev/null & }'
	wait_until 10 lab exec node1 -- pgrep -x lunmask-tidy
}

# fencing_parameters NAME=VALUE...: of the lab's fence device; an empty value takes one away.
fencing_parameters() {
	local one
	for one in "$@"; do
		if [ -n "${one#*=}" ]; then
			lab exec node1 -- crm_resource --resource fencing --set-parameter "${one%%=*}" \
				--parameter-value "${one#*=}" || return 1
		else
			lab exec node1 -- crm_resource --resource fencing --delete-parameter "${one%%=*}" ||
				return 1
		fi
	done
}

good "a good cluster"
text=$(lab exec node1 -- lunmask doctor)
is "the text says so" "$?" 0
like "the text has the versions" "$text" '^node1: lunmask .*, Pacemaker .*, libvirt .*, QEMU '
like "the text has every node" "$text" '^node3: lunmask '
like "the text ends with the sum" "$text" '^0 failed, 0 warnings, '
is "no line is longer than a terminal" "$(awk 'length > 80' <<<"$text")" ""
doctor node2 --local
is "a node looks at itself" "$RC $FOUND" "0 "

T_WHAT="the journal's key can be read by all, on another node"
keep node2 /etc/lunmask/journal.key
lab exec node2 -- chmod 0644 /etc/lunmask/journal.key
finds 1 "FAIL journal-key" '^node2: .*0644.*chmod 0600'
mend_files

T_WHAT="another lunmask.conf on another node"
keep node3 /etc/lunmask/lunmask.conf
lab exec node3 -- sh -c 'echo "# changed" >>/etc/lunmask/lunmask.conf'
finds 1 "FAIL same-config" 'of node3 is not that of node1.*scp'
mend_files

T_WHAT="everybody may write lunmask.conf"
keep node1 /etc/lunmask/lunmask.conf
lab exec node1 -- chmod 0666 /etc/lunmask/lunmask.conf
doctor node1 --local
is "$T_WHAT: it is found" "$RC $(grep -o 'FAIL [a-z-]*' <<<"$FOUND" | xargs)" "1 FAIL config"
like "$T_WHAT: what needs it is not known" "$FOUND" 'UNKNOWN array .*UNKNOWN hosts'
mend_files

T_WHAT="a node is missing in lunmask.conf"
keep node1 /etc/lunmask/lunmask.conf
# shellcheck disable=SC2016 # sed's last line
lab exec node1 -- sed -i '/^\[host node3\]/,$d' /etc/lunmask/lunmask.conf
finds 1 "FAIL hosts" 'no \[host node3\]' --local
mend_files

T_WHAT="another initiator in open-iscsi's file"
keep node1 /etc/iscsi/initiatorname.iscsi
lab exec node1 -- sh -c 'echo InitiatorName=iqn.1993-08.org.debian:01:abc >/etc/iscsi/initiatorname.iscsi'
finds 0 "WARN initiator-name" 'iqn.1993-08.org.debian:01:abc'
mend_files

T_WHAT="libvirt shuts guests down"
keep node1 /etc/libvirt/qemu.conf
lab exec node1 -- sh -c 'echo "auto_shutdown_try_save = \"persistent\"" >>/etc/libvirt/qemu.conf'
finds 1 "FAIL auto-shutdown" 'auto_shutdown_try_save = persistent.*"none"'
mend_files

T_WHAT="the host keys are not known"
lab exec node1 -- mv /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts.kept
KEPT+=("node1 /etc/ssh/ssh_known_hosts")
ssh_forget
doctor node1
is "$T_WHAT: it is found" "$RC $(grep -o 'FAIL [a-z-]*' <<<"$FOUND" | xargs)" "1 FAIL array FAIL ssh"
like "$T_WHAT: it is told" "$OUT" '[Hh]ost key.*ssh-keyscan'
like "$T_WHAT: what needs the others is not known" "$FOUND" 'UNKNOWN same-config'
mend_files

T_WHAT="the array has no driver"
lab array -- mv "$DRIVER" "$DRIVER.away"
doctor node1 --local
is "$T_WHAT: it is found" "$RC $(grep -o 'FAIL [a-z-]*' <<<"$FOUND" | xargs)" "1 FAIL array"
like "$T_WHAT: it is told" "$OUT" 'san1 does not answer: .*install the driver'
lab array -- mv "$DRIVER.away" "$DRIVER"

T_WHAT="lunmask-tidy does not run"
tidy_away
finds 0 "WARN lunmask-tidy" 'lunmask-tidy does not run.*systemctl enable --now lunmask-tidy' --local
tidy_back

T_WHAT="libvirtd hangs"
libvirtd_signal node1 STOP
doctor node1 --local
is "$T_WHAT: it is found" "$RC $FOUND" "1 FAIL libvirt UNKNOWN libvirt-version"
libvirtd_signal node1 CONT

T_WHAT="fencing is off"
ok "$T_WHAT: so it is" crm configure property stonith-enabled=false
finds 1 "FAIL fencing" 'stonith-enabled=false.*crm_attribute'
ok "$T_WHAT: mended" crm configure property stonith-enabled=true

T_WHAT="no fence device for a node"
ok "$T_WHAT: so it is" fencing_parameters pcmk_host_check=static-list "pcmk_host_list=node1 node2"
ok "$T_WHAT: the cluster has heard it" crm_resource_wait
finds 1 "FAIL fence-devices" 'no fence device can fence node3'
ok "$T_WHAT: mended" fencing_parameters pcmk_host_check= pcmk_host_list=
ok "$T_WHAT: the cluster has heard that" crm_resource_wait

T_WHAT="a VM that is wrong in each way"
lab guest xml web1 --memory 16384 --disks 1 | lab exec node1 -- tee /root/web1.xml >/dev/null
ok "$T_WHAT: so it is" crm configure primitive web1 ocf:lunmask:VirtualMachine \
	params vm=web1 array=san1 luns=vda=web1-root state_lun=web1-state config=/root/web1.xml \
	op start timeout=120s op stop timeout=30s op migrate_to timeout=180s on-fail=ignore \
	meta target-role=Stopped allow-migrate=true requires=fencing
finds 1 "FAIL vm-luns FAIL vm-on-fail WARN vm-memory WARN vm-meta WARN vm-monitor WARN vm-timeouts" \
	'op stop has timeout=30s'
like "$T_WHAT: the LUN is named" "$OUT" 'the LUNs of web1: .*web1-'
like "$T_WHAT: what is missing is named" "$OUT" 'web1 has no multiple-active: .*crm_resource'
like "$T_WHAT: the memory is looked at" "$OUT" 'web1: set "op migrate_to timeout=.*16384 MiB'
ok "$T_WHAT: taken away" crm -F configure delete web1
lab exec node1 -- rm /root/web1.xml

ssh_forget
good "mended"

done_testing
