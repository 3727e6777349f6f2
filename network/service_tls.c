/*
 * TLS towards services. libwebsockets would check the name too, but from a copy that is cut at the
 * first colon and at 127 characters; here it is the name that the URI holds, or no connection.
 * Certificate authorities are looked up by hash in the system's directory, one file a handshake:
 * reading the whole bundle costs a session a megabyte.
 */
#include "network/service_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>

static struct service_tls *first;

static struct service_tls *find(const SSL *ssl)
{
	int descriptor = SSL_get_fd(ssl);
	struct service_tls *tls;

	for (tls = first; tls != NULL && tls->descriptor != descriptor;)
		tls = tls->next;
	return tls;
}

static bool is_numeric(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* Replaces OpenSSL's X509_verify_cert() by itself with the right name to check. */
static int verify(X509_STORE_CTX *store, void *argument)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(store);
	struct service_tls *tls = find(ssl);
	int verified;

	(void)argument;
	if (tls == NULL) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* Either call also removes what was to be checked before. */
	if (is_numeric(tls->host))
		verified = X509_VERIFY_PARAM_set1_host(parameters, NULL, 0) == 1 &&
			   X509_VERIFY_PARAM_set1_ip_asc(parameters, tls->host) == 1;
	else
		verified = X509_VERIFY_PARAM_set1_ip(parameters, NULL, 0) == 1 &&
			   X509_VERIFY_PARAM_set1_host(parameters, tls->host, 0) == 1;
	if (verified)
		verified = X509_verify_cert(store);
	else
		X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
	if (verified != 1)
		tls->unverified = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
	return verified;
}

/* SNI: the name that is asked for, and none for a numeric address (RFC 6066, section 3). */
static void on_progress(const SSL *ssl, int where, int value)
{
	struct service_tls *tls = find(ssl);
	const char *name;

	(void)value;
	if (tls == NULL)
		return;
	if (where & SSL_CB_HANDSHAKE_START) {
		name = is_numeric(tls->host) ? NULL : tls->host;
		/* It is ours to change: OpenSSL hands it out as constant. */
		SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, name);
	}
	if (where & SSL_CB_HANDSHAKE_DONE)
		tls->done = true;
}

static SSL_CTX *make_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		return NULL;
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_default_verify_paths(context) != 1) {
		SSL_CTX_free(context);
		return NULL;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify, NULL);
	SSL_CTX_set_info_callback(context, on_progress);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	/* A connection that is idle keeps no 17 kB buffers. */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return context;
}

void *service_tls_context(void)
{
	static SSL_CTX *context;

	if (context == NULL)
		context = make_context();
	return context;
}

void service_tls_enter(struct service_tls *tls, int descriptor, const char *host)
{
	tls->descriptor = descriptor;
	tls->host = host;
	tls->entered = true;
	tls->next = first;
	first = tls;
}

void service_tls_leave(struct service_tls *tls)
{
	if (!tls->entered)
		return;
	for (struct service_tls **link = &first; *link != NULL; link = &(*link)->next)
		if (*link == tls) {
			*link = tls->next;
			break;
		}
	tls->entered = false;
}

const char *service_tls_trusted_file(void)
{
	const char *chosen = getenv(X509_get_default_cert_file_env());

	return chosen != NULL ? chosen : X509_get_default_cert_file();
}

const char *service_tls_trusted_folders(void)
{
	const char *chosen = getenv(X509_get_default_cert_dir_env());

	return chosen != NULL ? chosen : X509_get_default_cert_dir();
}

const char *service_tls_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason != NULL ? reason : "closed during the TLS handshake";
}
