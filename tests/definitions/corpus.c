/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/definitions/corpus.h"

#include "tests/unit/test.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"

static const char *const verdicts[] = {
	[CORPUS_REFUSED] = "refused",   [CORPUS_LIBVIRT] = "libvirt",   [CORPUS_MEDIUM] = "medium",
	[CORPUS_ACCEPTED] = "accepted", [CORPUS_RESTORED] = "restored",
};

static void row_read(const char *line, struct corpus_row *ret)
{
	char **fields = g_strsplit(line, "|", 4);
	size_t i;

	if (g_strv_length(fields) != 4) {
		fail_msg("FILE | VERDICT | TEXT | WHY is the form of a row: %s", line);
	}
	for (i = 0; i < 4; i++) {
		g_strstrip(fields[i]);
	}
	for (i = 0; i < G_N_ELEMENTS(verdicts) && strcmp(verdicts[i], fields[1]) != 0; i++) {
	}
	if (i == G_N_ELEMENTS(verdicts) || (i <= CORPUS_MEDIUM) == (strcmp(fields[2], "-") == 0)) {
		fail_msg("no such verdict, or a text without need: %s", line);
	}
	*ret = (struct corpus_row){.file = g_strdup(fields[0]),
				   .verdict = (enum corpus_verdict)i,
				   .text = g_strdup(fields[2]),
				   .why = g_strdup(fields[3])};
	g_strfreev(fields);
}

char *corpus_read(const char *folder, const char *file)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		fail_msg("%s", error->message);
	}
	return text;
}

struct corpus_row *corpus_load(const char *folder, size_t *ret_count)
{
	g_autofree char *text = corpus_read(folder, "index");
	char **lines = g_strsplit(text, "\n", -1);
	struct corpus_row *rows = g_new0(struct corpus_row, g_strv_length(lines));

	*ret_count = 0;
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (lines[i][0] != '#' && lines[i][0] != '\0') {
			row_read(lines[i], &rows[(*ret_count)++]);
		}
	}
	g_strfreev(lines);
	return rows;
}

void corpus_free(struct corpus_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_free(rows[i].file);
		g_free(rows[i].text);
		g_free(rows[i].why);
	}
	g_free(rows);
}

static void luns_make(struct lun luns[CORPUS_LUNS])
{
	for (unsigned int i = 0; i < CORPUS_LUNS; i++) {
		luns[i] = (struct lun){
			.target = CORPUS_TARGET, .number = i + 1, .size_bytes = CORPUS_LUN_BYTES};
		(void)snprintf(luns[i].name, sizeof(luns[i].name), "corpus-%u", i + 1);
		(void)snprintf(luns[i].designator, sizeof(luns[i].designator), "naa.600%u", i + 1);
	}
	luns[CORPUS_LUNS - 1].size_bytes = CORPUS_FLASH_BYTES;
}

/* The last LUN but one is the state LUN. What is no drive by its name is refused later. */
static size_t drives_make(xmlNodePtr domain, const struct lun *luns, bool media,
			  struct drive drives[CORPUS_LUNS - 1])
{
	xmlNodePtr disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");
	size_t n = 0;

	for (; disk != NULL; disk = xml_tree_next(disk, "disk")) {
		const char *target = xml_tree_attr(xml_tree_child(disk, "target"), "dev");
		bool reader = mapping_policy_is_reader(disk);

		if (target == NULL || !drive_target_valid(target) ||
		    (reader && (!media || mapping_policy_is_empty(disk)))) {
			continue;
		}
		assert_true(n < CORPUS_LUNS - 3);
		drives[n] = (struct drive){.read_only = reader};
		(void)snprintf(drives[n].target, sizeof(drives[n].target), "%s", target);
		strcpy(drives[n].extent.lun, luns[n].name);
		n++;
	}
	if (firmware_keeps_variables(domain)) {
		drives[n] = (struct drive){.target = DRIVE_FLASH};
		strcpy(drives[n++].extent.lun, luns[CORPUS_LUNS - 1].name);
	}
	if (xml_tree_child(xml_tree_child(domain, "devices"), "tpm") != NULL) {
		drives[n] = (struct drive){.target = DRIVE_TPM};
		strcpy(drives[n++].extent.lun, luns[CORPUS_LUNS - 3].name);
	}
	return n;
}

int corpus_build(const char *xml, bool media, struct mapping **ret, struct err *err)
{
	struct drive drives[CORPUS_LUNS - 1];
	struct lun luns[CORPUS_LUNS];
	struct extent state = {"corpus-6", 0, 0};
	struct mapping_source source = {.domain_xml = xml,
					.vm = "",
					.array = "san1",
					.drives = drives,
					.state = &state,
					.luns = luns,
					.n_luns = CORPUS_LUNS};
	AUTO_XML doc = NULL;
	const char *name;

	luns_make(luns);
	if (domain_xml_parse(xml, strlen(xml), &doc, NULL) == 0) {
		source.n_drives = drives_make(xmlDocGetRootElement(doc), luns, media, drives);
		name = xml_tree_text(xml_tree_child(xmlDocGetRootElement(doc), "name"));
		source.vm = name == NULL ? "" : name;
	}
	return mapping_build(&source, ret, err);
}

int corpus_render(const struct mapping *mapping, const char *definition, char **ret_xml,
		  struct err *err)
{
	struct lun luns[CORPUS_LUNS];
	struct mapping_host host = {.initiator = CORPUS_INITIATOR,
				    .portal = CORPUS_PORTAL,
				    .luns = luns,
				    .n_luns = CORPUS_LUNS};

	luns_make(luns);
	return definition == NULL
		       ? mapping_domain_xml(mapping, &host, ret_xml, err)
		       : mapping_definition_xml(mapping, definition, &host, ret_xml, err);
}

int corpus_complete(const struct mapping *mapping, const char *definition, struct mapping **ret,
		    struct err *err)
{
	struct lun luns[CORPUS_LUNS];

	luns_make(luns);
	return mapping_complete(mapping, definition, luns, CORPUS_LUNS, ret, err);
}
