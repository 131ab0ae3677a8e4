/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "definition/definition_plan.h"

#define MIB(n) "<memory unit='MiB'>" n "</memory>"
#define NOW(n) "<currentMemory unit='MiB'>" n "</currentMemory>"
#define BALLOON "<memballoon model='virtio'/>"
#define DOMAIN(head, devices)                                                                      \
	"<domain type='kvm'><name>vm1</name>" head "<devices>" devices "</devices></domain>"
#define SIMPLE(devices) DOMAIN(MIB("64"), devices)
#define MAC(last) "<mac address='52:54:00:aa:bb:0" last "'/>"
#define NIC(mac, more)                                                                             \
	"<interface type='bridge'><source bridge='br0'/>" mac "<model type='virtio'/>" more        \
	"</interface>"

/* The lines of the plan: those at once, then those for the boot after '|'. */
static char *planned(const char *libvirts, const char *runs, const char *next, bool *ret_whole)
{
	struct definition_plan *plan __attribute__((cleanup(definition_plan_drop))) = NULL;
	GString *text = g_string_new(NULL);
	struct err err = ERR_INIT;

	if (definition_plan_make(libvirts, runs, next, &plan, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	for (guint i = 0; i < plan->items->len; i++) {
		const struct definition_plan_item *item = g_ptr_array_index(plan->items, i);

		assert_int_equal(item->kind == PLAN_BOOT, i >= plan->n_now);
		g_string_append_printf(text, "%s%s",
				       i == plan->n_now ? "|"
				       : i > 0          ? ";"
							: "",
				       item->text);
	}
	*ret_whole = plan->whole;
	return g_string_free(text, FALSE);
}

static void expect(const char *runs, const char *next, const char *lines, bool whole)
{
	bool is_whole;
	g_autofree char *text = planned(runs, runs, next, &is_whole);

	assert_string_equal(text, lines);
	assert_int_equal(is_whole, whole);
}

static void definition_plan_make__gives_memory_up_to_the_maximum(void **state)
{
	(void)state;
	expect(DOMAIN(MIB("64") NOW("64"), BALLOON), DOMAIN(MIB("64") NOW("48"), BALLOON),
	       "memory: 65536 KiB -> 49152 KiB", true);
	expect(DOMAIN(MIB("64") NOW("48"), BALLOON), DOMAIN(MIB("64"), BALLOON),
	       "memory: 49152 KiB -> 65536 KiB", true);
	/* What it boots with is another matter. */
	expect(DOMAIN(MIB("64") NOW("64"), BALLOON), DOMAIN(MIB("32"), BALLOON),
	       "memory: 65536 KiB -> 32768 KiB|memory", false);
	expect(DOMAIN(MIB("64"), BALLOON), DOMAIN(MIB("96"), BALLOON), "|memory", false);
	/* The balloon counts in pages. */
	expect(DOMAIN("<memory>65536</memory><currentMemory>49152</currentMemory>", BALLOON),
	       DOMAIN("<memory>65536</memory><currentMemory>49154</currentMemory>", BALLOON), "",
	       true);
}

static void definition_plan_make__needs_a_balloon(void **state)
{
	(void)state;
	expect(DOMAIN(MIB("64"), ""), DOMAIN(MIB("64") NOW("48"), ""),
	       "|memory: 65536 KiB -> 49152 KiB (the guest has no <memballoon>)", false);
	expect(DOMAIN(MIB("64"), "<memballoon model='none'/>"),
	       DOMAIN(MIB("64") NOW("48"), "<memballoon model='none'/>"),
	       "|memory: 65536 KiB -> 49152 KiB (the guest has no <memballoon>)", false);
}

/* The mapping file keeps <currentMemory> as it was written; libvirt says what the guest has. */
static void definition_plan_make__takes_amounts_from_libvirt(void **state)
{
	bool whole;
	const char *next = DOMAIN(MIB("64") NOW("48"), BALLOON);
	g_autofree char *text = planned(DOMAIN(MIB("64") NOW("64"), BALLOON), next, next, &whole);

	(void)state;
	assert_string_equal(text, "memory: 65536 KiB -> 49152 KiB");
}

#define VCPU(current, most) "<vcpu current='" current "'>" most "</vcpu>"
#define CPUS(first, second)                                                                        \
	"<vcpus><vcpu id='0' enabled='" first "' hotpluggable='no'/><vcpu id='1' enabled='" second \
	"' hotpluggable='yes'/></vcpus>"

static void definition_plan_make__changes_vcpus_up_to_the_maximum(void **state)
{
	(void)state;
	expect(DOMAIN(MIB("64") VCPU("1", "4"), ""), DOMAIN(MIB("64") VCPU("3", "4"), ""),
	       "vCPUs: 1 -> 3", true);
	expect(DOMAIN(MIB("64") VCPU("3", "4"), ""), DOMAIN(MIB("64") VCPU("1", "4"), ""),
	       "vCPUs: 3 -> 1", true);
	expect(DOMAIN(MIB("64") VCPU("1", "4"), ""), DOMAIN(MIB("64") "<vcpu>4</vcpu>", ""),
	       "vCPUs: 1 -> 4", true);
	expect(DOMAIN(MIB("64") "<vcpu>2</vcpu>", ""), DOMAIN(MIB("64") VCPU("3", "4"), ""),
	       "|vcpu", false);
	expect(DOMAIN(MIB("64") "<vcpu>4</vcpu>", ""), DOMAIN(MIB("64") "<vcpu>2</vcpu>", ""),
	       "vCPUs: 4 -> 2|vcpu", false);
	/* libvirt counts these, if there are any. */
	expect(DOMAIN(MIB("64") VCPU("1", "2") CPUS("yes", "no"), ""),
	       DOMAIN(MIB("64") VCPU("1", "2") CPUS("yes", "yes"), ""), "vCPUs: 1 -> 2", true);
	expect(DOMAIN(MIB("64") VCPU("2", "2") CPUS("yes", "yes"), ""),
	       DOMAIN(MIB("64") "<vcpu>2</vcpu>", ""), "", true);
}

static void definition_plan_make__attaches_and_detaches_nics(void **state)
{
	(void)state;
	expect(SIMPLE(NIC(MAC("1"), "")), SIMPLE(NIC(MAC("1"), "") NIC(MAC("2"), "")),
	       "NIC 52:54:00:aa:bb:02: is attached", true);
	expect(SIMPLE(NIC(MAC("1"), "") NIC(MAC("2"), "")), SIMPLE(NIC(MAC("1"), "")),
	       "NIC 52:54:00:aa:bb:02: the guest is asked to give it up", true);
	/* It would have another MAC at the next boot. */
	expect(SIMPLE(""), SIMPLE(NIC("", "")),
	       "|devices/interface (it has no <mac> in the definition, and gets one there)", false);
}

static void definition_plan_make__changes_a_nic_once(void **state)
{
	(void)state;
	expect(SIMPLE(NIC(MAC("1"), "<link state='up'/>")),
	       SIMPLE(NIC(MAC("1"), "<link state='down'/><bandwidth/>")),
	       "NIC 52:54:00:aa:bb:01: link/@state, bandwidth", true);
	/* libvirt would refuse both. */
	expect(SIMPLE(NIC(MAC("1"), "<link state='up'/>")),
	       SIMPLE(NIC(MAC("1"), "<link state='down'/><mtu size='9000'/>")),
	       "|NIC 52:54:00:aa:bb:01: link/@state, mtu", false);
	/* Its neighbour has no MAC. */
	expect(SIMPLE(NIC(MAC("1"), "")), SIMPLE(NIC("", "<link state='down'/>")),
	       "|NIC 52:54:00:aa:bb:01 (it has no <mac> in the definition, and gets one there)",
	       false);
}

static void definition_plan_make__names_what_waits(void **state)
{
	(void)state;
	expect(SIMPLE("<graphics type='vnc' passwd='a'/>"),
	       DOMAIN(MIB("64") "<cpu mode='host-model'/>",
		      NIC(MAC("2"), "") "<graphics type='vnc' passwd='b'/><rng model='virtio'/>"),
	       "NIC 52:54:00:aa:bb:02: is attached|devices/graphics[vnc]/@passwd;devices/rng;cpu",
	       false);
}

#define OURS(size)                                                                                 \
	"<metadata><l:mapping xmlns:l='urn:x-lunmask:mapping:1' array='a'><l:drive "               \
	"target='vda' lun='x' size='" size "'/></l:mapping></metadata>"

/* What libvirt chooses again is no change, but may be another choice. */
static void definition_plan_make__knows_what_is_whole(void **state)
{
	static const char address[] =
		SIMPLE("<rng model='virtio'><address type='pci' slot='1'/></rng>");

	(void)state;
	expect(address, SIMPLE("<rng model='virtio'/>"), "", true);
	expect(SIMPLE("<video/>"), SIMPLE(""), "", false);
	expect(DOMAIN(MIB("64") "<pm/>", ""), SIMPLE(""), "", false);
	expect(DOMAIN(MIB("64") "<vcpu placement='static'>1</vcpu>", ""),
	       DOMAIN(MIB("64") "<vcpu>1</vcpu>", ""), "", true);
	expect(DOMAIN(MIB("64") OURS("1"), ""), DOMAIN(MIB("64") OURS("2"), ""), "", true);
}

static void definition_plan_make__refuses_rubbish(void **state)
{
	static const char *const rows[] = {
		"rubbish",
		DOMAIN("", ""),
		DOMAIN(MIB("64") "<vcpu>x</vcpu>", ""),
		DOMAIN(MIB("64") VCPU("0", "2"), ""),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct definition_plan *plan = NULL;

		assert_int_equal(definition_plan_make(SIMPLE(""), SIMPLE(""), rows[i], &plan, NULL),
				 -EINVAL);
		assert_null(plan);
	}
}

static void definition_plan_find__finds_what_is_open(void **state)
{
	struct definition_plan *plan __attribute__((cleanup(definition_plan_drop))) = NULL;
	const char *runs = SIMPLE(NIC(MAC("1"), ""));
	const char *next = DOMAIN(MIB("64") "<cpu/>", NIC(MAC("1"), "<link state='down'/>"));

	(void)state;
	assert_int_equal(definition_plan_make(runs, runs, next, &plan, NULL), 0);
	assert_ptr_equal(definition_plan_find(plan, "NIC 52:54:00:aa:bb:01"),
			 g_ptr_array_index(plan->items, 0));
	assert_null(definition_plan_find(plan, "cpu"));
	assert_null(definition_plan_find(plan, "vCPUs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definition_plan_make__gives_memory_up_to_the_maximum),
		cmocka_unit_test(definition_plan_make__needs_a_balloon),
		cmocka_unit_test(definition_plan_make__takes_amounts_from_libvirt),
		cmocka_unit_test(definition_plan_make__changes_vcpus_up_to_the_maximum),
		cmocka_unit_test(definition_plan_make__attaches_and_detaches_nics),
		cmocka_unit_test(definition_plan_make__changes_a_nic_once),
		cmocka_unit_test(definition_plan_make__names_what_waits),
		cmocka_unit_test(definition_plan_make__knows_what_is_whole),
		cmocka_unit_test(definition_plan_make__refuses_rubbish),
		cmocka_unit_test(definition_plan_find__finds_what_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
