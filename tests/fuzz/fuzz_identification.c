/* links: vdtgw-session */
/*
 * What a home service sends, in packets of a size that the first byte gives: an ENQROM is seen at
 * the packet in which it ends, however it is cut, and nothing else is. What identifies the caller
 * is one line of its size.
 */
#include "vdtgw-session/identification.h"

#include "tests/fuzz/fuzz.h"

static const uint8_t enqrom[] = { 0x1b, 0x39, 0x7b };

/* Whether one ends within bytes start to end. */
static bool ends_within(const uint8_t *bytes, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (i + 1 >= sizeof(enqrom) &&
		    memcmp(bytes + i + 1 - sizeof(enqrom), enqrom, sizeof(enqrom)) == 0)
			return true;
	return false;
}

static void check_text(const uint8_t *input, size_t size)
{
	char address[2 * ADDRESS_TEXT_MAX] = "";
	char text[IDENTIFICATION_TEXT_MAX];
	uint64_t number = 0;
	size_t length;

	memcpy(&number, input, size < sizeof(number) ? size : sizeof(number));
	for (size_t i = 0; i < size && i < sizeof(address) - 1; i++)
		address[i] = (char)(' ' + input[i] % 0x5f);
	length = identification_text(number, TRANSPORT_WEBSOCKET, address, (unsigned)number, text);
	require(length < sizeof(text) && strlen(text) == length);
	require(strncmp(text, "PID=", 4) == 0 && strchr(text, '\n') == text + length - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct identification identification = { 0 };
	size_t packet;

	if (size == 0)
		return 0;
	packet = input[0] + 1U;
	check_text(++input, --size);
	for (size_t start = 0; start < size; start += packet) {
		size_t length = size - start < packet ? size - start : packet;

		require(identification_asked(&identification, input + start, length) ==
			ends_within(input, start, start + length));
	}
	return 0;
}
