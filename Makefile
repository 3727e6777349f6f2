# vdtgw: build, try, test, install. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr
DESTDIR ?=
BUILD   ?= build
CC      ?= gcc
CFLAGS  ?= -O2 -g
JOBS    ?= $(shell nproc)
# Debian's interpreter, which sees Debian's python3-… packages; the first one in PATH may not.
PYTHON  ?= /usr/bin/python3
# System tests mostly wait, so that more of them than there are processors run side by side.
TESTS_AT_ONCE ?= 4
# Debian releases that are booted to test on.
HOST_SUITES ?= bookworm trixie
# What runs each unit test, and where system tests find the programs: under valgrind, elsewhere.
RUN_TEST     ?=
SYSTEM_BUILD ?= $(BUILD)
HOSTS_AT_ONCE ?= 2
# Of each fuzz target: inputs, or with FUZZ_SECONDS a time instead.
FUZZ_RUNS    ?= 20000
FUZZ_SECONDS ?=

# What services and listeners start, and what people type.
SERVICES := vdtgw-session vdtgw-supervisor vdtgw-teletel
COMMANDS := vdtgwctl
PROGRAMS := $(SERVICES) $(COMMANDS)

# Where `make install` puts things. Configuration does not move with PREFIX.
bindir     := $(PREFIX)/bin
libexecdir := $(PREFIX)/libexec/vdtgw
datadir    := $(PREFIX)/share/vdtgw
docdir     := $(PREFIX)/share/doc/vdtgw
mandir     := $(PREFIX)/share/man
completiondir := $(PREFIX)/share/bash-completion/completions
unitdir    := $(PREFIX)/lib/systemd/system
confdir    := /etc/vdtgw

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wformat=2 -Wundef
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
CPPFLAGS += -I. -D_GNU_SOURCE -DVDTGW_VERSION='"$(VERSION)"' -DVDTGW_PREFIX='"$(PREFIX)"'
ALL_CFLAGS = -std=c17 $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS) $(SANITIZE) -MMD -MP
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) $(SANITIZE)

COMMON_LIBS             := -lwebsockets -lconfig -ljansson
vdtgw-session_LIBS      := $(COMMON_LIBS) -lssl -lcrypto
vdtgw-supervisor_LIBS   := $(COMMON_LIBS) -lsystemd -lsqlite3 -lssl -lcrypto
vdtgw-teletel_LIBS      := $(COMMON_LIBS)
vdtgwctl_LIBS           := -lconfig -ljansson

objects_of = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c))
# A test names the library that it tests in its first line: "links: vdtgw-session".
library_of = $(shell sed -n '1s/.*links: \([a-z-]*\).*/\1/p' $(1))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
FUZZERS    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

# An object depends on how it was compiled, the installation prefix included.
SETTINGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE)
ifneq ($(file <$(BUILD)/settings),$(SETTINGS))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/settings,$(SETTINGS))
endif

.SECONDARY:
.PHONY: all help run test unit system asan lint fuzz fuzzers valgrind chaos bench test-host deb install uninstall clean \
	packages-run packages-test packages-bench packages-deb packages-host

## build the programs into build/bin
all: $(PROGRAMS:%=$(BUILD)/bin/%)

## what this is
help:
	@awk '/^## /{about=substr($$0,4)} /^[a-z-]+:/&&about{printf "make %-9s %s\n",substr($$1,1,index($$1,":")-1),about;about=""}' \
		Makefile

$(BUILD)/%.o: %.c $(BUILD)/settings
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# What EMBED() names, the compiler does not tell.
$(BUILD)/vdtgw-supervisor/interfaces/interfaces.o: $(wildcard vdtgw-supervisor/interfaces/*.varlink)

# The session's filter of system calls: compiled now, so that no session has to.
$(BUILD)/compile-filter: vdtgw-session/filter/compile.c $(BUILD)/settings
	$(CC) -std=c17 $(WARNINGS) $(WERROR) -D_GNU_SOURCE -o $@ $< -lseccomp

$(BUILD)/sandbox_filter.bpf: $(BUILD)/compile-filter
	$< >$@.new && mv $@.new $@

$(BUILD)/vdtgw-session/sandbox.o: CPPFLAGS += -Wa,-I$(BUILD)
$(BUILD)/vdtgw-session/sandbox.o: $(BUILD)/sandbox_filter.bpf

# Everything of a folder but its main.c is a library, which the tests link too.
$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

# What the programs share; each uses those before it from those after it.
SHARED := $(BUILD)/libnetwork.a $(BUILD)/libcommon.a

library_objects = $(filter-out $(BUILD)/$(1)/main.o %/filter/compile.o,$(call objects_of,$(1)))
$(foreach folder,common network $(PROGRAMS),$(eval $(BUILD)/lib$(folder).a: $(call library_objects,$(folder))))

$(PROGRAMS:%=$(BUILD)/bin/%): $(BUILD)/bin/%: $(BUILD)/%/main.o $(BUILD)/lib%.a $(SHARED)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $($*_LIBS)

# The library under test stands before the common one that it uses.
test_inputs = $< $(filter-out $< $(SHARED),$^) $(SHARED)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SHARED)
	$(CC) $(ALL_LDFLAGS) -o $@ $(test_inputs) -lcmocka $(vdtgw-supervisor_LIBS) $(vdtgw-session_LIBS)

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(SHARED)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(test_inputs) $(vdtgw-supervisor_LIBS) $(vdtgw-session_LIBS)

$(foreach test,$(wildcard tests/unit/test_*.c tests/fuzz/fuzz_*.c),\
	$(eval $(test:%.c=$(BUILD)/%): $(BUILD)/lib$(call library_of,$(test)).a))

# Shuts the doors of a session as a session does, and rattles at them.
$(BUILD)/tests/system/attacker/attacker: $(call objects_of,tests/system/attacker) \
		$(BUILD)/libvdtgw-session.a $(SHARED)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(vdtgw-session_LIBS)

# ---- Try it. What is missing of Debian's packages is installed first.

## try it here, without installing: telnet localhost 9000 (Ctrl-C ends it)
run: packages-run
	$(MAKE) -j$(JOBS) all
	@exec tools/run $(BUILD)

# ---- Test it.

## every test below but bench, each with its summary
test: packages-test
	@failed=; \
	for suite in unit system asan lint fuzz; do \
		echo; echo "==== make $$suite"; $(MAKE) --no-print-directory $$suite || failed="$$failed $$suite"; \
	done; \
	echo; \
	if [ -n "$$failed" ]; then echo "==== make test: failed:$$failed"; exit 1; fi; \
	echo "==== make test: unit, system, asan, lint and fuzz passed"

## one module at a time (cmocka)
unit: packages-test
	@$(MAKE) --no-print-directory -j$(JOBS) WERROR=-Werror unit-tests

# The same with what is installed: the build of the Debian packages runs it.
.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)
	@failed=; for test in $(UNIT_TESTS); do echo "== $$test"; $(RUN_TEST) $$test || failed="$$failed $$test"; done; \
	if [ -n "$$failed" ]; then echo "unit tests failed:$$failed"; exit 1; fi; \
	echo "unit tests: $(words $(UNIT_TESTS)) programs passed"

## the real programs against clients and servers that are not ours (pytest)
system: packages-test
	@$(MAKE) --no-print-directory -j$(JOBS) WERROR=-Werror all $(BUILD)/tests/system/attacker/attacker
	VDTGW_BUILD=$(abspath $(SYSTEM_BUILD)) $(PYTHON) -m pytest -q -p no:cacheprovider \
		-n $(TESTS_AT_ONCE) --dist loadgroup $(PYTEST_ARGS) tests/system

## unit and system again, with AddressSanitizer and UndefinedBehaviorSanitizer
asan: packages-test
	@tools/with-sanitizers $(abspath $(BUILD)/asan/reports) \
		$(MAKE) --no-print-directory BUILD=$(BUILD)/asan CFLAGS="-O1 -g -fno-omit-frame-pointer" \
		SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined" unit system

## layout, static analysis, shell scripts, manual pages
lint: packages-test
	@tools/lint $(BUILD)/lint -- $(CPPFLAGS) -std=c17 $(WARNINGS)

## libFuzzer on every parser: FUZZ_RUNS=20000 inputs each, or FUZZ_SECONDS=
fuzz: packages-test
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)/fuzz CC=clang CFLAGS="-O1 -g" \
		SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" fuzzers
	@tools/fuzz $(BUILD)/fuzz $(FUZZ_RUNS) $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

## the packages on booted hosts of the Debian releases HOST_SUITES (as root)
test-host: packages-host deb
	VDTGW_BUILD=$(abspath $(BUILD)) VDTGW_HOST_SUITES="$(HOST_SUITES)" $(PYTHON) -m pytest -q \
		-p no:cacheprovider -c tests/system/pytest.ini --rootdir tests/host \
		--basetemp $(abspath $(BUILD))/host/running \
		-n $(HOSTS_AT_ONCE) --dist loadgroup $(PYTEST_ARGS) tests/host

# Without the session's sandbox, which leaves no room for valgrind; and without the children of
# the supervisor, which it cannot watch there (tests/system/processes.py).
VALGRIND_BUILD := BUILD=$(BUILD)/valgrind CFLAGS="-O1 -g -DVDTGW_NO_SANDBOX"

## unit and system again, under valgrind: half an hour (PYTEST_ARGS="-k telnet" for a part)
valgrind: packages-test
	@$(MAKE) --no-print-directory -j$(JOBS) $(VALGRIND_BUILD) all
	@tools/wrap-in-valgrind $(BUILD)/valgrind $(abspath $(BUILD)/valgrind/wrapped) \
		$(abspath $(BUILD)/valgrind/reports)
	@tools/with-sanitizers $(abspath $(BUILD)/valgrind/reports) \
		$(MAKE) --no-print-directory $(VALGRIND_BUILD) TESTS_AT_ONCE=3 \
		UNIT_TESTS="$(patsubst $(BUILD)/%,$(BUILD)/valgrind/%,\
			$(filter-out %/test_teletel_server,$(UNIT_TESTS)))" \
		RUN_TEST=$(abspath $(BUILD)/valgrind/wrapped/valgrind) \
		SYSTEM_BUILD=$(abspath $(BUILD)/valgrind/wrapped) unit system

## minutes of kills, cuts and floods at random: CHAOS_SECONDS=180 CHAOS_SEED=
chaos: packages-test
	@$(MAKE) --no-print-directory -j$(JOBS) WERROR=-Werror all
	CHAOS_SECONDS=$${CHAOS_SECONDS:-180} VDTGW_BUILD=$(abspath $(BUILD)) \
		$(PYTHON) -m pytest -q -s -p no:cacheprovider $(PYTEST_ARGS) tests/system/test_chaos.py

## what a call costs, beside socat and websockify
bench: packages-bench
	@$(MAKE) --no-print-directory -j$(JOBS) all
	VDTGW_BUILD=$(abspath $(BUILD)) tests/bench/run

packages-run packages-test packages-bench packages-deb packages-host: packages-%:
	@tools/install-packages $*

# ---- Package it.

# Behind the packages' version, to tell a build from the release that it comes before or after.
DEB_SUFFIX ?=

## Debian packages into build/deb, looked at by lintian
deb: packages-deb
	@tools/build-packages $(BUILD)/deb $(VERSION) $(DEB_SUFFIX)

# ---- Install it: under DESTDIR, for use under PREFIX.

# Lines of units that begin with @systemd-255@ are for those who know them: an older one complains.
systemd_version := $(shell sed -n 's/^Version: *\([0-9]*\).*/\1/p' \
	"$$($(CC) -print-file-name=pkgconfig/libsystemd.pc)" 2>/dev/null)
systemd_255 := $(shell [ "$(or $(systemd_version),0)" -ge 255 ] && echo 's/^@systemd-255@//' || echo '/^@systemd-255@/d')

# Fills in the paths of this installation, from file $(1) to file $(2).
fill_in = sed -e 's|@libexecdir@|$(libexecdir)|g' -e 's|@datadir@|$(datadir)|g' \
	-e "s|@transport@|$$transport|g" -e '$(systemd_255)' $(1) >$(2); chmod 644 $(2)

## install under $(DESTDIR)$(PREFIX); an existing configuration is kept
install: all
	install -d $(DESTDIR)$(libexecdir) $(DESTDIR)$(unitdir) $(DESTDIR)$(confdir) \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d \
		$(DESTDIR)$(PREFIX)/lib/systemd/catalog \
		$(DESTDIR)$(PREFIX)/share/polkit-1/rules.d \
		$(DESTDIR)$(datadir) $(DESTDIR)$(docdir)/examples
	install -m 755 $(SERVICES:%=$(BUILD)/bin/%) $(DESTDIR)$(libexecdir)
	set -e; for command in $(COMMANDS); do \
		install -D -m 755 $(BUILD)/bin/$$command $(DESTDIR)$(bindir)/$$command; \
		install -D -m 644 share/completions/$$command $(DESTDIR)$(completiondir)/$$command; \
	done
	set -e; cd units; for unit in vdtgw*.service *.socket *.slice; do \
		$(call fill_in,$$unit,$(DESTDIR)$(unitdir)/$$unit); \
	done
	@# The three kinds of call share one template: only the transport's name differs.
	set -e; for transport in telnet raw websocket; do \
		$(call fill_in,units/session@.service,$(DESTDIR)$(unitdir)/vdtgw-$$transport@.service); \
	done
	install -m 644 units/vdtgw.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/vdtgw.conf
	install -m 644 units/vdtgw.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog
	install -m 644 units/vdtgw.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/vdtgw.conf
	install -m 644 units/vdtgw.rules $(DESTDIR)$(PREFIX)/share/polkit-1/rules.d
	set -e; for example in xinetd inetd.conf vdtgw-supervisor-nftables.conf vdtgw-paranoid.conf; do \
		$(call fill_in,units/$$example,$(DESTDIR)$(docdir)/examples/$$example); \
	done
	install -m 644 README.md $(DESTDIR)$(docdir)
	set -e; for page in $(wildcard man/*.[1-8]); do \
		folder=$(DESTDIR)$(mandir)/man$${page##*.}; install -d $$folder; \
		$(call fill_in,$$page,$$folder/$${page#man/}); \
	done
	set -e; for file in $(wildcard etc/*); do \
		[ -e $(DESTDIR)$(confdir)/$${file#etc/} ] || install -m 644 $$file $(DESTDIR)$(confdir); \
	done
	cd share && find . -type f ! -path './completions/*' -exec install -D -m 644 '{}' '$(DESTDIR)$(datadir)/{}' \;

## take away what install has put there; configuration, bans and users stay
uninstall: all
	rm -rf $(BUILD)/uninstall
	$(MAKE) --no-print-directory DESTDIR=$(abspath $(BUILD))/uninstall install >/dev/null
	rm -r $(BUILD)/uninstall$(confdir)
	cd $(BUILD)/uninstall$(PREFIX) && find . -type f -exec rm -f '$(DESTDIR)$(PREFIX)/{}' \; && \
		find . -depth -type d -path '*/vdtgw*' \
			-exec rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(PREFIX)/{}' \;
	rm -rf $(BUILD)/uninstall

## remove what was built
clean:
	rm -rf $(BUILD)

# But for the files of the hosts that are booted from there.
-include $(shell find $(BUILD) -path $(BUILD)/host -prune -o -name '*.d' -type f -print 2>/dev/null)
