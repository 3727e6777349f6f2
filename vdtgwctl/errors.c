/*
 * One table: an error's name, its words with the parameters' places in braces, and the exit status.
 */
#include "vdtgwctl/errors.h"

#include "common/array.h"
#include "common/printable.h"
#include "vdtgwctl/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	VALUE_MAX = 1024, /* bytes of a parameter's value that are shown */
	NAME_MAX_BYTES = 64,
};

static const struct row {
	const char *error;
	const char *words;
	int status;
} rows[] = {
	{ "org.vdtgw.Admin.NotAllowed", "{method} is not allowed over this socket", EX_NOPERM },
	{ "org.vdtgw.Admin.NoSuchSession", "no session {session}", CONTROL_REFUSED },
	{ "org.vdtgw.Admin.NoOrders",
	  "session {session} takes no orders: it came in without asking for them",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.NeverBanned", "{network} is never banned: \"vdtgwctl never\" shows why",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.NoSuchBan",
	  "there is no ban of just {network}: \"vdtgwctl bans\" shows their names",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.NoSuchNever",
	  "{network} was not added to those who are never banned: \"vdtgwctl never\" shows who was",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.Configured",
	  "{network} is never banned by the configuration (bans.never or proxy.trusted): change it "
	  "there, then \"vdtgwctl reload\"",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.NotReady",
	  "session {session} is only just beginning or about to end: nothing can be shown to it, "
	  "and it cannot be redirected",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.NotRedirected", "session {session} is not redirected", CONTROL_REFUSED },
	{ "org.vdtgw.Admin.AlreadyRedirected",
	  "session {session} is redirected already: \"vdtgwctl home {session}\" ends that",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.AlreadyWatching", "this connection watches already", CONTROL_REFUSED },
	{ "org.vdtgw.Admin.MoreNeeded", "the supervisor wants this to be asked with \"more\"",
	  EX_PROTOCOL },
	{ "org.vdtgw.Admin.NoHistory", "there is no history: {reason}", CONTROL_REFUSED },
	{ "org.vdtgw.Admin.BadConfiguration",
	  "nothing was changed, because the configuration has a fault: {message}", EX_CONFIG },
	{ "org.vdtgw.Admin.NoTeletelServer",
	  "the supervisor has no Teletel server to start and stop: neither teletel.unit nor "
	  "teletel.command of the configuration names one",
	  CONTROL_REFUSED },
	{ "org.vdtgw.Admin.TeletelFailed", "{message}", CONTROL_REFUSED },
	{ "org.vdtgw.Admin.TooMany", "there are as many as can be: {limit}", CONTROL_REFUSED },
	{ "org.varlink.service.MethodNotFound",
	  "this supervisor does not know {method}: it is not of our version, " VDTGW_VERSION
	  "; restart it, callers stay (systemctl restart vdtgw-supervisor)",
	  EX_PROTOCOL },
	{ "org.varlink.service.MethodNotImplemented",
	  "this supervisor cannot do {method}: it is not of our version, " VDTGW_VERSION,
	  EX_PROTOCOL },
	{ "org.varlink.service.InterfaceNotFound",
	  "what answers does not know {interface}: it is not the supervisor's admin socket",
	  EX_PROTOCOL },
	{ "org.varlink.service.InvalidParameter",
	  "the supervisor does not accept this value of {parameter}; --help shows what is allowed",
	  EX_USAGE },
};

/* A parameter as text; "?" where there is none. */
static void describe_value(const json_t *value, char ret_text[VALUE_MAX])
{
	char *text = value != NULL && !json_is_string(value)
			 ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
			 : NULL;
	const char *shown = json_is_string(value) ? json_string_value(value) : text;

	if (shown == NULL)
		shown = "?";
	printable(ret_text, VALUE_MAX, shown, strlen(shown));
	free(text);
}

/* Writes words, with the values of parameters in the places of their names. */
static void fill_in(const char *words, const json_t *parameters, FILE *out)
{
	while (*words != '\0') {
		size_t length = strcspn(words, "{");
		char name[NAME_MAX_BYTES], value[VALUE_MAX];

		fwrite(words, 1, length, out);
		words += length;
		if (*words == '\0')
			return;
		length = strcspn(words, "}");
		snprintf(name, sizeof(name), "%.*s", (int)length - 1, words + 1);
		describe_value(json_object_get(parameters, name), value);
		fputs(value, out);
		words += length + (words[length] != '\0');
	}
}

int errors_describe(const char *error, const json_t *parameters, char *ret_words, size_t size)
{
	static const struct row unknown = { NULL, "", EX_PROTOCOL };
	const struct row *row = &unknown;
	char name[VALUE_MAX];
	FILE *out;

	for (size_t i = 0; i < LENGTH(rows); i++)
		if (strcmp(rows[i].error, error) == 0)
			row = &rows[i];
	if (row == &unknown) {
		printable(name, sizeof(name), error, strlen(error));
		snprintf(ret_words, size,
			 "the supervisor answers with an error that we do not know: %s", name);
		return row->status;
	}
	ret_words[0] = '\0';
	out = fmemopen(ret_words, size, "w");
	if (out == NULL)
		return row->status;
	fill_in(row->words, parameters, out);
	(void)fclose(out);
	ret_words[size - 1] = '\0';
	return row->status;
}
