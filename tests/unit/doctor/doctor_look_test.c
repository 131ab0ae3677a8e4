/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>

#include "cluster/cluster.h"
#include "doctor/look/doctor_look.h"
#include "doctor/look/doctor_look_internal.h"

/* More than libvirt takes to learn from QEMU what it can, on a busy host; seen: more than 5 s. */
#define QEMU_MS 15000
#define QUICK_MS 5000

static struct {
	int units, corosync, cluster, libvirt, arrays;
} left_ms;

/* The linker puts each of these in place of the function that it is named after. */
#define LOOK(name)                                                                                 \
	void __wrap_doctor_look_##name(struct doctor_look *look, struct deadline deadline);        \
	void __wrap_doctor_look_##name(struct doctor_look *look, struct deadline deadline)         \
	{                                                                                          \
		(void)look;                                                                        \
		left_ms.name = deadline_left_ms(deadline);                                         \
	}

LOOK(units)
LOOK(corosync)
LOOK(cluster)
LOOK(libvirt)
LOOK(arrays)

int __wrap_cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err);
int __wrap_cluster_local_node(struct deadline deadline, char *name, size_t size, struct err *err)
{
	(void)deadline;
	(void)snprintf(name, size, "node1");
	(void)err;
	return 0;
}

static void doctor_look_new__gives_libvirt_the_time_that_qemu_takes(void **state)
{
	struct doctor_look *look = doctor_look_new(DOCTOR_LOCAL, deadline_in(3600000));

	(void)state;
	assert_string_equal(doctor_look_facts(look)->node, "node1");
	assert_true(left_ms.libvirt > QEMU_MS);
	assert_in_range(left_ms.units, 1, QUICK_MS);
	assert_in_range(left_ms.corosync, 1, QUICK_MS);
	assert_in_range(left_ms.cluster, 1, QUICK_MS);
	assert_in_range(left_ms.arrays, 1, QUICK_MS);
	doctor_look_free(look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_look_new__gives_libvirt_the_time_that_qemu_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
