/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against a socket of this process in the place of tgtd's; tests/storage/accounts_test.sh has a
 * real one. */
#include "tests/unit/test.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "driver/tgtd/tgt_account.h"
#include "driver/tgtd/tgt_socket.h"

#define HEADER 120

static char base[64];
static int listener = -1;

struct exchange {
	uint32_t status;
	const char *text;
	bool silent; /* it hangs up at once */
	char request[HEADER + TGT_SOCKET_PARAMS_MAX];
	size_t bytes;
};

static gpointer serve(gpointer data)
{
	struct exchange *exchange = data;
	int peer = accept(listener, NULL, NULL);
	uint32_t reply[2] = {exchange->status, (uint32_t)(8 + strlen(exchange->text))};
	uint32_t length = HEADER;

	while (!exchange->silent && exchange->bytes < length) {
		ssize_t got = read(peer, exchange->request + exchange->bytes,
				   sizeof(exchange->request) - exchange->bytes);

		exchange->bytes += got > 0 ? (size_t)got : sizeof(exchange->request);
		if (exchange->bytes >= HEADER) {
			memcpy(&length, exchange->request + 72, sizeof(length));
		}
	}
	if (!exchange->silent) {
		(void)send(peer, reply, sizeof(reply), MSG_NOSIGNAL);
		(void)send(peer, exchange->text, strlen(exchange->text), MSG_NOSIGNAL);
	}
	(void)close(peer);
	return NULL;
}

static GThread *begin(struct exchange *exchange)
{
	return g_thread_new("tgtd", serve, exchange);
}

static int listener_make(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	(void)g_snprintf(base, sizeof(base), "/tmp/tgt_account_test.%d", (int)getpid());
	(void)g_snprintf(address.sun_path, sizeof(address.sun_path), "%s.7", base);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(listener, (const struct sockaddr *)&address, sizeof(address)) |
	       listen(listener, 1) | setenv("TGT_IPC_SOCKET", base, 1);
}

static int listener_unmake(void **state)
{
	g_autofree char *path = g_strdup_printf("%s.7", base);

	(void)state;
	(void)close(listener);
	return unlink(path);
}

static uint32_t number_at(const struct exchange *exchange, size_t at)
{
	uint32_t ret;

	memcpy(&ret, exchange->request + at, sizeof(ret));
	return ret;
}

static void tgt_account_new__sends_what_tgtadm_sends(void **state)
{
	struct exchange exchange = {.text = ""};
	GThread *tgtd = begin(&exchange);
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(tgt_account_new("7", "u1", "the,secret=1", deadline_in(5000), &fault), 0);
	(void)g_thread_join(tgtd);
	assert_int_equal(number_at(&exchange, 0), 7);
	assert_int_equal(number_at(&exchange, 4), 0);
	assert_string_equal(exchange.request + 8, "iscsi");
	assert_int_equal(number_at(&exchange, 72), exchange.bytes);
	assert_int_equal(exchange.bytes, HEADER + strlen("user=u1,password=the,secret=1") + 1);
	assert_string_equal(exchange.request + HEADER, "user=u1,password=the,secret=1");
}

static void tgt_account_bind__names_the_target_and_the_direction(void **state)
{
	struct exchange exchange = {.text = ""};
	GThread *tgtd = begin(&exchange);
	struct fault fault = FAULT_INIT;

	(void)state;
	assert_int_equal(tgt_account_bind("7", 9, "a", true, deadline_in(5000), &fault), 0);
	(void)g_thread_join(tgtd);
	assert_int_equal(number_at(&exchange, 4), 3);
	assert_int_equal(number_at(&exchange, 76), 9);
	assert_int_equal(number_at(&exchange, 108), 1);
	assert_string_equal(exchange.request + HEADER, "user=a");
}

static void tgt_account_unbind__takes_what_is_done_already(void **state)
{
	struct exchange done = {.status = TGT_STATUS_NO_USER, .text = ""};
	struct exchange refused = {.status = 17, .text = ""};
	struct fault fault = FAULT_INIT;
	GThread *tgtd = begin(&done);

	(void)state;
	assert_int_equal(tgt_account_unbind("7", 9, "a", false, deadline_in(5000), &fault), 0);
	(void)g_thread_join(tgtd);
	tgtd = begin(&refused);
	assert_int_not_equal(tgt_account_unbind("7", 9, "a", false, deadline_in(5000), &fault), 0);
	(void)g_thread_join(tgtd);
	assert_non_null(strstr(err_text(&fault.err), "refuses to unbind account 'a' (error 17"));
}

static void tgt_account_delete__leaves_what_others_have_bound(void **state)
{
	struct exchange exchange = {.text = "Target 5: iqn.other\n    Account information:\n"
					    "        a\n    ACL information:\n"};
	struct fault fault = FAULT_INIT;
	GThread *tgtd = begin(&exchange);

	(void)state;
	assert_int_not_equal(tgt_account_delete("7", "a", deadline_in(5000), &fault), 0);
	(void)g_thread_join(tgtd);
	assert_int_equal(fault.code, ARRAY_ERROR_IN_USE);
}

static void tgt_account_list__fails_if_tgtd_hangs_up(void **state)
{
	struct exchange exchange = {.text = "", .silent = true};
	struct fault fault = FAULT_INIT;
	GPtrArray *names = NULL;
	GThread *tgtd = begin(&exchange);

	(void)state;
	assert_int_not_equal(tgt_account_list("7", deadline_in(5000), &names, &fault), 0);
	(void)g_thread_join(tgtd);
	assert_int_equal(fault.code, ARRAY_ERROR_UNREACHABLE);
	assert_int_not_equal(tgt_account_list("8", deadline_in(5000), &names, &fault), 0);
	assert_int_equal(fault.code, ARRAY_ERROR_UNREACHABLE);
}

static void tgt_account_list_parse__has_the_names(void **state)
{
	static const char *const wrong[] = {"Accounts:\n    a\n", "Account list:\na\n", "    a\n"};
	GPtrArray *names;

	(void)state;
	assert_int_equal(tgt_account_list_parse("", &names, NULL), 0);
	assert_int_equal(names->len, 0);
	g_ptr_array_unref(names);
	assert_int_equal(tgt_account_list_parse("Account list:\n    b\n    a c\n", &names, NULL),
			 0);
	assert_int_equal(names->len, 2);
	assert_string_equal(g_ptr_array_index(names, 1), "a c");
	g_ptr_array_unref(names);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		assert_int_not_equal(tgt_account_list_parse(wrong[i], &names, NULL), 0);
	}
}

static void tgt_discovery_parse__reads_what_tgtd_prints(void **state)
{
	static const char before[] = "System:\n    State: ready\n    debug: off\nDevice types:\n"
				     "    disk\n";
	static const char after[] = "iSNS:\n    iSNS=Off\n";
	g_autofree char *none = g_strconcat(before, after, NULL);
	g_autofree char *some =
		g_strconcat(before, "    Account information:\n\n    b\n    a\n    c (outgoing)\n",
			    after, NULL);
	struct tgt_discovery discovery;

	(void)state;
	assert_int_equal(tgt_discovery_parse(none, &discovery, NULL), 0);
	assert_int_equal(discovery.hosts->len, 0);
	assert_false(discovery.debug);
	tgt_discovery_release(&discovery);
	assert_int_equal(tgt_discovery_parse(some, &discovery, NULL), 0);
	assert_int_equal(discovery.hosts->len, 2);
	assert_string_equal(g_ptr_array_index(discovery.hosts, 0), "b");
	assert_string_equal(discovery.array, "c");
	tgt_discovery_release(&discovery);
	assert_int_equal(tgt_discovery_parse("System:\n    debug: on\n", &discovery, NULL), 0);
	assert_true(discovery.debug);
	tgt_discovery_release(&discovery);
	assert_int_not_equal(tgt_discovery_parse("", &discovery, NULL), 0);
}

static void tgt_account_shown__is_not_misled_by_an_initiator(void **state)
{
	static const char head[] = "Target 1: iqn.x\n    I_T nexus information:\n"
				   "            Initiator: iqn.a alias: x\n    ACL information:\n";
	g_autofree char *bound = g_strconcat(head, "    Account information:\n        u1\n", NULL);
	g_autofree char *outgoing = g_strconcat(
		head, "    Account information:\n        b\n        u1 (outgoing)\n", NULL);
	g_autofree char *admitted = g_strconcat(
		head, "    Account information:\n    ACL information:\n        u1\n", NULL);

	(void)state;
	assert_true(tgt_account_shown(bound, "u1"));
	assert_true(tgt_account_shown(outgoing, "u1"));
	assert_false(tgt_account_shown(outgoing, "u"));
	assert_false(tgt_account_shown(admitted, "u1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tgt_account_new__sends_what_tgtadm_sends),
		cmocka_unit_test(tgt_account_bind__names_the_target_and_the_direction),
		cmocka_unit_test(tgt_account_unbind__takes_what_is_done_already),
		cmocka_unit_test(tgt_account_delete__leaves_what_others_have_bound),
		cmocka_unit_test(tgt_account_list__fails_if_tgtd_hangs_up),
		cmocka_unit_test(tgt_account_list_parse__has_the_names),
		cmocka_unit_test(tgt_discovery_parse__reads_what_tgtd_prints),
		cmocka_unit_test(tgt_account_shown__is_not_misled_by_an_initiator),
	};

	return cmocka_run_group_tests(tests, listener_make, listener_unmake);
}
