/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver/account/account_plan.h"

#include <glib.h>
#include <string.h>

#include "driver/account/account_mark.h"

struct planner {
	const struct account_world *world;
	GArray *actions; /* of struct account_action */
};

static void add(struct planner *p, enum account_act act, unsigned int tid, const char *user)
{
	struct account_action action = {.act = act, .tid = tid, .user = user};

	(void)g_array_append_val(p->actions, action);
}

static bool is(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool present(const struct account_world *world, const char *user)
{
	for (size_t i = 0; i < world->n_present; i++) {
		if (is(world->present[i], user)) {
			return true;
		}
	}
	return false;
}

static const struct account_wanted *wanted_find(const struct account_world *world, const char *user)
{
	for (size_t i = 0; i < world->n_wanted; i++) {
		if (is(world->wanted[i].user, user)) {
			return &world->wanted[i];
		}
	}
	return NULL;
}

/* tgtd has it with another secret, or with one that is not known. */
static bool stale(const struct account_world *world, const struct account_wanted *wanted)
{
	return world->whole && wanted->mark == NULL && present(world, wanted->user);
}

/* The driver has made it. */
static bool marked(const struct account_world *world, const char *user)
{
	for (size_t i = 0; i < world->n_present; i++) {
		if (is(account_mark_user(world->present[i]), user)) {
			return true;
		}
	}
	return false;
}

static void marks_delete(struct planner *p, const char *user)
{
	for (size_t i = 0; i < p->world->n_present; i++) {
		const char *name = p->world->present[i];

		if (is(account_mark_user(name), user)) {
			add(p, ACCOUNT_DELETE, 0, name);
		}
	}
}

static bool needs_closed(const struct account_world *world)
{
	bool ret = false;

	for (size_t i = 0; i < world->n_places && !ret; i++) {
		ret = !world->places[i].without;
	}
	return ret;
}

static void missing_make(struct planner *p)
{
	const struct account_world *world = p->world;

	if (needs_closed(world) && !present(world, ACCOUNT_CLOSED)) {
		add(p, ACCOUNT_NEW, 0, ACCOUNT_CLOSED);
	}
	for (size_t i = 0; i < world->n_wanted; i++) {
		if (!present(world, world->wanted[i].user)) {
			marks_delete(p, world->wanted[i].user);
			add(p, ACCOUNT_NEW, 0, world->wanted[i].user);
		}
	}
}

static bool bound(const struct account_place *place, const char *user)
{
	for (size_t i = 0; i < place->n_hosts; i++) {
		if (is(place->hosts[i], user)) {
			return true;
		}
	}
	return false;
}

static bool stays(const struct account_world *world, const struct account_place *place,
		  const char *user)
{
	const struct account_wanted *wanted = wanted_find(world, user);

	if (wanted != NULL) {
		return !place->without && !wanted->outgoing && !stale(world, wanted);
	}
	return place->shared && !is(user, ACCOUNT_CLOSED) && !marked(world, user);
}

/* What the place is to have, in order, before stale accounts have been made anew. */
static GPtrArray *hosts_wanted(const struct account_world *world, const struct account_place *place)
{
	GPtrArray *ret = g_ptr_array_new();

	if (!place->without) {
		g_ptr_array_add(ret, (gpointer)ACCOUNT_CLOSED);
	}
	for (size_t i = 0; i < place->n_hosts; i++) {
		if (stays(world, place, place->hosts[i])) {
			g_ptr_array_add(ret, (gpointer)place->hosts[i]);
		}
	}
	for (size_t i = 0; i < world->n_wanted; i++) {
		const struct account_wanted *wanted = &world->wanted[i];

		if (stays(world, place, wanted->user) && !bound(place, wanted->user)) {
			g_ptr_array_add(ret, (gpointer)wanted->user);
		}
	}
	return ret;
}

static void hosts_bind(struct planner *p, const struct account_place *place)
{
	g_autoptr(GPtrArray) wanted = hosts_wanted(p->world, place);
	size_t same = 0;
	bool shut;

	while (same < place->n_hosts && same < wanted->len &&
	       is(place->hosts[same], g_ptr_array_index(wanted, same))) {
		same++;
	}
	shut = same == 0 && place->n_hosts > 0 && place->admits && !place->without;
	if (shut) {
		add(p, ACCOUNT_SHUT, place->tid, NULL);
	}
	for (size_t i = place->n_hosts; i > same; i--) {
		add(p, ACCOUNT_UNBIND, place->tid, place->hosts[i - 1]);
	}
	for (size_t i = same; i < wanted->len; i++) {
		add(p, ACCOUNT_BIND, place->tid, g_ptr_array_index(wanted, i));
	}
	if (shut) {
		add(p, ACCOUNT_OPEN, place->tid, NULL);
	}
}

static const struct account_wanted *array_wanted(const struct account_world *world,
						 const struct account_place *place)
{
	for (size_t i = 0; i < world->n_wanted && !place->without; i++) {
		if (world->wanted[i].outgoing) {
			return &world->wanted[i];
		}
	}
	return NULL;
}

static bool array_of_others(const struct account_world *world, const struct account_place *place)
{
	return place->shared && array_wanted(world, place) == NULL &&
	       wanted_find(world, place->array) == NULL && !marked(world, place->array);
}

static void array_bind(struct planner *p, const struct account_place *place)
{
	const struct account_wanted *wanted = array_wanted(p->world, place);
	bool later = wanted != NULL && stale(p->world, wanted);

	if (wanted != NULL && !later && is(place->array, wanted->user)) {
		return;
	}
	if (place->array != NULL && !array_of_others(p->world, place)) {
		add(p, ACCOUNT_ARRAY_UNBIND, place->tid, place->array);
	}
	if (wanted != NULL && !later) {
		add(p, ACCOUNT_ARRAY_BIND, place->tid, wanted->user);
	}
}

static void stale_make(struct planner *p)
{
	const struct account_world *world = p->world;

	for (size_t i = 0; i < world->n_wanted; i++) {
		const struct account_wanted *wanted = &world->wanted[i];

		if (stale(world, wanted)) {
			marks_delete(p, wanted->user);
			add(p, ACCOUNT_DELETE, 0, wanted->user);
			add(p, ACCOUNT_NEW, 0, wanted->user);
		}
	}
}

static void stale_bind(struct planner *p, const struct account_place *place)
{
	for (size_t i = 0; i < p->world->n_wanted && !place->without; i++) {
		const struct account_wanted *wanted = &p->world->wanted[i];

		if (stale(p->world, wanted)) {
			add(p, wanted->outgoing ? ACCOUNT_ARRAY_BIND : ACCOUNT_BIND, place->tid,
			    wanted->user);
		}
	}
}

/* A mark goes last: what it marks is known until then to be the driver's. */
static void retired_delete(struct planner *p)
{
	const struct account_world *world = p->world;

	for (size_t i = 0; i < world->n_present; i++) {
		const char *user = account_mark_user(world->present[i]);

		if (user != NULL && wanted_find(world, user) == NULL) {
			if (present(world, user)) {
				add(p, ACCOUNT_DELETE, 0, user);
			}
			marks_delete(p, user);
		}
	}
}

struct account_plan account_plan_make(const struct account_world *world)
{
	struct planner p = {.world = world,
			    .actions = g_array_new(FALSE, FALSE, sizeof(struct account_action))};
	struct account_plan ret;

	missing_make(&p);
	for (size_t i = 0; i < world->n_places; i++) {
		hosts_bind(&p, &world->places[i]);
		array_bind(&p, &world->places[i]);
	}
	if (world->whole) {
		stale_make(&p);
		retired_delete(&p);
		for (size_t i = 0; i < world->n_places; i++) {
			stale_bind(&p, &world->places[i]);
		}
	}
	ret.count = p.actions->len;
	ret.actions = (struct account_action *)(void *)g_array_free(p.actions, FALSE);
	return ret;
}

void account_plan_release(struct account_plan *plan)
{
	g_clear_pointer(&plan->actions, g_free);
	plan->count = 0;
}
