# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A test with a network namespace of its own cannot reach Debian's mirror. It keeps this machine's network
# as descriptor 9 before it leaves it. Sourced.
#
#   exec 9</proc/self/ns/net
#   online COMMAND...

online() {
	case $(readlink /proc/self/fd/9) in
	net:*) nsenter --net=/proc/self/fd/9 -- "$@" ;;
	*) "$@" ;;
	esac
}
