/*
 * The table of methods, and org.varlink.service, which tells of it. An interface that the table
 * does not give to a socket does not exist there.
 */
#include "vdtgw-supervisor/interfaces/dispatch.h"

#include "common/array.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/interfaces/admin_interface.h"
#include "vdtgw-supervisor/interfaces/ban_interface.h"
#include "vdtgw-supervisor/interfaces/config_interface.h"
#include "vdtgw-supervisor/interfaces/history_interface.h"
#include "vdtgw-supervisor/interfaces/import_interface.h"
#include "vdtgw-supervisor/interfaces/interfaces.h"
#include "vdtgw-supervisor/interfaces/orders_interface.h"
#include "vdtgw-supervisor/interfaces/redirection_interface.h"
#include "vdtgw-supervisor/interfaces/session_interface.h"
#include "vdtgw-supervisor/interfaces/teletel_interface.h"
#include "vdtgw-supervisor/interfaces/watch_interface.h"
#include "vdtgw-supervisor/sessions/departure.h"

#include <string.h>

enum {
	METHODS_MAX = 32, /* of one interface, with the zeroed row that ends them */
};

/* Who may call a method of org.vdtgw.Admin over the console socket. */
enum console_right {
	CONSOLE_NEVER,
	CONSOLE_SEES,
	CONSOLE_CONTROLS, /* with console.control */
};

struct method {
	const char *name;
	void (*answer)(struct supervisor *supervisor, struct peer *peer,
		       const struct varlink_call *call);
	enum console_right console;
};

struct interface {
	const char *name;
	int sockets; /* of enum dispatch_socket */
	const char *description;
	struct method methods[METHODS_MAX];
};

static void answer_info(struct supervisor *supervisor, struct peer *peer,
			const struct varlink_call *call);
static void answer_description(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);

static const struct interface interfaces[] = {
	{ "org.varlink.service",
	  DISPATCH_SESSION | DISPATCH_ADMIN | DISPATCH_CONSOLE,
	  interface_service,
	  {
	      { "GetInfo", answer_info, CONSOLE_SEES },
	      { "GetInterfaceDescription", answer_description, CONSOLE_SEES },
	  } },
	{ "org.vdtgw.Session",
	  DISPATCH_SESSION,
	  interface_session,
	  {
	      { "Enter", session_interface_enter, CONSOLE_NEVER },
	      { "StateChanged", session_interface_state_changed, CONSOLE_NEVER },
	      { "Learned", session_interface_learned, CONSOLE_NEVER },
	      { "Traffic", session_interface_traffic, CONSOLE_NEVER },
	      { "Redirecting", redirection_interface_redirecting, CONSOLE_NEVER },
	      { "Redirected", redirection_interface_redirected, CONSOLE_NEVER },
	      { "RequestedClose", redirection_interface_requested_close, CONSOLE_NEVER },
	      { "HomeLost", redirection_interface_home_lost, CONSOLE_NEVER },
	      { "RedirectEnded", redirection_interface_ended, CONSOLE_NEVER },
	      { "Leave", departure_leave, CONSOLE_NEVER },
	  } },
	{ "org.vdtgw.Admin",
	  DISPATCH_ADMIN | DISPATCH_CONSOLE,
	  interface_admin,
	  {
	      { "Status", admin_interface_status, CONSOLE_SEES },
	      { "ListSessions", admin_interface_list_sessions, CONSOLE_SEES },
	      { "GetSession", admin_interface_get_session, CONSOLE_NEVER },
	      { "Watch", watch_interface_watch, CONSOLE_SEES },
	      { "History", history_interface_history, CONSOLE_NEVER },
	      { "TeletelStatus", teletel_interface_status, CONSOLE_SEES },
	      { "TeletelStart", teletel_interface_start, CONSOLE_CONTROLS },
	      { "TeletelStop", teletel_interface_stop, CONSOLE_CONTROLS },
	      { "TeletelRestart", teletel_interface_restart, CONSOLE_CONTROLS },
	      { "Timeouts", config_interface_timeouts, CONSOLE_SEES },
	      { "Configuration", config_interface_configuration, CONSOLE_NEVER },
	      { "Reload", config_interface_reload, CONSOLE_NEVER },
	      { "Kick", orders_interface_kick, CONSOLE_NEVER },
	      { "Message", orders_interface_message, CONSOLE_NEVER },
	      { "Redirect", orders_interface_redirect, CONSOLE_NEVER },
	      { "SendHome", orders_interface_send_home, CONSOLE_NEVER },
	      { "Addresses", admin_interface_addresses, CONSOLE_SEES },
	      { "Import", import_interface_import, CONSOLE_NEVER },
	      { "ListBans", ban_interface_list_bans, CONSOLE_SEES },
	      { "Ban", ban_interface_ban, CONSOLE_NEVER },
	      { "Unban", ban_interface_unban, CONSOLE_NEVER },
	      { "ListNever", ban_interface_list_never, CONSOLE_NEVER },
	      { "AddNever", ban_interface_add_never, CONSOLE_NEVER },
	      { "RemoveNever", ban_interface_remove_never, CONSOLE_NEVER },
	  } },
};

static const struct interface *find_interface(int socket, const char *name, size_t length)
{
	for (size_t i = 0; i < LENGTH(interfaces); i++)
		if ((interfaces[i].sockets & socket) != 0 && strlen(interfaces[i].name) == length &&
		    memcmp(interfaces[i].name, name, length) == 0)
			return &interfaces[i];
	return NULL;
}

static const struct method *find_method(const struct interface *interface, const char *name)
{
	for (const struct method *method = interface->methods; method->name != NULL; method++)
		if (strcmp(method->name, name) == 0)
			return method;
	return NULL;
}

static void answer_info(struct supervisor *supervisor, struct peer *peer,
			const struct varlink_call *call)
{
	json_t *names = json_array();

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor)) {
		json_decref(names);
		return;
	}
	for (size_t i = 0; i < LENGTH(interfaces); i++)
		if ((interfaces[i].sockets & peer_kind(peer)) != 0)
			json_array_append_new(names, json_string(interfaces[i].name));
	peer_reply(peer,
		   json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", "vdtgw", "product",
			     "vdtgw-supervisor", "version", VDTGW_VERSION, "url",
			     "man:vdtgw-supervisor(8)", "interfaces", names),
		   false);
}

static void answer_description(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "interface", 0, VARLINK_STRING, true, 0, VARLINK_NAME_MAX },
	};
	const struct interface *interface;
	const char *name;

	(void)supervisor;
	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &name))
		return;
	interface = find_interface(peer_kind(peer), name, strlen(name));
	if (interface == NULL)
		peer_error(peer, "org.varlink.service.InterfaceNotFound",
			   json_pack("{s:s}", "interface", name));
	else
		peer_reply(peer, json_pack("{s:s}", "description", interface->description), false);
}

/* What a peer of this socket may call. */
static bool is_allowed(const struct supervisor *supervisor, const struct method *method, int socket)
{
	if (socket != DISPATCH_CONSOLE)
		return true;
	return method->console == CONSOLE_SEES ||
	       (method->console == CONSOLE_CONTROLS && supervisor->config->console.control);
}

void dispatch_call(struct supervisor *supervisor, struct peer *peer,
		   const struct varlink_call *call)
{
	size_t length = strlen(call->method);
	const char *member = varlink_name_split(call->method, &length);
	const struct interface *interface = find_interface(peer_kind(peer), call->method, length);
	const struct method *method;

	if (member == NULL || interface == NULL) {
		peer_error(peer, "org.varlink.service.InterfaceNotFound",
			   json_pack("{s:s%}", "interface", call->method, length));
		return;
	}
	method = find_method(interface, member);
	if (method == NULL)
		peer_error(peer, "org.varlink.service.MethodNotFound",
			   json_pack("{s:s}", "method", call->method));
	else if (!is_allowed(supervisor, method, peer_kind(peer)))
		peer_error(peer, "org.vdtgw.Admin.NotAllowed",
			   json_pack("{s:s}", "method", call->method));
	else if (events_is_watcher(supervisor->events, peer))
		/* A reply to anything else could not be told from an event. */
		peer_error(peer, "org.vdtgw.Admin.AlreadyWatching", json_object());
	else if (call->upgrade)
		peer_error(peer, "org.varlink.service.MethodNotImplemented",
			   json_pack("{s:s}", "method", call->method));
	else
		method->answer(supervisor, peer, call);
}
