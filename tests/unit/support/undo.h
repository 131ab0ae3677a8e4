/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_TEST_UNDO_H
#define LUNMASK_TEST_UNDO_H

/*
 * What must not outlive its test. cmocka leaves a test that fails by longjmp(), which passes over
 * cleanup attributes and over the last lines of the test. So whatever another test could find (a
 * process, a connection, a file, a variable of the environment) is registered here where it begins,
 * and undo_all(), a teardown, ends what is left, the last one first.
 */

#include <stdbool.h>
#include <sys/types.h>

/*
 * How long a test waits for what must happen. It is so long that only an error reaches it, on
 * whatever machine; it is no measure of speed.
 */
#define TEST_LIMIT_MS 60000

/* Returns 0, or anything else where it failed: the test then fails. */
typedef int undo_function(void *what);

void undo_later(undo_function *undo, void *what);
/* It has ended: takes it off. false: it was not registered. */
bool undo_not(undo_function *undo, void *what);
/* A teardown. */
int undo_all(void **state);

/* setenv(3), until undo_all() puts back what there was. value NULL: unsetenv(3). */
void undo_setenv(const char *name, const char *value);

/* fork(2). undo_all() kills a child that was neither waited for nor killed. */
pid_t child_fork(void);
/* As child_fork(), of a child that something else has started. */
void child_add(pid_t pid);
/* Waits for its end. Returns its status, as of waitpid(2). */
int child_wait(pid_t pid);
void child_kill(pid_t pid);
/* It is a zombie, or nobody. */
bool process_ended(pid_t pid);

/* Asks until the answer is yes; fails the test after TEST_LIMIT_MS. */
#define wait_until(condition)                                                                      \
	for (int wait_turn = 0; !(condition); wait_turn++) {                                       \
		wait_again(wait_turn, #condition);                                                 \
	}
void wait_again(int turn, const char *what);

#endif
