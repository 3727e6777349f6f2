/*
 * Varlink (PROTOCOLS.md section 7, varlink.org) as bytes ↔ messages, for a server and for a
 * client: framing, calls, replies, and the checking of parameters. It owns no descriptor and no
 * clock. Every failure of reading is the peer's fault but -ENOMEM: the connection is to be closed.
 */
#ifndef VDTGW_COMMON_VARLINK_H
#define VDTGW_COMMON_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VARLINK_MESSAGE_MAX = 65536, /* bytes of one message, its final 00 not counted */
	VARLINK_NAME_MAX = 255,      /* bytes of a method's or an error's full name */
};

/*
 * Bytes in, messages out. Zero-initialised: empty. Only a message that is not complete yet is
 * kept, in memory that grows as it does and is given back when it is complete.
 */
struct varlink_reader {
	char *bytes;
	size_t length; /* of the incomplete message; 0: none is under way */
	size_t size;
};

/* Takes bytes up to the end of one message: returns how many (all of them while it is incomplete,
 * *ret_message is then NULL; otherwise the caller owns the object and calls again with the rest).
 * -EPROTO: longer than VARLINK_MESSAGE_MAX, not a JSON object in UTF-8, a key twice, a NUL in a
 * string, nested too deep; -ENOMEM. After a failure the stream is of no use. length > 0. */
long varlink_reader_feed(struct varlink_reader *reader, const char *bytes, size_t length,
			 json_t **ret_message);
void varlink_reader_done(struct varlink_reader *reader);

/* A parsed call. Strings and parameters belong to message, which the call owns. */
struct varlink_call {
	json_t *message;
	const char *method; /* full name, neither empty nor longer than VARLINK_NAME_MAX */
	json_t *parameters; /* an object, never NULL */
	bool more;
	bool oneway;
	bool upgrade;
};

/* Takes message over, on success and on failure: -EPROTO where it is no proper call (more and
 * oneway together, a method that is no name …), -ENOMEM. Unknown members are ignored. */
int varlink_call_init(struct varlink_call *ret_call, json_t *message);
void varlink_call_done(struct varlink_call *call);

/* A parsed reply, likewise. */
struct varlink_reply {
	json_t *message;
	const char *error;  /* full name; NULL: no error */
	json_t *parameters; /* an object, never NULL */
	bool continues;     /* never together with an error */
};

int varlink_reply_init(struct varlink_reply *ret_reply, json_t *message);
void varlink_reply_done(struct varlink_reply *reply);

/* Cuts "org.example.Interface.Member" at its last dot. Returns the member within name, and the
 * interface's length; NULL where there is no dot or nothing on one side of it. */
const char *varlink_name_split(const char *name, size_t *ret_interface_length);

/*
 * Messages in, bytes out: a queue of at most `max` bytes, in memory that grows as needed and is
 * given back when all is sent.
 */
struct varlink_writer {
	char *bytes;
	size_t start; /* of what is not sent yet */
	size_t length;
	size_t size;
	size_t max;
};

void varlink_writer_init(struct varlink_writer *writer, size_t max);
void varlink_writer_done(struct varlink_writer *writer);
/* What is to be sent next, *ret_length bytes of it; valid until the next call. */
const char *varlink_writer_pending(const struct varlink_writer *writer, size_t *ret_length);
/* length bytes of it were sent. */
void varlink_writer_sent(struct varlink_writer *writer, size_t length);

enum varlink_call_flags {
	VARLINK_MORE = 1,
	VARLINK_ONEWAY = 2,
};

/* These queue one whole message or nothing: 0, -ENOBUFS (the peer does not read: more than max
 * bytes wait), -EMSGSIZE (longer than VARLINK_MESSAGE_MAX), -ENOMEM. parameters, an object, is
 * taken over on success and on failure; NULL, what a failed json_pack() returns, is -ENOMEM. */
int varlink_write_call(struct varlink_writer *writer, const char *method, json_t *parameters,
		       unsigned flags);
int varlink_write_reply(struct varlink_writer *writer, json_t *parameters, bool continues);
int varlink_write_error(struct varlink_writer *writer, const char *error, json_t *parameters);

/* The bytes that a message of these parameters takes, without the few dozen around them. */
size_t varlink_size(const json_t *parameters);

/* Text from the network as a JSON string of at most max bytes of UTF-8: as it is where it is that,
 * else each byte as the code point of its number; what is longer is cut between characters. NULL
 * without memory. */
json_t *varlink_text(const char *text, size_t max);

/*
 * Parameters, checked by a table and stored in a struct. An optional one that is absent or null
 * leaves its place as it was.
 */
enum varlink_type {
	VARLINK_INT,    /* int64_t, within least … most */
	VARLINK_BOOL,   /* bool */
	VARLINK_STRING, /* const char *, borrowed, of at most `most` bytes */
	VARLINK_OBJECT, /* json_t *, borrowed */
	VARLINK_ARRAY,  /* json_t *, borrowed */
};

struct varlink_field {
	const char *name;
	size_t offset; /* of its place in the struct */
	enum varlink_type type;
	bool required;
	int64_t least;
	int64_t most;
};

/* Returns 0; or -EINVAL with the name of the parameter at fault (missing, of another type or size,
 * or not in the table), borrowed from the table or from parameters. */
int varlink_parameters_read(json_t *parameters, const struct varlink_field *fields, size_t count,
			    void *ret_values, const char **ret_name);

#endif
