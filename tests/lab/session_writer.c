/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * session_writer INITIATOR PORTAL TARGET LUN: keeps one session open and writes the LUN's last
 * block once for each line on stdin. Prints "N good" or "N refused: why" for each. It shows whether
 * a session that was opened before a revoke can still write after it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "san/iscsi.h"

#define ANSWER_MS 60000

int main(int argc, char **argv)
{
	unsigned char block[4096] = {0};
	struct iscsi_facts facts;
	struct err err = ERR_INIT;
	struct iscsi_lun *lun;
	struct iscsi_path path;
	unsigned int count = 0;
	char line[16];

	if (argc != 5) {
		fprintf(stderr, "usage: session_writer INITIATOR PORTAL TARGET LUN <lines\n");
		return 2;
	}
	path = (struct iscsi_path){argv[2], argv[1], argv[3], (unsigned int)atoi(argv[4]), NULL};
	setlinebuf(stdout);
	if (iscsi_lun_open(&path, deadline_in(ANSWER_MS), &lun, &err) != 0 ||
	    iscsi_lun_facts(lun, deadline_in(ANSWER_MS), &facts, &err) != 0) {
		printf("0 refused: %s\n", err_text(&err));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		int rc = iscsi_lun_write(lun, facts.size_bytes - facts.block_bytes, block,
					 facts.block_bytes, deadline_in(ANSWER_MS), &err);

		count++;
		if (rc != 0) {
			printf("%u refused: %s\n", count, err_text(&err));
			break;
		}
		printf("%u good\n", count);
	}
	iscsi_lun_close(lun, deadline_in(1000));
	return 0;
}
