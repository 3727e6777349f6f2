/*
 * The table of methods, and org.varlink.service, which tells of it. An interface that the table
 * does not give to a socket does not exist there.
 */
#include "vdtgw-supervisor/dispatch.h"

#include "vdtgw-supervisor/admin_interface.h"
#include "vdtgw-supervisor/ban_interface.h"
#include "vdtgw-supervisor/interfaces.h"
#include "vdtgw-supervisor/redirection_interface.h"
#include "vdtgw-supervisor/session_interface.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	METHODS_MAX = 12, /* of one interface, with the zeroed row that ends them */
};

struct method {
	const char *name;
	void (*answer)(struct supervisor *supervisor, struct peer *peer,
		       const struct varlink_call *call);
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
	  DISPATCH_SESSION | DISPATCH_ADMIN,
	  interface_service,
	  {
	      { "GetInfo", answer_info },
	      { "GetInterfaceDescription", answer_description },
	  } },
	{ "org.vdtgw.Session",
	  DISPATCH_SESSION,
	  interface_session,
	  {
	      { "Enter", session_interface_enter },
	      { "StateChanged", session_interface_state_changed },
	      { "Learned", session_interface_learned },
	      { "Traffic", session_interface_traffic },
	      { "Redirecting", redirection_interface_redirecting },
	      { "Redirected", redirection_interface_redirected },
	      { "RequestedClose", redirection_interface_requested_close },
	      { "HomeLost", redirection_interface_home_lost },
	      { "RedirectEnded", redirection_interface_ended },
	      { "Leave", session_interface_leave },
	  } },
	{ "org.vdtgw.Admin",
	  DISPATCH_ADMIN,
	  interface_admin,
	  {
	      { "Status", admin_interface_status },
	      { "ListSessions", admin_interface_list_sessions },
	      { "Kick", admin_interface_kick },
	      { "ListBans", ban_interface_list_bans },
	      { "Ban", ban_interface_ban },
	      { "Unban", ban_interface_unban },
	      { "ListNever", ban_interface_list_never },
	      { "AddNever", ban_interface_add_never },
	      { "RemoveNever", ban_interface_remove_never },
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
	else if (call->upgrade)
		peer_error(peer, "org.varlink.service.MethodNotImplemented",
			   json_pack("{s:s}", "method", call->method));
	else
		method->answer(supervisor, peer, call);
}
