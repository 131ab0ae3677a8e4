/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgtd/tgt_account_show.h"

#include <errno.h>
#include <string.h>

#define LEVEL "    " /* of indentation */
#define OUTGOING " (outgoing)"
#define ACCOUNTS LEVEL "Account information:"

static char *after(char *line, const char *prefix)
{
	return g_str_has_prefix(line, prefix) ? line + strlen(prefix) : NULL;
}

bool tgt_account_outgoing(char *name)
{
	bool ret = g_str_has_suffix(name, OUTGOING);

	if (ret) {
		name[strlen(name) - strlen(OUTGOING)] = '\0';
	}
	return ret;
}

static int refused(const char *line, struct err *err)
{
	return err_set(err, -EBADMSG, "tgtd's list of accounts is not understood: '%.120s'", line);
}

int tgt_account_list_parse(const char *text, GPtrArray **ret, struct err *err)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
		const char *name = after(lines[i], LEVEL);

		if ((i == 0) != (strcmp(lines[i], "Account list:") == 0) ||
		    (i > 0 && name == NULL)) {
			return refused(lines[i], err);
		}
		if (i > 0) {
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	*ret = g_steal_pointer(&names);
	return 0;
}

void tgt_discovery_release(struct tgt_discovery *discovery)
{
	g_clear_pointer(&discovery->hosts, g_ptr_array_unref);
	g_clear_pointer(&discovery->array, g_free);
}

/* The heading has an empty line behind it, and the names are at its own level. */
static void discovery_read(char **lines, struct tgt_discovery *ret)
{
	for (size_t i = 0; lines[i] != NULL; i++) {
		char *name = after(lines[i], LEVEL);

		if (*lines[i] != '\0' && name == NULL) {
			return;
		}
		if (name == NULL) {
			continue;
		}
		if (tgt_account_outgoing(name)) {
			g_free(ret->array);
			ret->array = g_strdup(name);
		} else {
			g_ptr_array_add(ret->hosts, g_strdup(name));
		}
	}
}

int tgt_discovery_parse(const char *text, struct tgt_discovery *ret, struct err *err)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	*ret = (struct tgt_discovery){.hosts = g_ptr_array_new_with_free_func(g_free)};
	if (strcmp(lines[0] != NULL ? lines[0] : "", "System:") != 0) {
		tgt_discovery_release(ret);
		return refused(lines[0] != NULL ? lines[0] : "", err);
	}
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (strcmp(lines[i], LEVEL "debug: on") == 0) {
			ret->debug = true;
		}
		if (strcmp(lines[i], ACCOUNTS) == 0) {
			discovery_read(lines + i + 1, ret);
			break;
		}
	}
	return 0;
}

bool tgt_account_shown(const char *text, const char *user)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool accounts = false;

	for (size_t i = 0; lines[i] != NULL; i++) {
		char *name = after(lines[i], LEVEL LEVEL);

		if (name == NULL) {
			accounts = strcmp(lines[i], ACCOUNTS) == 0;
			continue;
		}
		(void)tgt_account_outgoing(name);
		if (accounts && strcmp(name, user) == 0) {
			return true;
		}
	}
	return false;
}
