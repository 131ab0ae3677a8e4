# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests that run a VM under Pacemaker share. Sourced after lib.sh. CRM_NODE is the node that
# is asked: one that is sure to be there.

crm() { lab exec "${CRM_NODE:-node1}" -- crm "$@"; }

settled() { lab exec "${CRM_NODE:-node1}" -- crm_resource --wait --timeout 900s; }

# resource_located NAME: the node that it runs on, or nothing.
resource_located() {
	lab exec "${CRM_NODE:-node1}" -- crm_resource --resource "$1" --locate 2>&1 |
		sed -n 's/.*running on: \([a-z0-9]*\).*/\1/p' | xargs
}
located() { resource_located web1; }

# located_elsewhere NODE: it runs, and not there.
located_elsewhere() {
	local now
	now=$(located)
	[ -n "$now" ] && [ "$now" != "$1" ]
}

# other_node NODE: one that is not it.
other_node() { lab nodes | tr ' ' '\n' | grep -v "^$1\$" | head -n 1; }

# What Pacemaker reports as failed, or why it does not answer.
failures() {
	local text
	text=$(lab exec "${CRM_NODE:-node1}" -- crm_mon -1rf 2>&1) || {
		printf 'crm_mon: %s\n' "$text"
		return
	}
	grep -A5 'Failed' <<<"$text" || true
}

# Pacemaker on a node

pacemaker_runs() { lab exec "$1" -- pgrep -x pacemakerd >/dev/null 2>&1; }
pacemaker_ended() { ! pacemaker_runs "$1"; }
pacemaker_stop() { lab exec "$1" -- pkill -TERM -x pacemakerd; }

# A node that hears that it was fenced ends corosync, too.
pacemaker_start() {
	lab exec "$1" -- sh -c 'exec >/dev/null 2>&1 </dev/null
		pgrep -x corosync || setsid corosync -f &
		until corosync-cmapctl -g runtime.votequorum.this_node_id; do sleep 0.1; done
		PCMK_panic_action=reboot setsid pacemakerd -f &'
}

# A node begins anew, as after a power cut: corosync as well, so that wait_for_all keeps it from
# acting alone.
cluster_restart() {
	pacemaker_stop "$1"
	wait_until 60 pacemaker_ended "$1" || return 1
	lab exec "$1" -- pkill -TERM -x corosync
	wait_until 20 lab exec "$1" -- sh -c '! pgrep -x corosync' || return 1
	pacemaker_start "$1"
}

pacemaker_log() { cat "$(lab path "$1")/var/log/pacemaker/pacemaker.log"; }

online() { lab exec "${CRM_NODE:-node1}" -- crm_mon -1 2>/dev/null | seen -E "Online:.* $1 "; }

# web1_configure [PARAM=VALUE...]: the VM of vm_make as a resource. A guest that has lost its disks does
# not shut down: WEB1_STOP is how long its stop may take.
web1_configure() {
	crm configure primitive web1 ocf:lunmask:VirtualMachine \
		params vm=web1 array=san1 "luns=vda=web1-root vdb=web1-data" state_lun=web1-state \
		config=/etc/lunmask/web1.xml "$@" \
		op start timeout=120s op stop timeout="${WEB1_STOP:-120s}" \
		op monitor interval=10s timeout=30s \
		op migrate_to timeout=180s op migrate_from timeout=60s \
		meta allow-migrate=true multiple-active=stop_unexpected requires="${WEB1_REQUIRES:-fencing}"
}

web1_remove() {
	crm -F resource stop web1
	crm_resource_wait
	crm -F configure delete web1
	vm_unmake web1
}

crm_resource_wait() { lab exec "${CRM_NODE:-node1}" -- crm_resource --wait --timeout 900s; }

# runs_on NODE [BOOTS]: Pacemaker, libvirt, the array and the witness agree. Without BOOTS it may have
# booted, but not been written by two.
runs_on() {
	is "$T_WHAT: Pacemaker has it on $1" "$(located)" "$1"
	is "$T_WHAT: it runs there" "$(domain "$1" web1)" running
	masks_are web1 "$T_WHAT" "$1"
	ok "$T_WHAT: the guest counts on" witness_wait web1 "$1" "$(witness_counter web1)"
	ok "$T_WHAT: the witness agrees" witness_check web1 ${2:+--expect-boots "$2"}
}
