# SPDX-License-Identifier: GPL-2.0
# What the Makefiles below selftests/ have in common.

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
HSTP_CACHE ?= $(HOME)/.cache/hstp
# kselftest's headers; scripts/setup puts them there.
KSFT ?= $(HSTP_CACHE)/kselftest

CC ?= gcc
WARNINGS := -Wall -Wextra -Werror
