/* links: vdtgw-session */
/*
 * Sources that write, reads of any size, time that passes, drops, as the input says. Two screens
 * get the same: one is read in blocks, one byte by byte, whose queues then tell which source each
 * byte came from. A model of the queues and a parser of its own check that
 *   every byte of a source comes out once and in order, and nothing else but completions does;
 *   a lone source is neither held back nor altered;
 *   a source speaks after another at a boundary only, and is completed only if it was dropped, was
 *   overlong, or kept another waiting for SCREEN_HOLD_US;
 *   what is read does not depend on how it is read.
 */
#include "vdtgw-session/screen.h"

#include "tests/fuzz/fuzz.h"

enum {
	/* Each input byte is an operation in its upper bits, an argument in its five lower ones. */
	OPERATION_WRITE_GATEWAY,
	OPERATION_WRITE_HOME,
	OPERATION_WRITE_REMOTE,
	OPERATION_READ,
	OPERATION_PASS_TIME,
	OPERATION_DROP,
	OPERATION_FLOOD,

	BLOCK_MAX = 1024,
	MODEL_MAX = SCREEN_QUEUE_MAX,
};

struct model {
	uint8_t bytes[SCREEN_SOURCE_COUNT][MODEL_MAX];
	size_t start[SCREEN_SOURCE_COUNT]; /* index of the oldest byte */
	size_t count[SCREEN_SOURCE_COUNT];
	struct videotex terminal;
	enum screen_source speaking;
	uint64_t last_spoken;
	bool dropped;    /* a completion is owed for a drop */
	bool completing; /* the last byte was one of a completion */
	bool only_one;   /* so far one source only has written, and nothing was dropped */
	enum screen_source first;
};

static size_t total_queued(const struct model *model)
{
	return model->count[SCREEN_GATEWAY] + model->count[SCREEN_HOME] +
	       model->count[SCREEN_REMOTE];
}

static void model_write(struct model *model, enum screen_source source, const uint8_t *bytes,
			size_t length)
{
	require(model->count[source] + length <= MODEL_MAX);
	memmove(model->bytes[source], model->bytes[source] + model->start[source],
		model->count[source]);
	model->start[source] = 0;
	memcpy(model->bytes[source] + model->count[source], bytes, length);
	model->count[source] += length;
	if (length > 0 && model->first == SCREEN_SOURCE_COUNT)
		model->first = source;
	if (length > 0 && model->first != source)
		model->only_one = false;
}

/* A byte that came from a queue. */
static void model_spoke(struct model *model, enum screen_source source, uint8_t byte)
{
	require(model->count[source] > 0 && model->bytes[source][model->start[source]] == byte);
	if (source != model->speaking)
		require(videotex_position(&model->terminal) == VIDEOTEX_BOUNDARY);
	model->start[source]++;
	model->count[source]--;
	model->speaking = source;
	model->completing = false;
	model->dropped = false;
	videotex_feed(&model->terminal, byte);
}

/* A byte that came from no queue. */
static void model_completed(struct model *model, uint64_t now, uint8_t byte)
{
	require(!model->only_one);
	require(videotex_position(&model->terminal) != VIDEOTEX_BOUNDARY ||
		(model->completing && byte == 0x08));
	if (!model->completing && !model->dropped) {
		require(total_queued(model) > model->count[model->speaking]);
		require(videotex_position(&model->terminal) == VIDEOTEX_OVERLONG ||
			(model->count[model->speaking] == 0 &&
			 now >= model->last_spoken + SCREEN_HOLD_US));
	}
	model->completing = true;
	videotex_feed(&model->terminal, byte);
}

static uint8_t read_one(struct screen *screen, struct model *model, uint64_t now)
{
	uint8_t byte;
	enum screen_source from = SCREEN_SOURCE_COUNT;

	require(screen_ready(screen, now) && screen_ready_at(screen) <= now);
	require(screen_read(screen, now, &byte, 1) == 1);
	for (unsigned source = 0; source < SCREEN_SOURCE_COUNT; source++) {
		size_t queued = screen_queued(screen, (enum screen_source)source);
		if (queued == model->count[source])
			continue;
		require(from == SCREEN_SOURCE_COUNT && queued + 1 == model->count[source]);
		from = (enum screen_source)source;
	}
	if (from == SCREEN_SOURCE_COUNT) {
		model_completed(model, now, byte);
	} else {
		model_spoke(model, from, byte);
		model->last_spoken = now;
	}
	return byte;
}

static void read_both(struct screen *by_byte, struct screen *by_block, struct model *model,
		      uint64_t now, size_t size)
{
	uint8_t block[BLOCK_MAX];
	size_t length = screen_read(by_block, now, block, size);

	require(length <= size);
	if (model->only_one)
		require(length == (total_queued(model) < size ? total_queued(model) : size));
	for (size_t i = 0; i < length; i++)
		require(read_one(by_byte, model, now) == block[i]);
	if (length < size) {
		require(!screen_ready(by_byte, now) && screen_ready_at(by_byte) > now);
		if (total_queued(model) > 0)
			require(screen_ready_at(by_byte) == model->last_spoken + SCREEN_HOLD_US);
		else
			require(screen_ready_at(by_byte) == UINT64_MAX);
	}
	require(screen_ready(by_block, now) == screen_ready(by_byte, now));
	require(screen_ready_at(by_block) == screen_ready_at(by_byte));
}

static void write_both(struct screen *by_byte, struct screen *by_block, struct model *model,
		       enum screen_source source, const uint8_t *bytes, size_t length)
{
	size_t room = screen_room(by_byte, source);
	size_t taken = screen_write(by_byte, source, bytes, length);

	require(room == screen_room(by_block, source));
	require(taken == (length < room ? length : room));
	require(screen_write(by_block, source, bytes, length) == taken);
	model_write(model, source, bytes, taken);
	require(screen_queued(by_byte, source) == model->count[source]);
}

static void drop_both(struct screen *by_byte, struct screen *by_block, struct model *model,
		      enum screen_source source)
{
	screen_drop(by_byte, source);
	screen_drop(by_block, source);
	require(screen_queued(by_byte, source) == 0);
	model->start[source] = 0;
	model->count[source] = 0;
	model->only_one = false;
	if (source == model->speaking)
		model->dropped = true;
}

static void flood_both(struct screen *by_byte, struct screen *by_block, struct model *model,
		       enum screen_source source)
{
	static uint8_t flood[BLOCK_MAX];

	memset(flood, 'f', sizeof(flood));
	write_both(by_byte, by_block, model, source, flood, sizeof(flood));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model;
	struct screen *by_byte;
	struct screen *by_block;
	uint64_t now = 1000000;

	/* The queues' bytes need no clearing. */
	memset((uint8_t *)&model + offsetof(struct model, start), 0,
	       sizeof(model) - offsetof(struct model, start));
	model.speaking = model.first = SCREEN_SOURCE_COUNT;
	model.only_one = true;
	require(screen_new(&by_byte) == 0 && screen_new(&by_block) == 0);
	while (size > 0) {
		unsigned operation = data[0] >> 5;
		size_t argument = data[0] & 0x1f;
		enum screen_source source = (enum screen_source)(argument % SCREEN_SOURCE_COUNT);

		data++;
		size--;
		switch (operation) {
		case OPERATION_READ:
			read_both(by_byte, by_block, &model, now,
				  argument == 0x1f ? BLOCK_MAX : argument);
			break;
		case OPERATION_PASS_TIME:
			now += argument * 50000;
			break;
		case OPERATION_DROP:
			drop_both(by_byte, by_block, &model, source);
			break;
		case OPERATION_FLOOD:
			flood_both(by_byte, by_block, &model, source);
			break;
		default:
			if (operation > OPERATION_WRITE_REMOTE)
				operation = OPERATION_WRITE_REMOTE;
			if (argument > size)
				argument = size;
			write_both(by_byte, by_block, &model, (enum screen_source)operation, data,
				   argument);
			data += argument;
			size -= argument;
			break;
		}
	}
	/* In the end everything comes out. */
	while (screen_ready_at(by_byte) != UINT64_MAX) {
		if (screen_ready_at(by_byte) > now)
			now = screen_ready_at(by_byte);
		read_both(by_byte, by_block, &model, now, BLOCK_MAX);
	}
	require(total_queued(&model) == 0);
	screen_free(by_byte);
	screen_free(by_block);
	return 0;
}
