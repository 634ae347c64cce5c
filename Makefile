# SPDX-License-Identifier: GPL-2.0
# What people call; "make help" lists it. Kbuild says what the module is made of.

RELEASE := $(shell uname -r)
ifneq ($(wildcard /lib/modules/$(RELEASE)/build),)
KDIR ?= /lib/modules/$(RELEASE)/build
else
KDIR ?= $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -n 1)
endif

# With OUT=DIR the module is built there, from a copy of its source, so that builds for
# several kernels do not meet.
OUT ?= $(CURDIR)
BUILD := $(abspath $(OUT))
KMAKE = $(MAKE) -C $(KDIR) M=$(BUILD)

# The command is made along with the module where the library that it needs is there.
HAVE_MNL := $(shell echo '\#include <libmnl/libmnl.h>' | $(CC) -E - >/dev/null 2>&1 && echo y)

.PHONY: all modules modules_install hstp install clean source demo test test-twice test-long bench lint \
	coverage conformance help

all: modules $(if $(HAVE_MNL),hstp)

hstp:
	+$(MAKE) -C scripts/hstp OUT=build
	+$(MAKE) -C scripts/scenarios OUT=build

install:
	+$(MAKE) -C scripts/hstp OUT=build install

modules: source
	+$(KMAKE) modules

modules_install: modules
	+$(KMAKE) modules_install

clean: source
	+$(KMAKE) clean
	$(MAKE) -C scripts/hstp OUT=build clean
	$(MAKE) -C scripts/scenarios OUT=build clean
	$(MAKE) -C selftests/core clean
	$(MAKE) -C selftests/net clean

source:
	@test -d "$(KDIR)" || { \
		echo "no kernel headers: run scripts/setup, or give KDIR=" >&2; exit 1; }
ifneq ($(BUILD),$(CURDIR))
	@for file in Kbuild $$(find include module -name '*.[ch]'); do \
		cmp -s $$file $(BUILD)/$$file || install -D -m 644 $$file $(BUILD)/$$file; \
	done
endif

demo test:
	@scripts/setup
	@scripts/$@

test-twice test-long:
	@scripts/setup
	@scripts/test --$(@:test-%=%)

bench:
	@scripts/setup
	@scripts/bench

lint:
	@scripts/setup
	@scripts/lint

conformance:
	@scripts/conformance

coverage:
	@$(MAKE) -s -C selftests/core coverage

help:
	@echo "  make                   build the modules [for the kernel of KDIR=DIR] [in OUT=DIR],"
	@echo "                         and the command hstp if libmnl is there (libmnl-dev)"
	@echo "  make hstp              the command hstp alone, in scripts/hstp/build"
	@echo "  make install           install the command, its man page and completion"
	@echo "  make modules_install   install it, so that modprobe and socket() find it"
	@echo "  make clean             remove what was built"
	@echo "  make demo              watch connections open, move a file and close, in a VM"
	@echo "  make test              the tests: on the host, and in VMs on several kernels"
	@echo "  make test-long         real programs, a soak, Linux TCP on the kernel that checks itself"
	@echo "  make test-twice        each program again after rmmod and insmod, in the same boot"
	@echo "  make bench             HSTP beside TCP: instructions and bytes per connection"
	@echo "  make conformance       RFC 9293's requirements against the tests that ran (make test)"
	@echo "  make coverage          which lines and branches of module/core the tests reach"
	@echo "  make lint              checkpatch, sparse, W=1, host warnings: silent when good"
	@echo
	@echo "  Here KDIR is $(KDIR)."
	@echo "  scripts/setup, vm, kernel, test, lint, bench and demo tell more with --help."
