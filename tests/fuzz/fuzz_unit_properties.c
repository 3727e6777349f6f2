/* links: vdtgw-supervisor */
/*
 * A reply of systemd's to GetAll with anything in it: each line of the input is a property's name,
 * a type and a value; a line without a type is one of a type that is never wanted. Whatever they
 * are, the state that is read from them is whole and safe to show.
 */
#include "vdtgw-supervisor/teletel/unit_properties.h"

#include "common/printable.h"

#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>

/* A bus that nobody answers on: only messages are made with it. */
static sd_bus *open_bus(void)
{
	sd_bus *bus = NULL;
	int sockets[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0);
	require(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, sockets[0], sockets[0]) >= 0 &&
		sd_bus_start(bus) >= 0);
	return bus;
}

/* "NAME s VALUE"; negative for a text that no bus carries, which is not the reader's affair. */
static int append(sd_bus_message *message, char *line)
{
	char *type = strchr(line, ' ');
	const char *value = "";

	if (type != NULL)
		*type++ = '\0';
	if (type != NULL && type[0] != '\0' && type[1] == ' ')
		value = type + 2;
	switch (type != NULL ? type[0] : '\0') {
	case 's':
		return sd_bus_message_append(message, "{sv}", line, "s", value);
	case 't':
		return sd_bus_message_append(message, "{sv}", line, "t",
					     (uint64_t)strtoull(value, NULL, 10));
	case 'u':
		return sd_bus_message_append(message, "{sv}", line, "u",
					     (uint32_t)strtoul(value, NULL, 10));
	default:
		return sd_bus_message_append(message, "{sv}", line, "a(ss)", 1, line, value);
	}
}

static void check(const struct unit_properties *properties)
{
	struct teletel_status status;
	char safe[4 * sizeof(status.detail)];
	size_t length;

	memset(&status, 0x55, sizeof(status));
	unit_properties_status(properties, &status);
	require(memchr(status.detail, '\0', sizeof(status.detail)) != NULL);
	require(status.state <= TELETEL_FAILED && status.pid >= 0 && status.since >= 0);
	length = strlen(status.detail);
	require(printable(safe, sizeof(safe), status.detail, length) == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static sd_bus *bus;
	struct unit_properties properties = { .load_state = "" };
	sd_bus_message *message = NULL;
	char *text = fuzz_text(input, size);
	char *rest = text;

	if (bus == NULL)
		bus = open_bus();
	require(sd_bus_message_new(bus, &message, SD_BUS_MESSAGE_METHOD_CALL) >= 0);
	require(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
	while (*rest != '\0')
		if (append(message, fuzz_line(&rest)) < 0)
			goto out;
	require(sd_bus_message_close_container(message) >= 0);
	require(sd_bus_message_seal(message, 1, 0) >= 0 &&
		sd_bus_message_rewind(message, true) >= 0);
	(void)unit_properties_read(&properties, message);
	check(&properties);
out:
	sd_bus_message_unref(message);
	free(text);
	return 0;
}
