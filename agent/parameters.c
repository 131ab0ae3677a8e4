/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/parameters.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

#include "agent/parameter_check.h"
#include "config/config.h"
#include "config/config_value.h"
#include "names/libvirt_uri.h"
#include "names/lun.h"
#include "names/name.h"
#include "ocf/ocf_param.h"

/* The names are in the order of the enums of action/vm.h. */
static const char *const migration_modes[] = {
	[VM_MIGRATE_AUTO] = "auto", [VM_MIGRATE_LIVE] = "live", [VM_MIGRATE_SAVED] = "saved", NULL};
static const char *const preflights[] = {
	[VM_PREFLIGHT_REFUSE] = "refuse", [VM_PREFLIGHT_WARN] = "warn", NULL};
static const char *const stop_modes[] = {
	[VM_STOP_SHUTDOWN] = "shutdown", [VM_STOP_SAVE] = "save", NULL};
static const char *const restore_rules[] = {
	[VM_RESTORE_KEEP] = "keep", [VM_RESTORE_BOOT] = "boot", NULL};
static const char *const ioerror_rules[] = {[VM_IOERROR_FAIL] = "fail",
					    [VM_IOERROR_RESUME] = "resume",
					    [VM_IOERROR_REPORT] = "report",
					    NULL};
static const char *const transports[] = {"ssh", "tcp", VM_TRANSPORT_TLS, NULL};
static const char *const compressions[] = {
#define X(name, text, parallel) [name] = (text),
	HYPERVISOR_COMPRESSIONS(X)
#undef X
		[COMPRESSION_MAX] = NULL,
};

static_assert(G_N_ELEMENTS(migration_modes) == VM_MIGRATE_SAVED + 2, "a mode has no name");
static_assert(G_N_ELEMENTS(preflights) == VM_PREFLIGHT_WARN + 2, "a value has no name");
static_assert(G_N_ELEMENTS(stop_modes) == VM_STOP_SAVE + 2, "a mode has no name");
static_assert(G_N_ELEMENTS(restore_rules) == VM_RESTORE_BOOT + 2, "a rule has no name");
static_assert(G_N_ELEMENTS(ioerror_rules) == VM_IOERROR_REPORT + 2, "a rule has no name");

static int check_luns(const char *value, struct err *err)
{
	struct drive drives[VM_LUNS_MAX - 1];
	size_t count;

	return drives_from_str(value, drives, G_N_ELEMENTS(drives), &count, err);
}

static int check_state_lun(const char *value, struct err *err)
{
	struct extent extent;

	return extent_from_str(value, &extent, err);
}

static int check_suffix(const char *value, struct err *err)
{
	if (*value != '\0' && !name_made_of(value, NODE_NAME_MAX, ".-")) {
		return err_set(
			err, -EINVAL,
			"'%.200s' cannot be the end of a host name: legal are letters, digits, "
			"'.' and '-'",
			value);
	}
	return 0;
}

/* docs/decisions/0021 */
static int check_postcopy(const char *value, struct err *err)
{
	return ocf_param_is_true(value)
		       ? err_set(err, -EINVAL,
				 "'%.200s' is refused, only false is legal: if either host or the "
				 "network fails meanwhile, the guest is lost. Set "
				 "migration_downtime_max or migration_parallel higher",
				 value)
		       : 0;
}

const struct ocf_parameter parameters[] = {
	{
		.name = "vm",
		.required = true,
		.unique_group = "vm",
		.check = parameter_check_vm,
		.shortdesc = "Name of the VM",
		.longdesc = "The name of the libvirt domain, as in the <name> of its definition. "
			    "Example: web1",
	},
	{
		.name = "array",
		.required = true,
		.unique_group = "luns",
		.check = parameter_check_array,
		.shortdesc = "Array that holds the VM's LUNs",
		.longdesc =
			"The NAME of an [array NAME] section of " CONFIG_FILE ". This file must "
			"be the same on every node. Example: san1",
	},
	{
		.name = "luns",
		.required = true,
		.reloadable = true,
		.unique_group = "luns",
		.check = check_luns,
		.shortdesc = "Mapping of the VM's drives to LUNs",
		.longdesc =
			"A blank-separated list of DRIVE=LUN. DRIVE is the guest's device name in "
			"the domain definition (the dev of the disk's <target>). LUN is the name "
			"of the LUN on the array. The LUN number is not used.\n"
			"A drive may be a part of a LUN: DRIVE=LUN:OFFSET+LENGTH. OFFSET and "
			"LENGTH are in bytes, or in KiB, MiB, GiB or TiB, and must be multiples "
			"of 512 bytes. Parts must not overlap. All parts of a LUN belong to one "
			"VM, because the array shows a LUN to a host as a whole.\n"
			"DRIVE=LUN:ro is a medium: an installation ISO, or the seed of cloud-init. "
			"The LUN is read-only on the array (verb protect of lunmask-array(7)), and "
			"any number of VMs and hosts may have it at once. The drive is a CD-ROM or "
			"floppy drive, or a disk with <readonly/>. Other media in luns, or none, "
			"need a boot: reload-agent fails, and the cluster stops and starts the VM. "
			"The same holds for nvram and tpm.\n"
			"nvram=LUN is not a disk: it holds the variables of UEFI firmware. QEMU "
			"makes the guest's flash as large as the LUN, so the LUN must be as large "
			"as the file of variables that belongs to the firmware (540672 bytes for "
			"OVMF_VARS_4M.fd). A LUN that begins with zeros is filled from that file "
			"at the first start. Variables that the VM already has can be copied to "
			"the LUN before.\n"
			"tpm=LUN is not a disk either: it holds the state of the <tpm> of the "
			"definition, an emulated TPM 2.0 that swtpm runs. The LUN has 1 MiB or "
			"more. On a LUN that begins with zeros, libvirt makes a new TPM at the "
			"first start; see lunmask-tpm(8) for what is and is not on it, and what a "
			"crash can lose.\n"
			"The list must name every disk of the VM. It has at most 64 drives.\n"
			"Drives can be added to the list and taken from it. If the VM runs, "
			"reload-agent attaches them to the guest and detaches them: a LUN is "
			"granted before, and revoked after the guest has given the drive up. If "
			"the guest does not give it up, reload-agent fails and nothing is "
			"revoked; the cluster then stops and starts the VM, unless reload-agent "
			"has on-fail=block. Give reload-agent a timeout of 120s. QEMU's q35 has "
			"one free PCI slot for this, unless the definition has more controllers "
			"of model pcie-root-port.\n"
			"If the VM is stopped, its next start has the drives that are listed: a "
			"drive without a <disk> in the definition gets a plain one, and a disk "
			"without a drive is left out. Saved memory has the drives that the "
			"guest had; with stop_mode=save, change the list while the VM runs. A "
			"drive cannot become another LUN by this list alone: see \"lunmask "
			"definition set\".\n"
			"Examples: \"vda=web1-root vdb=web1-data sda=iso-debian12:ro\", "
			"\"vda=web1-all:0+20GiB vdb=web1-all:20GiB+100GiB\"",
	},
	{
		.name = "state_lun",
		.required = true,
		.unique_group = "luns",
		.check = check_state_lun,
		.shortdesc = "LUN that holds the VM's mapping file and saved memory",
		.longdesc =
			"A LUN of the same array, or a part of one of the VM's own LUNs "
			"(LUN:OFFSET+LENGTH). No drive and no other VM may use it. Its first MiB "
			"holds the mapping file: the mapping of drives "
			"to LUNs, and the VM's definition. The rest holds the VM's memory while "
			"the memory is saved, or while the VM migrates in saved mode. Make it as "
			"large as 1 MiB plus the VM's memory plus 64 MiB.\n"
			"It must contain only zeros when it is first used. A LUN with other "
			"contents is refused. Example: web1-state",
	},
	{
		.name = "config",
		.reloadable = true,
		.check = config_value_path,
		.shortdesc = "Domain definition (XML file) for the first start",
		.longdesc =
			"The absolute path of a libvirt domain definition. The agent takes it "
			"only while the state LUN is new, on the node of the first start. The "
			"agent replaces the sources of the disks with the LUNs that luns names. "
			"After the first successful start, the VM's definition is on the state "
			"LUN, as libvirt completed it: what is left out here, such as a MAC, is "
			"chosen once. <cpu> stays as it is here: with host-model, each boot takes "
			"the model of its host.\n"
			"If the file is changed later, nothing changes by itself: start, "
			"validate-all at level 10 (on the VM's node) and \"lunmask status\" tell "
			"it. \"lunmask definition diff VM\" shows the differences, and \"lunmask "
			"definition set VM FILE\" takes them for the next boot. A missing file is "
			"no difference.\n"
			"A definition that needs something of one host is refused: devices of the "
			"host, files outside of the folders that docs/decisions/0016 lists, media, "
			"UEFI variables and TPMs that are on no LUN, disks that are not raw. The "
			"message "
			"names the element, its line, and the way to get the same. What the "
			"definition names must be on each node: networks, bridges, CPUs and NUMA "
			"nodes.\n"
			"validate-all at level 10 (crm_resource --validate=10) reads the file and "
			"finds all of this before the first "
			"start, without the array. It is no error if the file is missing and the "
			"journal knows that the VM was started before, or does not answer: the "
			"definition is then on the state LUN. Example: /etc/lunmask/web1.xml",
	},
	{
		.name = "hypervisor",
		.fallback = LIBVIRT_URI_SYSTEM,
		.check = parameter_check_hypervisor,
		.shortdesc = "libvirt connection URI on each node",
		.longdesc =
			"The URI with which the agent connects to the libvirt daemon of the node "
			"on which it runs.",
	},
	{
		.name = "migration_mode",
		.type = OCF_SELECT,
		.options = migration_modes,
		.fallback = "auto",
		.reloadable = true,
		.shortdesc = "How the VM migrates",
		.longdesc =
			"live: the memory is sent over the network while the guest runs. If the "
			"migration does not complete in time, the guest stays where it is.\n"
			"saved: the memory is saved to the state LUN and restored on the target. "
			"The guest does not run meanwhile. The memory is not sent over the "
			"network between the hosts. If it cannot be saved in the time that is "
			"left, the migration is refused before the guest is frozen.\n"
			"auto: first live, and then saved if live did not complete.\n"
			"To enable migration, set the resource's meta attribute "
			"allow-migrate=true. If a migration fails, the guest keeps running where "
			"it was, and Pacemaker then stops and starts it. stop saves its memory, "
			"and start restores it. With on-fail=block on migrate_to, the guest keeps "
			"running, but until an administrator cleans up the resource, it is not "
			"monitored, and its host does not shut down. Never set on-fail=ignore "
			"there: with it, Pacemaker finally stops the only running guest.",
	},
	{
		.name = "migration_transport",
		.type = OCF_SELECT,
		.options = transports,
		.fallback = VM_TRANSPORT_DEFAULT,
		.reloadable = true,
		.shortdesc = "How libvirt reaches the target's libvirt",
		.longdesc =
			"The transport in the URI of the target's libvirt daemon: ssh "
			"(qemu+ssh://, with root's key), tcp (qemu+tcp://, only for isolated "
			"networks) or tls (qemu+tls://, with libvirt's certificates). lunmask "
			"itself asks the target through lunmaskd, and by ssh only if that does not "
			"answer.\n"
			"The guest's memory takes a connection of its own, from QEMU to QEMU. With "
			"tls it is encrypted, with the certificates that qemu.conf names "
			"(migrate_tls_x509_cert_dir; by default /etc/pki/qemu) on both hosts. With "
			"ssh and tcp it is not encrypted, and the log says so at each migration.\n"
			"The target takes the port from the range migration_port_min to "
			"migration_port_max of its qemu.conf (49152 to 49215); libvirt has no "
			"range for each VM. The firewall of each host must let it in from the "
			"others.",
	},
	{
		.name = "migration_network_suffix",
		.reloadable = true,
		.check = check_suffix,
		.shortdesc =
			"Suffix that turns a node's name into its name in the migration network",
		.longdesc =
			"The agent inserts this suffix into the name of the target node: before "
			"its first period, or at its end if it has none. The result is the host "
			"name to which libvirt connects. Example: with \"-mig\", a migration to "
			"node2 goes to node2-mig, and one to node2.example.com goes to "
			"node2-mig.example.com. If this parameter is not set, "
			"libvirt connects to the node's migration_address in " CONFIG_FILE " or, "
			"without one, to the node's name.",
	},
	{
		.name = "migration_bandwidth",
		.type = OCF_INTEGER,
		.min = 0,
		.max = VM_BANDWIDTH_MAX_MIB_S,
		.fallback = "0",
		.reloadable = true,
		.shortdesc = "Live migration: limit of its bandwidth, in MiB/s",
		.longdesc =
			"The guest's memory is sent no faster, so that other traffic of the "
			"network has room. 0: no limit. With a limit below the rate at which the "
			"guest changes its memory, a migration ends only because of "
			"migration_autoconverge, or not at all.",
	},
	{
		.name = "migration_downtime_max",
		.type = OCF_INTEGER,
		.min = 1,
		.max = VM_DOWNTIME_MAX_MS,
		.fallback = G_STRINGIFY(HYPERVISOR_DOWNTIME_MS),
		.reloadable = true,
		.shortdesc = "Live migration: how long the guest may be paused, in milliseconds",
		.longdesc =
			"QEMU pauses the guest as soon as it expects to send the rest of the "
			"memory within this time. A larger value lets the migration of a busy "
			"guest end sooner, with a longer pause. To this come the loading of the "
			"devices and the start by lunmask, some tenths of a second.",
	},
	{
		.name = "migration_parallel",
		.type = OCF_INTEGER,
		.min = 1,
		.max = VM_CONNECTIONS_MAX,
		.fallback = "1",
		.reloadable = true,
		.shortdesc = "Live migration: number of connections that carry the memory",
		.longdesc =
			"A thread on each host serves each of the connections. One connection "
			"does not fill a network of more than about 10 Gbit/s, and less with tls. "
			"All connections use the same port.",
	},
	{
		.name = "migration_compress",
		.type = OCF_SELECT,
		.options = compressions,
		.fallback = "none",
		.reloadable = true,
		.shortdesc = "Live migration: method that compresses the memory",
		.longdesc =
			"none: the memory is sent as it is. This is the fastest where the network "
			"is not the bottleneck.\n"
			"xbzrle: of a page that was sent before, only what has changed is sent.\n"
			"mt: threads compress each page (QEMU before 9.1).\n"
			"zlib, zstd: each of several connections is compressed (libvirt 9.4 or "
			"later); these need migration_parallel of 2 or more, and the others 1.",
	},
	{
		.name = "migration_autoconverge",
		.type = OCF_BOOLEAN,
		.fallback = "true",
		.reloadable = true,
		.shortdesc = "Live migration: slow down a guest that changes memory too fast",
		.longdesc =
			"If the guest changes its memory faster than it is sent, QEMU takes CPU "
			"time from the guest, more and more, until the migration ends.",
	},
	{
		.name = "migration_postcopy",
		.type = OCF_BOOLEAN,
		.fallback = "false",
		.reloadable = true,
		.check = check_postcopy,
		.shortdesc = "Live migration: post-copy, which is not supported",
		.longdesc =
			"Only false is legal. In post-copy the guest runs on the target while a "
			"part of its memory is still on the source; if a host or the network "
			"fails then, or an operation times out, the guest is lost. lunmask starts "
			"a guest only when nothing of it is left on the source "
			"(docs/decisions/0021).",
	},
	{
		.name = "preflight",
		.type = OCF_SELECT,
		.options = preflights,
		.fallback = "refuse",
		.reloadable = true,
		.shortdesc = "What a migration does if the target has too little memory free",
		.longdesc =
			"Before the guest is touched, the target's libvirt is asked for its "
			"memory: free pages and page cache, against what the guest has now "
			"(without what its balloon has given back).\n"
			"refuse: the guest stays where it is.\n"
			"warn: the log says so, and the VM migrates. This is for hosts that "
			"overcommit memory (KSM, balloons, swap).\n"
			"Too few free huge pages for a guest that has them are always refused, and "
			"so is a CPU that the target's libvirt would refuse.",
	},
	{
		.name = "stop_mode",
		.type = OCF_SELECT,
		.options = stop_modes,
		.fallback = "shutdown",
		.reloadable = true,
		.shortdesc = "What stop does with the guest",
		.longdesc =
			"shutdown: the agent asks the guest to shut down (ACPI). If the guest has "
			"not done so when the time left of the stop timeout is used up, the agent "
			"kills it. Give stop as much time as the guest needs. A guest that sleeps "
			"or is paused is woken first, unless another host reaches its LUNs.\n"
			"save: the agent saves the guest's memory to the state LUN. The next "
			"start, on any node, restores it. The agent also does this after a failed "
			"migration, whatever the value of this parameter. If the memory cannot be "
			"saved in the time that is left, the guest is not frozen, and is shut down "
			"instead: the agent first measures how fast the state LUN is.\n"
			"If libvirtd does not answer, as while it is restarted, stop waits for it "
			"for up to 30 s.",
	},
	{
		.name = "on_restore_failure",
		.type = OCF_SELECT,
		.options = restore_rules,
		.fallback = "keep",
		.reloadable = true,
		.shortdesc = "What start does if saved memory cannot be restored",
		.longdesc =
			"keep: start fails on this node, and the saved memory is kept. Another "
			"node may be able to restore it. To give it up by hand, use "
			"\"lunmask image discard VM\".\n"
			"boot: the agent gives the saved memory up and boots the guest from its "
			"disks, as after a power failure. It does so only if the memory could be "
			"read and libvirt refused it, not if the array or libvirt did not "
			"answer. A migration never boots a guest.",
	},
	{
		.name = "on_ioerror",
		.type = OCF_SELECT,
		.options = ioerror_rules,
		.fallback = "fail",
		.reloadable = true,
		.shortdesc = "What monitor does when an I/O error has paused the guest",
		.longdesc =
			"fail: the monitor fails, and the cluster recovers the VM.\n"
			"resume: if the guest's LUNs answer again, the agent resumes the guest. "
			"Otherwise it does the same as with fail.\n"
			"report: the monitor reports the VM as degraded. The guest stays paused "
			"until an administrator resumes it.\n"
			"If an array has this host fenced, the monitor always fails.",
	},
	{
		.name = "takeover",
		.type = OCF_SELECT,
		.options = parameter_takeover_policies,
		.fallback = "fenced",
		.reloadable = true,
		.shortdesc = "When start may take the LUNs from another host",
		.longdesc =
			"If another host is still granted the VM's LUNs, start takes them from "
			"that host, and cuts its sessions, only on evidence.\n"
			"fenced: the evidence is one of the following:\n"
			"- The host has left the cluster, and Pacemaker has fenced it after the "
			"VM was last granted to it. If the journal does not know when that was, "
			"no fencing counts.\n"
			"- The host has left the cluster cleanly and has no open session.\n"
			"- The host is back, was fenced, has no open session and does not have "
			"the domain.\n"
			"- A migration to the host added the grant, Pacemaker has fenced the "
			"source since, and the host has no open session and does not have the "
			"domain.\n"
			"- A stop on the host has recorded in the journal that the host gave up "
			"the LUNs.\n"
			"lost: start also takes the LUNs from a host that is no longer a member "
			"of the cluster, although it was not fenced, while this node's partition "
			"has quorum. This is for clusters without fencing. There cannot be two "
			"writers, but the lost host's guest may keep executing, cut off from its "
			"disks, and may answer on the network.\n"
			"start never takes the LUNs of a live member.",
	},
	{
		.name = "paths_required",
		.fallback = "1",
		.reloadable = true,
		.check = parameter_check_paths,
		.shortdesc =
			"Number of portals through which each LUN must answer before the VM starts",
		.longdesc =
			"A number from 1 to 16, or \"all\" for every portal of the array "
			"in " CONFIG_FILE ". The agent checks this before a start and, on the "
			"target, before a migration. If a running VM has fewer paths but at least "
			"one, it is degraded, not failed.",
	},
};

const size_t n_parameters = G_N_ELEMENTS(parameters);

static struct hypervisor_tuning tuning_read(const struct ocf_agent *agent)
{
	size_t transport = ocf_param_select(agent, "migration_transport");

	return (struct hypervisor_tuning){
		.bandwidth_mib_s = (unsigned int)ocf_param_integer(agent, "migration_bandwidth"),
		.downtime_max_ms = (unsigned int)ocf_param_integer(agent, "migration_downtime_max"),
		.connections = (unsigned int)ocf_param_integer(agent, "migration_parallel"),
		.compression =
			(enum hypervisor_compression)ocf_param_select(agent, "migration_compress"),
		.auto_converge = ocf_param_boolean(agent, "migration_autoconverge"),
		.encrypted = strcmp(transports[transport], VM_TRANSPORT_TLS) == 0,
	};
}

void parameters_read(const struct ocf_call *call, struct vm_settings *ret)
{
	const struct ocf_agent *agent = call->agent;

	*ret = (struct vm_settings){
		.vm = ocf_param_string(agent, "vm"),
		.array = ocf_param_string(agent, "array"),
		.luns = ocf_param_string(agent, "luns"),
		.state_lun = ocf_param_string(agent, "state_lun"),
		.config = ocf_param_string(agent, "config"),
		.hypervisor = ocf_param_string(agent, "hypervisor"),
		.migration_transport = transports[ocf_param_select(agent, "migration_transport")],
		.migration_network_suffix = ocf_param_string(agent, "migration_network_suffix"),
		.migration_mode = (enum vm_migration_mode)ocf_param_select(agent, "migration_mode"),
		.tuning = tuning_read(agent),
		.preflight = (enum vm_preflight)ocf_param_select(agent, "preflight"),
		.stop_mode = (enum vm_stop_mode)ocf_param_select(agent, "stop_mode"),
		.on_restore_failure =
			(enum vm_on_restore_failure)ocf_param_select(agent, "on_restore_failure"),
		.on_ioerror = (enum vm_on_ioerror)ocf_param_select(agent, "on_ioerror"),
		.takeover = (enum takeover_policy)ocf_param_select(agent, "takeover"),
		.node = call->node,
	};
	(void)parameter_paths_parse(ocf_param_string(agent, "paths_required"), &ret->paths_required,
				    NULL);
}
