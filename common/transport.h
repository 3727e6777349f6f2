/* How a caller came. */
#ifndef VDTGW_COMMON_TRANSPORT_H
#define VDTGW_COMMON_TRANSPORT_H

enum transport {
	TRANSPORT_TELNET,
	TRANSPORT_RAW,
	TRANSPORT_WEBSOCKET,
	TRANSPORT_COUNT,
};

/* "telnet", "raw", "websocket": in options, configuration keys, logs and on the Unix sockets. */
const char *transport_name(enum transport transport);
/* 0, or -EINVAL for a word that names none. */
int transport_from_name(enum transport *ret_transport, const char *name);

#endif
