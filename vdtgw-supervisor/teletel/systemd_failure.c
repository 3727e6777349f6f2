/*
 * Sentences for administrators, who have ordered something and want to know what to do now. Pure.
 */
#include "vdtgw-supervisor/teletel/systemd_failure.h"

#include "common/array.h"
#include "common/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	RAW_MAX = 1024, /* bytes of a sentence before it is made printable */
};

/* D-Bus errors and results of jobs that have a remedy. */
struct remedy {
	const char *name;
	const char *text;
};

static const char denied[] =
    "systemd does not let the supervisor's user manage the unit: let it, by a rule of polkit such "
    "as vdtgw.rules (in share/polkit-1/rules.d; package polkitd), which names the unit";
static const char silent[] =
    "systemd does not answer over D-Bus: see systemctl status dbus.service, and try again";

static const struct remedy remedies[] = {
	{ "org.freedesktop.DBus.Error.AccessDenied", denied },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", denied },
	{ "org.freedesktop.DBus.Error.AuthFailed", denied },
	{ "org.freedesktop.DBus.Error.ServiceUnknown",
	  "systemd is not on the system's D-Bus: without it, use teletel.command" },
	{ "org.freedesktop.DBus.Error.NameHasNoOwner",
	  "systemd is not on the system's D-Bus: without it, use teletel.command" },
	{ "org.freedesktop.DBus.Error.NoReply", silent },
	{ "org.freedesktop.DBus.Error.Timeout", silent },
	{ "org.freedesktop.DBus.Error.TimedOut", silent },
	{ "System.Error.ETIMEDOUT", silent },
	{ "org.freedesktop.systemd1.NoSuchUnit",
	  "there is no such unit: see systemctl list-unit-files, and teletel.unit" },
	{ "org.freedesktop.systemd1.UnitMasked",
	  "it is masked, or what it needs is: see systemctl unmask" },
};

static const struct remedy job_remedies[] = {
	{ "failed", "it has failed: journalctl -u and systemctl status tell why" },
	{ "timeout", "it was not done in the unit's time: journalctl -u tells more" },
	{ "canceled", "somebody has given it another order meanwhile" },
	{ "dependency", "a unit that it needs has failed: systemctl status tells which" },
	{ "skipped", "systemd has skipped it: systemctl status tells why" },
};

static const char *find(const struct remedy *rows, size_t count, const char *name)
{
	for (size_t i = 0; name != NULL && i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].text;
	return NULL;
}

__attribute__((format(printf, 3, 4))) static void put(char *ret_text, size_t size,
						      const char *format, ...)
{
	char raw[RAW_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	printable(ret_text, size, raw,
		  (size_t)length < sizeof(raw) ? (size_t)length : sizeof(raw) - 1);
}

void systemd_failure_of_call(char *ret_text, size_t size, const char *unit, const char *name,
			     const char *message)
{
	const char *remedy = find(remedies, LENGTH(remedies), name);

	if (message == NULL || message[0] == '\0')
		message = name != NULL ? name : "no reason was given";
	if (remedy != NULL)
		put(ret_text, size, "%s: %s (%.200s)", unit, remedy, message);
	else
		put(ret_text, size, "%s: systemd refuses: %.400s", unit, message);
}

void systemd_failure_of_job(char *ret_text, size_t size, const char *unit, const char *result)
{
	const char *remedy = find(job_remedies, LENGTH(job_remedies), result);

	if (result == NULL)
		put(ret_text, size,
		    "%s: systemd takes long, and goes on with it: see systemctl list-jobs, and try "
		    "again",
		    unit);
	else if (remedy != NULL)
		put(ret_text, size, "%s: %s", unit, remedy);
	else
		put(ret_text, size, "%s: systemd's job has ended as \"%.64s\"", unit, result);
}

void systemd_failure_of_connection(char *ret_text, size_t size, const char *unit, int error)
{
	put(ret_text, size,
	    "%s: the system's D-Bus cannot be reached (%s): see systemctl status dbus.socket; "
	    "without systemd, use teletel.command",
	    unit, strerror(-error));
}
