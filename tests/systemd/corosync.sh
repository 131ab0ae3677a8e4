# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The corosync.conf of containers. Sourced.
#
#   corosync_conf CLUSTER NAME=ADDRESS...   prints it; its nodes are numbered in this order

corosync_conf() {
	local node id=0
	cat <<-END
		totem {
		    version: 2
		    cluster_name: $1
		    transport: knet
		    crypto_cipher: aes256
		    crypto_hash: sha256
		}
		quorum {
		    provider: corosync_votequorum
	END
	shift
	[ $# != 2 ] || echo '    two_node: 1'
	printf '}\nlogging {\n    to_syslog: yes\n}\nnodelist {\n'
	for node in "$@"; do
		id=$((id + 1))
		cat <<-END
			    node {
			        ring0_addr: ${node#*=}
			        name: ${node%%=*}
			        nodeid: $id
			    }
		END
	done
	echo '}'
}
