/* What the caller reads from the gateway itself. */
#include "vdtgw-session/texts.h"

#include "common/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* STUM: clear the page, then absolute positions (1F row column, both from 40 on). */
#define PAGE        "\x0c\x14"
#define ROW(number) "\x1f" number "\x41"
#define ROW_TITLE   ROW("\x46")
#define ROW_WHAT    ROW("\x49")
#define ROW_WHY     ROW("\x4b")
#define ROW_ADVICE  ROW("\x4e")
#define ROW_0       "\x1f\x40\x41"
#define END_LINE    "\x18"
#define LEAVE_ROW_0 "\x0a"
#define NEXT_LINE   "\r\n"

enum {
	COLUMNS = 40
};

/* G0 in use, the usual characters in G0 and G1. No PRO sequence: terminals answer those. */
const char texts_sane_state[] = "\x0f\x1b\x28\x40\x1b\x29\x63";

static const char *const failures[] = {
	[SERVICE_CLOSED] = "IL A RACCROCHE",
	[SERVICE_CUT] = "LIAISON COUPEE",
	[SERVICE_REFUSED] = "CONNEXION REFUSEE",
	[SERVICE_UNREACHABLE] = "RESEAU INACCESSIBLE",
	[SERVICE_NAME_UNKNOWN] = "NOM INCONNU",
	[SERVICE_RESOLVER_FAILED] = "ANNUAIRE DES NOMS SANS REPONSE",
	[SERVICE_TIMED_OUT] = "PAS DE REPONSE (DELAI DEPASSE)",
	[SERVICE_BAD_ANSWER] = "REPONSE INCORRECTE",
	[SERVICE_CERTIFICATE] = "CERTIFICAT NON VALIDE",
	[SERVICE_TLS] = "LIAISON CHIFFREE IMPOSSIBLE",
	[SERVICE_PROTOCOL_ERROR] = "ERREUR DE PROTOCOLE",
	[SERVICE_SILENT] = "NE REPOND PLUS",
	[SERVICE_NO_RESOURCES] = "PASSERELLE SANS RESSOURCES",
	[SERVICE_DENIED] = "ACCES NON AUTORISE",
};
_Static_assert(sizeof(failures) / sizeof(failures[0]) == SERVICE_FAILURE_COUNT,
	       "every failure has its words");

static void authority(const struct uri *uri, char ret_text[COLUMNS + 1])
{
	(void)uri_authority(uri, ret_text, COLUMNS + 1);
}

void texts_connecting(const struct uri *uri, char ret_text[TEXTS_MAX])
{
	char service[COLUMNS + 1];

	authority(uri, service);
	(void)snprintf(ret_text, TEXTS_MAX,
		       PAGE ROW_TITLE "CONNEXION EN COURS..." NEXT_LINE ROW_WHAT "%s" NEXT_LINE,
		       service);
}

void texts_home_failed(const struct uri *uri, enum service_failure why, char ret_text[TEXTS_MAX])
{
	char service[COLUMNS + 1];

	authority(uri, service);
	(void)snprintf(ret_text, TEXTS_MAX,
		       PAGE ROW_TITLE "SERVICE INDISPONIBLE" NEXT_LINE ROW_WHAT
				      "%s" NEXT_LINE ROW_WHY "%s" NEXT_LINE ROW_ADVICE
				      "VEUILLEZ RAPPELER PLUS TARD" NEXT_LINE,
		       service, failures[why]);
}

void texts_service_failed(enum service_failure why, char ret_text[TEXTS_MAX])
{
	texts_row0(failures[why], ret_text);
}

void texts_refused(const char *reason, char ret_text[TEXTS_MAX])
{
	(void)snprintf(ret_text, TEXTS_MAX,
		       PAGE ROW_TITLE "%s" NEXT_LINE ROW_ADVICE
				      "VEUILLEZ RAPPELER PLUS TARD" NEXT_LINE,
		       reason);
}

void texts_row0(const char *line, char ret_text[TEXTS_MAX])
{
	(void)snprintf(ret_text, TEXTS_MAX, ROW_0 "%.*s" END_LINE LEAVE_ROW_0, COLUMNS, line);
}

int texts_message(const char *line, char ret_text[TEXTS_MAX])
{
	char shown[COLUMNS + 1];
	size_t length = strlen(line), columns = 0;

	while (length > 0) {
		int32_t character = utf8_next(&line, &length);

		/* C0, DEL and C1: the caller's terminal, or the next one, would obey them. */
		if (columns == COLUMNS || character < ' ' ||
		    (character >= 0x7f && character <= 0x9f))
			return -EINVAL;
		character = (int32_t)utf8_plain((uint32_t)character);
		shown[columns++] = character < 0x7f ? (char)character : '?';
	}
	if (columns == 0)
		return -EINVAL;
	shown[columns] = '\0';
	texts_row0(shown, ret_text);
	return 0;
}
