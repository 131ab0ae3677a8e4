# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The switch is a bridge in a network namespace of its own, so the machine's own network gets
# neither a device nor an address. Each machine has one cable: eth0 in it, a port named after it
# in the switch.

net_switch_up() {
	ip netns add "$LAB_NAME-sw"
	ip -n "$LAB_NAME-sw" link set lo up
	ip -n "$LAB_NAME-sw" link add br0 type bridge forward_delay 0 mcast_snooping 0
	ip -n "$LAB_NAME-sw" link set br0 up
	net_filter_up
}

# Ports in the set hear no other node and no other node hears them; the array's port is not concerned.
# It is by port, not by address: ARP and whatever else there is are dropped, too.
net_filter_up() {
	net_filter -f - <<-X
		table bridge lab {
			set cluster_isolated {
				type ifname
			}
			chain forward {
				type filter hook forward priority 0
				iifname @cluster_isolated oifname "node*" drop
				iifname "node*" oifname @cluster_isolated drop
			}
		}
	X
}

net_filter() {
	nsenter --net="$(netns_path sw)" -- nft "$@"
}

net_machine_up() {
	local machine=$1 address
	ip netns add "$LAB_NAME-$machine"
	ip -n "$LAB_NAME-$machine" link set lo up
	ip -n "$LAB_NAME-$machine" link add eth0 type veth peer name "$machine" netns "$LAB_NAME-sw"
	for address in $(net_addresses "$machine"); do
		ip -n "$LAB_NAME-$machine" addr add "$address/24" dev eth0
	done
	ip -n "$LAB_NAME-$machine" link set eth0 up
	[ -e "$LAB_STATE/$machine/isolated" ] || net_plug "$machine"
	ip -n "$LAB_NAME-sw" link set "$machine" up
}

net_addresses() {
	if [ "$1" = array ]; then
		echo "${LAB_ARRAY_PORTALS[@]}"
	else
		lab_address "$1"
	fi
}

net_plug() {
	ip -n "$LAB_NAME-sw" link set "$1" master br0
}

# The machine keeps its link and its address and hears nothing more, as behind a dead switch.
net_unplug() {
	ip -n "$LAB_NAME-sw" link set "$1" nomaster
}

# The namespace goes too, so that no connection of the machine's last life can send anything when it
# is back. The kernel takes a namespace down in its own time; the cable has to be gone now.
net_machine_down() {
	netns_exists "$1" || return 0
	ip -n "$LAB_NAME-sw" link del "$1" 2>/dev/null || true
	ip netns del "$LAB_NAME-$1"
}

net_link_down() {
	netns_exists "$1" || return 0
	ip -n "$LAB_NAME-sw" link set "$1" down 2>/dev/null || true
}

lab_isolate() {
	local machine=$1
	machine_lock "$machine"
	touch "$LAB_STATE/$machine/isolated"
	if netns_exists "$machine"; then
		net_unplug "$machine"
	fi
}

# The node loses the other nodes and keeps the array, over `boot` too, as isolate does.
lab_isolate_cluster() {
	local node=$1
	machine_lock "$node"
	touch "$LAB_STATE/$node/isolated-cluster"
	net_filter add element bridge lab cluster_isolated "{ $node }"
}

lab_heal() {
	local machine=$1
	machine_lock "$machine"
	rm -f "$LAB_STATE/$machine/isolated"
	# Taken out also by who was not in it: added first, in one transaction.
	net_filter "add element bridge lab cluster_isolated { $machine }
		delete element bridge lab cluster_isolated { $machine }"
	rm -f "$LAB_STATE/$machine/isolated-cluster"
	if netns_exists "$machine"; then
		net_plug "$machine"
		net_neighbours_forget
	fi
}

# An address that did not answer a moment ago is "no route to host" for the rest of that second; a
# test that plugged it in may rely on it at once.
net_neighbours_forget() {
	local machine
	for machine in $(lab_machines); do
		if netns_exists "$machine"; then
			ip -n "$LAB_NAME-$machine" neigh flush dev eth0
		fi
	done
}
