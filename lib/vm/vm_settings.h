/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_VM_SETTINGS_H
#define LUNMASK_VM_SETTINGS_H

#include <stddef.h>

#include "hypervisor/hypervisor.h"
#include "rules/takeover.h"
#include "rules/task.h"

/*
 * The input of an action: the parameters of one VM, and the receiver of its progress reports. The
 * caller keeps the texts alive until the action returns.
 */
enum vm_migration_mode { VM_MIGRATE_AUTO, VM_MIGRATE_LIVE, VM_MIGRATE_SAVED };
enum vm_stop_mode { VM_STOP_SHUTDOWN, VM_STOP_SAVE };
/* What start does if saved memory cannot be restored. */
enum vm_on_restore_failure { VM_RESTORE_KEEP, VM_RESTORE_BOOT };
enum vm_preflight { VM_PREFLIGHT_REFUSE, VM_PREFLIGHT_WARN };
enum vm_on_ioerror { VM_IOERROR_FAIL, VM_IOERROR_RESUME, VM_IOERROR_REPORT };

#define VM_TRANSPORT_DEFAULT "ssh"
#define VM_TRANSPORT_TLS "tls"

/* The most that libvirt and QEMU take, except for the bandwidth, which is beyond any network. */
#define VM_BANDWIDTH_MAX_MIB_S 1048576
#define VM_DOWNTIME_MAX_MS 2000000
#define VM_CONNECTIONS_MAX 255

struct vm_settings {
	const char *vm;        /* name of the libvirt domain */
	const char *array;     /* name of an [array NAME] in lunmask.conf */
	const char *luns;      /* "vda=web1-root vdb=web1-data" */
	const char *state_lun; /* "web1-state" or an extent */
	/* File with the domain XML for the first start, or NULL. */
	const char *config;
	const char *hypervisor;          /* libvirt URI */
	const char *migration_transport; /* "ssh", "tcp" or "tls" */
	/* NULL or "": use migration_address of lunmask.conf. */
	const char *migration_network_suffix;
	enum vm_migration_mode migration_mode;
	struct hypervisor_tuning tuning; /* of a live migration */
	enum vm_preflight preflight;     /* a target with less memory than the guest needs */
	enum vm_stop_mode stop_mode;
	enum vm_on_restore_failure on_restore_failure;
	enum vm_on_ioerror on_ioerror;
	enum takeover_policy takeover; /* start: which grants of other hosts may be revoked */
	size_t paths_required;         /* 0: all portals */
	const char *node; /* this node's name, or NULL: ask the cluster, then the kernel */
};

/* The receiver of the steps' events, as they happen. event may be NULL. */
struct vm_report {
	void (*event)(void *data, const struct task_event *event);
	void *data;
};

#endif
