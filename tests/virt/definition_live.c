/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordinary definitions against a real libvirtd and QEMU: what runs is what is saved, restored and
 * kept, whatever the user left to libvirt and whatever was changed while it ran. run.sh makes the
 * namespaces. Arguments: libvirtd's pid and a folder to save into.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/vm_apply.h"
#include "domain/mapping.h"
#include "firmware/firmware_descriptor.h"
#include "hypervisor/hypervisor_conn.h"
#include "template/template_definition.h"

#define VM "ordinary"
#define UUID "C1111111-2222-3333-4444-555555555555"
#define IMAGE_BYTES (256 << 20)
#define GUEST(head, machine, devices)                                                              \
	"<domain type='qemu'><name>" VM "</name><uuid>" UUID "</uuid>"                             \
	"<memory unit='MiB'>64</memory>" head "<os><type arch='x86_64' machine='" machine          \
	"'>hvm</type></os>"                                                                        \
	"<features><acpi/></features><devices><controller type='usb' model='none'/>"               \
	"<video><model type='none'/></video>" devices "</devices></domain>"
#define NIC(inner)                                                                                 \
	"<interface type='user'>" inner "<model type='e1000'/><rom enabled='no'/></interface>"
#define NO_BALLOON "<memballoon model='none'/>"

static char image[256];
static struct hypervisor *hv;
static struct mapping *mapping;

static const struct lun luns[] = {
	{"web1-state", "naa.6001", 1 << 30, "iqn.2026-11.org.example:t1", 1},
};
static const struct extent state_lun = {"web1-state", 0, 0};
static const struct mapping_host host = {
	.initiator = "iqn.2026-11.org.example:node1",
	.portal = "127.0.0.1:3260",
	.luns = luns,
	.n_luns = 1,
};

static struct deadline soon(void)
{
	return deadline_in(120000);
}

static void expect_rc(int rc, int expected, const struct err *err)
{
	if (rc != expected) {
		fail_msg("%d instead of %d: %s", rc, expected, err_text(err));
	}
}

static void expect_state(enum domain_state expected)
{
	enum domain_state state = DOMAIN_STATE_MAX;
	struct err err = ERR_INIT;

	expect_rc(hypervisor_domain_state(hv, VM, soon(), &state, &err), 0, &err);
	assert_string_equal(domain_state_to_str(state), domain_state_to_str(expected));
}

static int begin(void **state)
{
	(void)state;
	return hypervisor_open("qemu:///system", soon(), &hv, NULL);
}

static int end(void **state)
{
	int rc = hypervisor_destroy(hv, VM, soon(), NULL);

	(void)state;
	hypervisor_close(hv);
	mapping_free(mapping);
	mapping = NULL;
	return rc;
}

static void create(const struct mapping *of)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	expect_rc(mapping_domain_xml(of, &host, &xml, &err), 0, &err);
	expect_rc(hypervisor_create(hv, xml, soon(), &err), 0, &err);
	g_free(xml);
}

static void create_from(const char *text)
{
	const struct mapping_source source = {
		.domain_xml = text,
		.vm = VM,
		.array = "san1",
		.state = &state_lun,
		.luns = luns,
		.n_luns = 1,
	};
	struct err err = ERR_INIT;

	expect_rc(mapping_build(&source, &mapping, &err), 0, &err);
	create(mapping);
}

static char *running(void)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	expect_rc(hypervisor_domain_xml(hv, VM, soon(), &xml, &err), 0, &err);
	return xml;
}

static char *rendered(const char *definition)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	expect_rc(mapping_definition_xml(mapping, definition, &host, &xml, &err), 0, &err);
	return xml;
}

static void saved(void)
{
	g_autofree char *definition = running();
	g_autofree char *xml = rendered(definition);
	struct err err = ERR_INIT;
	int fd = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && ftruncate(fd, IMAGE_BYTES) == 0 && close(fd) == 0);
	expect_rc(hypervisor_save(hv, VM, image, xml, soon(), &err), 0, &err);
	expect_state(DOMAIN_ABSENT);
}

static void restored(void)
{
	struct err err = ERR_INIT;
	g_autofree char *definition = NULL;
	g_autofree char *xml = NULL;

	expect_rc(hypervisor_image_xml(hv, image, soon(), &definition, &err), 0, &err);
	xml = rendered(definition);
	expect_rc(hypervisor_restore_paused(hv, image, xml, soon(), &err), 0, &err);
	expect_rc(hypervisor_resume(hv, VM, soon(), &err), 0, &err);
	expect_state(DOMAIN_RUNNING);
}

/* The text from begin up to end, or "". */
static char *part(const char *xml, const char *from, const char *to)
{
	const char *at = strstr(xml, from);
	const char *until = at == NULL ? NULL : strstr(at, to);

	return until == NULL ? g_strdup("") : g_strndup(at, (gsize)(until - at));
}

static void expect_part(const char *a, const char *b, const char *from, const char *to)
{
	g_autofree char *in_a = part(a, from, to);
	g_autofree char *in_b = part(b, from, to);

	assert_string_equal(in_a, in_b);
}

static virDomainPtr domain(void)
{
	virDomainPtr found = virDomainLookupByName(hv->conn, VM);

	assert_non_null(found);
	return found;
}

static void hot_nic(void)
{
	virDomainPtr vm = domain();

	assert_int_equal(virDomainAttachDevice(vm, NIC("")), 0);
	(void)virDomainFree(vm);
}

static void hot_vcpu(void)
{
	virDomainPtr vm = domain();

	assert_int_equal(virDomainSetVcpus(vm, 2), 0);
	(void)virDomainFree(vm);
}

static void hot_title(void)
{
	virDomainPtr vm = domain();

	assert_int_equal(virDomainSetMetadata(vm, VIR_DOMAIN_METADATA_TITLE, "changed", NULL, NULL,
					      VIR_DOMAIN_AFFECT_LIVE),
			 0);
	(void)virDomainFree(vm);
}

static void hot_device(const char *xml)
{
	virDomainPtr vm = domain();

	assert_int_equal(virDomainAttachDevice(vm, xml), 0);
	(void)virDomainFree(vm);
}

static void hot_controller(void)
{
	hot_device("<controller type='scsi' index='1' model='virtio-scsi'/>");
}

static void hot_iothread(void)
{
	virDomainPtr vm = domain();

	assert_int_equal(virDomainAddIOThread(vm, 7, VIR_DOMAIN_AFFECT_LIVE), 0);
	(void)virDomainFree(vm);
}

static void hot_link_down(void)
{
	virDomainPtr vm = domain();

	assert_int_equal(virDomainUpdateDeviceFlags(
				 vm,
				 "<interface type='user'><mac address='52:54:00:aa:02:01'/>"
				 "<model type='e1000'/><link state='down'/><rom enabled='no'/>"
				 "</interface>",
				 VIR_DOMAIN_AFFECT_LIVE),
			 0);
	(void)virDomainFree(vm);
}

static void hot_memory(void)
{
	virDomainPtr vm = domain();

	assert_int_equal(
		virDomainAttachDevice(vm, "<memory model='dimm'><target><size unit='MiB'>128</size>"
					  "<node>0</node></target></memory>"),
		0);
	(void)virDomainFree(vm);
}

#define NUMA                                                                                       \
	"<maxMemory slots='4' unit='MiB'>1024</maxMemory><cpu><numa><cell id='0' cpus='0' "        \
	"memory='64' unit='MiB'/></numa></cpu>"

static const struct {
	const char *name;
	const char *xml;
	void (*hot)(void);
} samples[] = {
	{"nothing is left out",
	 GUEST("<cpu mode='custom' match='exact' check='none'><model>qemu64"
	       "</model></cpu>",
	       "pc-q35-7.2", NIC("<mac address='52:54:00:aa:02:01'/>")),
	 NULL},
	{"no mac", GUEST("", "q35", NIC("") NO_BALLOON), NULL},
	{"three without mac", GUEST("", "pc", NIC("") NIC("") NIC("")), NULL},
	{"host-model", GUEST("<cpu mode='host-model'/>", "q35", NIC("")), NULL},
	{"host-model with a fallback",
	 GUEST("<cpu mode='host-model'><model fallback='allow'/></cpu>", "q35", NO_BALLOON), NULL},
	{"maximum", GUEST("<cpu mode='maximum'/>", "q35", NO_BALLOON), NULL},
	{"a named model",
	 GUEST("<cpu match='exact'><model fallback='allow'>Westmere</model></cpu>", "q35",
	       NIC("") NO_BALLOON),
	 NULL},
	{"a model that is not checked",
	 GUEST("<cpu mode='custom' match='exact' check='none'><model>EPYC-Rome</model></cpu>",
	       "q35", NO_BALLOON),
	 NULL},
	{"genid", GUEST("<genid/>", "q35", NIC("")), NULL},
	{"an alias", GUEST("", "pc", NO_BALLOON), NULL},
	{"no balloon is named", GUEST("", "q35", ""), NULL},
	{"less memory than it may have",
	 GUEST("<currentMemory unit='MiB'>48</currentMemory>", "q35", ""), NULL},
	{"scsi and channels",
	 GUEST("", "q35",
	       "<controller type='scsi' model='virtio-scsi'/><rng model='virtio'><backend "
	       "model='random'>/dev/urandom</backend></rng><channel type='unix'><target "
	       "type='virtio' name='org.qemu.guest_agent.0'/></channel><console type='pty'/>"
	       "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>"),
	 NULL},
	{"vnc", GUEST("", "q35", "<graphics type='vnc' passwd='secret1'/>"), NULL},
	{"a second nic, attached", GUEST("", "pc", NIC("")), hot_nic},
	{"a second vcpu, attached", GUEST("<vcpu current='1'>2</vcpu>", "q35", NIC("")), hot_vcpu},
	{"memory, attached", GUEST(NUMA, "q35", NO_BALLOON), hot_memory},
	{"a title", GUEST("", "q35", NO_BALLOON), hot_title},
	{"a controller, attached", GUEST("", "pc", NO_BALLOON), hot_controller},
	{"an I/O thread, added", GUEST("<iothreads>1</iothreads>", "q35", NO_BALLOON),
	 hot_iothread},
	{"a link, taken down", GUEST("", "q35", NIC("<mac address='52:54:00:aa:02:01'/>")),
	 hot_link_down},
	{"a desktop",
	 GUEST("<clock offset='localtime'><timer name='rtc' tickpolicy='catchup'/></clock>", "pc",
	       "<sound model='ich6'/><watchdog model='i6300esb' action='reset'/>"
	       "<input type='keyboard' bus='virtio'/><panic model='isa'/>"),
	 NULL},
	{"smbios and a boot order",
	 GUEST("<sysinfo type='smbios'><system><entry name='serial'>s1</entry></system></sysinfo>",
	       "q35", "<interface type='user'><model type='virtio'/><boot order='1'/></interface>"),
	 NULL},
};

static void sample_moves(void (*hot)(void))
{
	g_autofree char *first = NULL;
	g_autofree char *then = NULL;

	if (hot != NULL) {
		hot();
	}
	first = running();
	saved();
	restored();
	then = running();
	/* libvirt gives a restored guest another <genid>, which is what it is for. */
	expect_part(then, first, "<memory", "</domain>");
	expect_part(then, first, "<uuid>", "</uuid>");
	/* What was restored, and was changed before, can be saved again. */
	if (hot != NULL) {
		saved();
		restored();
	}
}

static void save_and_restore__what_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		print_message("%s\n", samples[i].name);
		create_from(samples[i].xml);
		sample_moves(samples[i].hot);
		(void)hypervisor_destroy(hv, VM, soon(), NULL);
		mapping_free(mapping);
		mapping = NULL;
	}
}

/* What a guest sees, and what it takes another machine for if it changes. */
static const struct {
	const char *from;
	const char *to;
} seen_by_guest[] = {
	{"<genid>", "</genid>"},       {"<mac ", "/>"},     {"machine=", ">hvm"},
	{"<uuid>", "</uuid>"},         {"<vcpu", "/vcpu>"}, {"<memory ", "</memory>"},
	{"<controller", "</devices>"},
};

static void completed_boots_alike(void)
{
	g_autofree char *first = running();
	g_autofree char *second = NULL;
	struct mapping *made = NULL;
	struct err err = ERR_INIT;

	expect_rc(mapping_complete(mapping, first, luns, 1, &made, &err), 0, &err);
	assert_true(made->complete && !mapping->complete);
	expect_part(made->xml, mapping->xml, "<cpu", "</cpu>");
	expect_part(made->xml, mapping->xml, "<currentMemory", "</currentMemory>");
	assert_null(strstr(made->xml, "<emulator>"));
	assert_null(strstr(made->xml, "<seclabel"));
	expect_rc(hypervisor_destroy(hv, VM, soon(), &err), 0, &err);
	create(made);
	second = running();
	for (size_t i = 0; i < G_N_ELEMENTS(seen_by_guest); i++) {
		expect_part(second, first, seen_by_guest[i].from, seen_by_guest[i].to);
	}
	mapping_free(made);
}

static void complete__gives_each_boot_the_same_hardware(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		if (samples[i].hot != NULL) {
			continue;
		}
		print_message("%s\n", samples[i].name);
		create_from(samples[i].xml);
		completed_boots_alike();
		(void)hypervisor_destroy(hv, VM, soon(), NULL);
		mapping_free(mapping);
		mapping = NULL;
	}
}

static void completed_boots_live(void)
{
	g_autofree char *first = running();
	g_autofree char *second = NULL;
	struct mapping *made = NULL;
	struct err err = ERR_INIT;

	expect_rc(mapping_complete(mapping, first, luns, 1, &made, &err), 0, &err);
	assert_null(strstr(made->xml, "<vcpus>"));
	expect_rc(hypervisor_destroy(hv, VM, soon(), &err), 0, &err);
	create(made);
	second = running();
	expect_part(second, first, "<vcpu ", "/vcpu>");
	expect_part(second, first, "<controller", "</devices>");
	mapping_free(made);
}

/* I10: a definition that the image could not be restored with ends the save, not the guest. */
static void save__refuses_what_could_not_be_restored(void **state)
{
	struct err err = ERR_INIT;
	char *xml = NULL;

	(void)state;
	create_from(GUEST("", "q35", NIC("")));
	expect_rc(mapping_domain_xml(mapping, &host, &xml, &err), 0, &err);
	expect_rc(hypervisor_save(hv, VM, image, xml, soon(), &err), -EIO, &err);
	assert_non_null(strstr(err_text(&err), "mac"));
	expect_state(DOMAIN_RUNNING);
	g_free(xml);
}

/* A definition for another machine type, as an alias means on a host with another QEMU. */
static void restore__does_not_ask_what_the_alias_means_here(void **state)
{
	struct mapping *other = NULL;
	char **parts;
	char *text;
	struct err err = ERR_INIT;

	(void)state;
	create_from(GUEST("", "pc-q35-7.1", NIC("")));
	saved();
	parts = g_strsplit(mapping->xml, "pc-q35-7.1", -1);
	text = g_strjoinv("q35", parts);
	expect_rc(mapping_parse(text, strlen(text), &other, &err), 0, &err);
	mapping_free(mapping);
	mapping = other;
	restored();
	g_free(text);
	g_strfreev(parts);
}

/* --live: vm_apply.h */
#define NIC1(more) NIC("<mac address='52:54:00:aa:02:01'/>" more)
#define NIC2 NIC("<mac address='52:54:00:aa:02:02'/>")

static const struct vm_settings vm_settings = {.vm = VM, .hypervisor = "qemu:///system"};
static struct vm_context vm;
static struct vm_apply *apply;
static struct mapping *next;

/* The text is stored as revision 2; the guest that runs is compared with it. */
static void live_plan(const char *text)
{
	const struct mapping_source source = {
		.domain_xml = text,
		.vm = VM,
		.array = "san1",
		.state = &state_lun,
		.luns = luns,
		.n_luns = 1,
		.revision = 2,
	};
	struct err err = ERR_INIT;

	expect_rc(mapping_build(&source, &next, &err), 0, &err);
	vm = (struct vm_context){
		.settings = &vm_settings, .hypervisor = hv, .mapping = mapping, .n_luns = 1};
	vm.luns[0] = luns[0];
	expect_rc(vm_apply_plan(&vm, next, soon(), &apply, &err), 0, &err);
	vm.apply = apply;
	vm.mapping = next;
}

static int live_end(void **state)
{
	vm_apply_free(apply);
	apply = NULL;
	mapping_free(next);
	next = NULL;
	return end(state);
}

static void live_expect(const char *text)
{
	g_autofree char *is = vm_apply_text(apply);

	assert_string_equal(is, text);
}

static void expect_runs(const char *part)
{
	g_autofree char *xml = running();

	if (strstr(xml, part) == NULL) {
		fail_msg("'%s' is not in %s", part, xml);
	}
}

static void expect_changed(void)
{
	expect_runs("current='2'>3</vcpu>");
	expect_runs("<link state='down'/>");
	expect_runs("52:54:00:aa:02:02");
}

/* As after the first start, and lunmask definition show. */
static void complete(void)
{
	g_autofree char *definition = running();
	struct mapping *made = NULL;
	struct err err = ERR_INIT;

	expect_rc(mapping_complete(mapping, definition, luns, 1, &made, &err), 0, &err);
	mapping_free(mapping);
	mapping = made;
}

static char *edited(const char *xml, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(xml, from, 2);

	assert_non_null(parts[1]);
	return g_strjoinv(to, parts);
}

/* What was changed moves along, and is what the next boot gives. */
static void apply__gives_the_guest_what_libvirt_can(void **state)
{
	g_autofree char *vcpus = NULL;
	g_autofree char *link = NULL;
	g_autofree char *all = NULL;
	struct err err = ERR_INIT;

	(void)state;
	create_from(GUEST("<vcpu current='1'>3</vcpu>", "q35", NIC1("")));
	complete();
	vcpus = edited(mapping->xml, "current=\"1\"", "current=\"2\"");
	link = edited(vcpus, "<rom ", "<link state='down'/><rom ");
	all = edited(link, "</interface>", "</interface>" NIC2);
	live_plan(all);
	assert_int_equal(apply->plan->n_now, 3);
	assert_true(apply->whole);
	expect_rc(vm_apply_probe(&vm, soon(), &err), TASK_NOT_DONE, &err);
	expect_rc(vm_apply_run(&vm, soon(), &err), 0, &err);
	live_expect("vCPUs: the guest has them\nNIC 52:54:00:aa:02:01: changed\n"
		    "NIC 52:54:00:aa:02:02: attached\n");
	expect_rc(vm_apply_probe(&vm, soon(), &err), TASK_DONE, &err);
	expect_rc(vm_apply_mark_run(&vm, soon(), &err), 0, &err);
	expect_rc(vm_apply_mark_probe(&vm, soon(), &err), TASK_DONE, &err);
	mapping_free(mapping);
	mapping = next;
	next = NULL;
	expect_changed();
	saved();
	restored();
	expect_changed();
	completed_boots_live();
}

/* What was set and is named no more is as libvirt has it by default. */
static void apply__takes_back_what_is_named_no_more(void **state)
{
	g_autofree char *text = NULL;
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;

	(void)state;
	create_from(GUEST("", "q35", NIC1("<link state='down'/>")));
	complete();
	text = edited(mapping->xml, "<link state=\"down\"/>", "");
	live_plan(text);
	assert_int_equal(apply->plan->n_now, 1);
	expect_rc(vm_apply_run(&vm, soon(), &err), 0, &err);
	xml = running();
	assert_null(strstr(xml, "<link state='down'/>"));
	expect_rc(vm_apply_probe(&vm, soon(), &err), TASK_DONE, &err);
}

/* A guest without an operating system gives nothing up, and its balloon has no driver. */
static void apply__leaves_the_rest_for_the_boot(void **state)
{
	struct err err = ERR_INIT;
	g_autofree char *text = NULL;

	(void)state;
	create_from(GUEST("<vcpu current='1'>3</vcpu>", "q35", NIC1("") NIC2));
	hot_vcpu();
	live_plan(GUEST("<title>x</title><currentMemory unit='MiB'>48</currentMemory>"
			"<vcpu current='1'>4</vcpu>",
			"q35", NIC1("<link state='down'/>")));
	assert_int_equal(apply->plan->n_now, 4);
	assert_false(apply->whole);
	expect_rc(vm_apply_run(&vm, soon(), &err), -EIO, &err);
	print_message("%s\n", err_text(&err));
	text = vm_apply_text(apply);
	print_message("%s", text);
	assert_non_null(strstr(text, "memory: at its next boot: the guest was asked"));
	assert_non_null(strstr(text, "vCPUs: at its next boot: libvirt: vCPUs: "));
	assert_non_null(strstr(text, "NIC 52:54:00:aa:02:02: at its next boot: the guest was"));
	assert_non_null(strstr(text, "NIC 52:54:00:aa:02:01: changed\n"));
	expect_runs("current='2'>3</vcpu>");
	expect_runs("<currentMemory unit='KiB'>65536<");
	expect_rc(vm_apply_mark_probe(&vm, soon(), &err), TASK_DONE, &err);
	expect_state(DOMAIN_RUNNING);
}

#define UEFI(os, features)                                                                         \
	"<domain type='qemu'><name>" VM "</name><uuid>" UUID                                       \
	"</uuid><memory unit='MiB'>64</memory>" os "<features><acpi/>" features                    \
	"</features><devices/></domain>"
#define EFI(inner)                                                                                 \
	"<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>" inner                    \
	"<nvram type='network'><source protocol='iscsi' name='iqn.x:t/1'><host name='127.0.0.1' "  \
	"port='3260'/></source></nvram></os>"

/* libvirt chooses the firmware, and its descriptor names the variables. Nothing is created. */
static void firmware_file__is_what_libvirt_chooses(void **state)
{
	static const struct {
		const char *xml;
		const char *template; /* NULL: none is chosen */
	} rows[] = {
		{UEFI(EFI(""), ""), "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"}, /* the first one */
		{UEFI(EFI("<firmware><feature enabled='no' name='secure-boot'/></firmware>"), ""),
		 "/usr/share/OVMF/OVMF_VARS_4M.fd"},
		{UEFI(EFI("<firmware><feature enabled='yes' name='enrolled-keys'/><feature "
			  "enabled='yes' name='secure-boot'/></firmware>"),
		      "<smm state='on'/>"),
		 "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"},
		{GUEST("", "q35", ""), NULL},
	};

	(void)state;
	expect_rc(hypervisor_flash_check(hv, soon(), NULL), 0, NULL);
	expect_rc(hypervisor_tpm_check(hv, soon(), NULL), 0, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = ERR_INIT;
		g_autofree char *file = NULL;
		g_autofree char *template = NULL;
		int rc = hypervisor_firmware_file(hv, rows[i].xml, soon(), &file, &err);

		expect_rc(rc, rows[i].template == NULL ? -ENOENT : 0, &err);
		if (rows[i].template != NULL) {
			expect_rc(firmware_template_find(firmware_folders, file, NULL, &template,
							 &err),
				  0, &err);
			assert_string_equal(template, rows[i].template);
		}
		expect_state(DOMAIN_ABSENT);
	}
}

/* Where there is no KVM, libvirt knows no such guests. */
static void emulated(struct template *template)
{
	g_auto(GStrv) parts = g_strsplit(template->xml, "<domain type='kvm'>", 2);

	g_free(template->xml);
	template->xml = g_strjoinv("<domain type='qemu'>", parts);
}

static void accept_template(const char *name)
{
	static const char *const folders[] = {TEMPLATES, NULL};
	struct template *template __attribute__((cleanup(template_drop))) = NULL;
	struct template_values values = {.vm = VM, .uuid = UUID};
	struct template_luns names;
	struct lun made[TEMPLATE_DRIVES_MAX + 1] = {{.name = ""}};
	struct mapping_source source = {.vm = VM,
					.array = "san1",
					.drives = names.drives,
					.state = &names.state,
					.luns = made};
	g_autofree char *xml = NULL;
	struct err err = ERR_INIT;

	expect_rc(template_find(folders, name, &template, &err), 0, &err);
	emulated(template);
	values.memory_bytes = template->memory_bytes;
	values.n_vcpus = template->n_vcpus;
	values.network = template->network;
	expect_rc(template_definition_make(template, &values, &xml, &err), 0, &err);
	expect_rc(template_luns_name(template, VM, &names, &err), 0, &err);
	for (size_t i = 0; i <= names.n_drives; i++) {
		made[i] = luns[0];
		(void)strcpy(made[i].name,
			     i < names.n_drives ? names.drives[i].extent.lun : names.state.lun);
	}
	source.domain_xml = xml;
	source.n_drives = names.n_drives;
	source.n_luns = names.n_drives + 1;
	expect_rc(mapping_build(&source, &mapping, &err), 0, &err);
	expect_rc(hypervisor_check_xml(hv, mapping->xml, soon(), &err), 0, &err);
	mapping_free(mapping);
	mapping = NULL;
}

/* Those that are shipped. */
static void check_xml__accepts_the_templates(void **state)
{
	(void)state;
	accept_template("linux-cloud");
	accept_template("uefi");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(save_and_restore__what_runs, begin, end),
		cmocka_unit_test_setup_teardown(complete__gives_each_boot_the_same_hardware, begin,
						end),
		cmocka_unit_test_setup_teardown(save__refuses_what_could_not_be_restored, begin,
						end),
		cmocka_unit_test_setup_teardown(restore__does_not_ask_what_the_alias_means_here,
						begin, end),
		cmocka_unit_test_setup_teardown(apply__gives_the_guest_what_libvirt_can, begin,
						live_end),
		cmocka_unit_test_setup_teardown(apply__takes_back_what_is_named_no_more, begin,
						live_end),
		cmocka_unit_test_setup_teardown(apply__leaves_the_rest_for_the_boot, begin,
						live_end),
		cmocka_unit_test_setup_teardown(firmware_file__is_what_libvirt_chooses, begin, end),
		cmocka_unit_test_setup_teardown(check_xml__accepts_the_templates, begin, end),
	};

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s LIBVIRTD-PID FOLDER\n", argv[0]);
		return 2;
	}
	(void)snprintf(image, sizeof(image), "%s/image", argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
