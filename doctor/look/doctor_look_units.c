/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd, asked by D-Bus. */
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/async_call.h"
#include "doctor/look/doctor_look_internal.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define GUESTS "libvirt-guests.service"

/* The bus may hang, so it is asked in a thread that can be left behind. */
struct question {
	struct async_call call;
	int timeout_ms;
	struct doctor_units units;
	GError *error;
};

static GVariant *manager_call(GDBusConnection *bus, const char *method, const char *unit,
			      const char *reply, struct question *question, GError **error)
{
	return g_dbus_connection_call_sync(bus, SYSTEMD, "/org/freedesktop/systemd1",
					   SYSTEMD ".Manager", method, g_variant_new("(s)", unit),
					   G_VARIANT_TYPE(reply), G_DBUS_CALL_FLAGS_NONE,
					   question->timeout_ms, NULL, error);
}

/* A unit that does not exist is not enabled. */
static bool unit_enabled(GDBusConnection *bus, const char *unit, struct question *question)
{
	g_autoptr(GVariant) reply =
		manager_call(bus, "GetUnitFileState", unit, "(s)", question, NULL);
	const char *state = "";

	if (reply != NULL) {
		g_variant_get(reply, "(&s)", &state);
	}
	return g_str_has_prefix(state, "enabled") || strcmp(state, "linked") == 0;
}

static GVariant *unit_property(GDBusConnection *bus, const char *unit, const char *property,
			       struct question *question)
{
	g_autoptr(GVariant) loaded =
		manager_call(bus, "LoadUnit", unit, "(o)", question, &question->error);
	g_autoptr(GVariant) reply = NULL;
	GVariant *value = NULL;
	const char *path;

	if (loaded == NULL) {
		return NULL;
	}
	g_variant_get(loaded, "(&o)", &path);
	reply = g_dbus_connection_call_sync(bus, SYSTEMD, path, "org.freedesktop.DBus.Properties",
					    "Get", g_variant_new("(ss)", SYSTEMD ".Unit", property),
					    G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NONE,
					    question->timeout_ms, NULL, &question->error);
	if (reply != NULL) {
		g_variant_get(reply, "(v)", &value);
	}
	return value;
}

static bool unit_active(GDBusConnection *bus, const char *unit, struct question *question)
{
	g_autoptr(GVariant) value = unit_property(bus, unit, "ActiveState", question);

	return value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) &&
	       strcmp(g_variant_get_string(value, NULL), "active") == 0;
}

static bool ordered_after(GDBusConnection *bus, const char *unit, const char *other,
			  struct question *question)
{
	g_autoptr(GVariant) value = unit_property(bus, unit, "After", question);
	g_autofree const char **after = NULL;

	if (value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY)) {
		after = g_variant_get_strv(value, NULL);
	}
	return after != NULL && g_strv_contains(after, other);
}

static void units_ask(struct async_call *call)
{
	struct question *question = (struct question *)call;
	struct doctor_units *units = &question->units;
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &question->error);

	if (bus == NULL) {
		return;
	}
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	units->guests = unit_enabled(bus, GUESTS, question) || unit_active(bus, GUESTS, question);
	if (question->error == NULL) {
		units->guests_ordered = ordered_after(bus, "pacemaker.service", GUESTS, question);
	}
	for (size_t i = 0; question->error == NULL && i < DOCTOR_PROGRAMS; i++) {
		g_autofree char *unit = g_strdup_printf("%s.service", doctor_program_names[i]);

		units->enabled[i] = unit_enabled(bus, unit, question);
	}
}

static void question_free(struct async_call *call)
{
	struct question *question = (struct question *)call;

	g_clear_error(&question->error);
	g_free(question);
}

/* As sd_booted(3). */
static bool systemd_runs(void)
{
	return access("/run/systemd/system/", F_OK) == 0;
}

void doctor_look_units(struct doctor_look *look, struct deadline deadline)
{
	struct doctor_units *ret = &look->facts.units;
	struct question *question;

	if (!systemd_runs()) {
		doctor_part_unseen(&ret->part, "this host was not started by systemd");
		return;
	}
	question = g_new0(struct question, 1);
	question->timeout_ms = deadline_left_ms(deadline);
	async_call_init(&question->call, units_ask, question_free);
	if (async_call_start(&question->call) < 0 || !async_call_wait(&question->call, deadline)) {
		doctor_part_unseen(&ret->part, "D-Bus or systemd did not answer in time");
	} else if (question->error != NULL) {
		doctor_part_unseen(&ret->part, question->error->message);
	} else {
		*ret = question->units;
		ret->part.seen = DOCTOR_SEEN;
	}
	async_call_release(&question->call);
}
