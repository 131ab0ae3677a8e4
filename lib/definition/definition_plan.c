/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definition/definition_plan.h"

#include <inttypes.h>
#include <string.h>

#include "definition/definition_diff.h"
#include "definition/definition_part.h"
#include "domain/domain_xml.h"

#define NIC_PATH "devices/interface"
#define MAC_LENGTH 17
#define BALLOON_PAGE_KIB 4
#define NO_MAC "it has no <mac> in the definition, and gets one there"

static const struct {
	const char *done;
	const char *text; /* after the key */
} kinds[PLAN_KIND_MAX] = {
	[PLAN_MEMORY] = {"the guest has it", NULL},
	[PLAN_VCPUS] = {"the guest has them", NULL},
	[PLAN_ATTACH] = {"attached", "is attached"},
	[PLAN_DETACH] = {"the guest has given it up", "the guest is asked to give it up"},
	[PLAN_UPDATE] = {"changed", NULL},
	[PLAN_BOOT] = {"", NULL},
};

/* What libvirt can change of a NIC that the guest has: virDomainUpdateDeviceFlags(). */
static const char *const nic_parts[] = {
	"/@type",  "/@trustGuestRxFilters",
	"/source", "/virtualport",
	"/link",   "/bandwidth",
	"/vlan",   "/filterref",
	"/port",   "/coalesce",
};

/* Amounts, and the paths of the differences that are about them. */
struct amounts {
	uint64_t has;
	uint64_t most; /* while it runs */
	uint64_t wanted;
};
static int memory_amounts(xmlNodePtr runs, xmlNodePtr next, struct amounts *ret, struct err *err);
static int vcpu_amounts(xmlNodePtr runs, xmlNodePtr next, struct amounts *ret, struct err *err);
static const char *balloon_lacks(xmlNodePtr runs);

static const struct amount_row {
	enum definition_plan_kind kind;
	const char *key;
	const char *unit;
	uint64_t step; /* smaller differences are none */
	int (*amounts)(xmlNodePtr runs, xmlNodePtr next, struct amounts *ret, struct err *err);
	const char *(*lacks)(xmlNodePtr runs); /* why it cannot change; may be NULL */
	const char *paths[2];
} amount_rows[] = {
	{PLAN_MEMORY,
	 "memory",
	 " KiB",
	 BALLOON_PAGE_KIB,
	 memory_amounts,
	 balloon_lacks,
	 {"currentMemory", NULL}},
	{PLAN_VCPUS, "vCPUs", "", 1, vcpu_amounts, NULL, {"vcpu/@current", "vcpus"}},
};

static void item_free(gpointer data)
{
	struct definition_plan_item *item = data;

	g_free(item->key);
	g_free(item->text);
	g_free(item->xml);
	g_free(item);
}

/* Takes text. */
static struct definition_plan_item *item_add(GPtrArray *items, enum definition_plan_kind kind,
					     const char *key, char *text)
{
	struct definition_plan_item *item = g_new0(struct definition_plan_item, 1);

	item->kind = kind;
	item->key = g_strdup(key);
	item->text = text;
	g_ptr_array_add(items, item);
	return item;
}

static void boot_add(GPtrArray *items, const char *path, const char *why)
{
	(void)item_add(items, PLAN_BOOT, path,
		       why == NULL ? g_strdup(path) : g_strdup_printf("%s (%s)", path, why));
}

/* Amounts */

/* libvirt takes no <currentMemory>, or one of 0 or more than <memory>, for <memory>. */
static int memory_of(xmlNodePtr domain, uint64_t *ret_most, uint64_t *ret_now, struct err *err)
{
	xmlNodePtr current = xml_tree_child(domain, "currentMemory");
	uint64_t most;
	uint64_t now;
	int rc = domain_xml_memory(domain, &most, err);

	if (rc < 0) {
		return rc;
	}
	if (domain_xml_bytes(xml_tree_text(current), xml_tree_attr(current, "unit"), &now) < 0 ||
	    now > most) {
		now = most;
	}
	*ret_most = most >> 10;
	*ret_now = now >> 10;
	return 0;
}

static int memory_amounts(xmlNodePtr runs, xmlNodePtr next, struct amounts *ret, struct err *err)
{
	uint64_t most;
	int rc = memory_of(runs, &ret->most, &ret->has, err);

	return rc < 0 ? rc : memory_of(next, &most, &ret->wanted, err);
}

static const char *balloon_lacks(xmlNodePtr runs)
{
	xmlNodePtr balloon = xml_tree_child(xml_tree_child(runs, "devices"), "memballoon");
	const char *model = xml_tree_attr(balloon, "model");

	return model == NULL || strcmp(model, "none") == 0 ? "the guest has no <memballoon>" : NULL;
}

/* libvirt counts the <vcpus>, if there are any, and then ignores @current. */
static uint64_t vcpus_on(xmlNodePtr vcpus)
{
	xmlNodePtr node = xml_tree_child(vcpus, "vcpu");
	uint64_t count = 0;

	for (; node != NULL; node = xml_tree_next(node, "vcpu")) {
		const char *enabled = xml_tree_attr(node, "enabled");

		count += enabled != NULL && strcmp(enabled, "yes") == 0 ? 1 : 0;
	}
	return count;
}

static int vcpus_of(xmlNodePtr domain, uint64_t *ret_most, uint64_t *ret_now, struct err *err)
{
	xmlNodePtr vcpu = xml_tree_child(domain, "vcpu");
	const char *most = xml_tree_text(vcpu);
	const char *current = xml_tree_attr(vcpu, "current");
	uint64_t on = vcpus_on(xml_tree_child(domain, "vcpus"));

	*ret_most = 1;
	if (most != NULL && !g_ascii_string_to_unsigned(most, 10, 1, UINT16_MAX, ret_most, NULL)) {
		return err_set(err, -EINVAL, "<vcpu> is '%.40s', not a number of vCPUs", most);
	}
	*ret_now = *ret_most;
	if (current != NULL &&
	    !g_ascii_string_to_unsigned(current, 10, 1, UINT16_MAX, ret_now, NULL)) {
		return err_set(err, -EINVAL, "the current of <vcpu> is '%.40s', not a number",
			       current);
	}
	*ret_now = on > 0 ? on : *ret_now;
	return 0;
}

static int vcpu_amounts(xmlNodePtr runs, xmlNodePtr next, struct amounts *ret, struct err *err)
{
	uint64_t most;
	int rc = vcpus_of(runs, &ret->most, &ret->has, err);

	return rc < 0 ? rc : vcpus_of(next, &most, &ret->wanted, err);
}

/* More than the guest can have while it runs needs another maximum, which is a change of its own.
 */
static int amount_add(GPtrArray *items, const struct amount_row *row, xmlNodePtr runs,
		      xmlNodePtr next, struct err *err)
{
	struct amounts amounts = {0};
	struct definition_plan_item *item;
	const char *lacks = row->lacks == NULL ? NULL : row->lacks(runs);
	g_autofree char *text = NULL;
	int rc = row->amounts(runs, next, &amounts, err);

	if (rc < 0 || amounts.has / row->step == amounts.wanted / row->step ||
	    amounts.wanted > amounts.most) {
		return rc;
	}
	text = g_strdup_printf("%s: %" PRIu64 "%s -> %" PRIu64 "%s", row->key, amounts.has,
			       row->unit, amounts.wanted, row->unit);
	if (lacks != NULL) {
		boot_add(items, text, lacks);
		return 0;
	}
	item = item_add(items, row->kind, row->key, g_steal_pointer(&text));
	item->amount = amounts.wanted;
	return 0;
}

static bool path_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool is_amount(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(amount_rows); i++) {
		for (size_t k = 0; k < G_N_ELEMENTS(amount_rows[i].paths); k++) {
			if (amount_rows[i].paths[k] != NULL &&
			    path_below(path, amount_rows[i].paths[k])) {
				return true;
			}
		}
	}
	return false;
}

/* NICs */

/* "devices/interface[52:54:00:aa:bb:01]/link/@state": the MAC, and what follows. */
static bool nic_parse(const char *path, char ret_mac[MAC_LENGTH + 1], const char **ret_rest)
{
	const char *at;

	if (strncmp(path, NIC_PATH, strlen(NIC_PATH)) != 0) {
		return false;
	}
	at = path + strlen(NIC_PATH);
	if (strlen(at) < MAC_LENGTH + 2 || at[0] != '[' || at[MAC_LENGTH + 1] != ']') {
		return false;
	}
	(void)g_strlcpy(ret_mac, at + 1, MAC_LENGTH + 1);
	*ret_rest = at + MAC_LENGTH + 2;
	return true;
}

static bool part_changes(const char *rest)
{
	for (size_t i = 0; i < G_N_ELEMENTS(nic_parts); i++) {
		if (path_below(rest, nic_parts[i])) {
			return true;
		}
	}
	return false;
}

static struct definition_plan_item *item_find(GPtrArray *items, const char *key)
{
	for (guint i = 0; i < items->len; i++) {
		struct definition_plan_item *item = g_ptr_array_index(items, i);

		if (strcmp(item->key, key) == 0) {
			return item;
		}
	}
	return NULL;
}

/* One call changes all that differs of a NIC; libvirt refuses all of it if it cannot change one. */
static void nic_differs(GPtrArray *items, const char *next, const char *mac, const char *rest)
{
	g_autofree char *key = g_strdup_printf("NIC %s", mac);
	struct definition_plan_item *item = item_find(items, key);
	g_autofree char *xml = NULL;
	char *text;

	if (item == NULL) {
		item = item_add(items, PLAN_UPDATE, key, g_strdup_printf("%s:", key));
	}
	if (definition_nic(next, mac, &xml, NULL) != 0) {
		item->kind = PLAN_BOOT;
		g_free(item->text);
		item->text = g_strdup_printf("%s (%s)", key, NO_MAC);
		return;
	}
	if (!part_changes(rest)) {
		item->kind = PLAN_BOOT;
	}
	text = g_strdup_printf("%s%s %s", item->text, g_str_has_suffix(item->text, ":") ? "" : ",",
			       rest + 1);
	g_free(item->text);
	item->text = text;
	g_free(item->xml);
	item->xml = g_steal_pointer(&xml);
}

static void nic_one_sided(GPtrArray *items, const struct definition_change *change, const char *mac)
{
	enum definition_plan_kind kind = change->was == NULL ? PLAN_ATTACH : PLAN_DETACH;
	g_autofree char *key = g_strdup_printf("NIC %s", mac);
	struct definition_plan_item *item =
		item_add(items, kind, key, g_strdup_printf("%s: %s", key, kinds[kind].text));

	item->xml = g_strdup(change->was == NULL ? change->is : change->was);
}

static void change_add(GPtrArray *items, const char *next, const struct definition_change *change)
{
	char mac[MAC_LENGTH + 1];
	const char *rest;

	if (!nic_parse(change->path, mac, &rest)) {
		bool new_nic = path_below(change->path, NIC_PATH) ||
			       g_str_has_prefix(change->path, NIC_PATH "[");

		boot_add(items, change->path, new_nic && change->was == NULL ? NO_MAC : NULL);
	} else if (*rest == '\0') {
		nic_one_sided(items, change, mac);
	} else {
		nic_differs(items, next, mac, rest);
	}
}

/* The whole */

/*
 * libvirt may choose otherwise at a boot than it has for the guest that runs, where the definition
 * leaves out a device, or an element of the domain.
 */
static bool left_to_libvirt(const struct definition_change *change)
{
	const char *slash = strchr(change->path, '/');

	return change->filled && change->was[0] == '<' &&
	       (slash == NULL || strchr(slash + 1, '/') == NULL);
}

/* Which drive is which LUN is no matter of the guest: that they are the same was checked. */
static bool is_mapping(const char *path)
{
	return path_below(path, "metadata/mapping");
}

static void changes_add(struct definition_plan *plan, const char *next, const GPtrArray *changes)
{
	for (guint i = 0; i < changes->len; i++) {
		const struct definition_change *change = g_ptr_array_index(changes, i);

		if (left_to_libvirt(change)) {
			plan->whole = false;
		} else if (!change->filled && !is_mapping(change->path) &&
			   !is_amount(change->path)) {
			change_add(plan->items, next, change);
		}
	}
}

static gint now_first(gconstpointer a, gconstpointer b)
{
	const struct definition_plan_item *first = *(struct definition_plan_item *const *)a;
	const struct definition_plan_item *second = *(struct definition_plan_item *const *)b;

	return (first->kind == PLAN_BOOT) - (second->kind == PLAN_BOOT);
}

static int amounts_add(struct definition_plan *plan, const char *libvirts, const char *next,
		       struct err *err)
{
	AUTO_XML has = NULL;
	AUTO_XML wants = NULL;
	int rc = domain_xml_parse(libvirts, strlen(libvirts), &has, err);

	rc = rc < 0 ? rc : domain_xml_parse(next, strlen(next), &wants, err);
	for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(amount_rows); i++) {
		rc = amount_add(plan->items, &amount_rows[i], xmlDocGetRootElement(has),
				xmlDocGetRootElement(wants), err);
	}
	return rc;
}

int definition_plan_make(const char *libvirts, const char *runs, const char *next,
			 struct definition_plan **ret, struct err *err)
{
	struct definition_plan *plan = g_new0(struct definition_plan, 1);
	g_autoptr(GPtrArray) changes = NULL;
	int rc;

	plan->items = g_ptr_array_new_with_free_func(item_free);
	plan->whole = true;
	rc = amounts_add(plan, libvirts, next, err);
	rc = rc < 0 ? rc : definition_diff(runs, next, &changes, err);
	if (rc < 0) {
		definition_plan_free(plan);
		return rc;
	}
	changes_add(plan, next, changes);
	g_ptr_array_sort(plan->items, now_first); /* stable */
	for (guint i = 0; i < plan->items->len; i++) {
		const struct definition_plan_item *item = g_ptr_array_index(plan->items, i);

		plan->n_now += item->kind == PLAN_BOOT ? 0 : 1;
	}
	plan->whole = plan->whole && plan->n_now == plan->items->len;
	*ret = plan;
	return 0;
}

void definition_plan_free(struct definition_plan *plan)
{
	if (plan != NULL) {
		g_ptr_array_unref(plan->items);
		g_free(plan);
	}
}

void definition_plan_drop(struct definition_plan **plan)
{
	definition_plan_free(*plan);
	*plan = NULL;
}

const struct definition_plan_item *definition_plan_find(const struct definition_plan *plan,
							const char *key)
{
	const struct definition_plan_item *item = item_find(plan->items, key);

	return item != NULL && item->kind != PLAN_BOOT ? item : NULL;
}

const char *definition_plan_done(enum definition_plan_kind kind)
{
	return kinds[kind].done;
}
