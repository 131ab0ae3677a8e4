/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <string.h>

#include "domain/domain_xml.h"
#include "hypervisor/hypervisor_memory.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define DOMAIN(inner) "<domain type='kvm'>" inner "</domain>"
#define MEMORY "<memory unit='MiB'>1024</memory>"
#define CELLS                                                                                      \
	"<cpu><numa><cell id='0' cpus='0' memory='1' unit='GiB'/>"                                 \
	"<cell id='1' cpus='1' memory='2' unit='GiB'/></numa></cpu>"

static struct memory_needs needs_of(const char *xml)
{
	struct memory_needs needs;
	struct err err = ERR_INIT;
	AUTO_XML doc = NULL;

	if (domain_xml_parse(xml, strlen(xml), &doc, &err) != 0 ||
	    hypervisor_memory_needs(xmlDocGetRootElement(doc), &needs, &err) != 0) {
		fail_msg("%s", err_text(&err));
	}
	return needs;
}

static void need_is(const struct memory_needs *needs, size_t i, uint32_t page_kib, uint64_t nodes,
		    uint64_t bytes)
{
	assert_true(i < needs->count);
	assert_int_equal(needs->rows[i].page_kib, page_kib);
	assert_int_equal(needs->rows[i].nodes, nodes);
	assert_int_equal(needs->rows[i].bytes, bytes);
}

static void need_of_one(const char *xml, uint32_t page_kib, uint64_t nodes, uint64_t bytes)
{
	struct memory_needs needs = needs_of(xml);

	assert_int_equal(needs.count, 1);
	need_is(&needs, 0, page_kib, nodes, bytes);
}

static void needs__are_what_the_guest_has_now(void **state)
{
	(void)state;
	need_of_one(DOMAIN(MEMORY), 0, 0, GIB);
	need_of_one(DOMAIN(MEMORY "<maxMemory unit='TiB' slots='16'>4</maxMemory>"), 0, 0, GIB);
	need_of_one(DOMAIN(MEMORY "<currentMemory unit='MiB'>256</currentMemory>"), 0, 0,
		    256 * MIB);
	need_of_one(DOMAIN(MEMORY "<currentMemory unit='GiB'>2</currentMemory>"), 0, 0, GIB);
	need_of_one(DOMAIN(MEMORY "<currentMemory unit='MiB'>256</currentMemory>"
				  "<memoryBacking><locked/></memoryBacking>"),
		    0, 0, GIB);
	need_of_one(DOMAIN("<memory unit='kib'>1048576</memory>"), 0, 0, GIB);
	need_of_one(DOMAIN("<memory unit='PB'><![CDATA[1]]></memory>"), 0, 0, 1000000000000000);
}

static void needs__count_modules_once(void **state)
{
	(void)state;
	/* libvirt's <memory> includes them. */
	need_of_one(DOMAIN(MEMORY "<devices><memory model='dimm'><target><size "
				  "unit='MiB'>256</size></target></memory></devices>"),
		    0, 0, GIB);
	need_of_one(DOMAIN(MEMORY "<devices><memory model='virtio-mem'><target><size "
				  "unit='MiB'>512</size><requested unit='MiB'>128</requested>"
				  "</target></memory></devices>"),
		    0, 0, 640 * MIB);
	need_of_one(DOMAIN(MEMORY "<devices><memory model='virtio-mem'><target><size "
				  "unit='MiB'>512</size><requested unit='MiB'>128</requested>"
				  "<current unit='MiB'>0</current></target></memory></devices>"),
		    0, 0, 512 * MIB);
}

static void needs__are_told_apart_by_pages_and_nodes(void **state)
{
	struct memory_needs needs;

	(void)state;
	need_of_one(DOMAIN(MEMORY "<memoryBacking><hugepages/></memoryBacking>"), MEMORY_PAGE_HUGE,
		    0, GIB);
	need_of_one(DOMAIN(MEMORY "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages>"
				  "</memoryBacking><numatune><memory nodeset='1,3'/></numatune>"),
		    1048576, 0xa, GIB);
	/* The nodeset of a page names cells of the guest. */
	needs = needs_of(
		DOMAIN(MEMORY CELLS
		       "<memoryBacking><hugepages><page size='2' unit='M' nodeset='1'/></hugepages>"
		       "</memoryBacking><numatune><memory mode='strict' nodeset='0-3,^1'/>"
		       "<memnode cellid='1' mode='strict' nodeset='5'/></numatune>"));
	assert_int_equal(needs.count, 2);
	need_is(&needs, 0, 0, 0xd, GIB);
	need_is(&needs, 1, 2048, 0x20, 2 * GIB);
	/* One that only prefers nodes gets memory of any. */
	need_of_one(DOMAIN(MEMORY CELLS "<numatune><memory mode='preferred' nodeset='1'/>"
					"</numatune>"),
		    0, 0, 3 * GIB);
	need_of_one(DOMAIN(MEMORY "<numatune><memory placement='auto'/></numatune>"), 0, 0, GIB);
}

static void needs__of_nonsense_are_refused(void **state)
{
	static const char *const rows[] = {
		DOMAIN(""),
		DOMAIN("<memory unit='parsec'>1</memory>"),
		DOMAIN("<memory>-1</memory>"),
		/* libvirt refuses blanks, too. */
		DOMAIN("<memory>\n1024\n</memory>"),
		DOMAIN(MEMORY "<cpu><numa><cell memory='x'/></numa></cpu>"),
		DOMAIN(MEMORY "<devices><memory model='dimm'><target><size>x</size></target>"
			      "</memory></devices>"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct memory_needs needs;
		struct err err = ERR_INIT;
		AUTO_XML doc = NULL;

		assert_int_equal(domain_xml_parse(rows[i], strlen(rows[i]), &doc, &err), 0);
		assert_int_equal(hypervisor_memory_needs(xmlDocGetRootElement(doc), &needs, &err),
				 -EINVAL);
		assert_true(strlen(err_text(&err)) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs__are_what_the_guest_has_now),
		cmocka_unit_test(needs__count_modules_once),
		cmocka_unit_test(needs__are_told_apart_by_pages_and_nodes),
		cmocka_unit_test(needs__of_nonsense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
