/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "san/iscsi_login.h"

#include <iscsi/iscsi.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

/* A login with the ISID of another session closes that session, even one of another process. */
static int isid_set(struct iscsi_context *context)
{
	uint32_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return -1;
	}
	return iscsi_set_isid_random(context, random[0] & 0xffffff, random[1] & 0xffff);
}

/*
 * libiscsi takes the challenge for the array from rand(3), for which it takes the time and the
 * process as the seed.
 */
static int challenge_seed(void)
{
	unsigned int seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		return -1;
	}
	srand(seed);
	return 0;
}

static int chap_set(struct iscsi_context *context, const struct chap *chap, const char *initiator,
		    struct err *err)
{
	struct chap_secrets secrets;
	int rc = chap_read(chap, &secrets, err);

	if (rc < 0) {
		return rc;
	}
	if (iscsi_set_initiator_username_pwd(context, chap_user(chap, initiator), secrets.own) !=
		    0 ||
	    (chap->target_user != NULL &&
	     (challenge_seed() != 0 ||
	      iscsi_set_target_username_pwd(context, chap->target_user, secrets.target) != 0))) {
		rc = err_set(err, -EIO, "libiscsi refuses the user or the secret of CHAP");
	}
	chap_wipe(&secrets);
	return rc;
}

int iscsi_login_setup(struct iscsi_context *context, const struct chap *chap, const char *initiator,
		      struct err *err)
{
	iscsi_set_noautoreconnect(context, 1);
	iscsi_set_reconnect_max_retries(context, 0);
	if (isid_set(context) != 0 ||
	    iscsi_set_header_digest(context, ISCSI_HEADER_DIGEST_NONE_CRC32C) != 0) {
		return err_set(err, -EIO, "libiscsi refuses initiator '%s'", initiator);
	}
	return chap_wanted(chap) ? chap_set(context, chap, initiator, err) : 0;
}
