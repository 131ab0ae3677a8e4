/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "make/make_vm.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

#define PATHS_REQUIRED 1

int make_vm_find(const struct vm_all *all, const char *name, struct vm_one **ret, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		struct vm_one *one = &all->vms[i];

		if (strcmp(one->name, name) != 0 || one->resource == NULL) {
			continue;
		}
		if (one->vm == NULL) {
			return err_set(err, -EINVAL, "%s", err_text(&one->why));
		}
		one->settings.paths_required = PATHS_REQUIRED;
		*ret = one;
		return 0;
	}
	return err_set(err, -ENOENT, "the cluster has no VM '%.200s'", name);
}

int make_vm_confirm(const char *vm, const char *confirmed, struct err *err)
{
	char line[VM_NAME_MAX + 64] = "";

	if (confirmed != NULL) {
		return 0;
	}
	if (isatty(STDIN_FILENO) == 0) {
		return err_set(err, -EPERM,
			       "nobody is there to confirm it: say --confirm %s, or use a terminal",
			       vm);
	}
	(void)fprintf(stderr, "Type the name of the VM to go on: ");
	if (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
	}
	return strcmp(line, vm) == 0 ? 0 : err_set(err, -EPERM, "nothing was done");
}

char *make_vm_confirm_wrong(const char *vm, const char *confirmed)
{
	return confirmed != NULL && strcmp(confirmed, vm) != 0
		       ? g_strdup_printf("--confirm takes the name of the VM, '%.80s', not '%.80s'",
					 vm, confirmed)
		       : NULL;
}

void make_vm_hold_interrupts(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		(void)signal(numbers[i], SIG_IGN);
	}
}

int make_host_check(const char *host, struct err *err)
{
	const struct config_host *found;
	struct config *config;
	int rc = host == NULL ? 0 : config_load(NULL, &config, err);

	if (host != NULL && rc == 0) {
		rc = config_host_get(config, host, &found, err);
		config_free(config);
	}
	return rc;
}
