/*
 * Files, by Landlock. Once the configuration is read a session opens files only where it resolves
 * a name or checks a certificate, and these only for reading: the resolver's settings and plug-ins,
 * OpenSSL's settings and the certificate authorities. A file of these that is replaced by another
 * of its name while the call goes on cannot be read any more, except in a folder that is allowed
 * as a whole; to allow all of /etc would show it the secrets there.
 */
#include "vdtgw-session/sandbox_files.h"

#include "network/service_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What later kernels know, with the version of Landlock that brought it; the header of this system
 * may be older than its kernel. */
#define ACCESS_TRUNCATE       (UINT64_C(1) << 14) /* 3 */
#define ACCESS_IOCTL_DEVICE   (UINT64_C(1) << 15) /* 5 */
#define ACCESS_BIND_TCP       (UINT64_C(1) << 0)  /* 4 */
#define SCOPE_ABSTRACT_SOCKET (UINT64_C(1) << 0)  /* 6 */
#define SCOPE_SIGNAL          (UINT64_C(1) << 1)  /* 6 */

struct ruleset_attributes {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
};

static const char *const readable[] = {
	"/dev/urandom",
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/etc/nsswitch.conf",
	"/etc/resolv.conf",
	"/etc/ssl/openssl.cnf",
	/* Plug-ins of the resolver and of OpenSSL, loaded when they are needed first. */
	"/usr/lib",
	"/usr/lib64",
	/* What /etc/ssl/certs points to. */
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
};

/* Where /etc/resolv.conf is a link to what another program keeps up to date, by replacing it. */
static const char *const resolver_folders[] = {
	"/run/systemd/resolve",
	"/run/NetworkManager",
	"/run/resolvconf",
	"/run/connman",
};

static struct ruleset_attributes all_of_version(long version)
{
	struct ruleset_attributes attributes = {
		.files = (LANDLOCK_ACCESS_FS_REFER << 1) - 1,
	};

	if (version < 2)
		attributes.files &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		attributes.files |= ACCESS_TRUNCATE;
	if (version >= 4)
		attributes.network = ACCESS_BIND_TCP;
	if (version >= 5)
		attributes.files |= ACCESS_IOCTL_DEVICE;
	if (version >= 6)
		attributes.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
	return attributes;
}

/* A file, or a folder with all that is in it. What is not there needs no rule. */
static int allow(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE };
	struct stat status;
	int result = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0;
	if (fstat(rule.parent_fd, &status) == 0 && S_ISDIR(status.st_mode))
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		result = -errno;
	(void)close(rule.parent_fd);
	return result;
}

static int allow_all(int ruleset, const char *const *paths, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = allow(ruleset, paths[i]);
	return result;
}

/* folders: as OpenSSL takes them, separated by colons. */
static int allow_folders(int ruleset, const char *folders)
{
	char path[PATH_MAX];
	int result = 0;

	while (result == 0 && *folders != '\0') {
		size_t length = strcspn(folders, ":");

		if (length < sizeof(path)) {
			memcpy(path, folders, length);
			path[length] = '\0';
			result = allow(ruleset, path);
		}
		folders += length;
		folders += strspn(folders, ":");
	}
	return result;
}

static int add_rules(int ruleset)
{
	int result;

	result = allow_all(ruleset, readable, sizeof(readable) / sizeof(*readable));
	if (result == 0)
		result = allow_all(ruleset, resolver_folders,
				   sizeof(resolver_folders) / sizeof(*resolver_folders));
	if (result == 0)
		result = allow(ruleset, service_tls_trusted_file());
	if (result == 0)
		result = allow_folders(ruleset, service_tls_trusted_folders());
	return result;
}

int sandbox_files_close(void)
{
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset_attributes attributes;
	int ruleset, result;

	if (version < 0)
		return -errno;
	attributes = all_of_version(version);
	/* An older kernel takes a longer structure whose further fields are 0. */
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0)
		return -errno;
	result = add_rules(ruleset);
	if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		result = -errno;
	(void)close(ruleset);
	return result;
}
