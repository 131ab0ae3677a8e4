/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "template/template.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/ini.h"
#include "config/trusted_file.h"
#include "domain/mapping.h"
#include "names/name.h"
#include "names/size.h"
#include "state/slot.h"
#include "template/template_image.h"

#define DEFINITION_DEFAULT "domain.xml"
#define NAMES_TEXT_MAX 512
#define DESCRIPTION_MAX 200
#define NETWORK_MAX 63
#define MEMORY_MIN_BYTES (UINT64_C(1) << 20)
#define MEMORY_MAX_BYTES (UINT64_C(1) << 50)
/* What a saved image has beside the guest's memory. */
#define STATE_MARGIN_BYTES (UINT64_C(64) << 20)
/* Arrays have volumes of whole extents, on several devices. */
#define STATE_GRAIN_BYTES (UINT64_C(64) << 20)

/* The keys and their values. */

static int size_check(const char *value, struct err *err)
{
	uint64_t bytes;

	return size_from_str(value, &bytes, err);
}

static int memory_check(const char *value, struct err *err)
{
	uint64_t bytes;
	int rc = size_from_str(value, &bytes, err);

	return rc != 0 || (bytes >= MEMORY_MIN_BYTES && bytes <= MEMORY_MAX_BYTES)
		       ? rc
		       : err_set(err, -EINVAL, "'%.40s' is not a guest's memory: 1MiB to 1024TiB",
				 value);
}

static int vcpus_check(const char *value, struct err *err)
{
	return g_ascii_string_to_unsigned(value, 10, 1, TEMPLATE_VCPUS_MAX, NULL, NULL)
		       ? 0
		       : err_set(err, -EINVAL, "'%.40s' is not a number of CPUs: 1 to %d", value,
				 TEMPLATE_VCPUS_MAX);
}

static int description_check(const char *value, struct err *err)
{
	return text_check(value, DESCRIPTION_MAX, err);
}

static int network_check(const char *value, struct err *err)
{
	return text_check(value, NETWORK_MAX, err);
}

static int name_check(const char *value, struct err *err)
{
	return lun_name_valid(value)
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.80s' is not a name: letters, digits, '.', '_', '-', at most "
				 "%d, the first a letter or digit",
				 value, LUN_NAME_MAX);
}

/* A file of the folder: a path could name a file that others may write. */
static int file_check(const char *value, struct err *err)
{
	return name_valid(value, 255, "._-+")
		       ? 0
		       : err_set(err, -EINVAL,
				 "'%.80s' is not the name of a file in the template's folder",
				 value);
}

static int image_check(const char *value, struct err *err)
{
	return value[0] == '/' ? text_check(value, 1023, err) : file_check(value, err);
}

static const struct ini_key template_keys[] = {
	INI_KEY(template, description, .fallback = "", .check = description_check),
	INI_KEY(template, definition, .fallback = DEFINITION_DEFAULT, .check = file_check),
	INI_KEY(template, memory, .required = true, .check = memory_check),
	INI_KEY(template, vcpus, .fallback = "1", .check = vcpus_check),
	INI_KEY(template, network, .fallback = "default", .check = network_check),
	INI_KEY(template, class, .fallback = "none", .check = name_check),
	INI_KEY(template, state_size, .check = size_check),
};

static const struct ini_key drive_keys[] = {
	INI_KEY(template_drive, size, .check = size_check),
	INI_KEY(template_drive, image, .check = image_check),
	INI_KEY(template_drive, format, .check = template_image_format_check),
	INI_KEY(template_drive, medium, .check = name_check),
	INI_KEY(template_drive, class, .check = name_check),
};

static void *drive_place(void *target, const char *name, struct err *err)
{
	struct template *template = target;

	if (template->n_drives == TEMPLATE_DRIVES_MAX) {
		(void)err_set(err, -EINVAL, "there are more than %d drives", TEMPLATE_DRIVES_MAX);
		return NULL;
	}
	if (!drive_target_valid(name) && strcmp(name, DRIVE_FLASH) != 0) {
		(void)err_set(err, -EINVAL,
			      "'%s' is not the target of a disk: legal are vda, sda, hda, xvda, "
			      "fda and so on, and " DRIVE_FLASH,
			      name);
		return NULL;
	}
	template->drives[template->n_drives].target = g_strdup(name);
	return &template->drives[template->n_drives++];
}

static int drive_wrong(const struct template_drive *drive, struct err *err)
{
	if ((drive->medium == NULL) == (drive->size == NULL)) {
		return err_set(err, -EINVAL,
			       "set size, for a LUN that is made for each VM, or medium, for one "
			       "that is there and read-only; not both");
	}
	if (drive->medium != NULL && (drive->image != NULL || drive->class != NULL)) {
		return err_set(err, -EINVAL, "a medium is there: it takes no image and no class");
	}
	if (drive->format != NULL && drive->image == NULL) {
		return err_set(err, -EINVAL, "format is set, but no image");
	}
	if (strcmp(drive->target, DRIVE_FLASH) == 0 &&
	    (drive->image != NULL || drive->medium != NULL)) {
		return err_set(err, -EINVAL,
			       "the first start fills " DRIVE_FLASH ": it takes only size and "
			       "class");
	}
	return 0;
}

static int drive_complete(void *target, void *place, struct err *err)
{
	struct template *template = target;
	struct template_drive *drive = place;
	int rc = drive_wrong(drive, err);

	if (rc == 0 && drive->size != NULL) {
		rc = size_from_str(drive->size, &drive->size_bytes, err);
	}
	if (rc == 0 && drive->image != NULL && drive->image[0] != '/') {
		char *path = g_build_filename(template->folder, drive->image, NULL);

		g_free(drive->image);
		drive->image = path;
	}
	if (rc == 0 && drive->image != NULL && drive->format == NULL) {
		rc = template_image_format_guess(drive->image, &drive->format, err);
	}
	return rc;
}

static int template_complete(void *target, void *place, struct err *err)
{
	struct template *template = place;
	int rc = size_from_str(template->memory, &template->memory_bytes, err);

	(void)target;
	template->n_vcpus = (unsigned int)strtoul(template->vcpus, NULL, 10);
	return rc;
}

enum { TEMPLATE, DRIVE };

static const struct ini_section sections[] = {
	[TEMPLATE] = {.kind = "template",
		      .keys = template_keys,
		      .n_keys = G_N_ELEMENTS(template_keys),
		      .complete = template_complete},
	[DRIVE] = {.kind = "drive",
		   .placeholder = "TARGET",
		   .name_max = DRIVE_TARGET_MAX,
		   .keys = drive_keys,
		   .n_keys = G_N_ELEMENTS(drive_keys),
		   .place = drive_place,
		   .complete = drive_complete},
};

static const struct ini template_ini = {sections, G_N_ELEMENTS(sections), TEMPLATE_FILE_MAX_BYTES};

/* A drive without a class has the template's, which may come after it in the file. */
static int whole_check(struct template *template, const char *file, struct err *err)
{
	for (size_t i = 0; i < template->n_drives; i++) {
		struct template_drive *drive = &template->drives[i];

		if (drive->medium == NULL && drive->class == NULL) {
			drive->class = g_strdup(template->class);
		}
	}
	return template->n_drives > 0
		       ? 0
		       : err_set(err, -EINVAL, "%s: there is no [drive TARGET]", file);
}

static struct template *template_new(const char *folder, const char *name)
{
	struct template *template = g_new0(struct template, 1);

	template->folder = g_strdup(folder);
	template->name = g_strdup(name);
	return template;
}

int template_parse(const char *text, size_t bytes, const char *folder, const char *name,
		   struct template **ret, struct err *err)
{
	struct template *template = template_new(folder, name);
	int rc = ini_parse(&template_ini, text, bytes, TEMPLATE_FILE, template, err);

	rc = rc < 0 ? rc : whole_check(template, TEMPLATE_FILE, err);
	if (rc < 0) {
		template_free(template);
		return rc;
	}
	*ret = template;
	return 0;
}

void template_free(struct template *template)
{
	if (template == NULL) {
		return;
	}
	ini_release(&sections[TEMPLATE], template);
	for (size_t i = 0; i < template->n_drives; i++) {
		g_free(template->drives[i].target);
		ini_release(&sections[DRIVE], &template->drives[i]);
	}
	g_free(template->xml);
	g_free(template->folder);
	g_free(template->name);
	g_free(template);
}

void template_drop(struct template **template)
{
	template_free(*template);
}

/* Files */

static int definition_read(struct template *template, struct err *err)
{
	g_autofree char *path = g_build_filename(template->folder, template->definition, NULL);
	size_t bytes;
	int rc;

	template->xml = g_malloc0(MAPPING_MAX_BYTES + 1);
	rc = trusted_file_read(path, template->xml, MAPPING_MAX_BYTES + 1, &bytes, err);
	if (rc == 0 && (bytes > MAPPING_MAX_BYTES || strlen(template->xml) != bytes)) {
		rc = err_set(err, -EINVAL, "it is not a text of at most %u bytes",
			     MAPPING_MAX_BYTES);
	}
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}

static int template_load(const char *folder, const char *name, struct template **ret,
			 struct err *err)
{
	struct template *template = template_new(folder, name);
	g_autofree char *path = g_build_filename(folder, TEMPLATE_FILE, NULL);
	int rc = ini_load(&template_ini, path, template, err);

	rc = rc < 0 ? rc : whole_check(template, path, err);
	rc = rc < 0 ? rc : definition_read(template, err);
	if (rc < 0) {
		template_free(template);
		return rc;
	}
	*ret = template;
	return 0;
}

const char *const *template_folders(void)
{
	static const char *const folders[] = {TEMPLATE_FOLDER_LOCAL, LUNMASK_TEMPLATES_FOLDER,
					      NULL};
	static const char *others[2];

	others[0] = getenv("LUNMASK_TEMPLATES");
	return others[0] != NULL && others[0][0] != '\0' ? others : folders;
}

static char *folder_of(const char *const *folders, const char *name)
{
	for (; *folders != NULL; folders++) {
		g_autofree char *file = g_build_filename(*folders, name, TEMPLATE_FILE, NULL);

		if (g_file_test(file, G_FILE_TEST_EXISTS)) {
			return g_build_filename(*folders, name, NULL);
		}
	}
	return NULL;
}

static bool template_name_valid(const char *name)
{
	return name_valid(name, TEMPLATE_NAME_MAX, "._-");
}

int template_find(const char *const *folders, const char *name, struct template **ret,
		  struct err *err)
{
	char names[NAMES_TEXT_MAX] = "";
	g_autofree char *folder = NULL;
	g_auto(GStrv) others = NULL;

	folders = folders == NULL ? template_folders() : folders;
	folder = template_name_valid(name) ? folder_of(folders, name) : NULL;
	if (folder != NULL) {
		return template_load(folder, name, ret, err);
	}
	others = template_names(folders);
	for (char **other = others; *other != NULL; other++) {
		text_list_add(names, sizeof(names), *other);
	}
	return err_set(err, -ENOENT, "there is no template '%.80s' below %s%s%s; there are: %s",
		       name, folders[0], folders[1] != NULL ? " or " : "",
		       folders[1] != NULL ? folders[1] : "", *names == '\0' ? "none" : names);
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **template_names(const char *const *folders)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *names = g_ptr_array_new();

	folders = folders == NULL ? template_folders() : folders;
	for (size_t i = 0; folders[i] != NULL; i++) {
		g_autoptr(GDir) dir = g_dir_open(folders[i], 0, NULL);
		const char *name;

		while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
			g_autofree char *folder =
				template_name_valid(name) ? folder_of(folders, name) : NULL;

			if (folder != NULL && g_hash_table_add(seen, g_strdup(name))) {
				g_ptr_array_add(names, g_strdup(name));
			}
		}
	}
	if (names->len > 0) {
		qsort(names->pdata, names->len, sizeof(names->pdata[0]), text_compare);
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

/* Changes by the caller */

struct template_drive *template_drive_find(struct template *template, const char *target)
{
	for (size_t i = 0; i < template->n_drives; i++) {
		if (strcmp(template->drives[i].target, target) == 0) {
			return &template->drives[i];
		}
	}
	return NULL;
}

int template_size_set(struct template *template, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	g_autofree char *target = equals != NULL ? g_strndup(text, (size_t)(equals - text)) : NULL;
	struct template_drive *drive =
		target != NULL ? template_drive_find(template, target) : NULL;
	char names[NAMES_TEXT_MAX] = "";

	if (drive != NULL && drive->size != NULL) {
		return size_from_str(equals + 1, &drive->size_bytes, err);
	}
	for (size_t i = 0; i < template->n_drives; i++) {
		if (template->drives[i].size != NULL) {
			text_list_add(names, sizeof(names), template->drives[i].target);
		}
	}
	return err_set(err, -EINVAL,
		       "'%.80s' is not DRIVE=SIZE, such as vda=20GiB; drives of template '%s' that "
		       "have a size: %s",
		       text, template->name, *names == '\0' ? "none" : names);
}

uint64_t template_state_bytes_default(uint64_t memory_bytes)
{
	uint64_t bytes = SLOT_AREA_BYTES + memory_bytes + STATE_MARGIN_BYTES;

	return (bytes + STATE_GRAIN_BYTES - 1) / STATE_GRAIN_BYTES * STATE_GRAIN_BYTES;
}

uint64_t template_state_bytes(const struct template *template, uint64_t memory_bytes)
{
	uint64_t bytes = 0;

	if (template->state_size != NULL) {
		(void)size_from_str(template->state_size, &bytes, NULL);
		return bytes;
	}
	return template_state_bytes_default(memory_bytes);
}
