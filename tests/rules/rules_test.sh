#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rules_test.sh: gives what 'lunmask rules' prints (new.crm and new.pcs, which a unit test compares) to
# crm and pcs of this system, with a CIB in a file, and asks Pacemaker's scheduler what follows. Needs
# no cluster. What is not installed is skipped.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work # crm keeps files there
passed=0
failed=0

ok() { # TEXT COMMAND...
	local text=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		passed=$((passed + 1))
		echo "ok - $text"
	else
		failed=$((failed + 1))
		echo "not ok - $text"
		cat "$work/output"
	fi
}
have() { type -P "$1" >/dev/null; }
for tool in cibadmin xmllint crm_verify crm_simulate; do
	have "$tool" || { echo "skip - all: $tool is not installed" && exit 0; }
done

# state NODE PATHS RC: the node is up, has so many paths, and its probe or start of web1 had this result.
state() {
	local op=monitor key=7 attribute=
	[ -z "$2" ] || attribute="<nvpair id='status-$1-a' name='lunmask-san1' value='$2'/>"
	[ "$3" != 0 ] || op=start key=0
	cat <<-END
		<node_state id="${1#node}" uname="$1" in_ccm="true" crmd="online" join="member" expected="member">
		  <transient_attributes id="${1#node}"><instance_attributes id="status-$1">
		    $attribute
		  </instance_attributes></transient_attributes>
		  <lrm id="${1#node}"><lrm_resources>
		    <lrm_resource id="web1" class="ocf" provider="lunmask" type="VirtualMachine">
		      <lrm_rsc_op id="web1_last_0" operation_key="web1_${op}_0" operation="$op"
		        crm_feature_set="3.16.1" transition-key="1:1:$key:12345678-1234-1234-1234-123456789012"
		        transition-magic="0:$3;1:1:$key:12345678-1234-1234-1234-123456789012"
		        call-id="1" rc-code="$3" op-status="0" interval="0"/>
		    </lrm_resource></lrm_resources></lrm>
		</node_state>
	END
}

# cib FILE PATHS1 PATHS2 [CONSTRAINTS]: web1 runs on node1.
cib() {
	local head
	head=$(cibadmin --empty | grep '^<cib')
	cat >"$1" <<-END
		$head
		<configuration><crm_config><cluster_property_set id="o">
		  <nvpair id="o-1" name="stonith-enabled" value="false"/>
		  <nvpair id="o-2" name="no-quorum-policy" value="ignore"/>
		</cluster_property_set></crm_config>
		<nodes><node id="1" uname="node1"/><node id="2" uname="node2"/></nodes>
		<resources><primitive id="web1" class="ocf" provider="lunmask" type="VirtualMachine">
		  <meta_attributes id="m"><nvpair id="m-1" name="allow-migrate" value="true"/>
		  <nvpair id="m-2" name="resource-stickiness" value="100"/></meta_attributes>
		</primitive></resources><constraints>${4:-}</constraints></configuration>
		<status>$(state node1 "$2" 0) $(state node2 "$3" 7)</status></cib>
	END
}

constraints() { xmllint --xpath '//constraints/*' "$1"; }
paths_is_cloned() { xmllint --xpath '//clone[@id="lunmask-paths-clone"]/primitive[@type="ArrayPaths"]' "$1"; }
value() { [ "$(xmllint --xpath "string(//rsc_location[@id='$2']/rule/$3)" "$1")" = "$4" ]; }

# executes NAME: new.NAME, on a CIB in a file; the tool may not find the agent here.
crm_run() { CIB_file=$1 bash -e <(sed 's/^crm /crm --force /' "$here/new.crm"); }
pcs_run() { bash -e <(sed "s|^pcs |pcs --force -f $1 |" "$here/new.pcs"); }

# follows TEXT REGEX PATHS1 PATHS2: by the rules of this CIB, with so many paths on node1 and node2.
follows() {
	cib "$work/case.xml" "$3" "$4" "$rules"
	xmllint --noout "$work/case.xml"
	# shellcheck disable=SC2016 # the inner shell expands it
	ok "$tool: $1" bash -c 'out=$(crm_simulate -S -x "$1"); echo "$out"; grep -Eq -- "$2" <<<"$out"' \
		- "$work/case.xml" "$2"
}

for tool in crm pcs; do
	have "$tool" || { echo "skip - $tool is not installed" && continue; }
	file=$work/$tool.xml
	cib "$file" 2000 2000
	ok "$tool takes what is printed" "${tool}_run" "$file"
	ok "$tool: the agent is a clone" paths_is_cloned "$file"
	ok "$tool: without a path, never" value "$file" web1-paths @score -INFINITY
	ok "$tool: for either reason" value "$file" web1-paths @boolean-op or
	ok "$tool: the number is a score" value "$file" web1-more-paths @score-attribute lunmask-san1
	ok "$tool: the whole is a legal CIB" crm_verify -x "$file"
	rules=$(constraints "$file")
	follows "with the same paths, the VM stays" 'web1.*Started node1' 2000 2000
	follows "with more paths elsewhere, it moves live" 'Migrate +web1 +\( node1 -> node2 \)' 1000 2000
	follows "without a path, it moves live" 'Migrate +web1 +\( node1 -> node2 \)' 0 1000
	follows "without the attribute, too" 'Migrate +web1 +\( node1 -> node2 \)' '' 1000
	follows "a node without a path is not chosen" 'web1.*Started node1' 1000 0
	follows "without a path anywhere, it is stopped" 'Stop +web1 +\( node1 \)' 0 0
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
