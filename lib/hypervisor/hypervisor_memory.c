/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hypervisor_memory.h"

#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain/domain_xml.h"

#define STATS_MAX 32
#define NODES_MAX 64        /* that a set of nodes can name */
#define SIZES_MAX 8         /* of huge pages on one host */
#define ORDINARY_MAX_KIB 64 /* pages up to this size are some CPU's ordinary ones */

/* "0-3,^2,5" as bits. What cannot be read, or is beyond, means any node. */
static uint64_t set_read(const char *text)
{
	uint64_t set = 0;

	while (text != NULL && *text != '\0') {
		bool without = *text == '^';
		char *end;
		unsigned long first = strtoul(text + without, &end, 10);
		unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		if (end == text + without || last < first || last >= NODES_MAX) {
			return 0;
		}
		for (unsigned long node = first; node <= last; node++) {
			set = without ? set & ~(1ULL << node) : set | 1ULL << node;
		}
		text = end + strspn(end, ", ");
	}
	return set;
}

static bool attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *text = xml_tree_attr(node, name);

	return text != NULL && strcmp(text, value) == 0;
}

/* Only a strict set binds: otherwise the kernel takes memory of any node. */
static uint64_t nodes_of(xmlNodePtr tune)
{
	const char *mode = xml_tree_attr(tune, "mode");

	return tune == NULL || (mode != NULL && strcmp(mode, "strict") != 0) ||
			       attr_is(tune, "placement", "auto")
		       ? 0
		       : set_read(xml_tree_attr(tune, "nodeset"));
}

static uint64_t cell_nodes(xmlNodePtr domain, const char *cell)
{
	xmlNodePtr numatune = xml_tree_child(domain, "numatune");
	xmlNodePtr node = xml_tree_child(numatune, "memnode");

	for (; node != NULL; node = xml_tree_next(node, "memnode")) {
		if (attr_is(node, "cellid", cell)) {
			return nodes_of(node);
		}
	}
	return nodes_of(xml_tree_child(numatune, "memory"));
}

static uint32_t page_size(xmlNodePtr node, const char *text)
{
	uint64_t bytes;

	return domain_xml_bytes(text, xml_tree_attr(node, "unit"), &bytes) == 0 &&
			       bytes >> 10 > 0 && bytes >> 10 < MEMORY_PAGE_HUGE
		       ? (uint32_t)(bytes >> 10)
		       : MEMORY_PAGE_HUGE;
}

/* The nodeset of a <page> names cells of the guest; the row without one is for the others. */
static uint32_t cell_page(xmlNodePtr domain, const char *cell)
{
	xmlNodePtr huge = xml_tree_child(xml_tree_child(domain, "memoryBacking"), "hugepages");
	xmlNodePtr page = xml_tree_child(huge, "page");
	unsigned long number = strtoul(cell, NULL, 10);
	uint32_t others = MEMORY_PAGE_ORDINARY;

	if (huge == NULL || page == NULL) {
		return huge == NULL ? MEMORY_PAGE_ORDINARY : MEMORY_PAGE_HUGE;
	}
	for (; page != NULL; page = xml_tree_next(page, "page")) {
		uint32_t size = page_size(page, xml_tree_attr(page, "size"));
		const char *cells = xml_tree_attr(page, "nodeset");

		if (cells == NULL) {
			others = size;
		} else if (number < NODES_MAX && (set_read(cells) >> number & 1) != 0) {
			return size;
		}
	}
	return others;
}

static int need_add(struct memory_needs *needs, uint32_t page_kib, uint64_t nodes, uint64_t bytes,
		    struct err *err)
{
	size_t i = 0;

	while (i < needs->count &&
	       (needs->rows[i].page_kib != page_kib || needs->rows[i].nodes != nodes)) {
		i++;
	}
	if (i == MEMORY_NEEDS_MAX) {
		return err_set(err, -EINVAL, "more than %d kinds of memory", MEMORY_NEEDS_MAX);
	}
	if (i == needs->count) {
		needs->rows[needs->count++] = (struct memory_need){page_kib, nodes, 0};
	}
	if (__builtin_add_overflow(needs->rows[i].bytes, bytes, &needs->rows[i].bytes)) {
		return err_set(err, -EINVAL, "more memory than can be counted");
	}
	return 0;
}

static int size_of(xmlNodePtr node, uint64_t *ret, struct err *err)
{
	const char *text = xml_tree_text(node);

	*ret = 0;
	if (node == NULL || (text != NULL && strcmp(text, "0") == 0)) {
		return 0;
	}
	return domain_xml_bytes(text, xml_tree_attr(node, "unit"), ret) == 0
		       ? 0
		       : err_set(err, -EINVAL, "<%s> is '%.40s', not a number with a unit",
				 (const char *)node->name, text == NULL ? "" : text);
}

/* Of a virtio-mem device only what the guest has, or will ask for first, is used. */
static int module_add(xmlNodePtr domain, xmlNodePtr module, struct memory_needs *needs,
		      uint64_t *ret_size, struct err *err)
{
	xmlNodePtr target = xml_tree_child(module, "target");
	xmlNodePtr source = xml_tree_child(module, "source");
	xmlNodePtr page = xml_tree_child(source, "pagesize");
	const char *cell = xml_tree_text(xml_tree_child(target, "node"));
	const char *mask = xml_tree_text(xml_tree_child(source, "nodemask"));
	xmlNodePtr part = xml_tree_child(target, "current");
	uint64_t used = 0;
	int rc = size_of(xml_tree_child(target, "size"), ret_size, err);

	part = part == NULL ? xml_tree_child(target, "requested") : part;
	if (rc == 0 && part != NULL) {
		rc = size_of(part, &used, err);
	}
	if (rc < 0) {
		return rc;
	}
	cell = cell == NULL ? "0" : cell;
	return need_add(needs,
			page == NULL ? cell_page(domain, cell)
				     : page_size(page, xml_tree_text(page)),
			mask == NULL ? cell_nodes(domain, cell) : set_read(mask),
			part == NULL ? *ret_size : used, err);
}

static int modules_add(xmlNodePtr domain, struct memory_needs *needs, uint64_t *ret_sizes,
		       struct err *err)
{
	xmlNodePtr module = xml_tree_child(xml_tree_child(domain, "devices"), "memory");
	int rc = 0;

	*ret_sizes = 0;
	for (; rc == 0 && module != NULL; module = xml_tree_next(module, "memory")) {
		uint64_t size = 0;

		rc = module_add(domain, module, needs, &size, err);
		*ret_sizes += size;
	}
	return rc;
}

static int cells_add(xmlNodePtr domain, xmlNodePtr cell, struct memory_needs *needs,
		     struct err *err)
{
	char number[24];
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && cell != NULL; i++, cell = xml_tree_next(cell, "cell")) {
		const char *id = xml_tree_attr(cell, "id");
		uint64_t bytes = 0;

		(void)snprintf(number, sizeof(number), "%u", i);
		id = id == NULL ? number : id;
		if (domain_xml_bytes(xml_tree_attr(cell, "memory"), xml_tree_attr(cell, "unit"),
				     &bytes) < 0) {
			return err_set(err, -EINVAL, "the memory of NUMA cell %.20s is no number",
				       id);
		}
		rc = need_add(needs, cell_page(domain, id), cell_nodes(domain, id), bytes, err);
	}
	return rc;
}

/* What the balloon has given back to the host. libvirt's <memory> counts the modules. */
static void balloon_take(xmlNodePtr domain, uint64_t memory_bytes, struct memory_needs *needs)
{
	xmlNodePtr current = xml_tree_child(domain, "currentMemory");
	xmlNodePtr backing = xml_tree_child(domain, "memoryBacking");
	uint64_t bytes;

	if (needs->count != 1 || needs->rows[0].page_kib != MEMORY_PAGE_ORDINARY ||
	    xml_tree_child(backing, "locked") != NULL || current == NULL ||
	    size_of(current, &bytes, NULL) < 0 || bytes == 0 || bytes >= memory_bytes) {
		return;
	}
	needs->rows[0].bytes = bytes;
}

int hypervisor_memory_needs(xmlNodePtr domain, struct memory_needs *ret, struct err *err)
{
	xmlNodePtr numa = xml_tree_child(xml_tree_child(domain, "cpu"), "numa");
	xmlNodePtr cell = xml_tree_child(numa, "cell");
	uint64_t memory_bytes;
	uint64_t sizes;
	int rc = domain_xml_memory(domain, &memory_bytes, err);

	*ret = (struct memory_needs){0};
	rc = rc < 0 ? rc : modules_add(domain, ret, &sizes, err);
	if (rc < 0) {
		return rc;
	}
	if (cell != NULL) {
		return cells_add(domain, cell, ret, err);
	}
	rc = need_add(ret, cell_page(domain, "0"), cell_nodes(domain, "0"),
		      memory_bytes > sizes ? memory_bytes - sizes : memory_bytes, err);
	if (rc == 0 && sizes == 0) {
		balloon_take(domain, memory_bytes, ret);
	}
	return rc;
}

/* On one host */

/* The sum of some of libvirt's figures of a node, or of all. 0: it has no such node. */
static uint64_t stats_kib(virConnectPtr conn, int node, const char *const *fields, int *ret_rc)
{
	virNodeMemoryStats stats[STATS_MAX];
	uint64_t sum_kib = 0;
	int n = 0;

	/* libvirt requires exactly as many entries as it reported. */
	*ret_rc = virNodeGetMemoryStats(conn, node, NULL, &n, 0);
	n = n > STATS_MAX ? STATS_MAX : n;
	if (*ret_rc >= 0) {
		*ret_rc = virNodeGetMemoryStats(conn, node, stats, &n, 0);
	}
	for (int i = 0; *ret_rc >= 0 && i < n; i++) {
		for (size_t field = 0; fields[field] != NULL; field++) {
			if (strcmp(stats[i].field, fields[field]) == 0) {
				sum_kib += stats[i].value;
			}
		}
	}
	return sum_kib;
}

/* Memory of all nodes together: free pages and the page cache, which the kernel can reuse. */
static int check_free(struct hypervisor_call *call, uint64_t bytes)
{
	static const char *const fields[] = {VIR_NODE_MEMORY_STATS_FREE,
					     VIR_NODE_MEMORY_STATS_BUFFERS,
					     VIR_NODE_MEMORY_STATS_CACHED, NULL};
	int rc;
	uint64_t kib = stats_kib(call->conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, fields, &rc);

	if (rc < 0) {
		return hypervisor_call_failed(call);
	}
	return kib >= bytes >> 10 ? 0
				  : hypervisor_call_set_text(call, -ENOSPC,
							     "domain '%s' needs %" PRIu64
							     " MiB of memory, and %" PRIu64
							     " MiB are available there",
							     call->vm, bytes >> 20, kib >> 10);
}

/*
 * How much of a node is free says little: the kernel can empty its cache. But it cannot be larger
 * than it is.
 */
static int check_nodes(struct hypervisor_call *call, const struct memory_need *need)
{
	static const char *const fields[] = {VIR_NODE_MEMORY_STATS_TOTAL, NULL};
	uint64_t kib = 0;

	for (int node = 0; node < NODES_MAX; node++) {
		int rc = 0;

		if ((need->nodes >> node & 1) != 0) {
			kib += stats_kib(call->conn, node, fields, &rc);
		}
		if (rc < 0) {
			virResetLastError();
		}
	}
	return kib >= need->bytes >> 10
		       ? 0
		       : hypervisor_call_set_text(call, -ENOSPC,
						  "domain '%s' needs %" PRIu64
						  " MiB of memory of certain NUMA nodes, which "
						  "have %" PRIu64 " MiB there",
						  call->vm, need->bytes >> 20, kib >> 10);
}

/* The sizes of huge pages that the host has. */
static size_t huge_sizes(virConnectPtr conn, uint32_t sizes[SIZES_MAX])
{
	static const struct xml_tree_kind kind = {"libvirt", "capabilities", 16u << 20};
	char *text = virConnectGetCapabilities(conn);
	AUTO_XML doc = NULL;
	xmlNodePtr host;
	xmlNodePtr page = NULL;
	size_t count = 0;

	if (text != NULL && xml_tree_parse(text, strlen(text), &kind, &doc, NULL) == 0) {
		host = xml_tree_child(xmlDocGetRootElement(doc), "host");
		page = xml_tree_child(xml_tree_child(host, "cpu"), "pages");
	}
	for (; page != NULL && count < SIZES_MAX; page = xml_tree_next(page, "pages")) {
		uint32_t size = page_size(page, xml_tree_attr(page, "size"));

		if (size != MEMORY_PAGE_HUGE && size > ORDINARY_MAX_KIB) {
			sizes[count++] = size;
		}
	}
	free(text);
	return count;
}

static uint64_t free_bytes(virConnectPtr conn, uint32_t page_kib, uint64_t nodes)
{
	unsigned long long counts[NODES_MAX] = {0};
	unsigned int size = page_kib;
	uint64_t bytes = 0;
	int n = virNodeGetFreePages(conn, 1, &size, 0, NODES_MAX, counts, 0);

	if (n < 0) { /* the host has no pages of that size */
		virResetLastError();
	}
	for (int node = 0; node < n && node < NODES_MAX; node++) {
		if (nodes == 0 || (nodes >> node & 1) != 0) {
			bytes += counts[node] * page_kib << 10;
		}
	}
	return bytes;
}

static int check_pages(struct hypervisor_call *call, const struct memory_need *need)
{
	uint32_t sizes[SIZES_MAX] = {need->page_kib};
	size_t count = need->page_kib == MEMORY_PAGE_HUGE ? huge_sizes(call->conn, sizes) : 1;
	uint64_t most_bytes = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t bytes = free_bytes(call->conn, sizes[i], need->nodes);

		most_bytes = bytes > most_bytes ? bytes : most_bytes;
	}
	if (most_bytes >= need->bytes) {
		return 0;
	}
	return hypervisor_call_set_text(
		call, -ENOTSUP,
		"domain '%s' needs %" PRIu64 " MiB in huge pages%s, and %" PRIu64
		" MiB of them are free there (virsh freepages --all)",
		call->vm, need->bytes >> 20, need->nodes == 0 ? "" : " of certain NUMA nodes",
		most_bytes >> 20);
}

int hypervisor_memory_check(struct hypervisor_call *call, const struct memory_needs *needs)
{
	uint64_t ordinary_bytes = 0;
	int rc = 0;

	/* What QEMU cannot start without comes first: the caller may ignore the rest. */
	for (size_t i = 0; rc == 0 && i < needs->count; i++) {
		if (needs->rows[i].page_kib != MEMORY_PAGE_ORDINARY) {
			rc = check_pages(call, &needs->rows[i]);
		} else {
			ordinary_bytes += needs->rows[i].bytes;
		}
	}
	for (size_t i = 0; rc == 0 && i < needs->count; i++) {
		if (needs->rows[i].page_kib == MEMORY_PAGE_ORDINARY && needs->rows[i].nodes != 0) {
			rc = check_nodes(call, &needs->rows[i]);
		}
	}
	return rc < 0 ? rc : check_free(call, ordinary_bytes);
}
