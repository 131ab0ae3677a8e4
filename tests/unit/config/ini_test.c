/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/ini.h"

#define PETS_MAX 2

struct pet {
	char name[16];
	char *food;
	char **toys;
	bool asleep;
	bool complete;
};

struct zoo {
	char *town;
	bool open;
	struct pet pets[PETS_MAX];
	size_t n_pets;
};

static int food_check(const char *value, struct err *err)
{
	return strcmp(value, "stone") == 0 || *value == '\0'
		       ? err_set(err, -EINVAL, "'%s' is no food", value)
		       : 0;
}

static const struct ini_key zoo_keys[] = {
	{.name = "town", .offset = offsetof(struct zoo, town), .fallback = "Ulm"},
	{.name = "open",
	 .type = INI_YES_NO,
	 .offset = offsetof(struct zoo, open),
	 .fallback = "no"},
};

static const struct ini_key pet_keys[] = {
	{.name = "food",
	 .offset = offsetof(struct pet, food),
	 .required = true,
	 .check = food_check},
	{.name = "toys", .type = INI_WORDS, .offset = offsetof(struct pet, toys)},
	{.name = "asleep", .type = INI_YES_NO, .offset = offsetof(struct pet, asleep)},
};

static void *pet_place(void *target, const char *name, struct err *err)
{
	struct zoo *zoo = target;

	if (zoo->n_pets == PETS_MAX) {
		(void)err_set(err, -EINVAL, "too many pets");
		return NULL;
	}
	(void)snprintf(zoo->pets[zoo->n_pets].name, sizeof(zoo->pets[0].name), "%s", name);
	return &zoo->pets[zoo->n_pets++];
}

static int pet_complete(void *target, void *place, struct err *err)
{
	struct pet *pet = place;

	(void)target;
	pet->complete = true;
	return strcmp(pet->food, pet->name) == 0 ? err_set(err, -EINVAL, "it eats itself") : 0;
}

static const struct ini_section sections[] = {
	{.kind = "zoo", .keys = zoo_keys, .n_keys = G_N_ELEMENTS(zoo_keys)},
	{.kind = "pet",
	 .placeholder = "NAME",
	 .name_max = 8,
	 .keys = pet_keys,
	 .n_keys = G_N_ELEMENTS(pet_keys),
	 .place = pet_place,
	 .complete = pet_complete},
};

static const struct ini ini = {sections, G_N_ELEMENTS(sections), 8192};

static void zoo_release(struct zoo *zoo)
{
	ini_release(&sections[0], zoo);
	for (size_t i = 0; i < zoo->n_pets; i++) {
		ini_release(&sections[1], &zoo->pets[i]);
	}
}

static int parse(const char *text, struct zoo *ret, struct err *err)
{
	*ret = (struct zoo){0};
	return ini_parse(&ini, text, strlen(text), "f", ret, err);
}

static void ini_parse__fills_what_the_rows_say(void **state)
{
	struct zoo zoo;

	(void)state;
	assert_int_equal(
		parse("# c\n\n[pet rex]\nfood=a = b # c\n toys \t=\t a \t bb  \nasleep = yes\n"
		      "\t[zoo]  \nopen = yes\n[pet i-1._]\nfood = \"x\"",
		      &zoo, NULL),
		0);
	assert_string_equal(zoo.town, "Ulm");
	assert_true(zoo.open);
	assert_int_equal(zoo.n_pets, 2);
	assert_string_equal(zoo.pets[0].food, "a = b # c");
	assert_string_equal(zoo.pets[0].toys[0], "a");
	assert_string_equal(zoo.pets[0].toys[1], "bb");
	assert_null(zoo.pets[0].toys[2]);
	assert_true(zoo.pets[0].asleep);
	assert_true(zoo.pets[0].complete);
	assert_string_equal(zoo.pets[1].name, "i-1._");
	assert_string_equal(zoo.pets[1].food, "\"x\"");
	assert_null(zoo.pets[1].toys);
	zoo_release(&zoo);
	assert_null(zoo.pets[0].toys);
}

static void ini_parse__of_nothing_is_the_fallbacks(void **state)
{
	static const char *const texts[] = {"", "\n", "# Z\xfcrich", "[zoo]", "[zoo]\ntown = Ulm"};
	struct zoo zoo;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		assert_int_equal(parse(texts[i], &zoo, NULL), 0);
		assert_string_equal(zoo.town, "Ulm");
		assert_false(zoo.open);
		zoo_release(&zoo);
	}
}

static const struct {
	const char *text, *says;
} refused[] = {
	{"[cage]\n", "f: line 1: there is no section [cage]; legal are: [zoo], [pet NAME]"},
	{"[ zoo ]\n", "line 1: there is no section [ zoo ]"},
	{"[Zoo]\n", "line 1: there is no section [Zoo]"},
	{"[zoo a]\n", "line 1: there is no section [zoo a]"},
	{"[pet]\n", "line 1: there is no section [pet]"},
	{"[pet a/b]\n", "line 1: [pet a/b]: the name must be letters, digits"},
	{"[pet  a]\n", "line 1: [pet  a]: the name must be"},
	{"[pet ninechars]\n", "at most 8"},
	{"[zoo]\n\nTown = x\n", "f: line 3: [zoo]: there is no key 'Town'; legal are: town, open"},
	{"[zoo]\ntown[de] = x\n", "line 2: [zoo]: there is no key 'town[de]'"},
	{"[zoo]\ntown\xc2\xa0= x\n", "line 2: [zoo]: there is no key 'town"},
	{"[zoo]\ntown = a\ntown = a\n", "f: line 3: [zoo]: the key 'town' is there twice"},
	{"[zoo]\n#\n[zoo]\n", "f: line 3: [zoo] is there twice"},
	{"[pet a]\nfood=x\n[zoo]\n[pet a]\n", "line 4: [pet a] is there twice"},
	{"#\n[pet a]\n[pet b]\n", "f: line 2: [pet a] lacks the key 'food'"},
	{"[pet a]\nfood = stone\n", "f: line 2: [pet a] food: 'stone' is no food"},
	{"[pet a]\nfood =\n", "line 2: [pet a] food: '' is no food"},
	{"[pet a]\nfood = a\n", "f: line 1: [pet a]: it eats itself"},
	{"[pet a]\nfood=x\n[pet b]\nfood=x\n[pet c]\n", "line 5: [pet c]: too many pets"},
	{"[zoo]\nopen = true\n", "[zoo] open: 'true' is not legal: yes, or no"},
	{"[zoo]\nopen = yes # c\n", "'yes # c' is not legal: yes, or no"},
	{"town = x\n", "line 1: 'town = x' is neither a [section], nor a KEY = VALUE in one"},
	{"[zoo]\nnonsense\n", "line 2: 'nonsense' is neither"},
	{"[zoo]\n= x\n", "line 2: '= x' is neither"},
	{"[zoo]\n; c\n", "line 2: '; c' is neither a [section]"},
	{"[zoo] # c\n", "line 1: '[zoo] # c' is neither"},
	{"[zoo]\n[pet a] # b = c\n", "line 2: '[pet a] # b = c' is neither"},
	{"[zoo]\ntown = a\\\n b\n", "line 3: 'b' is neither"},
	{"\xef\xbb\xbf[zoo]\n", "line 1: it begins with a byte order mark"},
	{"[zoo]\r\n", "line 1: byte 6 is a control character (0x0d); a line ends with LF"},
	{"[zoo]\n# \x01\n", "line 2: byte 3 is a control character (0x01)"},
	{"[zoo]\ntown = Z\xfcrich\n", "line 2: it is not UTF-8"},
};

static void ini_parse__refuses_and_says_what_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		struct err err = ERR_INIT;
		struct zoo zoo;

		if (parse(refused[i].text, &zoo, &err) != -EINVAL) {
			fail_msg("accepted: %s", refused[i].text);
		}
		if (strstr(err_text(&err), refused[i].says) == NULL) {
			fail_msg("'%s' is not in '%s'", refused[i].says, err_text(&err));
		}
		zoo_release(&zoo);
	}
}

static void ini_parse__has_limits(void **state)
{
	char text[8194] = "[zoo]\ntown = ";
	size_t head = strlen(text);
	struct err err = ERR_INIT;
	struct zoo zoo;

	(void)state;
	memset(text + head, 'a', INI_VALUE_MAX);
	assert_int_equal(parse(text, &zoo, NULL), 0);
	zoo_release(&zoo);
	text[head + INI_VALUE_MAX] = 'a';
	assert_int_equal(parse(text, &zoo, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "[zoo] town: the value is longer than 4096"));
	memset(text, '#', 8193);
	assert_int_equal(parse(text, &zoo, &err), -EINVAL);
	assert_string_equal(err_text(&err), "f: it is larger than 8192 bytes");
	zoo = (struct zoo){0};
	assert_int_equal(ini_parse(&ini, "#\0", 2, "f", &zoo, NULL), -EINVAL);
	zoo_release(&zoo);
}

static void ini_load__wants_a_regular_file_that_nobody_else_can_write(void **state)
{
	char path[] = "/tmp/ini_test.XXXXXX";
	int fd = mkstemp(path);
	struct err err = ERR_INIT;
	struct zoo zoo = {0};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[zoo]\ntown = a\n", 15), 15);
	assert_int_equal(ini_load(&ini, path, &zoo, NULL), 0);
	assert_string_equal(zoo.town, "a");
	zoo_release(&zoo);
	assert_int_equal(fchmod(fd, 0602), 0);
	assert_int_equal(ini_load(&ini, path, &zoo, &err), -EACCES);
	assert_non_null(strstr(err_text(&err), "its mode is 0602; use chmod 0600"));
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(ini_load(&ini, path, &zoo, &err), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ini_load(&ini, path, &zoo, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "it is not a regular file"));
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ini_parse__fills_what_the_rows_say),
		cmocka_unit_test(ini_parse__of_nothing_is_the_fallbacks),
		cmocka_unit_test(ini_parse__refuses_and_says_what_and_where),
		cmocka_unit_test(ini_parse__has_limits),
		cmocka_unit_test(ini_load__wants_a_regular_file_that_nobody_else_can_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
