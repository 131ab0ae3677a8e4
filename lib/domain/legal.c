/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/legal.h"

#include <stddef.h>
#include <string.h>

/* In the order of libvirt's documentation (formatdomain); devices are in legal_device.c. */
const struct legal_row legal_domain_rows[] = {
	/* The domain itself. "id" is libvirt's on the host where the definition was dumped. */
	{"", "type id",
	 "name uuid title description on_poweroff on_reboot on_crash on_lockfailure"},
	{"genid", "", NULL},
	{"metadata", "", NULL},

	/* Boot */
	{"os", "firmware", "initrd kernel cmdline dtb shim"},
	{"os/type", "arch machine", NULL},
	{"os/firmware", "", NULL},
	{"os/firmware/feature", "enabled name", NULL},
	{"os/loader", "readonly secure stateless type format", NULL},
	{"os/nvram", "template templateFormat type format", NULL},
	{"os/nvram/source", "", NULL},
	{"os/boot", "dev", NULL},
	{"os/smbios", "mode", NULL},
	{"os/bootmenu", "enable timeout", NULL},
	{"os/bios", "useserial rebootTimeout", NULL},
	{"os/acpi", "", NULL},
	{"os/acpi/table", "type", NULL},
	{"sysinfo", "type", NULL},
	{"sysinfo/entry", "name file", NULL},
	{"sysinfo/bios", "", NULL},
	{"sysinfo/system", "", NULL},
	{"sysinfo/baseBoard", "", NULL},
	{"sysinfo/chassis", "", NULL},
	{"sysinfo/oemStrings", "", "entry"},
	{"sysinfo/*/entry", "name", NULL},

	/* Processors and threads */
	{"vcpu", "placement cpuset current", NULL},
	{"vcpus", "", NULL},
	{"vcpus/vcpu", "id enabled hotpluggable order", NULL},
	{"iothreads", "", NULL},
	{"iothreadids", "", NULL},
	{"iothreadids/iothread", "id thread_pool_min thread_pool_max", NULL},
	{"iothreadids/iothread/poll", "max grow shrink", NULL},
	{"defaultiothread", "thread_pool_min thread_pool_max", NULL},
	{"cputune", "",
	 "shares period quota global_period global_quota emulator_period emulator_quota "
	 "iothread_period iothread_quota"},
	{"cputune/vcpupin", "vcpu cpuset", NULL},
	{"cputune/emulatorpin", "cpuset", NULL},
	{"cputune/iothreadpin", "iothread cpuset", NULL},
	{"cputune/vcpusched", "vcpus scheduler priority", NULL},
	{"cputune/iothreadsched", "iothreads scheduler priority", NULL},
	{"cputune/emulatorsched", "scheduler priority", NULL},
	{"cputune/cachetune", "id vcpus", NULL},
	{"cputune/cachetune/cache", "id level type size unit", NULL},
	{"cputune/cachetune/monitor", "level vcpus", NULL},
	{"cputune/memorytune", "vcpus", NULL},
	{"cputune/memorytune/node", "id bandwidth", NULL},
	{"cputune/memorytune/monitor", "vcpus", NULL},

	/* Memory */
	{"memory", "unit dumpCore", NULL},
	{"maxMemory", "unit slots", NULL},
	{"currentMemory", "unit", NULL},
	{"memoryBacking", "", "nosharepages locked discard"},
	{"memoryBacking/hugepages", "", NULL},
	{"memoryBacking/hugepages/page", "size unit nodeset", NULL},
	{"memoryBacking/source", "type", NULL},
	{"memoryBacking/access", "mode", NULL},
	{"memoryBacking/allocation", "mode threads", NULL},
	{"memtune", "", NULL},
	{"memtune/hard_limit", "unit", NULL},
	{"memtune/soft_limit", "unit", NULL},
	{"memtune/swap_hard_limit", "unit", NULL},
	{"memtune/min_guarantee", "unit", NULL},
	{"numatune", "", NULL},
	{"numatune/memory", "mode nodeset placement", NULL},
	{"numatune/memnode", "cellid mode nodeset", NULL},

	/* Limits and accounting on the host */
	{"blkiotune", "", "weight"},
	{"throttlegroups", "", NULL},
	{"throttlegroups/throttlegroup", "", LEGAL_IOTUNE},
	{"resource", "", "partition"},
	{"resource/fibrechannel", "appid", NULL},
	{"perf", "", NULL},
	{"perf/event", "name enabled", NULL},
	{"seclabel", "type model relabel", "label baselabel imagelabel"},

	/* The CPU */
	{"cpu", "mode match check migratable deprecated_features", "vendor"},
	{"cpu/model", "fallback vendor_id", NULL},
	{"cpu/topology", "sockets dies clusters cores threads", NULL},
	{"cpu/cache", "level mode", NULL},
	{"cpu/maxphysaddr", "mode bits limit", NULL},
	{"cpu/feature", "name policy", NULL},
	{"cpu/numa", "", NULL},
	{"cpu/numa/cell", "id cpus memory unit memAccess discard", NULL},
	{"cpu/numa/cell/distances", "", NULL},
	{"cpu/numa/cell/distances/sibling", "id value", NULL},
	{"cpu/numa/cell/cache", "level associativity policy", NULL},
	{"cpu/numa/cell/cache/size", "value unit", NULL},
	{"cpu/numa/cell/cache/line", "value unit", NULL},
	{"cpu/numa/interconnects", "", NULL},
	{"cpu/numa/interconnects/latency", "initiator target cache type value", NULL},
	{"cpu/numa/interconnects/bandwidth", "initiator target cache type value unit", NULL},

	/* Power, time and features */
	{"pm", "", NULL},
	{"pm/suspend-to-mem", "enabled", NULL},
	{"pm/suspend-to-disk", "enabled", NULL},
	{"clock", "offset adjustment basis timezone start", NULL},
	{"clock/timer", "name present track tickpolicy frequency mode", NULL},
	{"clock/timer/catchup", "threshold slew limit", NULL},
	{"features", "", "acpi pae viridian"},
	{"features/apic", "eoi", NULL},
	{"features/hap", "state", NULL},
	{"features/hyperv", "mode", NULL},
	{"features/hyperv/spinlocks", "state retries", NULL},
	{"features/hyperv/vendor_id", "state value", NULL},
	{"features/hyperv/stimer", "state", NULL},
	{"features/hyperv/stimer/direct", "state", NULL},
	{"features/hyperv/tlbflush", "state", NULL},
	{"features/hyperv/tlbflush/direct", "state", NULL},
	{"features/hyperv/tlbflush/extended", "state", NULL},
	/* relaxed, vapic, vpindex, synic and the other enlightenments */
	{"features/hyperv/*", "state", NULL},
	{"features/kvm", "", NULL},
	{"features/kvm/dirty-ring", "state size", NULL},
	{"features/kvm/*", "state", NULL},
	{"features/pvspinlock", "state", NULL},
	{"features/pmu", "state", NULL},
	{"features/vmport", "state", NULL},
	{"features/gic", "version", NULL},
	{"features/smm", "state", NULL},
	{"features/smm/tseg", "unit", NULL},
	{"features/ioapic", "driver", NULL},
	{"features/hpt", "resizing", NULL},
	{"features/hpt/maxpagesize", "unit", NULL},
	{"features/vmcoreinfo", "state", NULL},
	{"features/htm", "state", NULL},
	{"features/nested-hv", "state", NULL},
	{"features/ccf-assist", "state", NULL},
	{"features/msrs", "unknown", NULL},
	{"features/cfpc", "value", NULL},
	{"features/sbbc", "value", NULL},
	{"features/ibs", "value", NULL},
	{"features/tcg", "", NULL},
	{"features/tcg/tb-cache", "unit", NULL},
	{"features/async-teardown", "enabled", NULL},
	{"features/ras", "state", NULL},
	{"features/ps2", "state", NULL},
	{"features/aia", "value", NULL},
	{"keywrap", "", NULL},
	{"keywrap/cipher", "name state", NULL},
	{NULL, NULL, NULL},
};

bool legal_path_matches(const char *pattern, const char *path)
{
	while (*pattern != '\0' && *path != '\0') {
		if (*pattern == '*') {
			size_t name = strcspn(path, "/");

			if (name == 0) {
				return false;
			}
			path += name;
			pattern++;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *pattern == *path;
}

bool legal_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; words != NULL && *words != '\0'; words += strspn(words, " ")) {
		size_t n = strcspn(words, " ");

		if (n == length && strncmp(words, word, n) == 0) {
			return true;
		}
		words += n;
	}
	return false;
}

static bool is_leaf_of(const struct legal_row *row, const char *parent, const char *name)
{
	return legal_word(row->leaves, name) && legal_path_matches(row->path, parent);
}

static const char *attrs_in(const struct legal_row *row, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char parent[LEGAL_PATH_MAX];

	memcpy(parent, path, (size_t)(name - path));
	parent[slash == NULL ? 0 : slash - path] = '\0';
	for (; row->path != NULL; row++) {
		if (legal_path_matches(row->path, path)) {
			return row->attrs;
		}
		if (*name != '\0' && is_leaf_of(row, parent, name)) {
			return "";
		}
	}
	return NULL;
}

const char *legal_attrs(const char *path)
{
	bool device = strncmp(path, "devices", 7) == 0;

	return strlen(path) >= LEGAL_PATH_MAX
		       ? NULL
		       : attrs_in(device ? legal_device_rows : legal_domain_rows, path);
}

bool legal_is_opaque(const char *path)
{
	return strcmp(path, "metadata") == 0 || strcmp(path, "devices/disk/source") == 0 ||
	       strcmp(path, "os/nvram/source") == 0;
}
