/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/lvm/lvm_volume.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "process/runner.h"

/* LVM waits for a lock of the group that another of its commands has. */
#define CALL_TIMEOUT_MS 60000
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* How lvcreate is told a class. */
static const struct layout {
	const char *class;
	unsigned int stripes_min; /* 0: it has no stripes */
	unsigned int stripes;     /* if the pool does not say how many */
	const char *words[5];
} layouts[] = {
	{"none", 1, 1, {"--type", "striped"}},
	{"mirror", 0, 1, {"--type", "raid1", "--mirrors", "1"}},
	{"raid5", 2, 2, {"--type", "raid5"}},
	{"raid6", 3, 4, {"--type", "raid6"}},
	{"raid10", 2, 2, {"--type", "raid10", "--mirrors", "1"}},
};

static const struct layout *layout_find(const char *class)
{
	for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
		if (strcmp(layouts[i].class, class) == 0) {
			return &layouts[i];
		}
	}
	return NULL;
}

static unsigned int stripes_of(const struct lvm_pool *pool, const struct layout *layout)
{
	return pool->thin_pool != NULL || layout->stripes_min == 0 ? 1
	       : pool->stripes != 0                                ? pool->stripes
								   : layout->stripes;
}

/* Commands */

static int command_failed(const char *command, const struct runner_result *result,
			  struct fault *fault)
{
	static const char *const full[] = {"nsufficient free space", "uitable allocatable extents",
					   "nsufficient suitable"};

	for (size_t i = 0; i < G_N_ELEMENTS(full); i++) {
		if (strstr(result->stderr_tail, full[i]) != NULL) {
			return fault_set(fault, ARRAY_ERROR_NO_SPACE, "%s: %s", command,
					 result->stderr_tail);
		}
	}
	return fault_set(fault, ARRAY_ERROR_INTERNAL, "%s: exit status %d: %s", command,
			 result->exit_status, result->stderr_tail);
}

/* The caller releases *ret after 0. */
static int call(const char *const *words, struct deadline deadline, struct runner_result *ret,
		struct fault *fault)
{
	const struct runner here = {.transport = "exec"};
	struct err err = ERR_INIT;
	int rc = runner_run(&here, words, "", LVM_REPORT_MAX,
			    deadline_within(deadline, CALL_TIMEOUT_MS), ret, &err);

	if (rc == -ENOENT) {
		return fault_set(fault, ARRAY_ERROR_INTERNAL, "install lvm2: %s", err_text(&err));
	}
	if (rc != 0) {
		return fault_set(fault, ARRAY_ERROR_UNREACHABLE, "%s does not answer: %s", words[0],
				 err_text(&err));
	}
	if (ret->exit_status != 0) {
		rc = command_failed(words[0], ret, fault);
		runner_result_release(ret);
	}
	return rc;
}

/* Has a time of its own: a command that is killed may leave devices suspended. */
static int act(const char *const *words, struct fault *fault)
{
	struct runner_result result;
	int rc = call(words, deadline_in(CALL_TIMEOUT_MS), &result, fault);

	if (rc == 0) {
		runner_result_release(&result);
	}
	return rc;
}

int lvm_volume_report(const struct lvm_pool *pool, struct deadline deadline, struct lvm_report *ret,
		      struct fault *fault)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	int rc = call(WORDS("lvs", "--all", "--reportformat", "json", "--units", "b", "--nosuffix",
			    "--options", LVM_REPORT_COLUMNS, pool->vg),
		      deadline, &result, fault);

	if (rc != 0) {
		return rc;
	}
	rc = lvm_report_parse(result.output, result.output_bytes, ret, &err);
	runner_result_release(&result);
	return rc == 0 ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "lvs %s: %s", pool->vg,
				   err_text(&err));
}

static int extent_ask(const struct lvm_pool *pool, struct deadline deadline, uint64_t *ret,
		      struct fault *fault)
{
	struct runner_result result;
	struct err err = ERR_INIT;
	int rc = call(WORDS("vgs", "--reportformat", "json", "--units", "b", "--nosuffix",
			    "--options", "vg_extent_size", pool->vg),
		      deadline, &result, fault);

	if (rc != 0) {
		return rc;
	}
	rc = lvm_report_extent(result.output, result.output_bytes, ret, &err);
	runner_result_release(&result);
	return rc == 0 ? 0
		       : fault_set(fault, ARRAY_ERROR_INTERNAL, "vgs %s: %s", pool->vg,
				   err_text(&err));
}

/* Plan */

/* LVM rounds up what is no multiple; the LUN would then be larger than was asked for. */
static int size_check(const struct lvm_pool *pool, const struct lvm_volume *volume,
		      unsigned int stripes, struct deadline deadline, struct fault *fault)
{
	uint64_t grain;
	int rc = extent_ask(pool, deadline, &grain, fault);

	if (rc != 0) {
		return rc;
	}
	grain *= stripes;
	return volume->size_bytes % grain == 0
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_BAD_REQUEST,
				   "make LUN '%s' of %" PRIu64 " bytes, not %" PRIu64
				   ": in volume group %s, sizes of the class %s are multiples of "
				   "%" PRIu64,
				   volume->name, (volume->size_bytes / grain + 1) * grain,
				   volume->size_bytes, pool->vg, volume->class, grain);
}

static int stripes_check(const struct lvm_pool *pool, const struct layout *layout,
			 struct fault *fault)
{
	unsigned int stripes = stripes_of(pool, layout);

	return pool->thin_pool != NULL || stripes >= layout->stripes_min
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				   "set 'stripes' of the pool to %u or more: the class %s needs so "
				   "many, and it has %u",
				   layout->stripes_min, layout->class, stripes);
}

/* What the administrator says of the thin pool must be true of its data and of its metadata. */
static int thin_check(const struct lvm_report *report, const char *name, const char *class,
		      struct fault *fault)
{
	g_autofree char *meta_name = g_strdup_printf("[%s_tmeta]", name);
	const struct lvm_report_lv *pool = lvm_report_find(report, name);
	const struct lvm_report_lv *meta = lvm_report_find(report, meta_name);
	const char *real = pool != NULL ? lvm_report_class(report, pool) : NULL;
	const char *real_meta = meta != NULL ? lvm_report_class(report, meta) : NULL;

	if (real == NULL || real_meta == NULL) {
		return fault_set(fault, ARRAY_ERROR_UNSUPPORTED, "there is no thin pool '%s'",
				 name);
	}
	if (strcmp(real, class) != 0 ||
	    (strcmp(class, "none") != 0 && strcmp(real_meta, "none") == 0)) {
		return fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				 "thin pool '%s' does not give the class %s: its data has %s, and "
				 "its metadata %s",
				 name, class, real, real_meta);
	}
	return lvm_report_zeroes(pool)
		       ? 0
		       : fault_set(fault, ARRAY_ERROR_UNSUPPORTED,
				   "let thin pool '%s' zero its blocks (lvchange --zero y): a new "
				   "LUN would have what was there before",
				   name);
}

static int somebody_elses(const struct lvm_pool *pool, const struct lvm_volume *volume,
			  struct fault *fault)
{
	return fault_set(fault, ARRAY_ERROR_EXISTS,
			 "logical volume %s/%s exists already and belongs to no LUN; rename it",
			 pool->vg, volume->name);
}

int lvm_volume_plan(const struct lvm_pool *pool, const struct lvm_volume *volume,
		    struct deadline deadline, struct fault *fault)
{
	const struct layout *layout = layout_find(volume->class);
	struct lvm_report report;
	int rc = layout != NULL ? stripes_check(pool, layout, fault)
				: fault_set(fault, ARRAY_ERROR_UNSUPPORTED, "LVM has no class '%s'",
					    volume->class);

	rc = rc != 0 ? rc : size_check(pool, volume, stripes_of(pool, layout), deadline, fault);
	rc = rc != 0 ? rc : lvm_volume_report(pool, deadline, &report, fault);
	if (rc != 0) {
		return rc;
	}
	if (lvm_report_find(&report, volume->name) != NULL) {
		rc = somebody_elses(pool, volume, fault);
	} else if (pool->thin_pool != NULL) {
		rc = thin_check(&report, pool->thin_pool, volume->class, fault);
	}
	lvm_report_release(&report);
	return rc;
}

/* Make and remove */

/* *ret: it is there. */
static int look(const struct lvm_pool *pool, const struct lvm_volume *volume,
		struct deadline deadline, bool *ret, char ret_uuid[LVM_REPORT_UUID_MAX + 1],
		struct fault *fault)
{
	const struct lvm_report_lv *lv;
	struct lvm_report report;
	int rc = lvm_volume_report(pool, deadline, &report, fault);

	*ret = false;
	if (rc != 0) {
		return rc;
	}
	lv = lvm_report_find(&report, volume->name);
	if (lv != NULL && !lvm_report_has_tag(lv, volume->tag)) {
		rc = somebody_elses(pool, volume, fault);
	} else if (lv != NULL) {
		*ret = true;
		(void)strcpy(ret_uuid, lv->uuid);
		if (lv->size_bytes != volume->size_bytes) {
			rc = fault_set(fault, ARRAY_ERROR_INTERNAL,
				       "logical volume %s/%s has %" PRIu64 " bytes, not %" PRIu64,
				       pool->vg, volume->name, lv->size_bytes, volume->size_bytes);
		}
	}
	lvm_report_release(&report);
	return rc;
}

static void words_add(GPtrArray *to, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		g_ptr_array_add(to, (gpointer)words[i]);
	}
}

static int volume_create(const struct lvm_pool *pool, const struct lvm_volume *volume,
			 struct fault *fault)
{
	const struct layout *layout = layout_find(volume->class);
	bool linear = stripes_of(pool, layout) == 1 && layout->stripes_min == 1;
	g_autofree char *size = g_strdup_printf("%" PRIu64 "b", volume->size_bytes);
	g_autofree char *stripes = g_strdup_printf("%u", stripes_of(pool, layout));
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	words_add(words, WORDS("lvcreate", "--yes", "--wipesignatures", "n", "--addtag",
			       volume->tag, "--name", volume->name));
	if (pool->thin_pool != NULL) {
		words_add(words, WORDS("--type", "thin", "--virtualsize", size, "--thinpool",
				       pool->thin_pool));
	} else {
		words_add(words, WORDS("--zero", "n", "--size", size));
		words_add(words, linear ? WORDS("--type", "linear") : layout->words);
	}
	if (pool->thin_pool == NULL && !linear && layout->stripes_min > 0) {
		words_add(words, WORDS("--stripes", stripes));
	}
	words_add(words, WORDS(pool->vg));
	g_ptr_array_add(words, NULL);
	return act((const char *const *)words->pdata, fault);
}

int lvm_volume_make(const struct lvm_pool *pool, const struct lvm_volume *volume,
		    struct deadline deadline, char ret_uuid[LVM_REPORT_UUID_MAX + 1],
		    struct fault *fault)
{
	bool there;
	int rc = look(pool, volume, deadline, &there, ret_uuid, fault);

	if (rc != 0 || there) {
		return rc;
	}
	rc = volume_create(pool, volume, fault);
	rc = rc != 0 ? rc : look(pool, volume, deadline, &there, ret_uuid, fault);
	return rc != 0 || there ? rc
				: fault_set(fault, ARRAY_ERROR_INTERNAL,
					    "lvcreate has succeeded, but there is no %s/%s",
					    pool->vg, volume->name);
}

int lvm_volume_remove(const struct lvm_pool *pool, const struct lvm_volume *volume,
		      struct deadline deadline, struct fault *fault)
{
	g_autofree char *name = g_strdup_printf("%s/%s", pool->vg, volume->name);
	const struct lvm_report_lv *lv;
	struct lvm_report report;
	bool ours;
	int rc = lvm_volume_report(pool, deadline, &report, fault);

	if (rc != 0) {
		return rc;
	}
	lv = lvm_report_find(&report, volume->name);
	ours = lv != NULL && lvm_report_has_tag(lv, volume->tag);
	lvm_report_release(&report);
	return ours ? act(WORDS("lvremove", "--yes", name), fault) : 0;
}
