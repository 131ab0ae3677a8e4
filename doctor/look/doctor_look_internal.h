/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_DOCTOR_LOOK_INTERNAL_H
#define LUNMASK_DOCTOR_LOOK_INTERNAL_H

#include "base/deadline.h"
#include "doctor/check/doctor_facts.h"
#include "survey/vm_all.h"

/* Shared by the doctor_look*.c files, and internal to them. Each function fills its parts. */
struct doctor_look {
	struct doctor_facts facts;
	struct config *config;
	struct vm_all vms;
};

/* rc 0: SEEN. Otherwise REFUSED, with the rc and err's text. */
void doctor_part_asked(struct doctor_part *part, int rc, const struct err *err);
void doctor_part_unseen(struct doctor_part *part, const char *why);
void doctor_answer_set(struct doctor_answer *answer, int rc, const struct err *err);

/* At most DOCTOR_FILE_MAX bytes, for g_free(). NULL, with *ret_rc, if it cannot be read. */
#define DOCTOR_FILE_MAX (256u * 1024)
char *doctor_file_read(const char *path, size_t *ret_bytes, int *ret_rc);

void doctor_look_files(struct doctor_look *look);
void doctor_look_programs(struct doctor_look *look);
void doctor_look_units(struct doctor_look *look, struct deadline deadline);
void doctor_look_corosync(struct doctor_look *look, struct deadline deadline);
void doctor_look_cluster(struct doctor_look *look, struct deadline deadline);
void doctor_look_devices(struct doctor_look *look, struct deadline deadline);
void doctor_look_libvirt(struct doctor_look *look, struct deadline deadline);
void doctor_look_arrays(struct doctor_look *look, struct deadline deadline);
void doctor_look_luns(struct doctor_look *look, struct deadline deadline);
void doctor_look_peers(struct doctor_look *look, struct deadline deadline);

#endif
