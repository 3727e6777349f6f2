/*
 * Holds the .varlink files in the program, so that what it answers to GetInterfaceDescription is
 * the documentation itself. The Makefile knows that this file depends on them.
 */
#include "vdtgw-supervisor/interfaces/interfaces.h"

#include "common/embed.h"

EMBED(interface_service, "vdtgw-supervisor/interfaces/org.varlink.service.varlink");
EMBED(interface_session, "vdtgw-supervisor/interfaces/org.vdtgw.Session.varlink");
EMBED(interface_admin, "vdtgw-supervisor/interfaces/org.vdtgw.Admin.varlink");
