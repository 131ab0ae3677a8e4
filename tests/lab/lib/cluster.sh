# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The cluster's configuration and its health. The CIB is on the disks before the first start, so the
# cluster comes up with fencing in place and does not wait 20 s (dc-deadtime) for a DC to appear.

cluster_corosync_conf() {
	local node two_node=0
	[ "$(lab_nodes | wc -l)" != 2 ] || two_node=1
	cat <<-X
		totem {
		    version: 2
		    cluster_name: $LAB_NAME
		    transport: knet
		    crypto_cipher: aes256
		    crypto_hash: sha256
		    token: 1500
		    token_coefficient: 0
		}
		quorum {
		    provider: corosync_votequorum
		    wait_for_all: 1
		    two_node: $two_node
		}
		logging {
		    to_logfile: yes
		    logfile: /var/log/corosync/corosync.log
		    to_syslog: no
		    to_stderr: no
		    timestamp: hires
		}
		nodelist {
	X
	for node in $(lab_nodes); do
		cat <<-X
			    node {
			        ring0_addr: $(lab_address "$node")
			        name: $node
			        nodeid: ${node#node}
			    }
		X
	done
	echo "}"
}

cluster_cib_nodes() {
	local node
	for node in $(lab_nodes); do
		echo "<node id=\"${node#node}\" uname=\"$node\"/>"
	done
}

# stonith-action=off: a fenced node stays off until `lab boot`, so that a test decides when it is back.
cluster_cib() {
	cat <<-X
		<cib validate-with="pacemaker-3.5" admin_epoch="0" epoch="1" num_updates="0">
		<configuration>
		<crm_config><cluster_property_set id="cib-bootstrap-options">
		<nvpair id="opt-cluster-name" name="cluster-name" value="$LAB_NAME"/>
		<nvpair id="opt-stonith-enabled" name="stonith-enabled" value="true"/>
		<nvpair id="opt-stonith-action" name="stonith-action" value="off"/>
		<nvpair id="opt-stonith-timeout" name="stonith-timeout" value="30s"/>
		<nvpair id="opt-no-quorum-policy" name="no-quorum-policy" value="stop"/>
		<nvpair id="opt-dc-deadtime" name="dc-deadtime" value="3s"/>
		</cluster_property_set></crm_config>
		<nodes>$(cluster_cib_nodes)</nodes>
		<resources><primitive id="fencing" class="stonith" type="fence_lab"><operations>
		<op id="fencing-monitor" name="monitor" interval="120s" timeout="20s"/>
		</operations></primitive></resources>
		<constraints/>
		<rsc_defaults><meta_attributes id="rsc-options">
		<nvpair id="rsc-stickiness" name="resource-stickiness" value="100"/>
		</meta_attributes></rsc_defaults>
		<op_defaults><meta_attributes id="op-options">
		<nvpair id="op-timeout" name="timeout" value="60s"/>
		</meta_attributes></op_defaults>
		</configuration>
		<status/>
		</cib>
	X
}

# The first node that is on and has Pacemaker answering speaks for the cluster.
cluster_monitor_xml() {
	local node
	for node in $(lab_nodes); do
		if machine_is_on "$node" &&
			machine_run "$node" timeout 5 crm_mon -1 --output-as=xml 2>/dev/null; then
			return 0
		fi
	done
	return 1
}

# Quorate, all nodes online and the fence device running, as the cluster itself sees it.
cluster_is_complete() {
	local xml online
	xml=$(cluster_monitor_xml) || return 1
	online=$(grep -cE '<node .*online="true".* pending="false"' <<<"$xml") || return 1
	grep -q '<current_dc .*with_quorum="true"' <<<"$xml" &&
		[ "$online" = "$(lab_nodes | wc -l)" ] &&
		grep -qE '<resource id="fencing" .*role="Started"' <<<"$xml"
}

# The others know that the node is gone, or there is no quorum that could tell.
cluster_has_buried() {
	local xml
	xml=$(cluster_monitor_xml) || return 0
	grep -q '<current_dc .*with_quorum="true"' <<<"$xml" || return 0
	grep -qE "<node name=\"$1\" .*online=\"false\".* unclean=\"false\"" <<<"$xml"
}

node_services_answer() {
	machine_run "$1" bash -c 'timeout 5 virsh -q list && : </dev/tcp/127.0.0.1/22' >/dev/null 2>&1
}

array_services_answer() {
	machine_run array bash -c '[ -e /run/lab-array-started ] && : </dev/tcp/127.0.0.1/22' >/dev/null 2>&1
}

cluster_summary() {
	local node
	for node in $(lab_nodes); do
		if machine_is_on "$node" && machine_run "$node" timeout 5 crm_mon -1 2>/dev/null; then
			return 0
		fi
	done
	echo "cluster: no node answers"
}
