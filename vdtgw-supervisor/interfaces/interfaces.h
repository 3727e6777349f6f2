/* The texts of the interface descriptions, as they are in the .varlink files of this folder. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_H
#define VDTGW_SUPERVISOR_INTERFACES_H

extern const char interface_service[]; /* org.varlink.service */
extern const char interface_session[]; /* org.vdtgw.Session */
extern const char interface_admin[];   /* org.vdtgw.Admin */

#endif
