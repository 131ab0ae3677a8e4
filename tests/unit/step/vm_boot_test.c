/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "step/vm_boot.h"

static void vm_boot_decide__every_pair_has_a_decision(void **state)
{
	(void)state;
	for (int domain = 0; domain < DOMAIN_STATE_MAX; domain++) {
		for (int image = 0; image < IMAGE_STATE_MAX; image++) {
			assert_int_not_equal(
				vm_boot_decide((enum domain_state)domain, (enum image_state)image),
				VM_BOOT_INVALID);
		}
	}
}

/* I4: whatever is there, only a valid image is restored. */
static void vm_boot_decide__restores_a_valid_image_only(void **state)
{
	(void)state;
	for (int domain = 0; domain < DOMAIN_STATE_MAX; domain++) {
		for (int image = 0; image < IMAGE_STATE_MAX; image++) {
			if (image != IMAGE_VALID) {
				assert_int_not_equal(vm_boot_decide((enum domain_state)domain,
								    (enum image_state)image),
						     VM_BOOT_RESTORE);
			}
		}
	}
}

/* I4: no vCPU runs, and none is started, while the image still counts as valid. */
static void vm_boot_decide__lets_nothing_run_beside_a_valid_image(void **state)
{
	(void)state;
	for (int domain = 0; domain < DOMAIN_STATE_MAX; domain++) {
		enum vm_boot_action action = vm_boot_decide((enum domain_state)domain, IMAGE_VALID);

		assert_int_not_equal(action, VM_BOOT_NOTHING);
		assert_int_not_equal(action, VM_BOOT_FRESH);
		assert_int_not_equal(action, VM_BOOT_RESUME);
	}
}

/* The agent was killed between the restore and the mark: no vCPU ran, the image is whole. */
static void vm_boot_decide__half_restored_domain_is_restored_again(void **state)
{
	(void)state;
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED, IMAGE_VALID), VM_BOOT_DESTROY);
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED_STARTING, IMAGE_VALID), VM_BOOT_DESTROY);
	assert_int_equal(vm_boot_decide(DOMAIN_ABSENT, IMAGE_VALID), VM_BOOT_RESTORE);
}

/* The agent was killed between the mark and the resume: the domain is the only copy. */
static void vm_boot_decide__consumed_and_paused_is_resumed(void **state)
{
	(void)state;
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED, IMAGE_CONSUMED), VM_BOOT_RESUME);
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED_STARTING, IMAGE_CONSUMED), VM_BOOT_RESUME);
	/* What libvirt says after a restore that was asked to leave the domain paused. */
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED_MIGRATION, IMAGE_CONSUMED), VM_BOOT_RESUME);
}

static void vm_boot_decide__incoming_leftover_is_never_resumed(void **state)
{
	(void)state;
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED_MIGRATION, IMAGE_NONE), VM_BOOT_DESTROY);
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED_MIGRATION, IMAGE_WRITING), VM_BOOT_DESTROY);
	assert_int_equal(vm_boot_decide(DOMAIN_PAUSED_MIGRATION, IMAGE_VALID), VM_BOOT_DESTROY);
}

/* libvirt would start a second QEMU beside it. */
static void vm_boot_decide__nothing_is_started_beside_a_lost_qemu(void **state)
{
	(void)state;
	for (int image = 0; image < IMAGE_STATE_MAX; image++) {
		assert_int_equal(vm_boot_decide(DOMAIN_LOST, (enum image_state)image),
				 VM_BOOT_REFUSE);
	}
}

static void vm_boot_decide__running_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(vm_boot_decide(DOMAIN_RUNNING, IMAGE_NONE), VM_BOOT_NOTHING);
	assert_int_equal(vm_boot_decide(DOMAIN_RUNNING, IMAGE_VALID), VM_BOOT_DROP_IMAGE);
	assert_int_equal(vm_boot_decide(DOMAIN_RUNNING, IMAGE_CONSUMED), VM_BOOT_DROP_IMAGE);
}

static void vm_boot_decide__unknown_state_is_no_decision(void **state)
{
	(void)state;
	assert_int_equal(vm_boot_decide(DOMAIN_STATE_MAX, IMAGE_NONE), VM_BOOT_INVALID);
	assert_int_equal(vm_boot_decide((enum domain_state) - 1, IMAGE_NONE), VM_BOOT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_boot_decide__every_pair_has_a_decision),
		cmocka_unit_test(vm_boot_decide__restores_a_valid_image_only),
		cmocka_unit_test(vm_boot_decide__lets_nothing_run_beside_a_valid_image),
		cmocka_unit_test(vm_boot_decide__half_restored_domain_is_restored_again),
		cmocka_unit_test(vm_boot_decide__consumed_and_paused_is_resumed),
		cmocka_unit_test(vm_boot_decide__incoming_leftover_is_never_resumed),
		cmocka_unit_test(vm_boot_decide__nothing_is_started_beside_a_lost_qemu),
		cmocka_unit_test(vm_boot_decide__running_is_left_alone),
		cmocka_unit_test(vm_boot_decide__unknown_state_is_no_decision),
	};

	return cmocka_run_group_tests_name("vm_boot", tests, NULL, NULL);
}
