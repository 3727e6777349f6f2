/*
 * Reads one value of the file: is it of the type of its key, in its range, free of what its check
 * refuses; then stores it. The words of an error are put together here too, so that every one
 * names the file, the line, the key and what is allowed.
 */
#include "common/config_value.h"

#include "common/duration.h"
#include "common/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WRONG_MAX = 160, /* bytes of what a check says is wrong */
};

void *config_value_of(struct config *config, const struct config_row *row)
{
	return (char *)config + row->offset;
}

void config_value_set_default(struct config *config, const struct config_row *row)
{
	void *value = config_value_of(config, row);

	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		*(bool *)value = row->default_number != 0;
		break;
	case CONFIG_KIND_NUMBER:
		*(unsigned *)value = (unsigned)row->default_number;
		break;
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_DURATION:
		*(uint64_t *)value = row->default_number;
		break;
	case CONFIG_KIND_DECIMAL:
		*(double *)value = row->default_decimal;
		break;
	case CONFIG_KIND_TEXT:
		*(const char **)value = row->default_text;
		break;
	case CONFIG_KIND_LIST:
		*(struct config_list *)value = (struct config_list) { .items = NULL };
		break;
	}
}

int config_refuse(const struct config_reader *reader, unsigned line, const char *format, ...)
{
	va_list arguments;
	int length = snprintf(reader->error, reader->error_size, "%s:%u: ", reader->name, line);

	if (length < 0 || (size_t)length >= reader->error_size)
		return -EINVAL;
	va_start(arguments, format);
	vsnprintf(reader->error + length, reader->error_size - (size_t)length, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

const char *config_setting_describe(const config_setting_t *setting,
				    char ret_text[CONFIG_QUOTE_MAX])
{
	char quoted[CONFIG_QUOTE_MAX - sizeof("the text \"\"")];
	const char *text = config_setting_get_string(setting);

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(ret_text, CONFIG_QUOTE_MAX, "%lld", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		snprintf(ret_text, CONFIG_QUOTE_MAX, "%g", config_setting_get_float(setting));
		break;
	case CONFIG_TYPE_STRING:
		printable(quoted, sizeof(quoted), text, strlen(text));
		snprintf(ret_text, CONFIG_QUOTE_MAX, "the text \"%s\"", quoted);
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(ret_text, CONFIG_QUOTE_MAX, "%s",
			 config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_GROUP:
		snprintf(ret_text, CONFIG_QUOTE_MAX, "a group { }");
		break;
	default:
		snprintf(ret_text, CONFIG_QUOTE_MAX, "a list");
		break;
	}
	return ret_text;
}

/* setting is the value, or the entry of a list, that is wrong. wrong starts with what parts it from
 * the value. */
static int refuse_value(const struct config_reader *reader, const struct config_row *row,
			const config_setting_t *setting, const char *wrong)
{
	char allowed[CONFIG_ALLOWED_MAX];
	char found[CONFIG_QUOTE_MAX];

	return config_refuse(reader, config_setting_source_line(setting), "%s: %s%s; allowed: %s",
			     row->path, config_setting_describe(setting, found), wrong,
			     config_row_describe(row, allowed));
}

/* wrong: what a check said, a sentence of its own. */
static int refuse_text(const struct config_reader *reader, const struct config_row *row,
		       const config_setting_t *setting, const char *wrong)
{
	char sentence[WRONG_MAX];

	snprintf(sentence, sizeof(sentence), ": %s", wrong);
	return refuse_value(reader, row, setting, sentence);
}

static int refuse_type(const struct config_reader *reader, const struct config_row *row,
		       const config_setting_t *setting)
{
	return refuse_value(reader, row, setting, " is not what this key takes");
}

static bool is_whole(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_INT ||
	       config_setting_type(setting) == CONFIG_TYPE_INT64;
}

static int read_number(const struct config_reader *reader, const struct config_row *row,
		       const config_setting_t *setting, uint64_t *ret_number)
{
	long long number;

	if (!is_whole(setting))
		return refuse_type(reader, row, setting);
	number = config_setting_get_int64(setting);
	if (number == 0 && row->zero) {
		*ret_number = 0;
		return 0;
	}
	if (number < 0 || (uint64_t)number < row->minimum || (uint64_t)number > row->maximum)
		return refuse_value(reader, row, setting, " is out of range");
	*ret_number = (uint64_t)number;
	return 0;
}

static int read_decimal(const struct config_reader *reader, const struct config_row *row,
			const config_setting_t *setting, double *ret_number)
{
	double number;

	if (is_whole(setting))
		number = (double)config_setting_get_int64(setting);
	else if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
		number = config_setting_get_float(setting);
	else
		return refuse_type(reader, row, setting);
	/* Written so that what is not a number is out of range too. */
	if (!(number == 0 && row->zero) &&
	    !(number >= (double)row->minimum && number <= (double)row->maximum))
		return refuse_value(reader, row, setting, " is out of range");
	*ret_number = number;
	return 0;
}

static int read_duration(const struct config_reader *reader, const struct config_row *row,
			 const config_setting_t *setting, uint64_t *ret_seconds)
{
	uint64_t seconds;

	if (config_setting_type(setting) != CONFIG_TYPE_STRING)
		return refuse_type(reader, row, setting);
	if (duration_parse(&seconds, config_setting_get_string(setting)) < 0)
		return refuse_value(reader, row, setting, " is not a duration");
	if (seconds < row->minimum || seconds > row->maximum)
		return refuse_value(reader, row, setting, " is out of range");
	*ret_seconds = seconds;
	return 0;
}

static int read_text(const struct config_reader *reader, const struct config_row *row,
		     const config_setting_t *setting, const char **ret_text)
{
	const char *text;
	const char *wrong;
	char *copy;

	if (config_setting_type(setting) != CONFIG_TYPE_STRING)
		return refuse_type(reader, row, setting);
	text = config_setting_get_string(setting);
	if (strlen(text) < row->minimum)
		return refuse_value(reader, row, setting, " is too short");
	if (strlen(text) > row->maximum)
		return refuse_value(reader, row, setting, " is too long");
	wrong = row->check(text, 0);
	if (wrong)
		return refuse_text(reader, row, setting, wrong);
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret_text = copy;
	return 0;
}

/* Checks the entries; *ret_bytes is what their texts take, final zeroes included. */
static int check_entries(const struct config_reader *reader, const struct config_row *row,
			 const config_setting_t *setting, size_t *ret_bytes)
{
	unsigned count = (unsigned)config_setting_length(setting);
	size_t bytes = 0;

	if (count > row->maximum)
		return refuse_value(reader, row, setting, " is too long");
	for (unsigned i = 0; i < count; i++) {
		const config_setting_t *entry = config_setting_get_elem(setting, i);
		const char *text = config_setting_get_string(entry);
		const char *wrong;

		if (config_setting_type(entry) != CONFIG_TYPE_STRING)
			return refuse_type(reader, row, entry);
		wrong = row->check(text, i);
		for (unsigned j = 0; !wrong && row->distinct && j < i; j++) {
			if (strcmp(text, config_setting_get_string_elem(setting, (int)j)) == 0)
				wrong = "it is there twice";
		}
		if (wrong)
			return refuse_text(reader, row, entry, wrong);
		bytes += strlen(text) + 1;
	}
	*ret_bytes = bytes;
	return 0;
}

/* One block holds the pointers and the texts behind them. */
static int read_list(const struct config_reader *reader, const struct config_row *row,
		     const config_setting_t *setting, struct config_list *ret_list)
{
	unsigned count;
	size_t bytes = 0;
	char **items;
	char *text;
	int r;

	if (config_setting_type(setting) != CONFIG_TYPE_ARRAY &&
	    config_setting_type(setting) != CONFIG_TYPE_LIST)
		return refuse_type(reader, row, setting);
	r = check_entries(reader, row, setting, &bytes);
	if (r < 0)
		return r;
	count = (unsigned)config_setting_length(setting);
	if (count == 0)
		return 0;
	items = malloc((count + 1) * sizeof(*items) + bytes);
	if (!items)
		return -ENOMEM;
	text = (char *)(items + count + 1);
	for (unsigned i = 0; i < count; i++) {
		items[i] = text;
		text = stpcpy(text, config_setting_get_string_elem(setting, (int)i)) + 1;
	}
	items[count] = NULL;
	*ret_list = (struct config_list) { .items = items, .count = count };
	return 0;
}

int config_value_read(const struct config_reader *reader, const struct config_row *row,
		      const config_setting_t *setting)
{
	void *value = config_value_of(reader->config, row);
	uint64_t number = 0;
	int r;

	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			return refuse_type(reader, row, setting);
		*(bool *)value = config_setting_get_bool(setting);
		return 0;
	case CONFIG_KIND_NUMBER:
		r = read_number(reader, row, setting, &number);
		if (r == 0)
			*(unsigned *)value = (unsigned)number;
		return r;
	case CONFIG_KIND_SIZE:
		return read_number(reader, row, setting, value);
	case CONFIG_KIND_DECIMAL:
		return read_decimal(reader, row, setting, value);
	case CONFIG_KIND_DURATION:
		return read_duration(reader, row, setting, value);
	case CONFIG_KIND_TEXT:
		return read_text(reader, row, setting, value);
	case CONFIG_KIND_LIST:
		return read_list(reader, row, setting, value);
	}
	return 0;
}
