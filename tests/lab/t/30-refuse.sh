#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input and broken surroundings: refused within the time, in one line, nothing half granted.
. "$(dirname "$0")/lib.sh"

clean_up() {
	lab heal array >/dev/null 2>&1
	fencing_of_node1 unfence
	vm_unmake web1
	lab exec node1 -- rm -rf /tmp/lab-test
	lab array -- rm -f /usr/local/bin/tgtadm
}
trap clean_up EXIT
ok "the test VM's LUNs can be made" vm_make web1
vm_params web1
pool=$(lab path pool)

# with_param NAME VALUE COMMAND...: one parameter changed, or unset when VALUE is "-".
with_param() {
	local name=$1 value=$2 old=${PARAM[$1]-}
	shift 2
	if [ "$value" = - ]; then unset "PARAM[$name]"; else PARAM[$name]=$value; fi
	"$@"
	if [ -n "$old" ]; then PARAM[$name]=$old; else unset "PARAM[$name]"; fi
}

wrong_parameter() {
	refused 6 "$1" node1 validate-all
	agent_is 6 node1 start
	agent_is 0 node1 stop
	agent_is 7 node1 monitor OCF_RESKEY_CRM_meta_interval=0
}
for name in vm array luns state_lun; do
	T_WHAT="$name missing"
	with_param "$name" - wrong_parameter "$name"
done
T_WHAT="luns malformed"
with_param luns "vda=web1-root,vdb" wrong_parameter "luns"
T_WHAT="a drive named twice"
with_param luns "vda=web1-root vda=web1-data" wrong_parameter "vda"
T_WHAT="migration_mode unknown"
with_param migration_mode teleport wrong_parameter "teleport.*live"
masks_are web1 "wrong parameters"

# Drivers that misbehave stand on node1 itself, and a configuration of its own points to each.
lab exec node1 -- mkdir -p /tmp/lab-test
bad_driver() {
	printf '#!/bin/sh\n%s\n' "$2" | lab exec node1 -- tee "/tmp/lab-test/$1" >/dev/null
	lab exec node1 -- chmod 755 "/tmp/lab-test/$1"
}
bad_driver garbage 'cat >/dev/null; echo "{ this is not"'
bad_driver gigabyte 'cat >/dev/null; head -c 1073741824 /dev/zero'
bad_driver hang 'exec sleep 20000'
bad_driver crash 'kill -SEGV $$'

# conf_with NAME SED-SCRIPT: /tmp/lab-test/NAME.conf on node1.
conf_with() {
	lab exec node1 -- sed "$2" /etc/lunmask/lunmask.conf |
		lab exec node1 -- tee "/tmp/lab-test/$1.conf" >/dev/null
}
start_with_conf() {
	refused 1 "$1" node1 start LUNMASK_CONF="/tmp/lab-test/$2.conf" "${@:3}"
	masks_are web1 "$T_WHAT"
}
for driver in garbage gigabyte hang crash missing; do
	T_WHAT="driver: $driver"
	conf_with "$driver" "s|^driver *=.*|driver = /tmp/lab-test/$driver|; s|^transport *=.*|transport = exec|; /^identity/d"
	time=()
	[ "$driver" != hang ] || time=(OCF_RESKEY_CRM_meta_timeout=30000)
	start_with_conf 'san1' "$driver" "${time[@]}"
done
T_WHAT="ssh key refused"
lab exec node1 -- ssh-keygen -q -t ed25519 -N '' -f /tmp/lab-test/wrong-key
conf_with key 's|^identity *=.*|identity = /tmp/lab-test/wrong-key|'
start_with_conf '(key|refused|denied)' key
T_WHAT="array unreachable"
lab isolate array
agent_is 1 node1 start OCF_RESKEY_CRM_meta_timeout=30000
is "$T_WHAT: one exit reason" "$(grep -c . <<<"$REASON")" 1
lab heal array
masks_are web1 "$T_WHAT"

T_WHAT="a LUN that does not exist"
lun_missing() {
	refused 1 'web1-nothere' node1 start
	# Where stop failed for it, a misspelt name would get one node after the other fenced.
	agent_is 0 node1 stop
}
with_param luns "vda=web1-root vdb=web1-nothere" lun_missing
masks_are web1 "$T_WHAT"

T_WHAT="a LUN that a stranger holds"
lab array -- tgtadm --lld iscsi --mode target --op bind --tid "$(target_id web1-data)" \
	--initiator-name "$(initiator stranger)"
refused 1 'web1-data.*stranger' node1 start
is "$T_WHAT: the other LUNs were not granted" "$(acl web1-root)$(acl web1-state)" ""
is "$T_WHAT: the stranger keeps it" "$(acl web1-data)" stranger
revoke_all web1-data

# No array fails at the second of three on demand: here tgtadm does, between the driver and tgtd.
T_WHAT="the grant of the second LUN fails"
printf '#!/bin/sh\ncase "$*" in *"--op bind"*"--tid %s "*) echo "tgtadm: no" >&2; exit 22 ;; esac\n%s' \
	"$(target_id web1-data)" 'exec /usr/sbin/tgtadm "$@"' |
	lab array -- sh -c 'cat >/usr/local/bin/tgtadm; chmod 755 /usr/local/bin/tgtadm'
refused 1 'web1-data' node1 start
lab array -- rm /usr/local/bin/tgtadm
masks_are web1 "$T_WHAT: all are undone"

T_WHAT="no definition for the first start"
with_param config - refused 1 'config' node1 start
masks_are web1 "$T_WHAT"
T_WHAT="a definition without the drive"
with_param luns "vda=web1-root vdq=web1-data" refused 1 'vd[bq]' node1 start
masks_are web1 "$T_WHAT"

T_WHAT="a definition that libvirt refuses"
lab exec node1 -- sed -i.good "s/machine='q35'/machine='pc-q35-0.1'/" /etc/lunmask/web1.xml
refused 1 'pc-q35-0.1' node1 start
masks_are web1 "$T_WHAT"
is "$T_WHAT: nothing is stored" "$(head -c 1048576 "$pool"/web1-state* | tr -d '\0' | wc -c)" 0
lab exec node1 -- mv /etc/lunmask/web1.xml.good /etc/lunmask/web1.xml

ok "with everything right it starts" agent_is 0 node1 start
ok "the guest counts" witness_wait web1 node1 5
ok "and stops" agent_is 0 node1 stop

T_WHAT="luns changed behind the mapping file's back"
with_param luns "vda=web1-data vdb=web1-root" refused 1 'mapping file' node1 start
masks_are web1 "$T_WHAT"

# The state LUN's slots, on the array's side.
state=$pool/$(basename "$(ls "$pool"/web1-state*)")
cp --sparse=always "$state" "$state.kept"
damage() { printf 'rubbish' | dd of="$state" bs=1 seek="$1" conv=notrunc status=none; }
for slot in 0 524288; do
	T_WHAT="slot at $slot damaged"
	damage $((slot + 64))
	agent_is 0 node1 start
	agent_is 0 node1 stop
	cp --sparse=always "$state.kept" "$state"
done
T_WHAT="both slots damaged"
damage 64
damage $((524288 + 64))
before=$(head -c 1048576 "$state" | sha256sum)
refused 1 'web1-state.*(damaged|restore|backup|copy)' node1 start
is "$T_WHAT: never formatted over" "$(head -c 1048576 "$state" | sha256sum)" "$before"
masks_are web1 "$T_WHAT"
T_WHAT="a state LUN that holds something else"
yes 'not ours' | head -c 1048576 | dd of="$state" conv=notrunc status=none
before=$(head -c 1048576 "$state" | sha256sum)
refused 1 'web1-state' node1 start
is "$T_WHAT: never formatted over" "$(head -c 1048576 "$state" | sha256sum)" "$before"
cp --sparse=always "$state.kept" "$state"
rm -f "$state.kept"

T_WHAT="a host that is fenced, and let in again meanwhile"
fencing_of_node1() { printf '{"initiators":["%s"]}' "$(initiator node1)" | driver "$1" >/dev/null; }
ok "$T_WHAT: fenced" fencing_of_node1 fence
refused 1 "this host .*:node1'\) is fenced" node1 start OCF_RESKEY_CRM_meta_timeout=20000
masks_are web1 "$T_WHAT"
(
	agent node1 start
	printf '%s\n' "$OUT" "RC=$RC"
) >"$pool/../start.out" 2>&1 &
starter=$!
at_grant() { lab exec node1 -- lunmask tasks | seen 'web1 .*grant'; }
ok "$T_WHAT: start is at its grant" wait_until 20 at_grant
masks_are web1 "$T_WHAT: and has none"
ok "$T_WHAT: let in again" fencing_of_node1 unfence
wait "$starter"
like "$T_WHAT: start has waited for it" "$(xargs -d '\n' <"$pool/../start.out")" \
	'grant: trying again.*RC=0$'
rm -f "$pool/../start.out"
masks_are web1 "$T_WHAT" node1
agent_is 0 node1 stop

# In a rolling upgrade the driver is older or newer than the agent. Nothing fails for that reason.
conf_value() { lab exec node1 -- sed -n "s|^$1 *= *\(ssh://\)\?||p" /etc/lunmask/lunmask.conf; }
asks_array="ssh -o BatchMode=yes -i $(conf_value identity) $(conf_value transport) lunmask-array-tgt"
bad_driver older "r=\$(cat)
case \"\$1 \$r\" in
info*) printf %s \"\$r\" | $asks_array info | sed 's/\"requester\",//; s/\"masks-select\",\"urgent\",\"hosts\"/\"old\"/' ;;
*'\"by\":'* | *'\"host\":'* | *'\"limit\":'* | *'\"urgent\":'*)
	echo '{\"error\":{\"code\":\"bad-request\",\"message\":\"no such member\"}}'; exit 1 ;;
*) printf %s \"\$r\" | $asks_array \"\$1\" ;;
esac"
bad_driver newer "r=\$(cat)
printf %s \"\$r\" | $asks_array \"\$1\" >/tmp/lab-test/reply.\$\$; rc=\$?
sed 's/^{/{\"news\":[{\"a\":1}],/; s/\"urgent\"/\"urgent\",\"time-travel\"/' /tmp/lab-test/reply.\$\$
rm -f /tmp/lab-test/reply.\$\$; exit \$rc"
for driver in older newer; do
	T_WHAT="driver: $driver"
	conf_with "$driver" "s|^driver *=.*|driver = /tmp/lab-test/$driver|; s|^transport *=.*|transport = exec|; /^identity/d"
	agent_is 0 node1 start LUNMASK_CONF="/tmp/lab-test/$driver.conf"
	masks_are web1 "$T_WHAT" node1
	agent_is 0 node1 monitor LUNMASK_CONF="/tmp/lab-test/$driver.conf" OCF_CHECK_LEVEL=20 \
		OCF_RESKEY_CRM_meta_interval=10000
	agent_is 0 node1 stop LUNMASK_CONF="/tmp/lab-test/$driver.conf"
	masks_are web1 "$T_WHAT: after stop"
done

# Its VM runs under the name of before, which only the array knows.
T_WHAT="a host that is fenced after its initiator was changed"
renamed=/etc/lunmask/renamed.conf
lab exec node2 -- sed "s|$(initiator node1)\$|$(initiator node1-renamed)|" /etc/lunmask/lunmask.conf |
	lab exec node2 -- tee "$renamed" >/dev/null
agent_is 0 node1 start
masks_are web1 "$T_WHAT: before" node1
fencing=$(lab exec node2 -- env LUNMASK_CONF="$renamed" fence_lunmask -o off -n node1 2>&1)
like "$T_WHAT: it is cut off" "$? $fencing" "^0 .*node1 was '$(initiator node1)' before"
masks_are web1 "$T_WHAT"
for name in node1 node1-renamed; do
	printf '{"initiators":["%s"]}' "$(initiator "$name")" | driver unfence >/dev/null
done
lab exec node1 -- virsh -q destroy web1 >/dev/null 2>&1
agent_is 0 node1 stop
lab exec node2 -- rm -f "$renamed"

T_WHAT="a LUN replaced by another of the same name"
ok "the LUN is replaced" lun_delete web1-data
ok "by a new one" lun_create web1-data $((16 << 20))
refused 1 'web1-data.*(designator|t10|naa)' node1 start
masks_are web1 "$T_WHAT"

done_testing
