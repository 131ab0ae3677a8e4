/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/tgtd/tgt_show.h"

#include <ctype.h>
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/tgtd/tgt_account_show.h"
/* The sections of a target, in the order in which tgtd prints them. */
enum section { NOWHERE, SYSTEM, NEXUS, UNITS, ACCOUNTS, ACL };

static const char *const HEADINGS[] = {
	[SYSTEM] = "System information:", [NEXUS] = "I_T nexus information:",
	[UNITS] = "LUN information:",     [ACCOUNTS] = "Account information:",
	[ACL] = "ACL information:",
};

struct parser {
	const char *prefix; /* of the names of our targets */
	struct tgt_show *show;
	bool foreign;              /* the current target is somebody else's */
	bool foreign_whole;        /* its last section has begun */
	struct tgt_target *target; /* the current one */
	enum section section;
	unsigned long sid; /* of the current nexus */
	bool in_nexus;
	char initiator[ISCSI_NAME_MAX + 1]; /* of the current nexus; "" until its line is read */
	size_t nexus_connections;
	bool wants_address; /* the last connection has no address yet */
	const char *why;
};

static bool number_parse(const char *text, unsigned long max, unsigned long *ret)
{
	guint64 number = 0;
	bool is = g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL);

	*ret = (unsigned long)number;
	return is;
}

/* The rest of a line after its key, or NULL. */
static const char *after(const char *line, const char *key)
{
	size_t length = strlen(key);

	return strncmp(line, key, length) == 0 ? line + length : NULL;
}

static bool word_copy(char *ret, size_t size, const char *word)
{
	size_t length = strlen(word);

	if (length == 0 || length >= size || strpbrk(word, " \t") != NULL) {
		return false;
	}
	memcpy(ret, word, length + 1);
	return true;
}

static bool text_copy(char *ret, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size) {
		return false;
	}
	memcpy(ret, text, length + 1);
	return true;
}

/* Adds one zeroed element. NULL, with p->why: max is reached, or out of memory. */
static void *element_add(struct parser *p, void **array, size_t *count, size_t max, size_t size)
{
	char *grown;

	if (*count >= max) {
		p->why = "more elements than can be handled";
		return NULL;
	}
	grown = *count == 0 || (*count & (*count - 1)) == 0
			? reallocarray(*array, *count == 0 ? 1 : *count * 2, size)
			: *array;
	if (grown == NULL) {
		p->why = "out of memory";
		return NULL;
	}
	*array = grown;
	memset(grown + *count * size, 0, size);
	return grown + (*count)++ * size;
}

/* False if the nexus has no initiator, or no connection, or a connection without an address. */
static bool nexus_end(struct parser *p)
{
	bool whole = !p->in_nexus ||
		     (p->initiator[0] != '\0' && p->nexus_connections > 0 && !p->wants_address);

	p->in_nexus = false;
	p->initiator[0] = '\0';
	p->nexus_connections = 0;
	p->wants_address = false;
	return whole;
}

static bool target_end(struct parser *p)
{
	return p->foreign ? p->foreign_whole : p->target == NULL || p->section == ACL;
}

static bool target_unique(const struct parser *p)
{
	for (size_t i = 0; i + 1 < p->show->count; i++) {
		const struct tgt_target *other = &p->show->targets[i];

		if (other->tid == p->target->tid || strcmp(other->name, p->target->name) == 0) {
			return false;
		}
	}
	return true;
}

static bool target_begin(struct parser *p, unsigned int tid, const char *name)
{
	p->show->tid_max = tid > p->show->tid_max ? tid : p->show->tid_max;
	p->foreign = after(name, p->prefix) == NULL;
	p->foreign_whole = false;
	p->section = NOWHERE;
	if (p->foreign) {
		p->target = NULL;
		return true;
	}
	p->target = element_add(p, (void **)&p->show->targets, &p->show->count, TGT_TARGETS_MAX,
				sizeof(*p->target));
	if (p->target == NULL || !word_copy(p->target->name, sizeof(p->target->name), name)) {
		return false;
	}
	p->target->tid = tid;
	return target_unique(p);
}

/* "Target 3: iqn...": false if the line is none, and is as it was. */
static bool target_head(char *line, unsigned int *ret_tid, const char **ret_name)
{
	char *colon = strstr(line, ": ");
	const char *number = after(line, "Target ");
	unsigned long tid;

	if (number == NULL || colon == NULL) {
		return false;
	}
	*colon = '\0';
	if (!number_parse(number, INT_MAX, &tid)) {
		*colon = ':';
		return false;
	}
	*ret_tid = (unsigned int)tid;
	*ret_name = colon + 2;
	return true;
}

static bool target_line(struct parser *p, char *line)
{
	const char *name;
	unsigned int tid;

	return target_end(p) && target_head(line, &tid, &name) && target_begin(p, tid, name);
}

/* Whatever is not the next target belongs to this one, and its last section is its end. */
static bool foreign_line(struct parser *p, char *line)
{
	const char *name;
	unsigned int tid;

	if (target_head(line, &tid, &name)) {
		return target_begin(p, tid, name);
	}
	p->foreign_whole = p->foreign_whole || strcmp(line, "    ACL information:") == 0;
	return true;
}

static bool heading_line(struct parser *p, const char *line)
{
	enum section next = p->section + 1;

	if (p->target == NULL || p->section == ACL || !nexus_end(p)) {
		return false;
	}
	/* Only the iSCSI driver has accounts. */
	if (next == ACCOUNTS && strcmp(line, HEADINGS[next]) != 0) {
		next++;
	}
	p->section = next;
	return strcmp(line, HEADINGS[next]) == 0;
}

static bool nexus_line(struct parser *p, const char *line)
{
	const char *number = after(line, "I_T nexus: ");

	if (number == NULL || !nexus_end(p) || !number_parse(number, ULONG_MAX, &p->sid)) {
		return false;
	}
	p->in_nexus = true;
	return true;
}

/* "Initiator: iqn... alias: anything" */
static bool initiator_line(struct parser *p, char *name)
{
	char *alias = strstr(name, " alias: ");

	if (!p->in_nexus || p->initiator[0] != '\0') {
		return false;
	}
	if (alias != NULL) {
		*alias = '\0';
	}
	return word_copy(p->initiator, sizeof(p->initiator), name);
}

static bool connection_line(struct parser *p, const char *number)
{
	struct tgt_target *target = p->target;
	struct tgt_connection *connection;
	unsigned long cid;

	if (p->initiator[0] == '\0' || p->wants_address || !number_parse(number, UINT_MAX, &cid)) {
		return false;
	}
	connection = element_add(p, (void **)&target->connections, &target->n_connections,
				 TGT_HOLDERS_MAX, sizeof(*connection));
	if (connection == NULL) {
		return false;
	}
	connection->sid = p->sid;
	connection->cid = (unsigned int)cid;
	memcpy(connection->initiator, p->initiator, sizeof(p->initiator));
	p->nexus_connections++;
	p->wants_address = true;
	return true;
}

static bool nexus_detail_line(struct parser *p, char *line)
{
	const char *number = after(line, "Connection: ");
	char *name = (char *)(uintptr_t)after(line, "Initiator: ");

	return number != NULL ? connection_line(p, number)
			      : name != NULL && initiator_line(p, name);
}

static bool address_line(struct parser *p, const char *line)
{
	const char *address = after(line, "IP Address: ");

	address = address != NULL ? address : after(line, "RDMA IP Address: ");
	if (address == NULL || !p->wants_address) {
		return false;
	}
	p->wants_address = false;
	return text_copy(p->target->connections[p->target->n_connections - 1].address,
			 sizeof(p->target->connections->address), address);
}

static bool unit_line(struct parser *p, const char *line)
{
	struct tgt_target *target = p->target;
	const char *text = after(line, "LUN: ");
	struct tgt_unit *unit;
	unsigned long number;

	if (text == NULL || !number_parse(text, ULONG_MAX, &number) ||
	    tgt_target_find_unit(target, number) != NULL) {
		return false;
	}
	unit = element_add(p, (void **)&target->units, &target->n_units, TGT_UNITS_MAX,
			   sizeof(*unit));
	if (unit == NULL) {
		return false;
	}
	unit->number = number;
	return true;
}

static bool unit_detail_line(struct parser *p, const char *line)
{
	struct tgt_unit *unit;
	const char *value;

	if (p->target->n_units == 0 || strchr(line, ':') == NULL) {
		return false;
	}
	unit = &p->target->units[p->target->n_units - 1];
	if ((value = after(line, "SCSI ID: ")) != NULL) {
		return text_copy(unit->scsi_id, sizeof(unit->scsi_id), value);
	}
	if ((value = after(line, "Backing store path: ")) != NULL) {
		return text_copy(unit->path, sizeof(unit->path), value);
	}
	if ((value = after(line, "Online: ")) != NULL) {
		unit->online = strcmp(value, "Yes") == 0;
		return unit->online || strcmp(value, "No") == 0;
	}
	if ((value = after(line, "Readonly: ")) != NULL) {
		unit->read_only = strcmp(value, "Yes") == 0;
		return unit->read_only || strcmp(value, "No") == 0;
	}
	return true; /* tgtd's versions differ in the other lines about a unit */
}

static bool acl_line(struct parser *p, const char *line)
{
	struct tgt_target *target = p->target;
	char(*entry)[ISCSI_NAME_MAX + 1] = element_add(p, (void **)&target->acl, &target->n_acl,
						       TGT_HOLDERS_MAX, sizeof(*entry));

	return entry != NULL && word_copy(*entry, sizeof(*entry), line);
}

/* Root has made it: whatever its name is, the target can be fenced. */
static bool account_line(struct parser *p, char *name)
{
	struct tgt_target *target = p->target;
	char *copy = strdup(name);
	char **entry;

	if (copy != NULL && tgt_account_outgoing(copy)) {
		free(target->array_account);
		target->array_account = copy;
		return true;
	}
	entry = copy == NULL ? NULL
			     : element_add(p, (void **)&target->accounts, &target->n_accounts,
					   TGT_ACCOUNTS_MAX, sizeof(*entry));
	if (entry == NULL) {
		free(copy);
		return false;
	}
	*entry = copy;
	return true;
}

/* Dispatches a line by its section and indentation (four blanks per level). */
static bool line_parse(struct parser *p, char *line)
{
	size_t blanks = strspn(line, " ");
	char *text = line + blanks;

	if (p->foreign) {
		return foreign_line(p, line);
	}
	if (blanks % 4 != 0 || *text == '\0') {
		return false;
	}
	switch ((int)(blanks / 4) * 10 + (int)p->section) {
	case 00 + NOWHERE:
	case 00 + ACL: return target_line(p, text);
	case 20 + SYSTEM: return true;
	case 20 + ACCOUNTS: return account_line(p, text);
	case 20 + NEXUS: return nexus_line(p, text);
	case 30 + NEXUS: return nexus_detail_line(p, text);
	case 40 + NEXUS: return address_line(p, text);
	case 20 + UNITS: return unit_line(p, text);
	case 30 + UNITS: return unit_detail_line(p, text);
	case 20 + ACL: return acl_line(p, text);
	default: return blanks == 4 && heading_line(p, text);
	}
}

static int refused(const struct parser *p, size_t number, const char *line, struct err *err)
{
	return err_set(err, -EBADMSG, "line %zu of tgtadm's output is not understood%s%s: '%.120s'",
		       number, p->why != NULL ? ", " : "", p->why != NULL ? p->why : "", line);
}

static bool line_readable(const char *line, size_t length)
{
	return length <= TGT_LINE_MAX && memchr(line, '\0', length) == NULL;
}

/* Each line must be complete; otherwise the text is cut off. */
static int lines_parse(struct parser *p, const char *text, size_t bytes, struct err *err)
{
	size_t number = 1;
	size_t length;

	for (size_t at = 0; at < bytes; at += length + 1, number++) {
		const char *end = memchr(text + at, '\n', bytes - at);
		char line[TGT_LINE_MAX + 1];
		char shown[TGT_LINE_MAX + 1];

		length = end != NULL ? (size_t)(end - text) - at : bytes - at;
		if (end != NULL && p->foreign && !line_readable(text + at, length)) {
			continue;
		}
		if (end == NULL || !line_readable(text + at, length)) {
			return err_set(err, -EBADMSG,
				       "line %zu of tgtadm's output is cut off, too long or "
				       "binary",
				       number);
		}
		memcpy(line, text + at, length);
		line[length] = '\0';
		memcpy(shown, line, length + 1);
		if (!line_parse(p, line)) {
			return refused(p, number, shown, err);
		}
	}
	return target_end(p) ? 0 : err_set(err, -EBADMSG, "tgtadm's output ends within a target");
}

int tgt_show_parse(const char *text, size_t bytes, const char *prefix, struct tgt_show *ret,
		   struct err *err)
{
	struct parser parser = {.prefix = prefix, .show = ret};
	int rc;

	*ret = (struct tgt_show){0};
	if (bytes > TGT_SHOW_MAX) {
		return err_set(err, -EBADMSG, "tgtadm's output has %zu bytes; at most %u are read",
			       bytes, TGT_SHOW_MAX);
	}
	rc = lines_parse(&parser, text, bytes, err);
	if (rc != 0) {
		tgt_show_release(ret);
	}
	return rc;
}

void tgt_show_release(struct tgt_show *show)
{
	for (size_t i = 0; i < show->count; i++) {
		free(show->targets[i].acl);
		free(show->targets[i].connections);
		free(show->targets[i].units);
		for (size_t k = 0; k < show->targets[i].n_accounts; k++) {
			free(show->targets[i].accounts[k]);
		}
		free(show->targets[i].accounts);
		free(show->targets[i].array_account);
	}
	free(show->targets);
	*show = (struct tgt_show){0};
}

const struct tgt_target *tgt_show_find(const struct tgt_show *show, const char *name)
{
	for (size_t i = 0; i < show->count; i++) {
		if (strcmp(show->targets[i].name, name) == 0) {
			return &show->targets[i];
		}
	}
	return NULL;
}

const struct tgt_unit *tgt_target_find_unit(const struct tgt_target *target, unsigned long number)
{
	for (size_t i = 0; i < target->n_units; i++) {
		if (target->units[i].number == number) {
			return &target->units[i];
		}
	}
	return NULL;
}

/* "Portal: 10.0.0.1:3260,1" */
static bool portal_line(struct tgt_portals *portals, const char *line, size_t length)
{
	static const char key[] = "Portal: ";
	const char *comma = memrchr(line, ',', length);
	size_t skip = strlen(key);

	if (length <= skip || strncmp(line, key, skip) != 0 || comma == NULL ||
	    comma <= line + skip || (size_t)(comma - line) - skip > ISCSI_PORTAL_MAX ||
	    portals->count >= TGT_PORTALS_MAX) {
		return false;
	}
	memcpy(portals->address[portals->count], line + skip, (size_t)(comma - line) - skip);
	portals->address[portals->count++][(size_t)(comma - line) - skip] = '\0';
	return true;
}

int tgt_portals_parse(const char *text, size_t bytes, struct tgt_portals *ret, struct err *err)
{
	*ret = (struct tgt_portals){0};
	for (size_t at = 0; at < bytes;) {
		const char *end = memchr(text + at, '\n', bytes - at);
		size_t length = end != NULL ? (size_t)(end - text) - at : 0;

		if (end == NULL || memchr(text + at, '\0', length) != NULL ||
		    !portal_line(ret, text + at, length)) {
			return err_set(err, -EBADMSG,
				       "tgtadm's list of portals is not understood: '%.*s'",
				       (int)(bytes - at < 120 ? bytes - at : 120), text + at);
		}
		at += length + 1;
	}
	return 0;
}
