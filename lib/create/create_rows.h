/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_CREATE_ROWS_H
#define LUNMASK_CREATE_ROWS_H

#include "create/create_content.h"
#include "create/create_volumes.h"
#include "step/vm_masks.h"
#include "step/vm_own.h"
#include "step/vm_release.h"
#include "vm/vm_lun_owner.h"

/*
 * The steps with which LUNs are made and filled, as rows of a table (rules/task.h). lunmask create
 * and lunmask adopt have them in this order.
 */
#define CREATE_IMAGES_MS (24 * 60 * 60 * 1000)
#define CREATE_VOLUMES_MS (24 * 60 * 60 * 1000) /* an array may have to fill them with zeros */

/*
 * The steps that begin to store what was written (vm_create.h). The revoke of an undoing has
 * another name: what is undone was perhaps not written.
 */
#define CREATE_STEP_STATE "state"
#define CREATE_STEP_REVOKE "revoke"
#define CREATE_STEP_TAKE_BACK "take back"

/* clang-format off */
#define CREATE_ROW_CHECK(step, function, limit_ms, times)                                          \
	{                                                                                          \
		.name = (step), .run = (function), .timeout_ms = (limit_ms), .tries = (times),     \
		.retry_ms = 500, .flags = TASK_CHECK,                                              \
	}
#define CREATE_ROW_FORMER                                                                          \
	{                                                                                          \
		.name = "former", .probe = create_former_probe, .run = create_former_run,          \
		.timeout_ms = 60000, .tries = 3, .retry_ms = 500,                                  \
	}
#define CREATE_ROW_CUT                                                                             \
	{                                                                                          \
		.name = "cut", .probe = create_cut_probe, .run = create_cut_run,                   \
		.timeout_ms = 60000, .tries = 3, .retry_ms = 500,                                  \
	}
#define CREATE_ROW_CLEAR                                                                           \
	{                                                                                          \
		.name = "clear", .probe = create_clear_probe, .run = create_clear_run,             \
		.timeout_ms = 120000, .tries = 3, .retry_ms = 500,                                 \
	}
#define CREATE_ROW_VOLUMES                                                                         \
	{                                                                                          \
		.name = "volumes", .probe = create_volumes_probe, .run = create_volumes_run,       \
		.undo = create_volumes_undo, .timeout_ms = CREATE_VOLUMES_MS, .tries = 10,         \
		.retry_ms = 1000, .flags = TASK_WIDENS | TASK_MAKES,                               \
	}
#define CREATE_ROW_UNUSED CREATE_ROW_CHECK("unused", create_unused_check, 30000, 3)
#define CREATE_ROW_WITHDRAW                                                                        \
	{                                                                                          \
		.name = "withdraw", .probe = vm_release_withdraw_probe,                            \
		.run = vm_release_withdraw_run, .timeout_ms = 20000, .tries = 2, .retry_ms = 500,  \
		.flags = TASK_WIDENS,                                                              \
	}
#define CREATE_ROW_GRANT                                                                           \
	{                                                                                          \
		.name = "grant", .probe = vm_own_grant_probe, .run = vm_own_grant_run,             \
		.undo = vm_own_grant_undo, .timeout_ms = 60000, .tries = 10, .retry_ms = 1000,     \
		.flags = TASK_WIDENS | TASK_GRANTS,                                                \
	}
#define CREATE_ROW_VERIFY CREATE_ROW_CHECK("verify", vm_paths_verify, 30000, 3)
#define CREATE_ROW_OWNER CREATE_ROW_CHECK("owner", vm_lun_owner_check, 10000, 2)
#define CREATE_ROW_DEFINITION CREATE_ROW_CHECK("definition", create_definition_check, 20000, 2)
/* A second try would not begin with zeros. */
#define CREATE_ROW_IMAGES                                                                          \
	{                                                                                          \
		.name = "images", .probe = create_images_probe, .run = create_images_run,          \
		.timeout_ms = CREATE_IMAGES_MS, .tries = 1,                                        \
	}
#define CREATE_ROW_COMPARE CREATE_ROW_CHECK("compare", create_images_compare, CREATE_IMAGES_MS, 1)
#define CREATE_ROW_STATE                                                                           \
	{                                                                                          \
		.name = CREATE_STEP_STATE, .probe = create_state_probe, .run = create_state_run,   \
		.timeout_ms = 20000, .tries = 3, .retry_ms = 500,                                  \
	}
#define CREATE_ROW_REVOKED(step)                                                                   \
	{                                                                                          \
		.name = (step), .probe = vm_revoke_probe, .run = vm_revoke_run,                    \
		.timeout_ms = 60000, .tries = 10, .retry_ms = 1000, .flags = TASK_BLIND,           \
	}
#define CREATE_ROW_REVOKE CREATE_ROW_REVOKED(CREATE_STEP_REVOKE)
#define CREATE_ROW_DELETE                                                                          \
	{                                                                                          \
		.name = "delete", .probe = create_delete_probe, .run = create_delete_run,          \
		.timeout_ms = 300000, .tries = 10, .retry_ms = 1000,                               \
	}
/* clang-format on */

#endif
