/* links: network */
/* wss:// services: whose certificate is accepted, and what is told of the others. */
#include "network/service_link.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cmocka.h>

enum {
	GUARD = 20, /* s that a test may take */
	DAY = 86400,
	FLOOD = 1000000,
};

enum identity {
	AUTHORITY,
	GOOD,        /* localhost and its addresses */
	OTHER,       /* example.org, and as a common name localhost */
	EXPIRED,     /* yesterday */
	FUTURE,      /* from tomorrow on */
	SELF_SIGNED, /* localhost, by itself */
	IDENTITY_COUNT,
};

static struct {
	EVP_PKEY *key;
	X509 *certificate;
} identities[IDENTITY_COUNT];

static void add_extension(X509 *certificate, int kind, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);

	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static void make(enum identity identity, enum identity issuer, const char *common_name,
		 const char *names, long from, long to)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	assert_true(key != NULL && certificate != NULL);
	identities[identity].key = key;
	identities[identity].certificate = certificate;
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), identity + 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), from);
	X509_gmtime_adj(X509_getm_notAfter(certificate), to);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(identities[issuer].certificate));
	if (identity == AUTHORITY)
		add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	else
		add_extension(certificate, NID_subject_alt_name, names);
	assert_true(X509_sign(certificate, identities[issuer].key, EVP_sha256()) > 0);
}

static char authority_file[] = "/tmp/vdtgw-authority-XXXXXX";

static int make_identities(void **state)
{
	static const char localhost[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
	int descriptor = mkstemp(authority_file);
	FILE *file = fdopen(descriptor, "w");

	(void)state;
	make(AUTHORITY, AUTHORITY, "authority", NULL, -DAY, DAY);
	make(GOOD, AUTHORITY, "good", localhost, -DAY, DAY);
	make(OTHER, AUTHORITY, "localhost", "DNS:example.org", -DAY, DAY);
	make(EXPIRED, AUTHORITY, "expired", localhost, -2 * DAY, -DAY);
	make(FUTURE, AUTHORITY, "future", localhost, DAY, 2 * DAY);
	make(SELF_SIGNED, SELF_SIGNED, "self", localhost, -DAY, DAY);
	assert_int_equal(PEM_write_X509(file, identities[AUTHORITY].certificate), 1);
	fclose(file);
	/* Read when the first wss:// service is called. */
	setenv("SSL_CERT_FILE", authority_file, 1);
	return 0;
}

static int remove_identities(void **state)
{
	(void)state;
	unlink(authority_file);
	for (int i = 0; i < IDENTITY_COUNT; i++) {
		EVP_PKEY_free(identities[i].key);
		X509_free(identities[i].certificate);
	}
	return 0;
}

/* The peer's side: whatever it does not like ends its process with 1. */

static void require(bool met)
{
	if (!met)
		_exit(1);
}

static const char *expected_name; /* by SNI; NULL for none */

// NOLINTNEXTLINE(readability-non-const-parameter): the signature is OpenSSL's.
static int check_name(SSL *ssl, int *alert, void *context)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)context;
	require((name == NULL) == (expected_name == NULL));
	require(name == NULL || strcmp(name, expected_name) == 0);
	return SSL_TLSEXT_ERR_OK;
}

static SSL *accept_tls(int peer, enum identity identity)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL *ssl;

	SSL_CTX_use_certificate(context, identities[identity].certificate);
	SSL_CTX_use_PrivateKey(context, identities[identity].key);
	SSL_CTX_set_tlsext_servername_callback(context, check_name);
	ssl = SSL_new(context);
	SSL_set_fd(ssl, peer);
	/* Whom the client refuses learns so by an alert. */
	if (SSL_accept(ssl) != 1)
		_exit(0);
	return ssl;
}

static void answer_upgrade(SSL *ssl)
{
	static const char name[] = "Sec-WebSocket-Key: ";
	char request[4096] = "";
	char joined[64];
	char text[64];
	char answer[512];
	uint8_t hash[SHA_DIGEST_LENGTH];
	int length = 0;

	do {
		int count = SSL_read(ssl, request + length, (int)sizeof(request) - 1 - length);

		require(count > 0);
		length += count;
		request[length] = '\0';
	} while (strstr(request, "\r\n\r\n") == NULL);
	require(strstr(request, name) != NULL);
	snprintf(joined, sizeof(joined), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
		 strstr(request, name) + strlen(name));
	SHA1((const uint8_t *)joined, strlen(joined), hash);
	EVP_EncodeBlock((uint8_t *)text, hash, sizeof(hash));
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		 text);
	require(SSL_write(ssl, answer, (int)strlen(answer)) > 0);
}

static void serve_a_word(SSL *ssl)
{
	uint8_t bytes[64];

	answer_upgrade(ssl);
	require(SSL_write(ssl, "\x81\x04word\x88\x02\x03\xe8", 10) == 10);
	require(SSL_read(ssl, bytes, sizeof(bytes)) == 8 && bytes[0] == 0x88);
}

static void serve_a_flood(SSL *ssl)
{
	static uint8_t frame[10 + FLOOD] = { 0x82, 127 };
	uint8_t bytes[64];

	for (int i = 0; i < 8; i++)
		frame[2 + i] = (uint8_t)((uint64_t)FLOOD >> (56 - 8 * i));
	for (size_t i = 0; i < FLOOD; i++)
		frame[10 + i] = (uint8_t)(i * 7);
	answer_upgrade(ssl);
	require(SSL_write(ssl, frame, sizeof(frame)) == (int)sizeof(frame));
	require(SSL_write(ssl, "\x88\x02\x03\xe8", 4) == 4);
	require(SSL_read(ssl, bytes, sizeof(bytes)) == 8);
}

static void serve_nothing(SSL *ssl)
{
	(void)ssl;
}

/* Our side */

struct fixture {
	struct event_loop *loop;
	struct timer *guard;
	struct timer *resume;
	struct service_link *link;
	pid_t peer;
	struct uri uri;
	unsigned connections;
	size_t received;
	bool pausing;
	bool paused;
	enum service_failure why;
	char detail[256];
};

static void on_connected(void *context)
{
	struct fixture *f = context;

	f->connections++;
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct fixture *f = context;

	assert_false(f->paused);
	for (size_t i = 0; f->pausing && i < length; i++)
		assert_int_equal(bytes[i], (uint8_t)((f->received + i) * 7));
	f->received += length;
	if (!f->pausing)
		return;
	f->paused = true;
	service_link_pause(f->link, true);
	timer_arm(f->resume, event_loop_now() + 1000);
}

static void on_resume(void *context)
{
	struct fixture *f = context;

	f->paused = false;
	service_link_pause(f->link, false);
}

static void on_drained(void *context)
{
	(void)context;
}

static void on_ended(void *context, enum service_failure why, const char *detail)
{
	struct fixture *f = context;

	f->why = why;
	snprintf(f->detail, sizeof(f->detail), "%s", detail);
	event_loop_stop(f->loop, 0);
}

static void on_guard(void *context)
{
	struct fixture *f = context;

	event_loop_stop(f->loop, -1);
}

static const struct service_link_handlers handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

/* Serves one connection with identity; AUTHORITY stands for a server without TLS. */
static void start_peer(struct fixture *f, int family, enum identity identity,
		       void (*serve)(SSL *ssl))
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(family == AF_INET
			     ? bind(listener, (struct sockaddr *)&ipv4, sizeof(ipv4))
			     : bind(listener, (struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	f->uri.port = ntohs(address.sin6_port); /* at the same place in both */
	f->peer = fork();
	if (f->peer == 0) {
		int peer = accept(listener, NULL, NULL);

		alarm(GUARD);
		if (identity == AUTHORITY) {
			require(send(peer, "no TLS here\r\n", 13, 0) == 13);
			while (recv(peer, (char[64]) { 0 }, 64, 0) > 0)
				;
		} else {
			serve(accept_tls(peer, identity));
		}
		_exit(0);
	}
	close(listener);
}

static void set_up(struct fixture *f, const char *host)
{

	*f = (struct fixture) { .uri = { .scheme = URI_WSS, .path = "/" } };
	snprintf(f->uri.host, sizeof(f->uri.host), "%s", host);
	assert_int_equal(event_loop_new(&f->loop, 16), 0);
	assert_int_equal(timer_new(&f->guard, f->loop, on_guard, f), 0);
	assert_int_equal(timer_new(&f->resume, f->loop, on_resume, f), 0);
	timer_arm(f->guard, event_loop_now() + GUARD * 1000000U);
}

static void run(struct fixture *f)
{
	int status;

	assert_int_equal(service_link_new(&f->link, f->loop,
					  &(struct service_target) { .uri = &f->uri }, &handlers,
					  f),
			 0);
	assert_int_equal(event_loop_run(f->loop), 0);
	assert_int_equal(waitpid(f->peer, &status, 0), f->peer);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void tear_down(struct fixture *f)
{
	service_link_free(f->link);
	timer_free(f->guard);
	timer_free(f->resume);
	event_loop_free(f->loop);
}

static void test_only_a_verified_certificate_for_the_name_is_accepted(void **state)
{
	static const struct {
		int family;
		const char *host;
		enum identity identity;
		enum service_failure why;
		const char *detail;
	} rows[] = {
		{ AF_INET, "localhost", GOOD, SERVICE_CLOSED, "1000" },
		{ AF_INET6, "localhost", GOOD, SERVICE_CLOSED, "1000" },
		{ AF_INET, "127.0.0.1", GOOD, SERVICE_CLOSED, "1000" },
		{ AF_INET6, "::1", GOOD, SERVICE_CLOSED, "1000" },
		{ AF_INET, "localhost", OTHER, SERVICE_CERTIFICATE, "hostname mismatch" },
		{ AF_INET, "127.0.0.1", OTHER, SERVICE_CERTIFICATE, "IP address mismatch" },
		{ AF_INET6, "::1", OTHER, SERVICE_CERTIFICATE, "IP address mismatch" },
		{ AF_INET, "localhost", EXPIRED, SERVICE_CERTIFICATE, "expired" },
		{ AF_INET, "localhost", FUTURE, SERVICE_CERTIFICATE, "not yet valid" },
		{ AF_INET, "localhost", SELF_SIGNED, SERVICE_CERTIFICATE, "self-signed" },
		{ AF_INET, "localhost", AUTHORITY, SERVICE_TLS, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = rows[i].why == SERVICE_CLOSED;
		struct fixture f;

		print_message("  %s, certificate %d\n", rows[i].host, (int)rows[i].identity);
		expected_name = strcmp(rows[i].host, "localhost") == 0 ? rows[i].host : NULL;
		set_up(&f, rows[i].host);
		start_peer(&f, rows[i].family, rows[i].identity,
			   good ? serve_a_word : serve_nothing);
		run(&f);
		assert_string_equal(service_failure_name(f.why), service_failure_name(rows[i].why));
		assert_non_null(strstr(f.detail, rows[i].detail));
		assert_int_equal(f.connections, good ? 1 : 0);
		assert_int_equal(f.received, good ? 4 : 0);
		tear_down(&f);
	}
}

static void test_pausing_loses_nothing_of_what_tls_holds_back(void **state)
{
	struct fixture f;

	(void)state;
	expected_name = "localhost";
	set_up(&f, "localhost");
	f.pausing = true;
	start_peer(&f, AF_INET, GOOD, serve_a_flood);
	run(&f);
	assert_int_equal(f.why, SERVICE_CLOSED);
	assert_int_equal(f.received, FLOOD);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_verified_certificate_for_the_name_is_accepted),
		cmocka_unit_test(test_pausing_loses_nothing_of_what_tls_holds_back),
	};

	return cmocka_run_group_tests(tests, make_identities, remove_identities);
}
