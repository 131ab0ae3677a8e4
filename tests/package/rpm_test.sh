#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rpm packages: built from a release's tarball, judged by rpmlint, installed and upgraded in an empty
# root: rpm_test.sh BUILD
#
# BUILD is a configured build tree. Needs what "install-deps package" installs. On a system that is not
# rpm's own, dependencies are not looked for, and scripts are looked at only. Prints TAP; leaves nothing
# behind.
set -uo pipefail

here=$(dirname "$(realpath "$0")")
build=$(realpath "${1:?usage: rpm_test.sh BUILD}")
# shellcheck source=../lab/t/lib.sh
. "$here/../lab/t/lib.sh"
work=$(mktemp -d /var/tmp/lunmask-rpm.XXXXXX)
trap 'rm -rf "$work"' EXIT
PACKAGES=(lunmask lunmaskd lunmask-cli lunmask-array-tgt)

tarball_make() { make -C "$build" -s dist >/dev/null && mv "$build"/lunmask-[0-9]*.tar.xz "$work"; }

macros=()
[ -n "$(rpm --eval '%{?systemd_post}')" ] || macros=(--load "$here/macros.systemd")
selinux=()
[ -n "$(rpm --eval '%{?selinux_set_booleans:1}')" ] || selinux=(--load "$here/macros.selinux")

# rpm_build FOLDER [OPTION...]
rpm_build() {
	rpmbuild -ta --nodeps --nocheck --define "_topdir $work/$1" "${macros[@]}" "${selinux[@]}" \
		"${@:2}" "$work"/lunmask-*.tar.xz >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" && false; }
}

rpm_of() { find "$work/rpm/RPMS" -name "$1-[0-9]*.rpm"; }
query() { rpm --dbpath "$work/db" -qp "${@:2}" "$(rpm_of "$1")" 2>/dev/null; }
root_rpm() { rpm --root "$work/root" --dbpath /var/lib/rpm --nodeps --noscripts "$@"; }

ok "a tarball is made" tarball_make
ok "the packages are built of it, and each installed file is in one" rpm_build rpm
for name in "${PACKAGES[@]}"; do
	ok "there is $name" test -s "$(rpm_of "$name")"
done
mapfile -t rpms < <(find "$work/rpm" -name '*.rpm' ! -name '*debug*')
ok "rpmlint has nothing to say" rpmlint --strict -r "$here/../../rpm/lunmask.rpmlintrc" "${rpms[@]}"

like "lunmaskd's units are enabled by presets" "$(query lunmaskd --scripts)" 'preset .*lunmaskd.service'
like "they are stopped on removal" "$(query lunmaskd --scripts)" 'disable --now .*lunmaskd.service'
like "they are restarted by an upgrade" "$(query lunmaskd --scripts)" 'try-restart .*lunmaskd.service'
like "the first installation turns on what SELinux's policy needs" \
	"$(query lunmask --scripts | tr '\n' ' ')" '-eq 1 \].*virt_use_fusefs=1'
like "the removal gives it back" \
	"$(query lunmask --scripts | tr '\n' ' ')" 'postuninstall.*-eq 0 \].*virt_use_fusefs=1'
[ "${#selinux[@]}" = 0 ] || unlike "without the macros of SELinux's policy, no script speaks of it" \
	"$(rpmspec "${macros[@]}" -P "$build/rpm/lunmask.spec" 2>&1)" virt_use_fusefs
for file in lunmaskd:journal.conf lunmask-cli:lunmask.conf.example lunmask-array-tgt:array-tgt.conf.example; do
	is "${file#*:} is a file of settings" "$(query "${file%:*}" -c)" "/etc/lunmask/${file#*:}"
done
is "lunmask wants the daemons of its version" "$(query lunmask --requires | grep -c '^lunmask\(d\|-cli\).* = ')" 2
is "no file is in two packages" \
	"$(for name in "${PACKAGES[@]}"; do query "$name" -l; done |
		grep -vxE '/etc/lunmask|/usr/libexec/lunmask|.*/(licenses|\.build-id).*' | sort | uniq -d)" ""

mkdir "$work/root"
mapfile -t binary < <(for name in "${PACKAGES[@]}"; do rpm_of "$name"; done)
ok "they are installed in an empty root" root_rpm -i "${binary[@]}"
ok "settings are changed" sed -i 's/^#debug = no/debug = yes/' "$work/root/etc/lunmask/journal.conf"
ok "they are installed again" root_rpm -U --force "${binary[@]}"
ok "the settings are kept" grep -q '^debug = yes' "$work/root/etc/lunmask/journal.conf"
ok "they are removed" root_rpm -e "${PACKAGES[@]}"
is "what is left is the settings that were changed" \
	"$(cd "$work/root" && find . ! -type d ! -path './var/lib/rpm/*' | sort)" \
	./etc/lunmask/journal.conf.rpmsave

ok "without libiscsi, they are built too" rpm_build poor --without libiscsi
poor=$(find "$work/poor/RPMS" -name 'lunmask-[0-9]*.rpm')
unlike "then nothing wants a driver of QEMU for iSCSI, nor the library" \
	"$(rpm --dbpath "$work/db" -qp --requires "$poor" 2>/dev/null)" iscsi
like "otherwise that driver is wanted" "$(query lunmask --requires)" '^\(qemu-block-iscsi or '
done_testing
