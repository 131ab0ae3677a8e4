#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lunmask-tidy under Pacemaker: releases are completed without anybody's action, by as many hosts as
# there are, after a restart of the host as well; and what was granted late is taken, beside a guest
# that runs elsewhere and keeps what it has.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/journal.sh"
. "$(dirname "$0")/pacemaker.sh"
. "$(dirname "$0")/management.sh"
. "$(dirname "$0")/tidy.sh"

clean_up() {
	management_back
	lab up
	for node in $(lab nodes); do
		crm node online "$node"
	done
	web1_remove
} >/dev/null 2>&1
trap clean_up EXIT

nothing_released() { [ -z "$(released)" ]; }
released_is() { [ "$(released)" = "$1" ]; }
up_again() { online "$1" && journal_all_active; }
offline() { lab exec "$CRM_NODE" -- crm_mon -1 2>/dev/null | seen -E "OFFLINE:.* $1 "; }

ok "the test VM's LUNs can be made" vm_make web1
CRM_NODE=node1
ok "a resource" web1_configure
ok "starts" settled
T_WHAT="at first"
runs_on "$(located)" 1
tidy_forget

T_WHAT="stopped in an outage"
home=$(located)
management_away
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: it settles" settled
is "$T_WHAT: $home has released" "$(released)" "$home"
management_back
ok "$T_WHAT: the release is completed" wait_until 60 nothing_released
masks_are web1 "$T_WHAT"
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: it settles again" settled
runs_on "$(located)" 2

T_WHAT="left in an outage"
home=$(located)
management_away
ok "$T_WHAT: standby" crm node standby "$home"
ok "$T_WHAT: it settles" settled
is "$T_WHAT: all have released" "$(released)" "node1 node2 node3"
management_back
ok "$T_WHAT: all releases are completed" wait_until 60 nothing_released
masks_are web1 "$T_WHAT"
is "$T_WHAT: nobody has started it" "$(located)" ""
ok "$T_WHAT: online" crm node online "$home"
crm resource cleanup web1 >/dev/null 2>&1
ok "$T_WHAT: it settles again" settled
runs_on "$(located)" 3

T_WHAT="the host is restarted meanwhile"
home=$(located)
CRM_NODE=$(other_node "$home")
management_away
ok "$T_WHAT: stop" crm resource stop web1
ok "$T_WHAT: it settles" settled
lab cut "$home"
ok "$T_WHAT: it is off" wait_until 60 offline "$home"
management_back
is "$T_WHAT: its release stays" "$(released)" "$home"
masks_are web1 "$T_WHAT: its grant stays" "$home"
ok "$T_WHAT: it comes back" lab up
ok "$T_WHAT: it is there" wait_until 120 up_again "$home"
ok "$T_WHAT: the release is completed" wait_until 120 nothing_released
masks_are web1 "$T_WHAT"

T_WHAT="granted late"
ok "$T_WHAT: start" crm resource start web1
ok "$T_WHAT: it settles" settled
late=$(located)
ok "$T_WHAT: it moves away" crm resource move web1 "$(other_node "$late")"
ok "$T_WHAT: it settles again" settled
home=$(located)
crm resource clear web1 >/dev/null 2>&1
unlike "$T_WHAT: it has left $late" "$home" "^($late)?\$"
tidy_forget
printf '{"luns":["web1-data"],"grant":"%s","allowed":["%s"]}' "$(initiator "$late")" \
	"$(initiator "$home")" | driver apply >/dev/null
is "$T_WHAT: both are granted it" "$(acl web1-data)" "$(echo "$home $late" | tr ' ' '\n' | sort | xargs)"
only_home() { [ "$(acl web1-data)" = "$home" ]; }
ok "$T_WHAT: $late gives it up" wait_until 120 only_home
ok "$T_WHAT: it says so" wait_until 10 tidy_says "$late" 'web1: revoked from this host: web1-data$'
is "$T_WHAT: the other hosts say nothing" "$(tidy_told "$home" 'revoked')" 0
runs_on "$home" 4

done_testing
