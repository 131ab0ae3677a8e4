/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/lun.h"

#include <glib.h>
#include <string.h>

#include "names/name.h"
#include "names/size.h"

#define EXTENT_GRAIN_BYTES 512u
#define EXTENT_TEXT_MAX 191 /* characters of NAME:OFFSET+LENGTH; a longer text is refused */
#define BLANKS " \t\n\r"

const struct lun *luns_find(const struct lun *luns, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(luns[i].name, name) == 0) {
			return &luns[i];
		}
	}
	return NULL;
}

bool lun_name_valid(const char *name)
{
	return name != NULL && name_valid(name, LUN_NAME_MAX, "._-");
}

/* Requires iqn.YYYY-MM. and at least one character of a reversed domain name. */
static bool iqn_date_valid(const char *name)
{
	static const char shape[] = "iqn.####-##.";
	size_t i;

	for (i = 0; shape[i] != '\0'; i++) {
		if (shape[i] == '#' ? !g_ascii_isdigit(name[i]) : shape[i] != name[i]) {
			return false;
		}
	}
	return g_ascii_islower(name[i]) || g_ascii_isdigit(name[i]);
}

static bool hex_tail_valid(const char *tail, size_t length_a, size_t length_b)
{
	size_t length = strspn(tail, "0123456789abcdefABCDEF");

	return tail[length] == '\0' && (length == length_a || length == length_b);
}

/* RFC 7143 4.2.7, with the character set of RFC 3722: no '_' and no upper case. */
bool iscsi_name_valid(const char *name)
{
	size_t length;

	if (name == NULL) {
		return false;
	}
	if (strncmp(name, "eui.", 4) == 0) {
		return hex_tail_valid(name + 4, 16, 16);
	}
	if (strncmp(name, "naa.", 4) == 0) {
		return hex_tail_valid(name + 4, 16, 32);
	}
	length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.:-");
	return name[length] == '\0' && length <= ISCSI_NAME_MAX && iqn_date_valid(name);
}

bool drive_target_valid(const char *target)
{
	static const char *const buses[] = {"vd", "sd", "hd", "xvd", "fd"};

	for (size_t i = 0; target != NULL && i < G_N_ELEMENTS(buses); i++) {
		size_t bus = strlen(buses[i]);
		size_t unit;

		if (strncmp(target, buses[i], bus) != 0) {
			continue;
		}
		unit = strspn(target + bus, "abcdefghijklmnopqrstuvwxyz");
		return unit > 0 && target[bus + unit] == '\0' && bus + unit <= DRIVE_TARGET_MAX;
	}
	return false;
}

bool drive_equal(const struct drive *a, const struct drive *b)
{
	return strcmp(a->target, b->target) == 0 && a->read_only == b->read_only &&
	       strcmp(a->extent.lun, b->extent.lun) == 0 &&
	       a->extent.offset_bytes == b->extent.offset_bytes &&
	       a->extent.length_bytes == b->extent.length_bytes;
}

bool drive_is_no_disk(const char *target)
{
	return strcmp(target, DRIVE_FLASH) == 0 || strcmp(target, DRIVE_TPM) == 0;
}

/* The flash chip is the whole LUN: QEMU takes no part of one. So is the TPM. */
static int whole_check(const struct drive *drive, struct err *err)
{
	if (drive->read_only || drive->extent.length_bytes != 0) {
		return err_set(err, -EINVAL,
			       "%s is the whole LUN '%s', and the guest writes to it: name it as "
			       "%s=%s",
			       drive->target, drive->extent.lun, drive->target, drive->extent.lun);
	}
	return 0;
}

static int range_from_str(const char *text, const char *range, struct extent *extent,
			  struct err *err)
{
	uint64_t end;

	if (!size_take(&range, &extent->offset_bytes) || *range != '+') {
		return err_set(err, -EINVAL,
			       "'%s' is not NAME:OFFSET+LENGTH; sizes are bytes or whole KiB, MiB, "
			       "GiB, TiB below 2^64",
			       text);
	}
	range++;
	if (!size_take(&range, &extent->length_bytes) || *range != '\0') {
		return err_set(err, -EINVAL,
			       "the length in '%s' is not a number of bytes or of whole KiB, MiB, "
			       "GiB, TiB below 2^64",
			       text);
	}
	if (extent->length_bytes == 0) {
		return err_set(err, -EINVAL,
			       "the length in '%s' is 0; name the LUN alone to use all of it",
			       text);
	}
	if (extent->offset_bytes % EXTENT_GRAIN_BYTES != 0 ||
	    extent->length_bytes % EXTENT_GRAIN_BYTES != 0) {
		return err_set(err, -EINVAL, "offset and length in '%s' must be multiples of %u",
			       text, EXTENT_GRAIN_BYTES);
	}
	if (__builtin_add_overflow(extent->offset_bytes, extent->length_bytes, &end)) {
		return err_set(err, -EINVAL, "the end of '%s' is beyond 2^64 bytes", text);
	}
	return 0;
}

int extent_from_str(const char *text, struct extent *ret, struct err *err)
{
	struct extent extent = {0};
	const char *colon;
	size_t length;

	if (text == NULL || strnlen(text, EXTENT_TEXT_MAX + 1) > EXTENT_TEXT_MAX) {
		return err_set(err, -EINVAL,
			       "a LUN is named by NAME or NAME:OFFSET+LENGTH, in at most "
			       "%d characters",
			       EXTENT_TEXT_MAX);
	}
	colon = strchr(text, ':');
	length = colon == NULL ? strlen(text) : (size_t)(colon - text);
	if (length <= LUN_NAME_MAX) {
		memcpy(extent.lun, text, length);
	}
	if (!lun_name_valid(extent.lun)) {
		return err_set(
			err, -EINVAL,
			"'%.*s' is not a LUN name: 1 to %d letters, digits, '.', '_' or '-', the "
			"first a letter or digit",
			(int)length, text, LUN_NAME_MAX);
	}
	if (colon != NULL) {
		int rc = range_from_str(text, colon + 1, &extent, err);

		if (rc < 0) {
			return rc;
		}
	}
	*ret = extent;
	return 0;
}

static uint64_t extent_end(const struct extent *extent)
{
	uint64_t end;

	if (extent->length_bytes == 0 ||
	    __builtin_add_overflow(extent->offset_bytes, extent->length_bytes, &end)) {
		return UINT64_MAX;
	}
	return end;
}

bool extent_overlaps(const struct extent *a, const struct extent *b)
{
	return strcmp(a->lun, b->lun) == 0 && a->offset_bytes < extent_end(b) &&
	       b->offset_bytes < extent_end(a);
}

/* Cuts ":ro" off the end of word. */
static bool read_only_take(char *word)
{
	static const char suffix[] = ":ro";
	size_t length = strlen(word);
	size_t cut = strlen(suffix);

	if (length < cut || strcmp(word + length - cut, suffix) != 0) {
		return false;
	}
	word[length - cut] = '\0';
	return true;
}

static int drive_from_str(char *word, struct drive *ret, struct err *err)
{
	struct drive drive = {.read_only = read_only_take(word)};
	const char *equals = strchr(word, '=');
	size_t length = equals == NULL ? 0 : (size_t)(equals - word);
	int rc;

	if (length > 0 && length <= DRIVE_TARGET_MAX) {
		memcpy(drive.target, word, length);
	}
	if (!drive_target_valid(drive.target) && !drive_is_no_disk(drive.target)) {
		return err_set(
			err, -EINVAL,
			"'%s' is not DRIVE=LUN, where DRIVE is the disk's target in the domain, "
			"such as vda or sdb, or " DRIVE_FLASH " for the variables of UEFI, "
			"or " DRIVE_TPM " for the state of a TPM",
			word);
	}
	rc = extent_from_str(equals + 1, &drive.extent, err);
	if (rc < 0) {
		return err_prefix(err, rc, "drive %s", drive.target);
	}
	rc = drive_is_no_disk(drive.target) ? whole_check(&drive, err) : 0;
	if (rc < 0) {
		return rc;
	}
	*ret = drive;
	return 0;
}

static int drive_check_against(const struct drive *drive, const struct drive *others, size_t count,
			       struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(drive->target, others[i].target) == 0) {
			return err_set(err, -EINVAL, "drive %s is named twice", drive->target);
		}
		if (extent_overlaps(&drive->extent, &others[i].extent)) {
			return err_set(err, -EINVAL, "drives %s and %s overlap on LUN '%s'",
				       others[i].target, drive->target, drive->extent.lun);
		}
		if (drive->read_only != others[i].read_only &&
		    strcmp(drive->extent.lun, others[i].extent.lun) == 0) {
			return err_set(err, -EINVAL,
				       "LUN '%s' is :ro for one of the drives %s and %s; a LUN is "
				       "read-only as a whole",
				       drive->extent.lun, others[i].target, drive->target);
		}
	}
	return 0;
}

int drives_from_str(const char *text, struct drive *ret_drives, size_t max, size_t *ret_count,
		    struct err *err)
{
	size_t count = 0;

	*ret_count = 0;
	for (text += strspn(text, BLANKS); *text != '\0'; text += strspn(text, BLANKS)) {
		char word[EXTENT_TEXT_MAX + DRIVE_TARGET_MAX + 2] = {0};
		size_t length = strcspn(text, BLANKS);
		int rc;

		if (length >= sizeof(word)) {
			return err_set(err, -EINVAL, "'%.40s...' is longer than %zu characters",
				       text, sizeof(word) - 1);
		}
		memcpy(word, text, length);
		text += length;
		if (count == max) {
			return err_set(err, -EINVAL,
				       "'%s' is one drive too many; at most %zu are legal", word,
				       max);
		}
		rc = drive_from_str(word, &ret_drives[count], err);
		rc = rc < 0 ? rc : drive_check_against(&ret_drives[count], ret_drives, count, err);
		if (rc < 0) {
			return rc;
		}
		count++;
	}
	if (count == 0) {
		return err_set(err, -EINVAL,
			       "no drive is named; legal is a list such as "
			       "\"vda=web1-root vdb=web1-data:0+10GiB sda=iso-debian12:ro\"");
	}
	*ret_count = count;
	return 0;
}
