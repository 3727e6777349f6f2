# vdtgw: build, test, install. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr
DESTDIR ?=
BUILD   ?= build
CC      ?= gcc
CFLAGS  ?= -O2 -g

PROGRAMS := vdtgw-session vdtgw-supervisor vdtgw-teletel

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wformat=2 -Wundef
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
CPPFLAGS += -I. -D_GNU_SOURCE -DVDTGW_VERSION='"$(VERSION)"' -DVDTGW_PREFIX='"$(PREFIX)"'
ALL_CFLAGS = -std=c17 $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS) $(SANITIZE) -MMD -MP
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) $(SANITIZE)

COMMON_LIBS             := -lwebsockets -lconfig -ljansson
vdtgw-session_LIBS      := $(COMMON_LIBS) -lssl -lcrypto
vdtgw-supervisor_LIBS   := $(COMMON_LIBS) -lsystemd -lsqlite3
vdtgw-teletel_LIBS      := $(COMMON_LIBS)

objects_of = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))

.SECONDEXPANSION:
.PHONY: all unit clean

all: $(PROGRAMS:%=$(BUILD)/bin/%)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# Everything of a folder but its main.c is a library, which the unit tests link too.
$(BUILD)/lib%.a: $$(filter-out $(BUILD)/%/main.o,$$(call objects_of,%))
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(PROGRAMS:%=$(BUILD)/bin/%): $(BUILD)/bin/%: $(BUILD)/%/main.o $(BUILD)/lib%.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $($*_LIBS)

# A unit test names its library in its first line: "links: vdtgw-session".
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o \
		$$(patsubst %,$(BUILD)/lib%.a,$$(shell sed -n '1s/.*links: \([a-z-]*\).*/\1/p' tests/unit/%.c)) \
		$(BUILD)/libcommon.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(vdtgw-supervisor_LIBS) $(vdtgw-session_LIBS)

unit: $(UNIT_TESTS)
	@status=0; for test in $^; do echo "== $$test"; $$test || status=1; done; exit $$status

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
