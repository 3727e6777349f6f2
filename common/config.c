/*
 * Reads the configuration file into struct config: libconfig parses it, then the whole of its tree
 * is walked, each setting being looked up in the table of keys, so that nothing in the file goes
 * unread. The tree is gone before the program goes on.
 */
#include "common/config.h"

#include "common/config_rows.h"
#include "common/config_text.h"
#include "common/config_value.h"
#include "common/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KNOWN_MAX = 256, /* bytes of the list of known keys */
};

static struct config *config_new(void)
{
	struct config *config = calloc(1, sizeof(*config));

	for (size_t i = 0; config && i < config_row_count; i++)
		config_value_set_default(config, &config_rows[i]);
	return config;
}

/* A text that is still the row's default is the table's, not the heap's. */
void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		void *value = config_value_of(config, row);

		if (row->kind == CONFIG_KIND_TEXT && *(char **)value != row->default_text)
			free(*(char **)value);
		else if (row->kind == CONFIG_KIND_LIST)
			free(((struct config_list *)value)->items);
	}
	free(config);
}

/* group NULL: the names of the groups; else those of its keys. */
static const char *list_known(const char *group, char ret_text[KNOWN_MAX])
{
	const struct config_row *previous = NULL;
	size_t length = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < config_row_count && length < KNOWN_MAX; i++) {
		const struct config_row *row = &config_rows[i];
		const char *name = group ? config_row_key(row) : row->path;
		int name_length = (int)strcspn(name, ".");
		bool wanted = group ? config_row_is_in_group(row, group)
				    : !previous || strncmp(previous->path, row->path,
							   (size_t)name_length + 1) != 0;

		if (!wanted)
			continue;
		length += (size_t)snprintf(ret_text + length, KNOWN_MAX - length, "%s%.*s",
					   length > 0 ? ", " : "", name_length, name);
		previous = row;
	}
	return ret_text;
}

static int read_group(const struct config_reader *reader, const config_setting_t *setting)
{
	const char *group = config_setting_name(setting);
	unsigned line = config_setting_source_line(setting);
	char known[KNOWN_MAX];
	char found[CONFIG_QUOTE_MAX];

	if (!config_row_find(group, NULL))
		return config_refuse(reader, line, "%.64s: there is no such key; allowed: %s",
				     group, list_known(NULL, known));
	if (!config_setting_is_group(setting))
		return config_refuse(
		    reader, line, "%s: %s is not a group; allowed: { } around any of %s", group,
		    config_setting_describe(setting, found), list_known(group, known));
	for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
		const config_setting_t *member = config_setting_get_elem(setting, i);
		const struct config_row *row = config_row_find(group, config_setting_name(member));
		int r;

		if (!row)
			return config_refuse(reader, config_setting_source_line(member),
					     "%s.%.64s: there is no such key; allowed: %s", group,
					     config_setting_name(member), list_known(group, known));
		r = config_value_read(reader, row, member);
		if (r < 0)
			return r;
	}
	return 0;
}

/* libconfig names no key, so the line itself is quoted. */
static int refuse_syntax(const struct config_reader *reader, const config_t *tree)
{
	unsigned line = (unsigned)config_error_line(tree);
	const char *end = reader->text + reader->length;
	const char *start = reader->text;
	const char *line_end;
	char quoted[CONFIG_QUOTE_MAX];

	for (unsigned i = 1; i < line && start < end; i++) {
		start = memchr(start, '\n', (size_t)(end - start));
		start = start ? start + 1 : end;
	}
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	line_end = memchr(start, '\n', (size_t)(end - start));
	printable(quoted, sizeof(quoted), start, (size_t)((line_end ? line_end : end) - start));
	return config_refuse(
	    reader, line,
	    "%s, in or just before \"%s\"; allowed: group: { key = value; … }; with each "
	    "name once",
	    config_error_text(tree), quoted);
}

/* The line is that of one of the two which the file has. */
static int refuse_together(const struct config_reader *reader, const config_t *tree,
			   const char *key, const char *other, const char *why)
{
	const config_setting_t *setting = config_lookup(tree, key);

	if (!setting)
		setting = config_lookup(tree, other);
	return config_refuse(reader, config_setting_source_line(setting), "%s: %s %s", key, other,
			     why);
}

static const char *text_at(const struct config *config, size_t offset)
{
	return *(const char *const *)((const char *)config + offset);
}

/* Each value may be right, and two of them together not. */
static int check_together(const struct config_reader *reader, const config_t *tree)
{
	static const struct {
		const char *key;
		size_t offset;
	} sockets[] = {
		{ "supervisor.session_socket", offsetof(struct config, supervisor.session_socket) },
		{ "supervisor.admin_socket", offsetof(struct config, supervisor.admin_socket) },
		{ "supervisor.console_socket", offsetof(struct config, supervisor.console_socket) },
	};
	const struct config *config = reader->config;

	if (text_at(config, offsetof(struct config, teletel.unit))[0] != '\0' &&
	    config->teletel.command.count > 0)
		return refuse_together(reader, tree, "teletel.command", "teletel.unit",
				       "names a Teletel server, too; allowed: one of them");
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(text_at(config, sockets[i].offset),
				   text_at(config, sockets[j].offset)) == 0)
				return refuse_together(reader, tree, sockets[i].key, sockets[j].key,
						       "is the same path; allowed: one for each");
	return 0;
}

/* prepared: config_text_prepare() of the file's text. */
static int read_tree(const struct config_reader *reader, const char *prepared)
{
	const config_setting_t *root;
	config_t tree;
	int r = 0;

	config_init(&tree);
	/* Should an @include get past config_text_prepare(), nothing can be opened below this. */
	config_set_include_dir(&tree, "/dev/null");
	if (config_read_string(&tree, prepared) != CONFIG_TRUE) {
		r = refuse_syntax(reader, &tree);
		goto out;
	}
	root = config_root_setting(&tree);
	for (unsigned i = 0; r == 0 && i < (unsigned)config_setting_length(root); i++)
		r = read_group(reader, config_setting_get_elem(root, i));
	if (r == 0)
		r = check_together(reader, &tree);
out:
	config_destroy(&tree);
	return r;
}

int config_parse(struct config **ret_config, const char *name, const char *text, size_t length,
		 char *error, size_t error_size)
{
	struct config_reader reader = {
		.name = name,
		.text = text,
		.length = length,
		.error = error,
		.error_size = error_size,
	};
	char *prepared = NULL;
	const char *why = NULL;
	unsigned line = 0;
	int r;

	if (length > CONFIG_FILE_MAX) {
		snprintf(error, error_size, "%s: is too large; allowed: at most %d bytes", name,
			 CONFIG_FILE_MAX);
		return -EINVAL;
	}
	reader.config = config_new();
	r = reader.config ? config_text_prepare(&prepared, text, length, &line, &why) : -ENOMEM;
	if (r == -EINVAL)
		config_refuse(&reader, line, "%s", why);
	if (r == 0)
		r = read_tree(&reader, prepared);
	if (r == -ENOMEM)
		snprintf(error, error_size, "%s: out of memory", name);
	free(prepared);
	if (r < 0)
		config_free(reader.config);
	else
		*ret_config = reader.config;
	return r;
}

int config_parse_file(struct config **ret_config, const char *name, const struct config_file *file,
		      char *error, size_t error_size)
{
	int r = config_parse(ret_config, name, file->text != NULL ? file->text : "", file->length,
			     error, error_size);

	if (r < 0)
		return r;
	(*ret_config)->has_file = file->text != NULL;
	(*ret_config)->file_bytes = file->length;
	return 0;
}

static const char *name_of(const char *path)
{
	return path != NULL ? path : CONFIG_DEFAULT_PATH;
}

static int load(struct config **ret_config, struct config_file *ret_file, const char *path,
		char *error, size_t error_size)
{
	struct config_file file = { .text = NULL };
	int r = config_file_read(&file, AT_FDCWD, name_of(path), 0);

	if (r == -ENOENT && path == NULL)
		r = 0;
	if (r == 0)
		r = config_parse_file(ret_config, name_of(path), &file, error, error_size);
	else
		snprintf(error, error_size, "%s: cannot be read: %s", name_of(path),
			 r == -EINVAL ? "it is not a file" : strerror(-r));
	if (r < 0)
		config_file_done(&file);
	else
		*ret_file = file;
	return r;
}

int config_load(struct config **ret_config, const char *path, char *error, size_t error_size)
{
	return config_load_file(ret_config, NULL, path, NULL, error, error_size);
}

static const char *find_loss(const struct config *before, const struct config *now)
{
	if (!before->has_file)
		return NULL;
	if (!now->has_file)
		return "is gone";
	return before->file_bytes > 0 && now->file_bytes == 0 ? "is empty now" : NULL;
}

int config_check_loss(const struct config *now, const char *path, const struct config *before,
		      char *error, size_t error_size)
{
	const char *loss = find_loss(before, now);

	if (loss == NULL)
		return 0;
	snprintf(error, error_size,
		 "%s: %s; allowed: a file, with a comment alone where all is to be as without one",
		 name_of(path), loss);
	return -ENODATA;
}

int config_load_file(struct config **ret_config, struct config_file *ret_file, const char *path,
		     const struct config *before, char *error, size_t error_size)
{
	struct config_file file = { .text = NULL };
	struct config *config = NULL;
	int r = load(&config, &file, path, error, error_size);

	if (r == 0 && before != NULL)
		r = config_check_loss(config, path, before, error, error_size);
	if (r < 0) {
		config_free(config);
		config_file_done(&file);
		return r;
	}
	if (ret_file != NULL)
		*ret_file = file;
	else
		config_file_done(&file);
	*ret_config = config;
	return 0;
}
