/*
 * TLS towards services: one client context a process, made when the first wss:// service is
 * called, that trusts the system's certificate authorities and checks the name that was asked for.
 */
#ifndef VDTGW_NETWORK_SERVICE_TLS_H
#define VDTGW_NETWORK_SERVICE_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* What is to be known of a connection while it shakes hands; embedded, zero-initialised. */
struct service_tls {
	struct service_tls *next; /* of those that shake hands now */
	int descriptor;
	const char *host;
	bool entered;
	bool done;              /* the handshake */
	const char *unverified; /* why the certificate was refused, static; else NULL */
};

/* An SSL_CTX for every wss:// service of the process, made at the first call; NULL where that
 * fails. OpenSSL's SSL_CERT_FILE and SSL_CERT_DIR are honoured. Peers are told apart by their
 * descriptors: between service_tls_enter() and service_tls_leave() the certificate at descriptor
 * must be for host, a name or a numeric address, and one that nobody entered is refused. */
void *service_tls_context(void);
void service_tls_enter(struct service_tls *tls, int descriptor, const char *host);
/* May be called when not entered. */
void service_tls_leave(struct service_tls *tls);
/* Where the certificate authorities are: a file, and folders separated by colons. */
const char *service_tls_trusted_file(void);
const char *service_tls_trusted_folders(void);
/* The reason of OpenSSL's last error, or a phrase for there being none. */
const char *service_tls_error(void);

#endif
