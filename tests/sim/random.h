/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LUNMASK_SIM_RANDOM_H
#define LUNMASK_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* xoshiro256**, seeded by splitmix64: the only source of chance in a simulation. */
struct random {
	uint64_t s[4];
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* 0..n-1; 0 for n <= 1 */
uint64_t random_below(struct random *random, uint64_t n);
/* low..high */
int64_t random_between(struct random *random, int64_t low, int64_t high);
bool random_chance(struct random *random, unsigned permille);

#endif
