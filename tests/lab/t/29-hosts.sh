#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmask hosts says which hosts may run a VM. The array has four portals in two networks, and each host
# loses some of them, in combinations that a seed gives; the LUNs are exposed on some of the portals, as
# a driver may say. Each answer is that of the rule, and a real start agrees. ocf:lunmask:ArrayPaths
# publishes how many portals a host reaches, and with the rules of lunmask rules, no VM is on a host that
# reaches none, and one moves live from a host that has lost one of its paths.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pacemaker.sh"

SEED=${HOSTS_SEED:-28}
COMBINATIONS=${HOSTS_COMBINATIONS:-48}
STARTS=6 # of these, with a real start on node2
PORTALS=(10.77.0.100 10.77.0.101 10.78.0.100 10.78.0.101)
DIR=/tmp/lab-hosts

tgt() { lab array -- tgtadm --lld iscsi "$@"; }
lunmaskd_signal() { lab exec "$1" -- sh -c "kill -$2 \$(cat /run/lunmask/lunmaskd.pid)"; }
lunmaskd_restart() { lunmaskd_signal "$1" KILL; }

# Two networks: the second one is on the same cable. The array's management has an address of its own.
network_add() {
	local node
	lab array -- sh -c 'ip addr add 10.78.0.100/24 dev eth0 && ip addr add 10.78.0.101/24 dev eth0 &&
		ip addr add 10.77.0.110/24 dev eth0' &&
		tgt --op new --mode portal --param portal=10.78.0.100:3260 &&
		tgt --op new --mode portal --param portal=10.78.0.101:3260 || return 1
	for node in $(lab nodes); do
		lab exec "$node" -- ip addr add "10.78.0.${node#node}/24" dev eth0 || return 1
	done
}
network_remove() {
	local node
	for node in $(lab nodes); do
		reaches "$node" 15
		lab exec "$node" -- ip addr del "10.78.0.${node#node}/24" dev eth0
	done
	tgt --op delete --mode portal --param portal=10.78.0.100:3260
	tgt --op delete --mode portal --param portal=10.78.0.101:3260
	lab array -- sh -c 'ip addr del 10.78.0.100/24 dev eth0; ip addr del 10.78.0.101/24 dev eth0
		ip addr del 10.77.0.110/24 dev eth0'
}

# node_prepare NODE: four portals are configured, and measured often.
node_prepare() {
	lab exec "$1" -- sh -c 'cd /etc/lunmask && cp -p lunmask.conf lunmask.conf.kept &&
		touch journal.conf && cp -pn journal.conf journal.conf.kept' &&
		lab exec "$1" -- sed -i \
			's/^portals *=.*/& 10.78.0.100:3260 10.78.0.101:3260/' /etc/lunmask/lunmask.conf &&
		printf '[paths]\ninterval = 2s\ntimeout = 1s\n' |
		lab exec "$1" -- tee /etc/lunmask/journal.conf >/dev/null &&
		lab exec "$1" -- chmod 600 /etc/lunmask/journal.conf && lunmaskd_restart "$1"
}
node_restore() {
	lab exec "$1" -- sh -c "cd /etc/lunmask && for file in lunmask.conf journal.conf; do
		[ ! -e \$file.kept ] || mv -f \$file.kept \$file; done; rm -rf $DIR"
	lunmaskd_restart "$1"
	wait_until 20 lab exec "$1" -- lunmask journal status
}

clean_up() {
	local node
	{
		network_heal
		crm -F resource stop web1
		crm_resource_wait
		crm -F configure delete web1-paths web1-more-paths
		crm -F resource stop lunmask-paths-clone
		crm_resource_wait
		crm -F configure delete lunmask-paths-clone lunmask-paths
		crm -F configure delete web1
		crm_resource_wait
	} >/dev/null 2>&1
	vm_unmake web1
	network_remove >/dev/null 2>&1
	lab exec node1 -- sh -c 'cd /etc/lunmask && [ ! -e web1.xml.kept ] || mv -f web1.xml.kept web1.xml'
	for node in $(lab nodes); do
		libvirtd_signal "$node" CONT
		lunmaskd_signal "$node" CONT
		node_restore "$node" >/dev/null 2>&1
	done
}
trap clean_up EXIT

# reaches NODE BITS: of the portals only those whose bit is set; bit 0 is the first.
reaches() {
	local i
	for i in 0 1 2 3; do
		if (($2 >> i & 1)); then
			lab exec "$1" -- ip route del unreachable "${PORTALS[i]}/32" 2>/dev/null
		else
			lab exec "$1" -- ip route replace unreachable "${PORTALS[i]}/32"
		fi
	done
	return 0
}
network_heal() {
	local node
	for node in $(lab nodes); do
		reaches "$node" 15
	done
}

# bits_known OF BITS: so node1's lunmaskd has the paths of OF: up or down, and nothing else.
bits_known() {
	lab exec node1 -- lunmask paths --node "$1" --array san1 --json | python3 -c '
import json, sys
portals, bits = sys.argv[1].split(), int(sys.argv[2])
paths = {p["portal"]: p["state"] for p in json.load(sys.stdin)["paths"]}
want = {p + ":3260": "up" if bits >> i & 1 else "down" for i, p in enumerate(portals)}
sys.exit(paths != want)' "${PORTALS[*]}" "$2"
}

# A driver that says where LUNs are exposed, as exposed.json has it, and that node3 is fenced, if there
# is a file of that name; otherwise it is that of the lab, at its management's own address. (If node3 were
# fenced, lunmask-cutoff there would act.)
driver_make() {
	lab exec node1 -- mkdir -p "$DIR" || return 1
	lab exec node1 -- tee "$DIR/driver" >/dev/null <<'X' || return 1
#!/usr/bin/python3
import json, os, subprocess, sys
done = subprocess.run(["ssh", "-i", "/etc/lunmask/san1.key", "-o", "BatchMode=yes", "-o",
                       "HostKeyAlias=10.77.0.100", "root@10.77.0.110", "lunmask-array-tgt", sys.argv[1]],
                      input=sys.stdin.buffer.read(), stdout=subprocess.PIPE)
reply = json.loads(done.stdout)
exposed = json.load(open("/tmp/lab-hosts/exposed.json"))
for lun in reply.get("luns", []):
    lun["portals"] = [p + ":3260" for p in exposed[lun["name"]]]
if sys.argv[1] == "fenced" and os.path.exists("/tmp/lab-hosts/fenced"):
    reply["fenced"].append("iqn.2026-11.org.example:node3")
print(json.dumps(reply))
sys.exit(done.returncode)
X
	lab exec node1 -- chmod 755 "$DIR/driver" || return 1
	lab exec node1 -- sed -e "s|^driver *=.*|driver = $DIR/driver|" -e 's|^transport *=.*|transport = exec|' \
		-e '/^identity/d' /etc/lunmask/lunmask.conf | lab exec node1 -- tee "$DIR/lunmask.conf" >/dev/null
}

# world NUMBER: the seed's combination: the bits of node1 and of node2, then those of each LUN.
world() {
	python3 -c '
import random, sys
seed, number = map(int, sys.argv[1:])
r = random.Random(seed * 1000 + number)
# Both extremes first; the others as they come.
hosts = [(0, 15), (15, 0), (0, 0), (1, 2)][number] if number < 4 else (r.randrange(16), r.randrange(16))
print(*hosts, *(r.randrange(1, 16) for _ in range(3)))' "$SEED" "$1"
}
exposed_set() { # BITS of web1-root, web1-data, web1-state
	python3 -c '
import json, sys
portals = sys.argv[1].split()
print(json.dumps({lun: [p for i, p in enumerate(portals) if int(bits) >> i & 1]
                  for lun, bits in zip(["web1-root", "web1-data", "web1-state"], sys.argv[2:])}))' \
		"${PORTALS[*]}" "$@" | lab exec node1 -- tee "$DIR/exposed.json" >/dev/null
}
# rule BITS LUN-BITS...: for each LUN there is a portal that exposes it and that the host reaches.
rule() {
	local reached=$1 exposed
	shift
	for exposed in "$@"; do
		((reached & exposed)) || { echo no && return; }
	done
	echo yes
}

# answers [ENV...]: "node1=yes node2=no node3=yes", as lunmask hosts says.
answers() {
	lab exec node1 -- env "$@" lunmask hosts web1 --json | python3 -c '
import json, sys
print(*(h["host"] + "=" + h["may_run"] for h in json.load(sys.stdin)["hosts"]))'
}
hosts_say() { lab exec node1 -- lunmask hosts web1 | tr -s ' \n' '  ' | seen -E -- "$1"; }
attribute() { lab exec node1 -- crm_attribute --node "$1" --name lunmask-san1 --lifetime reboot --query --quiet 2>/dev/null; }
attribute_is() { [ "$(attribute "$1")" = "$2" ]; }
located_is() { [ "$(located)" = "$1" ]; }

ok "the test VM's LUNs can be made" vm_make web1
ok "the array has two more portals, in a second network" network_add
for node in $(lab nodes); do
	ok "they are configured on $node" node_prepare "$node"
done
ok "the VM is a resource, which is stopped" crm configure primitive web1 ocf:lunmask:VirtualMachine \
	params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" state_lun=web1-state \
	config=/etc/lunmask/web1.xml \
	op start timeout=120s op stop timeout=120s op monitor interval=10s timeout=30s \
	op migrate_to timeout=180s op migrate_from timeout=60s \
	meta allow-migrate=true multiple-active=stop_unexpected requires=fencing resource-stickiness=100 \
	target-role=Stopped
ok "the cluster settles" settled
ok "a driver says where LUNs are exposed" driver_make
vm_params web1
for node in $(lab nodes); do
	ok "all paths of $node are up" wait_until 30 bits_known "$node" 15
done

T_WHAT="all is well"
is "$T_WHAT: all hosts may" "$(answers)" "node1=yes node2=yes node3=yes"
ok "$T_WHAT: exit status 0" lab exec node1 -- lunmask hosts web1
is "$T_WHAT: and there is nothing to say about any" "$(lab exec node1 -- lunmask hosts web1 | grep -c '^ ')" 0
ok "$T_WHAT: as XML" eval "lab exec node1 -- lunmask hosts web1 --xml | xmllint --noout -"
is "$T_WHAT: a VM that is not there" "$(lab exec node1 -- lunmask hosts web9 >/dev/null 2>&1; echo $?)" 6

# The combinations
for ((number = 0; number < COMBINATIONS; number++)); do
	read -r one two root data state <<<"$(world "$number")"
	T_WHAT="combination $number: node1 $one, node2 $two, LUNs $root $data $state"
	reaches node1 "$one"
	reaches node2 "$two"
	exposed_set "$root" "$data" "$state"
	ok "$T_WHAT: node1 is measured" wait_until 30 bits_known node1 "$one"
	ok "$T_WHAT: node2 is measured" wait_until 30 bits_known node2 "$two"
	is "$T_WHAT: the rule, where LUNs are exposed on some portals" \
		"$(answers "LUNMASK_CONF=$DIR/lunmask.conf")" \
		"node1=$(rule "$one" "$root" "$data" "$state") node2=$(rule "$two" "$root" "$data" "$state") node3=yes"
	# The address of the array's management in lunmask.conf is that of the first portal.
	if ((one & 1)); then
		is "$T_WHAT: and where they are exposed on all" "$(answers)" \
			"node1=$(rule "$one" 15) node2=$(rule "$two" 15) node3=yes"
	fi
	if ((two & 1 && STARTS > 0)); then
		STARTS=$((STARTS - 1))
		agent_is 0 node2 start
		agent_is 0 node2 stop
	fi
done

# What a start says about a host of which lunmask hosts says no.
T_WHAT="no path for the data, but the array's management"
# shellcheck disable=SC2016 # the node's shell expands it
lab exec node2 -- sh -c 'for p in 10.77.0.101 10.78.0.100 10.78.0.101; do ip route replace unreachable $p/32; done'
reaches node1 15
ok "$T_WHAT: paths_required is 2" crm resource param web1 set paths_required 2
PARAM[paths_required]=2
ok "$T_WHAT: it is measured" wait_until 30 bits_known node2 1
like "$T_WHAT: lunmask hosts says no" "$(answers)" 'node2=no'
ok "$T_WHAT: and why" hosts_say 'it reaches each LUN through 1 of the 2 portals that paths_required wants'
ok "$T_WHAT: and which portal" hosts_say 'no path to portal 10.78.0.101:3260 of san1 for [0-9]+[smhd]: '
refused 1 'fewer portals than paths_required' node2 start
ok "$T_WHAT: paths_required is 1 again" crm resource param web1 delete paths_required
unset 'PARAM[paths_required]'
network_heal

T_WHAT="what Pacemaker has about a node"
ok "$T_WHAT: node2 is in standby" crm node standby node2
ok "$T_WHAT: standby" hosts_say 'node2 no .*it is in standby'
ok "$T_WHAT: node2 is online" crm node online node2
ok "$T_WHAT: the VM is banned from node3" lab exec node1 -- crm_resource --ban -r web1 -N node3
ok "$T_WHAT: a ban" hosts_say 'node3 no .*a location constraint keeps the VM away: cli-ban-web1-on-node3'
ok "$T_WHAT: no more" lab exec node1 -- crm_resource --clear -r web1
ok "the cluster settles" settled

# What libvirt says of a guest that does not run: about the file of config on the node that asks.
T_WHAT="the guest has more memory than any host"
ok "$T_WHAT" lab exec node1 -- sh -c 'cp -p /etc/lunmask/web1.xml /etc/lunmask/web1.xml.kept &&
	sed -i "s|<memory[^>]*>[^<]*<|<memory unit=\"TiB\">64<|; s|<currentMemory.*</currentMemory>||" /etc/lunmask/web1.xml'
is "$T_WHAT: then none may" "$(answers)" "node1=no node2=no node3=no"
ok "$T_WHAT: and why" hosts_say 'node2 no .*its memory is too small for the guest: .*node3 no .*its memory is too small'
ok "$T_WHAT: no more" lab exec node1 -- mv -f /etc/lunmask/web1.xml.kept /etc/lunmask/web1.xml
T_WHAT="no file of config on the node that asks"
ok "$T_WHAT" lab exec node1 -- mv /etc/lunmask/web1.xml /etc/lunmask/web1.xml.kept
is "$T_WHAT: that is a note" "$(answers)" "node1=yes node2=yes node3=yes"
ok "$T_WHAT: which is said" hosts_say 'node2 yes .*note: whether the guest can run there as it is defined is not known: /etc/lunmask/web1.xml'
ok "$T_WHAT: no more" lab exec node1 -- mv -f /etc/lunmask/web1.xml.kept /etc/lunmask/web1.xml
T_WHAT="libvirtd of node2 hangs"
libvirtd_signal node2 STOP
is "$T_WHAT: it is not known whether it may" "$(answers)" "node1=yes node2=unknown node3=yes"
ok "$T_WHAT: and why" hosts_say 'node2 unknown .*what its libvirt says is not known: '
libvirtd_signal node2 CONT
ok "$T_WHAT: it goes on" wait_until 60 hosts_say 'node2 yes'
T_WHAT="libvirtd of node1, which asks, hangs"
libvirtd_signal node1 STOP
is "$T_WHAT: the others are asked all the same" "$(answers)" "node1=no node2=yes node3=yes"
libvirtd_signal node1 CONT
ok "$T_WHAT: it goes on" wait_until 60 hosts_say 'node1 yes'

T_WHAT="the array says that it has fenced node3"
exposed_set 15 15 15
ok "$T_WHAT" lab exec node1 -- touch "$DIR/fenced"
is "$T_WHAT: then it may not" "$(answers "LUNMASK_CONF=$DIR/lunmask.conf")" "node1=yes node2=yes node3=no"
ok "$T_WHAT: no more" lab exec node1 -- rm "$DIR/fenced"

# The attributes and the rules
T_WHAT="lunmask rules"
for node in $(lab nodes); do
	ok "all paths of $node are up" wait_until 30 bits_known "$node" 15
done
ok "$T_WHAT: what it prints for crm can be executed" lab exec node1 -- sh -ec 'lunmask rules --crm web1 | sh -e'
for node in $(lab nodes); do
	ok "$T_WHAT: $node publishes four paths" wait_until 60 attribute_is "$node" 4000
done
unlike "$T_WHAT: now without the clone" "$(lab exec node1 -- lunmask rules web1)" 'ocf:lunmask:ArrayPaths'
ok "$T_WHAT: the cluster settles" settled

T_WHAT="node1 and node2 reach nothing"
reaches node1 0
reaches node2 0
ok "$T_WHAT: node1's attribute says so" wait_until 60 attribute_is node1 0
ok "$T_WHAT: node2's attribute says so" wait_until 60 attribute_is node2 0
# Their stops would want the array, too: the VM has not run there.
ok "$T_WHAT: the VM is started" crm resource start web1
CRM_NODE=node3
ok "$T_WHAT: on the one that is left" wait_until 120 located_is node3
ok "$T_WHAT: it has counted" witness_wait web1 node3 5 60
like "$T_WHAT: lunmask hosts asks its host, too" "$(lab exec node3 -- lunmask hosts web1)" 'node3 +yes'
boots=$(witness_check web1 2>/dev/null | sed -n 's/^boots: //p')
CRM_NODE=node1

T_WHAT="node3 loses one of its paths, which the VM does not use"
network_heal
ok "$T_WHAT: node1's attribute is whole" wait_until 60 attribute_is node1 4000
ok "$T_WHAT: node2's attribute is whole" wait_until 60 attribute_is node2 4000
ok "$T_WHAT: nothing moves for that" located_is node3
reaches node3 7
ok "$T_WHAT: its attribute says so" wait_until 60 attribute_is node3 3000
ok "$T_WHAT: the VM moves" wait_until 180 located_elsewhere node3
ok "$T_WHAT: the cluster settles" settled
runs_on "$(located)" "$boots"
monitor_of_paths() {
	lab exec "$1" -- env OCF_ROOT=/usr/lib/ocf OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=1 \
		OCF_RESKEY_multiplier=1000 OCF_RESKEY_CRM_meta_on_node="$1" \
		/usr/lib/ocf/resource.d/lunmask/ArrayPaths monitor 2>&1
	echo "rc=$?"
}
like "$T_WHAT: the monitor is degraded" "$(monitor_of_paths node3)" 'rc=190'
like "$T_WHAT: and says why" "$(monitor_of_paths node3)" 'array san1: 3 of 4 portals are usable'
reaches node3 15
ok "$T_WHAT: it is whole again" wait_until 60 attribute_is node3 4000
like "$T_WHAT: and the monitor good" "$(monitor_of_paths node3)" 'rc=0'

T_WHAT="lunmaskd of node3 stands still"
lunmaskd_signal node3 STOP
like "$T_WHAT: the agent measures" "$(monitor_of_paths node3)" 'lunmaskd does not know all paths'
ok "$T_WHAT: and the attribute stays right" attribute_is node3 4000
nothing_known() { [[ $(answers) = *node3=unknown* ]]; }
ok "$T_WHAT: of its paths nothing is known" wait_until 60 nothing_known
lunmaskd_signal node3 CONT
ok "$T_WHAT: it is back" wait_until 30 bits_known node3 15
# A degraded monitor is listed there, and is no failure.
is "nothing has failed" "$(failures | grep 'returned' | grep -v OCF_DEGRADED)" ""

T_WHAT="ocf-tester"
output=$(lab exec node3 -- ocf-tester -n paths -o name=tester- -o arrays=san1 \
	/usr/lib/ocf/resource.d/lunmask/ArrayPaths 2>&1)
like "$T_WHAT passes" "$output" 'passed all tests'

done_testing
