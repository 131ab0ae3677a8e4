# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion for lunmask(8): the program itself knows what can come next.

_lunmask() {
	local IFS=$'\n'

	mapfile -t COMPREPLY < <(lunmask complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
} && complete -o default -F _lunmask lunmask
