/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "domain/domain_xml.h"
#include "domain/legal.h"
#include "domain/mapping_policy.h"
#include "firmware/firmware_definition.h"

#define HEAD "<domain type='kvm'>\n<name>vm1</name>"
#define OS "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
#define IN_DOMAIN(xml) HEAD OS xml "<devices/></domain>"
#define IN_OS(xml) HEAD "<os>" xml "</os><devices/></domain>"
#define IN_DEVICES(xml) HEAD OS "\n<devices>" xml "</devices></domain>"

static int checked(const char *xml, struct err *err)
{
	AUTO_XML doc = NULL;
	xmlNodePtr disk;
	xmlNodePtr domain;
	const char *target;
	int rc = domain_xml_parse(xml, strlen(xml), &doc, err);

	if (rc < 0) {
		return rc;
	}
	domain = xmlDocGetRootElement(doc);
	rc = mapping_policy_check(domain, err);
	disk = xml_tree_child(xml_tree_child(domain, "devices"), "disk");
	for (; rc == 0 && disk != NULL; disk = xml_tree_next(disk, "disk")) {
		rc = mapping_policy_check_disk(disk, &target, err);
		if (rc == 0 && mapping_policy_is_reader(disk)) {
			rc = mapping_policy_check_use(disk, NULL, err);
		}
	}
	return rc;
}

static void refused(const char *xml, const char *said)
{
	struct err err = ERR_INIT;

	if (checked(xml, &err) != -EINVAL || strstr(err_text(&err), said) == NULL) {
		fail_msg("'%s' is not in '%s' for %s", said, err_text(&err), xml);
	}
}

static void accepted(const char *xml)
{
	struct err err = ERR_INIT;

	if (checked(xml, &err) != 0) {
		fail_msg("%s for %s", err_text(&err), xml);
	}
}

static void unknown__is_refused_with_its_name_and_line(void **state)
{
	(void)state;
	refused(IN_DEVICES("<warpdrive/>"), "line 3: <devices><warpdrive> is refused");
	refused(IN_DEVICES("\n<memballoon model='virtio'><x/></memballoon>"),
		"line 4: <memballoon><x> is refused");
	refused(IN_DEVICES("<memballoon model='virtio' warp='9'/>"),
		"<devices><memballoon warp='9'> is refused");
	refused(IN_DOMAIN("<warp/>"), "line 2: <warp> is refused");
	refused(IN_DOMAIN("<q:commandline xmlns:q='urn:q'/>"), "sysinfo type='fwcfg'");
	refused(IN_DOMAIN("<q:override xmlns:q='urn:q'/>"), "<q:override> is refused");
	refused(IN_DEVICES("<q:memballoon xmlns:q='urn:q'/>"), "<q:memballoon> is refused");
	refused(HEAD "<os><type q:arch='x' xmlns:q='urn:q'/></os><devices/></domain>", "arch='x'");
	refused("<domain type='xen'>" OS "<devices/></domain>", "type='xen'");
}

static void metadata__is_nobodys_business(void **state)
{
	(void)state;
	accepted(IN_DOMAIN("<metadata><a:b xmlns:a='urn:a' c='/etc/shadow'>/x</a:b></metadata>"));
	accepted(IN_DOMAIN("<title>/etc</title><description>/</description>"));
}

/* Every way in which a definition can name a file of a host. */
static const struct {
	const char *xml;
	const char *said;
} host_files[] = {
	{IN_OS("<kernel>/srv/vmlinuz</kernel>"), "<kernel>/srv/vmlinuz</kernel>"},
	{IN_OS("<kernel>srv/vmlinuz</kernel>"), "<kernel>srv/vmlinuz</kernel>"},
	{IN_OS("<kernel>/usr/share/../../etc/shadow</kernel>"), "shadow"},
	{IN_OS("<initrd>/boot/initrd</initrd>"), "/var/lib/libvirt/boot/"},
	{IN_OS("<initrd><![CDATA[/boot/initrd]]></initrd>"), "/boot/initrd"},
	{IN_OS("<dtb>/x.dtb</dtb>"), "<os><dtb>/x.dtb"},
	{IN_OS("<acpi><table type='slic'>/s</table></acpi>"), "<acpi><table>/s"},
	{IN_OS("<loader>/home/x/OVMF.fd</loader>"), "<os><loader>/home/x/OVMF.fd"},
	{IN_OS("<loader readonly='no'>/usr/share/x</loader>"), "readonly='no'"},
	{IN_OS("<init>/sbin/init</init>"), "containers"},
	{IN_DOMAIN("<sysinfo type='fwcfg'><entry name='a' file='/etc/a'/></sysinfo>"),
	 "on every host below /var/lib/libvirt/boot/"},
	{IN_DOMAIN("<bootloader>/usr/bin/pygrub</bootloader>"), "<bootloader>"},
	{IN_DOMAIN("<blkiotune><device><path>/dev/sda</path></device></blkiotune>"), "<iotune>"},
	{IN_DEVICES("<interface type='ethernet'><script path='/x'/></interface>"),
	 "must not run programs"},
	{IN_DEVICES("<interface type='ethernet'><downscript path='x'/></interface>"),
	 "must not run programs"},
	{IN_DEVICES("<interface type='user'><rom file='/tmp/x'/></interface>"),
	 "<rom file='/tmp/x'>"},
	{IN_DEVICES("<interface type='bridge'><backend tap='/dev/mem'/></interface>"),
	 "/dev/net/tun"},
	{IN_DEVICES("<interface type='user'><backend logFile='/x'/></interface>"), "logFile='/x'"},
	{IN_DEVICES("<serial type='pty'><log file='/var/lib/nova/c.log'/></serial>"),
	 "/var/log/libvirt/qemu/"},
	{IN_DEVICES("<serial type='pty'><log file='/var/log/libvirt/qemu/../x'/></serial>"),
	 "<log file="},
	{IN_DEVICES("<serial type='file'><source path='/etc/passwd'/></serial>"),
	 "path='/etc/passwd'"},
	{IN_DEVICES("<serial type='pipe'><source path='/x'/></serial>"), "type='pipe'"},
	{IN_DEVICES("<serial type='dev'><source path='/dev/ttyS0'/></serial>"), "type='dev'"},
	{IN_DEVICES("<console type='pty' tty='/dev/sda'/>"), "tty='/dev/sda'"},
	{IN_DEVICES("<console type='stdio'/>"), "type='stdio'"},
	{IN_DEVICES("<channel type='unix'><source mode='bind' path='/x'/></channel>"),
	 "remove the path"},
	{IN_DEVICES("<channel type='unix'><source mode='connect' path='x'/></channel>"),
	 "remove the path"},
	{IN_DEVICES("<channel type='dbus'/>"), "type='dbus'"},
	{IN_DEVICES("<rng model='virtio'><backend model='random'>/dev/sda</backend></rng>"),
	 "/dev/urandom"},
	{IN_DEVICES("<rng model='virtio'><backend model='egd' type='udp'/></rng>"), "model='egd'"},
	{IN_DEVICES("<graphics type='vnc' socket='/x'/>"), "leave it out"},
	{IN_DEVICES("<graphics type='vnc'><listen type='socket' socket='/x'/></graphics>"),
	 "leave it out"},
	{IN_DEVICES("<graphics type='sdl' display=':0' xauth='/x'/>"), "type='sdl'"},
	{IN_DEVICES("<graphics type='egl-headless'/>"), "GPU"},
	{IN_DEVICES("<graphics type='spice'><gl enable='yes'/></graphics>"), "enable='yes'"},
	{IN_DEVICES("<graphics type='spice'><gl enable='no' rendernode='/dev/dri/r'/>"
		    "</graphics>"),
	 "rendernode='/dev/dri/r'"},
	{IN_DEVICES("<video><model type='virtio'><acceleration accel3d='yes'/></model>"
		    "</video>"),
	 "accel3d='yes'"},
	{IN_DEVICES("<video><driver name='vhostuser'/></video>"), "name='vhostuser'"},
	{IN_DEVICES("<audio id='1' type='file' path='/x'/>"), "type='file'"},
	{IN_DEVICES("<memory model='nvdimm'><source><path>/x</path></source></memory>"),
	 "model='nvdimm'"},
	{IN_DEVICES("<memory model='dimm'><source><path>/x</path></source></memory>"),
	 "<source><path>"},
	{IN_DEVICES("<smartcard mode='host-certificates'><database>/x</database>"
		    "</smartcard>"),
	 "mode='host-certificates'"},
	{IN_DEVICES("<input type='evdev'><source dev='/dev/input/1'/></input>"), "type='evdev'"},
	{IN_DEVICES("<pstore backend='acpi-erst'><path>/x</path></pstore>"), "<pstore>"},
	{IN_DEVICES("<crypto model='virtio'><backend model='lkcf'/></crypto>"), "model='lkcf'"},
	{IN_DEVICES("<redirdev bus='usb' type='tcp'/>"), "type='tcp'"},
	{IN_DEVICES("<interface type='vhostuser'/>"), "type='vhostuser'"},
	{IN_DEVICES("<interface type='vdpa'/>"), "type='vdpa'"},
	{IN_DEVICES("<emulator>/bin/sh</emulator>"), "<emulator>/bin/sh</emulator>"},
	{IN_DEVICES("<emulator>/usr/bin/qemu-system-x86_64/../sh</emulator>"),
	 "must not choose the program"},
	{IN_DEVICES("<emulator>kvm</emulator><emulator>/bin/sh</emulator>"), "two"},
	{IN_DOMAIN("<seclabel type='static' model='dac'><label>+0:+0</label></seclabel>"),
	 "the user that QEMU"},
};

static void host_file__is_refused_at_every_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(host_files); i++) {
		refused(host_files[i].xml, host_files[i].said);
	}
}

static void host_file__that_every_host_has_is_legal(void **state)
{
	static const char *const rows[] = {
		IN_OS("<kernel>/var/lib/libvirt/boot/vmlinuz</kernel><cmdline>/x</cmdline>"),
		IN_OS("<loader readonly='yes' type='rom'>/usr/share/seabios/bios.bin</loader>"),
		IN_OS("<acpi><table type='slic'>/usr/share/slic.bin</table></acpi>"),
		IN_DOMAIN("<sysinfo type='fwcfg'><entry name='opt/a'>/{}</entry></sysinfo>"),
		IN_DOMAIN("<resource><partition>/machine/rt</partition></resource>"),
		IN_DEVICES("<emulator>/usr/libexec/qemu-kvm</emulator>"),
		IN_DEVICES("<emulator>kvm</emulator>"),
		IN_DEVICES("<emulator>/nix/store/0abc-qemu/bin/qemu-kvm</emulator>"),
		IN_DEVICES(
			"<rng model='virtio'><backend model='random'>/dev/hwrng</backend></rng>"),
		IN_DEVICES("<serial type='pty'><log file='/var/log/libvirt/qemu/a.log'/></serial>"),
		IN_DEVICES("<console type='pty' tty='/dev/pts/4'><source path='/dev/pts/4'/>"
			   "</console>"),
		IN_DEVICES("<interface type='ethernet'><script path=''/>"
			   "<backend tap='/dev/net/tun' vhost='/dev/vhost-net'/></interface>"),
		IN_DEVICES("<channel type='unix'><source mode='bind' "
			   "path='/run/libvirt/qemu/channel/1-vm1/org.qemu.guest_agent.0'/>"
			   "</channel>"),
		IN_DEVICES("<redirdev bus='usb' type='spicevmc'/>"),
		IN_DEVICES("<video><model type='virtio'><acceleration accel3d='no'/></model>"
			   "</video>"),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		accepted(rows[i]);
	}
}

static void variables_are(const char *xml, const struct drive *drive, const char *said)
{
	AUTO_XML doc = NULL;
	struct err err = ERR_INIT;
	xmlNodePtr domain;
	int rc;

	assert_int_equal(domain_xml_parse(xml, strlen(xml), &doc, &err), 0);
	domain = xmlDocGetRootElement(doc);
	assert_int_equal(mapping_policy_check(domain, &err), 0);
	rc = firmware_check_variables(domain, drive, &err);
	assert_int_equal(rc, said == NULL ? 0 : -EINVAL);
	if (said != NULL && strstr(err_text(&err), said) == NULL) {
		fail_msg("'%s' is not in '%s'", said, err_text(&err));
	}
}

static void firmware__with_variables_needs_a_lun_for_them(void **state)
{
	static const struct drive flash = {DRIVE_FLASH, {"web1-nvram", 0, 0}, false};
	static const char *const with[] = {
		HEAD "<os firmware='efi'/><devices/></domain>",
		HEAD "<os firmware='efi'><loader stateless='no'/></os><devices/></domain>",
		IN_OS("<loader type='pflash'>/usr/share/x</loader>"),
		IN_OS("<nvram template='/usr/share/v.fd'>/var/lib/x_VARS.fd</nvram>"),
		IN_OS("<nvram type='network'><source protocol='iscsi'><host/></source></nvram>"),
	};
	static const char *const without[] = {
		HEAD "<os firmware='efi'><loader stateless='yes'/></os><devices/></domain>",
		HEAD "<os firmware='bios'/><devices/></domain>",
		HEAD OS "<devices/></domain>",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(with); i++) {
		variables_are(with[i], &flash, NULL);
		variables_are(with[i], NULL, "nvram=LUN");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(without); i++) {
		variables_are(without[i], NULL, NULL);
		variables_are(without[i], &flash, "remove nvram=web1-nvram from luns");
	}
	refused(IN_OS("<nvram template='/etc/shadow'>/x</nvram>"), "/etc/shadow");
	refused(IN_OS("<nvram/><nvram/>"), "there are two");
	refused(IN_OS("<varstore path='/x'/>"), "<varstore> is refused");
}

static void disk__is_raw_whole_and_the_vms_own(void **state)
{
	static const char *const parts[] = {"shareable", "transient", "mirror", "auth",
					    "encryption"};
	char xml[400];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		(void)snprintf(xml, sizeof(xml),
			       HEAD OS "<devices><disk><target dev='vda'/><%s/>"
				       "</disk></devices></domain>",
			       parts[i]);
		refused(xml, parts[i]);
	}
	refused(IN_DEVICES("<disk><driver type='qcow2'/><target dev='vda'/></disk>"),
		"qemu-img convert -O raw");
	refused(IN_DEVICES("<disk><target dev='vda'/><backingStore type='file'><format "
			   "type='raw'/></backingStore></disk>"),
		"flatten");
	refused(IN_DEVICES("<disk><source><encryption/></source><target dev='vda'/></disk>"),
		"<encryption>");
	refused(IN_DEVICES("<disk device='lun'><target dev='vda'/></disk>"), "device='lun'");
	accepted(IN_DEVICES("<disk><source file='/x' index='1'/><backingStore/><target dev='vda'/>"
			    "</disk>"));
}

static void drive_without_medium__is_legal_in_every_spelling(void **state)
{
	static const char *const empty[] = {"",
					    "<source/>",
					    "<source file=''/>",
					    "<source dev='' index='2'/>",
					    "<source startupPolicy='optional'/>",
					    "<source file='' startupPolicy='optional'/>"};
	static const char *const full[] = {
		"<source file='/a.iso'/>", "<source dev='/dev/sr0'/>",
		"<source protocol='https' name='a.iso'><host name='m'/></source>",
		"<source pool='iso' volume='a.iso'/>", "<source protocol='https'/>"};
	static const char *const device[] = {"cdrom", "floppy"};
	char xml[400];

	(void)state;
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(empty); i++) {
		(void)snprintf(xml, sizeof(xml),
			       HEAD OS "<devices><disk device='%s'>%s<target "
				       "dev='%s'/></disk></devices></domain>",
			       device[i % 2], empty[i / 2], i % 2 == 0 ? "sda" : "fda");
		accepted(xml);
	}
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(full); i++) {
		(void)snprintf(xml, sizeof(xml),
			       HEAD OS "<devices><disk device='%s'>%s<target "
				       "dev='%s'/></disk></devices></domain>",
			       device[i % 2], full[i / 2], i % 2 == 0 ? "sda" : "fda");
		refused(xml, "eject it");
	}
}

static void neutralised_has(const char *xml, const char *part, bool expected)
{
	AUTO_XML doc = NULL;
	g_autofree char *text = NULL;

	accepted(xml);
	assert_int_equal(domain_xml_parse(xml, strlen(xml), &doc, NULL), 0);
	mapping_policy_neutralise(xmlDocGetRootElement(doc));
	assert_int_equal(domain_xml_format(doc, &text, NULL), 0);
	if ((strstr(text, part) != NULL) != expected) {
		fail_msg("'%s' is %s in %s", part, expected ? "not" : "still", text);
	}
}

/* What one host has chosen goes, what somebody has chosen stays. */
static void neutralise__drops_what_one_host_made(void **state)
{
	static const struct {
		const char *xml;
		const char *part;
		bool stays;
	} rows[] = {
		{"<domain type='kvm' id='7'>" OS "<devices/></domain>", "id=", false},
		{IN_DEVICES("<emulator>kvm</emulator>"), "<emulator>", false},
		{IN_DEVICES("<emulator><![CDATA[kvm]]></emulator>"), "<emulator>", false},
		{IN_DEVICES("<emulator>/usr/bin/kvm</emulator>"), "<emulator>", true},
		{IN_DEVICES("<console type='pty' tty='/dev/pts/4'/>"), "pts", false},
		{IN_DEVICES("<serial type='pty'><source path='/dev/pts/4'/></serial>"), "pts",
		 false},
		{IN_DEVICES(
			 "<channel type='unix'><source mode='bind' "
			 "path='/var/lib/libvirt/qemu/channel/target/domain-1-vm1/a'/></channel>"),
		 "domain-1", false},
		{IN_DEVICES(
			 "<channel type='unix'><source mode='bind' "
			 "path='/var/lib/libvirt/qemu/channel/target/domain-1-vm1/a'/></channel>"),
		 "mode=\"bind\"", true},
		{IN_DEVICES(
			 "<serial type='file'><source path='/var/log/libvirt/qemu/a'/></serial>"),
		 "qemu/a", true},
		{IN_DEVICES("<disk type='network' device='cdrom'><source file=''/><target "
			    "dev='sda'/></disk>"),
		 "<source", false},
		{IN_DEVICES("<disk type='network' device='cdrom'><source file=''/><target "
			    "dev='sda'/></disk>"),
		 "type=\"file\"", true},
		{IN_DEVICES("<disk><source file='/x'/><target dev='sda'/></disk>"), "/x", true},
		{IN_DOMAIN("<seclabel type='dynamic' model='apparmor' relabel='yes'>"
			   "<label>x</label></seclabel><seclabel model='dac'/>"),
		 "<seclabel", false},
		{IN_DOMAIN("<seclabel type='dynamic' model='selinux'><baselabel>x</baselabel>"
			   "</seclabel>"),
		 "<seclabel", true},
		{IN_DOMAIN("<seclabel type='none'/>"), "<seclabel", true},
		{IN_DOMAIN("<seclabel type='dynamic' relabel='no'/>"), "<seclabel", true},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		neutralised_has(rows[i].xml, rows[i].part, rows[i].stays);
	}
}

static void legal_path_matches__one_element_per_star(void **state)
{
	(void)state;
	assert_true(legal_path_matches("devices/*/address", "devices/disk/address"));
	assert_false(legal_path_matches("devices/*/address", "devices/disk/source/address"));
	assert_false(legal_path_matches("devices/*", "devices/"));
	assert_false(legal_path_matches("devices/*", "devices"));
	assert_false(legal_path_matches("a", "ab"));
	assert_false(legal_path_matches("ab", "a"));
	assert_true(legal_path_matches("", ""));
}

static void legal_word__is_a_whole_word(void **state)
{
	(void)state;
	assert_true(legal_word("a bc d", "bc"));
	assert_true(legal_word("a bc d", "d"));
	assert_false(legal_word("a bc d", "b"));
	assert_false(legal_word("a bc d", ""));
	assert_false(legal_word("a bc d", "a bc"));
	assert_false(legal_word("", "a"));
	assert_false(legal_word(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown__is_refused_with_its_name_and_line),
		cmocka_unit_test(metadata__is_nobodys_business),
		cmocka_unit_test(host_file__is_refused_at_every_place),
		cmocka_unit_test(host_file__that_every_host_has_is_legal),
		cmocka_unit_test(firmware__with_variables_needs_a_lun_for_them),
		cmocka_unit_test(disk__is_raw_whole_and_the_vms_own),
		cmocka_unit_test(drive_without_medium__is_legal_in_every_spelling),
		cmocka_unit_test(neutralise__drops_what_one_host_made),
		cmocka_unit_test(legal_path_matches__one_element_per_star),
		cmocka_unit_test(legal_word__is_a_whole_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
