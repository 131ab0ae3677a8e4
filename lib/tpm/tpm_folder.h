/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TPM_FOLDER_H
#define LUNMASK_TPM_FOLDER_H

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * What libvirt and swtpm(8) see as the folder of a TPM, /var/lib/libvirt/swtpm/UUID: the folder
 * tpm2 with a few files, in memory. One of them, tpm2-00.permall, is the TPM's permanent state:
 * where it gets another content, which swtpm does by renaming, and in any case before it answers
 * its guest, commit is called, and the call returns with its error.
 *
 * Whoever deletes the state, as libvirt does after a live migration on the source, deletes it here,
 * and nowhere else: commit is not called. From then on nothing is committed (-EPERM), because swtpm
 * would make another TPM where it finds none.
 *
 * Paths begin with '/'. Functions return 0, a count of bytes, or -errno, and have no text, as the
 * system calls that they serve.
 */
#define TPM_FOLDER_FILES_MAX 16
#define TPM_FOLDER_NAME_MAX 63
#define TPM_FOLDER_FILE_MAX (256u * 1024)

#define TPM_FOLDER_STATE "/tpm2/tpm2-00.permall"
#define TPM_FOLDER_VOLATILE "/tpm2/tpm2-00.volatilestate"

struct tpm_folder_node {
	mode_t mode; /* 0: there is none */
	uid_t uid;
	gid_t gid;
	struct timespec changed;
};

struct tpm_folder_file {
	struct tpm_folder_node node;
	char name[TPM_FOLDER_NAME_MAX + 1];
	GByteArray *bytes;
	bool dirty; /* the permanent state was written in place, and not committed yet */
};

struct tpm_folder {
	struct tpm_folder_node root;
	struct tpm_folder_node dir;
	struct tpm_folder_file files[TPM_FOLDER_FILES_MAX];
	bool deleted; /* the permanent state was */

	/* 0, or -errno: then nothing has changed, neither here. */
	int (*commit)(void *data, GBytes *state);
	void *data;
};

/* state NULL: there is no TPM yet, and no folder tpm2, so that libvirt has swtpm_setup make one. */
void tpm_folder_init(struct tpm_folder *folder, GBytes *state);
void tpm_folder_release(struct tpm_folder *folder);

int tpm_folder_stat(const struct tpm_folder *folder, const char *path, struct stat *ret);
/* The index-th name in the folder, or NULL. path is legal if tpm_folder_stat() shows a folder. */
const char *tpm_folder_entry(const struct tpm_folder *folder, const char *path, size_t index);

int tpm_folder_mkdir(struct tpm_folder *folder, const char *path, mode_t mode, uid_t uid,
		     gid_t gid);
int tpm_folder_rmdir(struct tpm_folder *folder, const char *path);
int tpm_folder_create(struct tpm_folder *folder, const char *path, mode_t mode, uid_t uid,
		      gid_t gid);
int tpm_folder_read(const struct tpm_folder *folder, const char *path, void *data, size_t bytes,
		    off_t offset);
int tpm_folder_write(struct tpm_folder *folder, const char *path, const void *data, size_t bytes,
		     off_t offset);
int tpm_folder_truncate(struct tpm_folder *folder, const char *path, off_t size);
/* At close and fsync: commits what was written in place. */
int tpm_folder_flush(struct tpm_folder *folder, const char *path);
int tpm_folder_rename(struct tpm_folder *folder, const char *from, const char *to);
int tpm_folder_unlink(struct tpm_folder *folder, const char *path);
int tpm_folder_chmod(struct tpm_folder *folder, const char *path, mode_t mode);
/* -1: unchanged */
int tpm_folder_chown(struct tpm_folder *folder, const char *path, uid_t uid, gid_t gid);

#endif
