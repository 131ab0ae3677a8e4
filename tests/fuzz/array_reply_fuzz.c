/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libFuzzer target: replies of an array driver. What is accepted must answer what was asked. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array/array_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const NAMES[] = {"a", "b"};
static const struct array_change CHANGE = {
	.luns = NAMES, .n_luns = 2, .grant = "iqn.2026-11.x:t", .revoke = "iqn.2026-11.x:s"};

static void luns_check(const char *reply, size_t size)
{
	struct lun luns[2];
	struct err err = ERR_INIT;
	int rc = array_wire_decode_luns(reply, size, NAMES, 2, luns, &err);

	if (rc == 0 && (strcmp(luns[1].name, "b") != 0 || luns[0].size_bytes == 0 ||
			luns[0].designator[0] == '\0')) {
		abort();
	}
	if ((rc != 0) != (*err_text(&err) != '\0')) {
		abort();
	}
}

static void masks_check(const char *reply, size_t size)
{
	struct array_masks masks;

	if (array_wire_decode_masks(reply, size, NAMES, 2, &masks, NULL) == 0) {
		if (masks.count != 2 || strcmp(masks.masks[0].lun, "a") != 0 ||
		    masks.masks[1].initiators == NULL) {
			abort();
		}
		array_masks_release(&masks);
	}
}

static void apply_check(const char *reply, size_t size)
{
	struct array_changed changed;

	if (array_wire_decode_apply(reply, size, &CHANGE, &changed, NULL) == 0) {
		if (changed.n_granted > 2 || changed.n_revoked > 2) {
			abort();
		}
		array_changed_release(&changed);
	}
}

static void page_check(const char *reply, size_t size)
{
	struct array_masks masks;
	char next[LUN_NAME_MAX + 1];

	if (array_wire_decode_page(reply, size, &masks, next, NULL) == 0) {
		if (next[0] != '\0' && !lun_name_valid(next)) {
			abort();
		}
		for (size_t i = 0; i < masks.count; i++) {
			if (!lun_name_valid(masks.masks[i].lun) || masks.masks[i].nexuses == NULL) {
				abort();
			}
		}
		array_masks_release(&masks);
	}
}

static void fence_check(const char *reply, size_t size)
{
	static const char *const asked[] = {"iqn.2026-11.x:s"};
	struct array_fenced fenced;
	struct array_info info;

	if (array_wire_decode_fenced(reply, size, &fenced, NULL) == 0) {
		/* Both readers of one reply agree. */
		if ((array_wire_decode_confirmed(reply, size, "fenced", asked, 1, NULL) == 0) !=
		    array_fenced_has(&fenced, asked[0])) {
			abort();
		}
		for (size_t i = 0; i < fenced.n_hosts; i++) {
			if (!iscsi_name_valid(fenced.hosts[i].initiator)) {
				abort();
			}
		}
		array_fenced_release(&fenced);
	}
	(void)array_wire_decode_info(reply, size, &info, NULL);
}

static void ports_check(const char *reply, size_t size)
{
	struct array_ports ports;

	if (array_wire_decode_ports(reply, size, &ports, NULL) == 0) {
		for (size_t i = 0; i < ports.count; i++) {
			if (portal_check(ports.portals[i].portal, NULL) != 0 ||
			    ports.portals[i].state[0] == '\0') {
				abort();
			}
		}
	}
}

static void exposure_check(const char *reply, size_t size)
{
	struct array_exposure exposures[2];

	if (array_exposure_decode(reply, size, NAMES, 2, exposures, NULL) == 0) {
		for (size_t i = 0; i < exposures[1].n_portals; i++) {
			if (exposures[1].everywhere ||
			    portal_check(exposures[1].portals[i], NULL) != 0) {
				abort();
			}
		}
	}
}

static void catalog_check(const char *reply, size_t size)
{
	struct array_catalog catalog;

	if (array_catalog_decode(reply, size, &catalog, NULL) == 0) {
		for (size_t i = 0; i < catalog.count; i++) {
			if (!lun_name_valid(catalog.luns[i].name) ||
			    catalog.luns[i].designator[0] == '\0' ||
			    catalog.luns[i].condition.health >= LUN_HEALTH_MAX) {
				abort();
			}
		}
		array_catalog_release(&catalog);
	}
}

static void flag_check(const char *reply, size_t size)
{
	struct err err = ERR_INIT;
	bool created;

	if (array_wire_decode_flag(reply, size, "created", &created, &err) != 0 &&
	    *err_text(&err) == '\0') {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *reply = (const char *)data;

	luns_check(reply, size);
	masks_check(reply, size);
	apply_check(reply, size);
	page_check(reply, size);
	fence_check(reply, size);
	ports_check(reply, size);
	exposure_check(reply, size);
	catalog_check(reply, size);
	flag_check(reply, size);
	if (array_wire_decode_error(reply, size, NULL) == 0) {
		abort(); /* a failure is never none */
	}
	return 0;
}
