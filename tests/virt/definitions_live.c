/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The definitions of tests/definitions that are accepted, with a real libvirtd, QEMU and array:
 * each is built, created, moved into an image and back, and created again from what libvirt has
 * made of it, by the product's own functions. run.sh --corpus makes the namespaces. Arguments: the
 * folder of the definitions, a folder to save into, and optionally the only files to run.
 */
#include "tests/definitions/adapt.h"
#include "tests/definitions/corpus.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/hypervisor.h"

#define URI "qemu:///system"
#define IMAGE_BYTES ((off_t)1 << 34) /* sparse */

static const char *folder;
static char image[256];
static struct hypervisor *hv;
static struct mapping *mapping;

static struct deadline soon(void)
{
	return deadline_in(120000);
}

static void must(int rc, const char *what, const struct err *err)
{
	if (rc != 0) {
		fail_msg("%s: %d: %s", what, rc, err_text(err));
	}
}

static void expect_state(enum domain_state expected)
{
	enum domain_state state = DOMAIN_STATE_MAX;
	struct err err = ERR_INIT;

	must(hypervisor_domain_state(hv, mapping->vm, soon(), &state, &err), "state", &err);
	assert_string_equal(domain_state_to_str(state), domain_state_to_str(expected));
}

static void create(const struct mapping *of, const char *what)
{
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;

	must(corpus_render(of, NULL, &xml, &err), what, &err);
	must(hypervisor_create(hv, xml, soon(), &err), what, &err);
	expect_state(DOMAIN_RUNNING);
}

/* The definition that runs, for libvirt on a host that reaches the LUNs as this one does. */
static char *running(char **ret_raw)
{
	char *xml = NULL;
	struct err err = ERR_INIT;

	must(hypervisor_domain_xml(hv, mapping->vm, soon(), ret_raw, &err), "its definition", &err);
	must(corpus_render(mapping, *ret_raw, &xml, &err), "what libvirt made of it", &err);
	return xml;
}

static void save(const char *xml)
{
	struct err err = ERR_INIT;
	int fd = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0 && close(fd) == 0);
	must(hypervisor_save(hv, mapping->vm, image, xml, soon(), &err), "save", &err);
	expect_state(DOMAIN_ABSENT);
}

static void restore(void)
{
	g_autofree char *raw = NULL;
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;

	must(hypervisor_image_xml(hv, image, soon(), &raw, &err), "the image's definition", &err);
	must(corpus_render(mapping, raw, &xml, &err), "the image's definition", &err);
	must(hypervisor_restore_paused(hv, image, xml, soon(), &err), "restore", &err);
	expect_state(DOMAIN_PAUSED_MIGRATION);
	must(hypervisor_resume(hv, mapping->vm, soon(), &err), "resume", &err);
	expect_state(DOMAIN_RUNNING);
}

static void definition__moves(void **state)
{
	const struct corpus_row *row = *state;
	g_autofree char *text = corpus_read(folder, row->file);
	g_autofree char *adapted = adapt_to_machine(row->file, text);
	g_autofree char *raw = NULL;
	g_autofree char *xml = NULL;
	struct mapping *complete = NULL;
	struct err err = ERR_INIT;

	must(corpus_build(adapted, row->verdict == CORPUS_MEDIUM, &mapping, &err), "build", &err);
	/* What libvirt would take is not refused before. */
	must(hypervisor_check_xml(hv, mapping->xml, soon(), &err), "check", &err);
	create(mapping, "create");
	xml = running(&raw);
	must(hypervisor_preflight(hv, "another", xml, soon(), &err), "preflight", &err);
	must(corpus_complete(mapping, raw, &complete, &err), "complete", &err);
	save(xml);
	restore();
	must(hypervisor_destroy(hv, mapping->vm, soon(), &err), "destroy", &err);
	mapping_free(mapping);
	mapping = complete;
	must(hypervisor_check_xml(hv, mapping->xml, soon(), &err), "check again", &err);
	create(mapping, "the next start");
}

/* Nothing is refused that libvirt would take, so somebody has to say that it would not. */
static void definition__is_refused_by_libvirt(void **state)
{
	const struct corpus_row *row = *state;
	g_autofree char *text = corpus_read(folder, row->file);
	g_autofree char *adapted = adapt_to_machine(row->file, text);
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;

	must(corpus_build(adapted, row->verdict == CORPUS_MEDIUM, &mapping, &err), "build", &err);
	must(corpus_render(mapping, NULL, &xml, &err), "render", &err);
	assert_int_equal(hypervisor_create(hv, xml, soon(), &err), -EIO);
	if (strstr(err_text(&err), row->text) == NULL) {
		fail_msg("'%s' is not in '%s'", row->text, err_text(&err));
	}
}

static int begin(void **state)
{
	(void)state;
	return hypervisor_open(URI, soon(), &hv, NULL);
}

static int end(void **state)
{
	int rc = mapping == NULL ? 0 : hypervisor_destroy(hv, mapping->vm, soon(), NULL);

	(void)state;
	hypervisor_close(hv);
	mapping_free(mapping);
	mapping = NULL;
	(void)unlink(image);
	return rc;
}

static bool is_wanted(const struct corpus_row *row, int argc, char **argv)
{
	bool wanted = argc == 3;

	for (int i = 3; i < argc; i++) {
		wanted = wanted || strcmp(argv[i], row->file) == 0;
	}
	return wanted && (row->verdict == CORPUS_RESTORED || row->verdict == CORPUS_MEDIUM ||
			  row->verdict == CORPUS_LIBVIRT);
}

int main(int argc, char **argv)
{
	struct corpus_row *rows;
	struct CMUnitTest *tests;
	size_t n_rows;
	size_t n = 0;
	int rc;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: definitions_live DEFINITIONS FOLDER [FILE...]\n");
		return 2;
	}
	folder = argv[1];
	(void)snprintf(image, sizeof(image), "%s/corpus.image", argv[2]);
	rows = corpus_load(folder, &n_rows);
	tests = g_new0(struct CMUnitTest, n_rows + 1);
	for (size_t i = 0; i < n_rows; i++) {
		if (is_wanted(&rows[i], argc, argv)) {
			tests[n++] = (struct CMUnitTest){
				.name = rows[i].file,
				.test_func = rows[i].verdict == CORPUS_LIBVIRT
						     ? definition__is_refused_by_libvirt
						     : definition__moves,
				.setup_func = begin,
				.teardown_func = end,
				.initial_state = &rows[i]};
		}
	}
	rc = _cmocka_run_group_tests("definitions", tests, n, NULL, NULL);
	corpus_free(rows, n_rows);
	g_free(tests);
	return rc;
}
