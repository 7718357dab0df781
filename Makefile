# wardgate: build, tests and checks. `make help` lists the targets.
#
# The plain build lives in build/, every other one in a folder of its own:
#   make                 build/wardgate          (gcc)
#   make CC=clang        build/clang/wardgate
#   make FLAVOUR=asan    build/asan/wardgate     (tsan likewise: the builds of `make sanitize`)
#   make TARGET=aarch64  build/aarch64/wardgate  (armhf and x86_64 likewise; where that is another machine than this one
#                        the libraries come from Debian into build/sysroot, and tests run under qemu-user)

VERSION = 0.1.0

PREFIX     = /usr
SYSCONFDIR = /etc
DESTDIR    =

TARGETS        = x86_64 aarch64 armhf
TRIPLE_x86_64  = x86_64-linux-gnu
TRIPLE_aarch64 = aarch64-linux-gnu
TRIPLE_armhf   = arm-linux-gnueabihf
MACHINE       := $(patsubst armv%,armhf,$(shell uname -m))
ifdef TARGET
TRIPLE  := $(or $(TRIPLE_$(TARGET)),$(error wardgate: no such target ($(TARGET)), use x86_64, aarch64 or armhf))
FLAVOUR ?= $(TARGET)
endif
# A target that is another machine than this one; this one's own takes the compiler and the libraries that are here.
CROSS := $(filter-out $(MACHINE),$(TARGET))
ifneq ($(CROSS),)
SYSROOT := $(CURDIR)/build/sysroot/$(TARGET)
CC       = $(TRIPLE)-gcc --sysroot=$(SYSROOT)
PKG_CONFIG = PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLE)/pkgconfig pkg-config
endif
ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
OBJCOPY    ?= objcopy
FLAVOUR ?= $(filter-out gcc cc,$(notdir $(firstword $(CC))))
CFLAGS  ?= $(if $(filter coverage,$(FLAVOUR)),-O0,-O2) -g
OUT     := build$(addprefix /,$(FLAVOUR))

# Where time is of 32 bits, unless asked otherwise, it ends in 2038.
DEFINES_armhf = -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64

# Use every processor, unless the caller gives another -j, and keep the output of each job in one piece.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc) --output-sync=target
endif
# A recipe line that begins with $(LIVE) shows its output as it comes. (make does so for a line with a +, but would
# then run it under `make -n` too.)
LIVE := $(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+)

.DELETE_ON_ERROR:
.SUFFIXES:

#### Flags

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align \
           -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wundef -Wvla -Wswitch-enum \
           -Wdouble-promotion -Wnull-dereference -Wpointer-arith -Wwrite-strings -Werror

# Compiler flags of a flavour; a sanitizer makes gcc see null pointers that cannot be, and fortified calls would hide
# from it what it looks for, so those builds warn of nothing (the plain ones do) and are not hardened.
FLAGS_fuzz = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -w
FLAGS_coverage = --coverage -fprofile-update=atomic -w
FLAGS_asan = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -w
FLAGS_tsan = -fsanitize=thread -fno-omit-frame-pointer -w
FLAGS_size = $(HARDENING) $(LEAN) -fstack-usage
HARDENING  = -fstack-protector-strong $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
# What nobody calls is left out, and so are tables for exceptions, which C has none of (debuggers have .debug_frame).
LEAN       = -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
FLAVOURED  = $(or $(FLAGS_$(FLAVOUR)),$(HARDENING) $(LEAN))
IS_LEAN    = $(filter $(LEAN),$(FLAVOURED))
LEAN_LINK  = $(if $(IS_LEAN),$(GC_SECTIONS) $(RELR))
GC_SECTIONS = -Wl,--gc-sections
# Addresses to relocate as a bitmap, where the C library knows it. Expanded at each link, like the libraries.
RELR       = $(if $(CROSS),,$(shell grep -qs GLIBC_ABI_DT_RELR "$$($(CC) -print-file-name=libc.so.6)" && echo -Wl,-z,pack-relative-relocs))

# The libraries; Paho has no pkg-config file. Expanded when a recipe runs, for the packages may be installed just before.
PACKAGES   = libmodbus lmdb yaml-0.1 openssl
INCLUDES   = -I. $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags-only-I $(PACKAGES)))
LIBRARIES  = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lpaho-mqtt3cs -lpthread
TEST_LIBRARIES = $(shell $(PKG_CONFIG) --libs cmocka) $(LIBRARIES)

COMMIT := $(if $(wildcard .git),$(shell git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null))
DEFINES = -D_GNU_SOURCE $(DEFINES_$(TARGET)) -DWARDGATE_VERSION='"$(VERSION)$(addprefix +,$(COMMIT))"' \
          -DWARDGATE_SHARE='"$(PREFIX)/share/wardgate"'

LANGUAGE = -std=c11 $(DEFINES) $(INCLUDES)
TUNED    = $(CFLAGS)
# The same bytes wherever the folder is that it was built in.
ANYWHERE = $(if $(IS_LEAN),-ffile-prefix-map=$(CURDIR)=.)
COMPILE  = $(CC) $(LANGUAGE) $(WARNINGS) -fno-common -fPIE $(FLAVOURED) $(ANYWHERE) $(CPPFLAGS) $(TUNED)
LINK     = $(CC) $(FLAVOURED) $(CFLAGS) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(LEAN_LINK) \
           $(addprefix -Wl$(COMMA)-rpath-link$(COMMA),$(and $(CROSS),$(SYSROOT)/usr/lib/$(TRIPLE))) $(LDFLAGS)
COMMA    = ,

#### What is built from what

find_c  = $(shell find $(1) -name '*.c' 2>/dev/null | LC_ALL=C sort)
objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

SOURCES   := $(call find_c,app drivers hal/linux)
PARTS     := $(call objects,$(filter-out app/main.c,$(SOURCES)))
# Code shared by tests, and the parts of the simulated ward that its own tests link.
SUPPORT   := $(call objects,$(wildcard tests/unit/support/*.c))
WARD      := $(call objects,$(wildcard tests/ward/ward_*.c))
# LEFT_OUT: unit tests that are not to be built nor run, by name or pattern (test_%_random).
UNIT      := $(filter-out $(LEFT_OUT:%=$(OUT)/tests/%),$(patsubst tests/unit/%.c,$(OUT)/tests/%,$(wildcard tests/unit/test_*.c)))
# With an uplink and a clock, or a watchdog, of their own in the place of the real ones (tests/unit/support/fake_uplink.h).
FAKED     := $(addprefix $(OUT)/tests/test_,deliver_brokers deliver_lost_store deliver_refused deliver_rounds deliver_stalled vigil_busy)
FUZZERS   := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES   := $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(wildcard tests/bench/*.c))
TOOLS     := $(patsubst tests/tools/%.c,$(OUT)/tests/%,$(wildcard tests/tools/*.c))
SCENARIO  := $(OUT)/tests/scenario
FAR_FROM_ENGINE = hal% box_% screen watch_% modbus_% serial_% nonin_% masimo_% hl7_% local_% uplink% store% line_% deliver% reload_deliver \
                  certificate answer_time annunciator gateway_restore gateway_watch pattern vigil% ward_frame ward_monitor ward_talkers ward_text ward_wire
POWERLOSS := $(OUT)/tests/powerloss
SIM       := $(OUT)/tests/sim
PROGRAMS  := $(UNIT) $(TOOLS) $(SCENARIO) $(OUT)/tests/ward
ENGINE    := $(filter $(OUT)/obj/app/engine/%,$(PARTS))
# The long ones first.
BRANCHED  := $(patsubst $(OUT)/tests/%,build/branches/tests/%,$(filter %_random,$(UNIT)) $(SCENARIO) \
               $(filter-out $(FAR_FROM_ENGINE:%=$(OUT)/tests/test_%) %_random,$(UNIT)))
E2E       := $(shell find tests/e2e -name '[0-9]*.sh' -perm -u+x 2>/dev/null | LC_ALL=C sort)
OBJECTS   := $(call objects,$(SOURCES) $(call find_c,tests/unit tests/ward tests/tools tests/scenario tests/powerloss tests/fuzz tests/bench))

# What runs for each byte, frame and observation is rather fast; all else rather small: what runs at the start, at a fault,
# for the network or when a person asks.
FAST := $(addprefix app/engine/,alarm.c belief.c channel.c comparison.c condition.c deadlines.c engine.c expression.c \
            expression_evaluate.c extent.c extrema.c marks.c pulse.c rule.c rule_alarm.c series.c sums.c technical.c \
            track.c view.c wide.c window.c) \
        $(addprefix app/flow/,acquire.c core.c deliver.c deliver_acked.c deliver_ahead.c deliver_link.c deliver_outbox.c \
            deliver_refused.c deliver_window.c firsts.c json.c payload.c ring.c timebase.c) \
        $(addprefix drivers/monitor/,hl7/hl7_bus.c hl7/intake.c hl7/message.c hl7/mllp.c hl7/text.c hl7/values.c \
            modbus/aim.c modbus/answer_time.c modbus/decode.c modbus/frame.c modbus/line_plan.c modbus/modbus_answer.c \
            modbus/modbus_bus.c modbus/modbus_exchange.c modbus/modbus_health.c modbus/modbus_link.c modbus/poller.c \
            modbus/requests.c serial/reporter.c serial/serial_bus.c serial/stream.c) \
        drivers/monitor/serial/masimo/% drivers/monitor/serial/nonin/% \
        $(addprefix drivers/store/,crc.c environment.c rows.c store_alerts.c store_read.c) \
        $(addprefix drivers/uplink/,client.c inbox.c orders.c uplink.c) hal/% \
        app/cli/recording% app/cli/replay_run.c
$(call objects,$(filter-out $(FAST),$(SOURCES))): TUNED = $(if $(IS_LEAN),$(CFLAGS:-O2=-Oz),$(CFLAGS))

# A compiler is there before anything is compiled, cmocka and the broker before anything of the tests.
COMPILER = build/.have-$(if $(CROSS),sysroot-$(TARGET),$(if $(findstring clang,$(CC)),clang,build))

all: $(OUT)/wardgate ## build the program (this is what plain `make` does)

tests: $(PROGRAMS) ## build the test programs and the simulated ward

$(OUT)/wardgate: $(OUT)/obj/app/main.o $(PARTS)
	@echo "LINK  $@"
	@$(LINK) -o $@ $^ $(LIBRARIES)

$(filter-out $(FAKED),$(UNIT)): $(OUT)/tests/%: $(OUT)/obj/tests/unit/%.o $(SUPPORT) $(PARTS)
$(FAKED): $(OUT)/tests/%: $(OUT)/obj/tests/unit/%.o $(OUT)/parts.a
$(filter $(OUT)/tests/test_ward%,$(UNIT)): $(WARD)
$(TOOLS): $(OUT)/tests/%: $(OUT)/obj/tests/tools/%.o $(OUT)/parts.a
# Of the program, tools take only what they use.
$(OUT)/parts.a: $(PARTS)
	@echo "AR    $@"
	@rm -f $@
	@$(AR) rcsD $@ $^
$(FUZZERS): $(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(OUT)/parts.a
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBRARIES)
$(BENCHES): $(OUT)/bench/%: $(OUT)/obj/tests/bench/%.o $(OUT)/parts.a
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(LINK) -o $@ $^ $(LIBRARIES)
# What the size of the program is judged by: Paho and LMDB inside, without their tables for exceptions either.
INSIDE = $(patsubst %,$(OUT)/bench/lib%.a,paho-mqtt3cs lmdb)
$(INSIDE): $(OUT)/bench/%: | build/.have-bench
	@mkdir -p $(@D)
	@$(OBJCOPY) -R .eh_frame -R .rela.eh_frame "$$($(CC) -print-file-name=$*)" $@
$(OUT)/bench/wardgate-linked: $(OUT)/obj/app/main.o $(PARTS) | $(INSIDE)
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(LINK) -s -o $@ $^ -Wl,-Map=$@.map $(INSIDE) $(LIBRARIES)
# `make branches`: the tests near the engine, with an engine that counts the branches it takes.
build/branches/obj/%.o: %.c Makefile | build/.have-build
	@mkdir -p $(@D)
	@echo "CC    $< (branches)"
	@$(CC) $(LANGUAGE) -fPIE -O0 -g --coverage -w -MMD -MP -c -o $@ $<
$(BRANCHED): $(ENGINE:$(OUT)/%=build/branches/%) $(SUPPORT) $(filter-out $(ENGINE),$(PARTS)) | build/.have-test
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(CC) -pie --coverage -Wl,--as-needed -o $@ $^ $(TEST_LIBRARIES)
$(filter %/scenario,$(BRANCHED)): $(call objects,$(wildcard tests/scenario/*.c))
$(filter %/test_ward%,$(BRANCHED)): $(WARD)
$(filter-out %/scenario,$(BRANCHED)): build/branches/tests/%: $(OUT)/obj/tests/unit/%.o

$(OUT)/tests/ward: $(OUT)/obj/tests/ward/ward.o $(WARD) $(PARTS)
$(SCENARIO): $(call objects,$(wildcard tests/scenario/*.c)) $(OUT)/parts.a
# Between the store and the C library, and between the gateway and its store, stands what records them (tests/powerloss).
RECORDED = open openat __openat_2 mkdir mkdirat renameat unlinkat write writev pwrite ftruncate fallocate fsync fdatasync \
           msync getrandom clock_boot_us clock_wall_ms store_begin store_put_alert store_commit store_journal_put \
           trends_open trends_begin trends_commit trend_keeper_look trend_keeper_write log_note log_warning
$(POWERLOSS): $(call objects,$(wildcard tests/powerloss/*.c) tests/unit/support/older_store.c) $(OUT)/parts.a | build/.have-test
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(LINK) -o $@ $(RECORDED:%=-Wl$(COMMA)--wrap=%) $^ -Wl,-Bstatic -llmdb -Wl,-Bdynamic $(LIBRARIES)
# The gateway above hal and the classes of drivers; what stands below is simulated, and so is what it asks of the system itself.
SIMULATED = malloc calloc realloc aligned_alloc free mmap munmap madvise mallopt getrandom poll signalfd sigprocmask read _exit \
            engine_begin engine_restore_begin engine_restore_end engine_observe engine_step
SIM_OWN  := $(patsubst $(OUT)/obj/%,$(OUT)/quick/%,$(call objects,$(wildcard tests/sim/*.c) tests/powerloss/chance.c))
SIM_OF   := $(patsubst $(OUT)/obj/%,$(OUT)/quick/%,$(filter-out $(OUT)/obj/app/cli/% $(OUT)/obj/app/backup/% $(OUT)/obj/app/box/% %/flow/log.o,$(filter $(OUT)/obj/app/%,$(PARTS))) \
              $(addprefix $(OUT)/obj/drivers/store/,rows.o crc.o digest.o))
# What wards a minute take is processor time: fast where the program is small, and not hardened. (Of the program the plain build has warned.)
QUICK    = $(CC) $(LANGUAGE) $(if $(filter tests/%,$<),$(WARNINGS),-w) -fno-common -fPIE $(or $(FLAGS_$(FLAVOUR)),$(LEAN)) $(CPPFLAGS) $(CFLAGS)
$(OUT)/quick/%.o: %.c Makefile | $(COMPILER)
	@mkdir -p $(@D)
	@echo "CC    $< (quick)"
	@$(QUICK) -MMD -MP -c -o $@ $<
$(SIM): $(SIM_OWN) $(SIM_OF) | build/.have-test
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(LINK) -o $@ $(SIMULATED:%=-Wl$(COMMA)--wrap=%) $^ $(LIBRARIES)
$(PROGRAMS): | build/.have-test
	@mkdir -p $(@D)
	@echo "LINK  $@"
	@$(LINK) -o $@ $^ $(TEST_LIBRARIES)

$(OUT)/obj/%.o: %.c Makefile | $(COMPILER)
	@mkdir -p $(@D)
	@echo "CC    $<"
	@$(COMPILE) -MMD -MP -c -o $@ $<
$(filter $(OUT)/obj/tests/%,$(OBJECTS)): | build/.have-test
# Tests draw sizes from 64 bits, and there a size has 32; the program itself is warned of that.
$(if $(filter armhf,$(TARGET)),$(eval $(OUT)/obj/tests/%.o: WARNINGS += -Wno-conversion -Wno-cast-align))
$(filter $(OUT)/obj/tests/bench/%,$(OBJECTS)): | build/.have-bench

# Whatever shows the version, or names the installed files, is compiled again when that changes, and nothing else.
$(call objects,$(shell grep -rlE --include='*.c' 'WARDGATE_VERSION|FILE_INSTALL_FOLDER' app drivers tests/unit 2>/dev/null)): \
    $(OUT)/version
$(OUT)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)+$(COMMIT) $(PREFIX)' | cmp -s - $@ || echo '$(VERSION)+$(COMMIT) $(PREFIX)' >$@
FORCE:

-include $(OBJECTS:.o=.d) $(SIM_OWN:.o=.d) $(SIM_OF:.o=.d) $(ENGINE:$(OUT)/%.o=build/branches/%.d)

#### Dependencies: each group of packages is looked for once, then again when the list changes

build/.have-%: toolchain/install-dependencies
	@mkdir -p $(@D)
	$(LIVE)@toolchain/install-dependencies $*
	@touch $@
PROGRAM_OF_chrony = chronyd
build/unpacked/%: | build/.have-test
	$(LIVE)@toolchain/unpack-package $* build/unpacked $(PROGRAM_OF_$*)
.PRECIOUS: build/.have-% build/.have-sysroot-%
build/.have-clang build/.have-test build/.have-bench build/.have-coverage build/.have-cross: | build/.have-build
build/.have-sysroot-%: toolchain/sysroot | build/.have-cross
	@echo "ROOT  build/sysroot/$*"
	@toolchain/sysroot $* build/sysroot/$*
	@touch $@
build/.have-lint build/.have-fuzz: | build/.have-clang build/.have-test
build/.have-image: | build/.have-build

#### Tests and demo

# Programs of another machine run under qemu-user, with that machine's libraries: unit tests as they are, the gateway of the
# end-to-end tests behind a script of its name. The ward and the tools beside it are this machine's own: they keep time.
QEMU_x86_64  = qemu-x86_64-static
QEMU_aarch64 = qemu-aarch64-static
QEMU_armhf   = qemu-arm-static
emulator     = $(if $(filter-out $(MACHINE),$(1)),$(QEMU_$(1)) -L $(CURDIR)/build/sysroot/$(1))
EMULATED     = $(OUT)/emulated/wardgate
ifneq ($(CROSS),)
WITH_BUILD = BUILD='$(abspath build)' WARDGATE='$(abspath $(EMULATED))' WARD='$(abspath build/tests/ward)' FLAVOUR='$(FLAVOUR)' \
             EMULATOR='$(call emulator,$(TARGET))' CC='$(CC) $(DEFINES_$(TARGET))'
aids-here: $(EMULATED) $(OUT)/tests/witness
	$(LIVE)@$(MAKE) --no-print-directory TARGET= aids
$(EMULATED): $(OUT)/wardgate
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s %s "$$@"\n' '$(call emulator,$(TARGET))' '$(abspath $<)' >$@
	@chmod 755 $@
else
WITH_BUILD = BUILD='$(abspath $(OUT))' WARDGATE='$(abspath $(OUT)/wardgate)' WARD='$(abspath $(OUT)/tests/ward)' \
             FLAVOUR='$(filter-out $(TARGET),$(FLAVOUR))'
endif
RUN_TESTS  = $(WITH_BUILD) toolchain/run-tests $(OUT)/test-logs

test: all tests $(if $(CROSS),aids-here,aids) ## build everything and run all tests
	$(LIVE)@$(RUN_TESTS) $(UNIT) $(SCENARIO) $(E2E)

unit: $(UNIT) ## run the unit tests
	$(LIVE)@$(RUN_TESTS) $(UNIT)

scenario: $(SCENARIO) ## play the situations of tests/scenario through the real engine and the shipped rules
	$(LIVE)@$(RUN_TESTS) $(SCENARIO)

e2e: all $(if $(CROSS),aids-here,aids) ## run the end-to-end tests: the program, a broker and the simulated ward
	$(LIVE)@$(RUN_TESTS) $(E2E)

aids: $(TOOLS) $(SCENARIO) $(OUT)/tests/ward build/unpacked/chrony

# A failing image is kept in build/powerloss; POWERLOSS_ONLY, as it says then, checks that one alone.
test-powerloss: $(POWERLOSS) ## cut the power of the store at any instant: POWERLOSS_IMAGES=10000, POWERLOSS_SEED=1
	$(LIVE)@$(WITH_BUILD) POWERLOSS_IMAGES='$(POWERLOSS_IMAGES)' POWERLOSS_SEED='$(POWERLOSS_SEED)' \
	    POWERLOSS_ONLY='$(POWERLOSS_ONLY)' $(POWERLOSS)

test-sim: $(SIM) ## the whole gateway on a virtual clock while all around it fails: SIM_DAYS=1 of a ward, SIM_SEED=
	$(LIVE)@$(SIM) '$(SIM_SEED)' '$(SIM_DAYS)'

test-sim-mutations: export SIM_COMPILE = $(QUICK)
test-sim-mutations: export SIM_LINK = $(LINK) $(SIMULATED:%=-Wl$(COMMA)--wrap=%)
test-sim-mutations: export SIM_OBJECTS = $(SIM_OWN) $(SIM_OF)
test-sim-mutations: export SIM_LIBRARIES = $(LIBRARIES)
test-sim-mutations: $(SIM) ## see each mistake of tests/sim/mutations found by test-sim: SIM_MUTATIONS=all, SIM_SEEDS=24
	$(LIVE)@OUT='$(OUT)' SIM_MUTATIONS='$(SIM_MUTATIONS)' SIM_SEEDS='$(SIM_SEEDS)' SIM_MUTANT_DAYS='$(SIM_MUTANT_DAYS)' tests/sim/mutants

test-kill: all $(OUT)/tests/ward build/.have-test ## kill -9 gateways at random, their brokers and links, and fill a disk: KILLS=20, KILL_SEED=1
	$(LIVE)@$(WITH_BUILD) KILLS='$(KILLS)' KILL_SEED='$(KILL_SEED)' python3 -B tests/kill/kill.py

test-soak: all $(OUT)/tests/ward build/.have-test ## memory, descriptors, queue and latency of a gateway that is kept busy stay flat: MINUTES=2
	$(LIVE)@$(WITH_BUILD) CC='$(CC)' MINUTES='$(MINUTES)' SOAK_SEED='$(SOAK_SEED)' python3 -B tests/kill/soak.py

# ThreadSanitizer cannot place its memory under a fully random address space.
FIXED_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)

# The random walks have one thread.
sanitize: build/.have-test ## run the tests under ASan + UBSan, then (end to end: the main path) under TSan
	$(LIVE)@echo "TEST  AddressSanitizer and UndefinedBehaviorSanitizer"
	$(LIVE)@$(MAKE) --no-print-directory FLAVOUR=asan TEST_TIMEOUT=900 test
	$(LIVE)@echo "TEST  ThreadSanitizer"
	$(LIVE)@$(FIXED_ADDRESSES) $(MAKE) --no-print-directory FLAVOUR=tsan TEST_TIMEOUT=900 LEFT_OUT=test_%_random \
	    E2E='$(filter %main-path.sh,$(E2E))' test

# Each parser for FUZZ_SECONDS, or for FUZZ_RUNS executions; finds go to build/fuzz/found, a fault ends it with its input.
FUZZ_SECONDS = 10
FUZZ_RUNS    =
fuzz: build/.have-fuzz ## fuzz every parser for FUZZ_SECONDS=10 each, or FUZZ_RUNS=10000000 executions
	$(LIVE)@$(MAKE) --no-print-directory FLAVOUR=fuzz CC=clang fuzzers
	$(LIVE)@FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_RUNS='$(FUZZ_RUNS)' toolchain/run-fuzzers build/fuzz
fuzzers: $(FUZZERS)

corpus: build/.have-fuzz ## keep the inputs found by `make fuzz` that reach new code in tests/fuzz/corpus
	$(LIVE)@$(MAKE) --no-print-directory FLAVOUR=fuzz CC=clang fuzzers
	$(LIVE)@toolchain/run-fuzzers --keep build/fuzz

model: build/.have-model ## search every state of the ring's model, and see its mutants fail
	$(LIVE)@tests/model/check-ring

build/contracts/.packages: $(addprefix tests/contracts/,package.json package-lock.json .npmrc) | build/.have-contracts
	@echo "NPM   tests/contracts"
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(LIVE)@cd $(@D) && npm ci --silent --no-audit --no-fund
	@ln -sfn ../../$(@D)/node_modules tests/contracts/node_modules
	@touch $@
contracts: build/contracts/.packages ## validate config/schemas with the tools of JSON Schema and AsyncAPI
	$(LIVE)@node tests/contracts/check-contracts.js
	$(LIVE)@$(MAKE) --no-print-directory TARGET=$(MACHINE) sbom
	$(LIVE)@node tests/contracts/check-sbom.js $(DIST)/wardgate-$(VERSION)-$(MACHINE).cdx.json $(wildcard build/image/*/wardgate-image-$(VERSION)-*.cdx.json)

# The ward board. Its modules and MQTT.js become one plain script: mosquitto says of no file what it is, and browsers
# run a module only if they are told that it is one.
BOARD_SOURCES := $(sort $(wildcard config/dashboard/*.js))
BOARD_PLAIN   := $(sort $(wildcard $(addprefix config/dashboard/,*.html *.css *.svg)))
BOARD_PACKAGES = build/board-packages
$(BOARD_PACKAGES)/.installed: config/dashboard/package.json config/dashboard/package-lock.json config/dashboard/.npmrc | build/.have-board
	@echo "NPM   config/dashboard"
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(LIVE)@cd $(@D) && npm ci --silent --no-audit --no-fund
	@touch $@
build/board/board.js: $(BOARD_SOURCES) $(BOARD_PLAIN) $(BOARD_PACKAGES)/.installed
	@echo "BOARD $(@D)"
	@mkdir -p $(@D)
	@cp $(BOARD_PLAIN) $(@D)/
	@NODE_PATH=$(BOARD_PACKAGES)/node_modules $(BOARD_PACKAGES)/node_modules/.bin/esbuild config/dashboard/main.js --bundle \
	    --platform=browser --format=iife --target=es2022 --charset=utf8 --legal-comments=inline --log-level=warning --outfile=$@
	@cp $(BOARD_PACKAGES)/node_modules/mqtt/LICENSE.md $(@D)/mqtt.LICENSE.md
board: build/board/board.js ## the ward board, ready to be served: build/board/

test-board: build/.have-board ## run the unit tests of the ward board
	$(LIVE)@node --test $(sort $(wildcard tests/board/*.test.js))

# Node-RED of the exact versions in tests/node-red, its packages' own scripts not run.
build/node-red/.packages: $(addprefix tests/node-red/,package.json package-lock.json .npmrc) | build/.have-board
	@echo "NPM   tests/node-red"
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(LIVE)@cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@
test-node-red: all $(OUT)/tests/ward $(OUT)/tests/ask build/node-red/.packages ## the flow of config/node-red in a real Node-RED, with broker, gateway and ward
	$(LIVE)@node config/node-red/make-flow.js --check
	$(LIVE)@NODE_RED='$(CURDIR)/build/node-red' $(WITH_BUILD) toolchain/run-tests $(OUT)/test-logs-node-red tests/node-red/run.sh

# The end-to-end tests stop the program by signals that give it time to write its counts.
coverage: build/.have-test build/.have-coverage ## run the tests: the lines of app and drivers that they reach
	$(LIVE)@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(LIVE)@$(MAKE) --no-print-directory FLAVOUR=coverage TEST_TIMEOUT=900 test
	$(LIVE)@gcovr --root . --object-directory build/coverage --filter 'app/' --filter 'drivers/' \
	    --print-summary --sort-percentage --txt build/coverage/report.txt \
	    --html-details build/coverage/report.html --fail-under-line $(COVERAGE_LEAST) build/coverage
	@awk '$$NF != "" && $$4 != "100%" { print }' build/coverage/report.txt
COVERAGE_LEAST = 90

# Of the program and its tests, app/engine alone is compiled anew: it counts, and is not optimised (else a branch would be
# counted once for each place that its function was put into). Not run are the tests of lines, frames, sockets and files,
# which hand it nothing.
branches: $(BRANCHED) ## every branch of app/engine that unit tests and scenarios do not take is one of tests/unreached.md
	$(LIVE)@find build/branches -name '*.gcda' -delete
	$(LIVE)@$(WITH_BUILD) toolchain/run-tests build/branches/test-logs $(BRANCHED)
	$(LIVE)@toolchain/check-branches tests/unreached.md build/branches/obj/app/engine

# One input, one sequence of bytes, whoever compiled the program and whatever processor runs it.
identical: all $(TOOLS) $(OUT)/tests/ward build/.have-clang build/.have-cross ## replay fixed inputs with gcc, clang, aarch64 and armhf: the same bytes
	$(LIVE)@$(MAKE) --no-print-directory CC=clang build/clang/wardgate
	$(LIVE)@$(MAKE) --no-print-directory TARGET=aarch64 build/aarch64/wardgate
	$(LIVE)@$(MAKE) --no-print-directory TARGET=armhf build/armhf/wardgate
	@rm -rf build/identical && mkdir -p build/identical
	$(LIVE)@$(WITH_BUILD) TEST_DIR='$(abspath build/identical)' tests/replay/identical.sh '$(OUT)/wardgate' \
	    build/clang/wardgate '$(call emulator,aarch64) build/aarch64/wardgate' '$(call emulator,armhf) build/armhf/wardgate'

# The board in a real browser (tests/browser/README.md). BROWSER_TESTS=FILE... takes only those.
BROWSER_TESTS := $(sort $(wildcard tests/browser/*.test.js))
build/browser/.packages: tests/browser/package.json tests/browser/package-lock.json tests/browser/.npmrc | build/.have-browser
	@echo "NPM   tests/browser"
	@mkdir -p $(@D)
	@cp $^ $(@D)/
	$(LIVE)@cd $(@D) && npm ci --silent --no-audit --no-fund
	@ln -sfn ../../$(@D)/node_modules tests/browser/node_modules
	@touch $@
test-browser: all board build/browser/.packages $(OUT)/tests/ward build/.have-test ## the board in a real browser, beside a simulated ward and the gateway: BOARD_MINUTES=1, PICTURES=accept
	$(LIVE)@$(WITH_BUILD) BOARD_MINUTES='$(BOARD_MINUTES)' PICTURES='$(PICTURES)' TEST_TIMEOUT=900 \
	    toolchain/run-tests $(OUT)/test-logs-browser $(BROWSER_TESTS)

screenshots: all board build/browser/.packages $(OUT)/tests/ward $(OUT)/tests/watch ## the pictures of the README, from a run of the demo
	$(LIVE)@$(WITH_BUILD) BOARD='$(abspath build/board)' node tests/browser/screenshots.js config/dashboard/pictures

# Node.js or npm's packages may be out of reach where Debian's are not.
demo: all $(OUT)/tests/ward $(OUT)/tests/watch ## show the live ward and its alerts (DEMO_SECONDS=30 ends it by itself)
	$(LIVE)@$(MAKE) --no-print-directory board || echo 'wardgate: the board cannot be built (see above), the demo goes on without it' >&2
	$(LIVE)@$(WITH_BUILD) BOARD='$(abspath build/board)' tests/ward/demo.sh

# BENCH=name,... measures only those, BENCH_ROUNDS, BENCH_SECONDS and BENCH_ALERTS shorten it, BASELINE=FILE adds the change since.
BENCHED = $(OUT)/tests/ward $(SIM) $(OUT)/tests/first_request $(BENCHES) $(OUT)/bench/wardgate-linked
bench: all $(BENCHED) board build/browser/.packages ## measure everything, beside limits and references: 30 min (BENCH=NAME a part, BASELINE=FILE)
	$(LIVE)@$(WITH_BUILD) BENCH='$(BENCH)' BENCH_ROUNDS='$(BENCH_ROUNDS)' BENCH_SECONDS='$(BENCH_SECONDS)' \
	    BENCH_ALERTS='$(BENCH_ALERTS)' BASELINE='$(BASELINE)' toolchain/run-bench

# Fixed work under callgrind, so the same on a busy machine. KEEP=1 writes tests/bench/counts.json anew.
count: $(OUT)/bench/count_pieces build/.have-bench ## instructions of fixed work, beside those of before (KEEP=1 keeps them)
	$(LIVE)@$(WITH_BUILD) KEEP='$(KEEP)' CC='$(CC)' toolchain/count-instructions

# Beside what app/engine/cost.h says they take at most.
count-rules: $(OUT)/bench/count_rules ## what some rules cost, beside the most that is said of them
	$(LIVE)@$(WITH_BUILD) toolchain/count-rules

size: ## code, data and the largest stack frames of each module, and the whole program
	$(LIVE)@$(MAKE) --no-print-directory FLAVOUR=size build/size/wardgate build/size/bench/wardgate-linked
	@toolchain/show-size build/size

#### Checks

CHECKED := $(SOURCES) $(call find_c,hal/sim tests)
HEADERS := $(shell find app drivers hal tests -name '*.h' 2>/dev/null)
SCRIPTS  = $(shell { find . -path ./build -prune -o -name '*.sh' -print; \
                     grep -rlIE '^\#!/(usr/)?bin/(env )?(ba)?sh' .ci config tests/package toolchain; } | LC_ALL=C sort -u)

lint: build/.have-lint ## format, clang-tidy, cppcheck, shellcheck, who may include whom, house style
	$(LIVE)@$(MAKE) --no-print-directory --keep-going lint-all
lint-all: lint-format lint-house lint-shell lint-board lint-cppcheck lint-tidy

lint-format:
	@echo "LINT  format"
	@clang-format --dry-run -Werror $(CHECKED) $(HEADERS)

lint-house:
	@echo "LINT  includes and style"
	@toolchain/check-branches --self-test
	@toolchain/check-diagnostics --self-test
	@toolchain/check-diagnostics
	@toolchain/check-invariants --self-test
	@toolchain/check-invariants
	@toolchain/check-includes --self-test
	@toolchain/check-includes
	@toolchain/check-style
	@toolchain/run-bench --self-test
	@toolchain/make-sbom --self-test
	@toolchain/count-instructions --self-test

lint-shell:
	@echo "LINT  shell scripts"
	@shellcheck --external-sources $(SCRIPTS)

JAVASCRIPT = $(sort $(BOARD_SOURCES) $(wildcard tests/board/*.js tests/browser/*.js tests/browser/support/*.js))
lint-board: build/.have-board
	@echo "LINT  board"
	@toolchain/check-board --self-test
	@toolchain/check-board $(JAVASCRIPT)

# cppcheck keeps what it found out about unchanged files, clang-tidy leaves a stamp for each clean one.
lint-cppcheck:
	@echo "LINT  cppcheck"
	@mkdir -p build/lint/cppcheck
	@cppcheck --quiet --std=c11 --library=posix --enable=warning,performance,portability --error-exitcode=1 \
	    --inline-suppr --suppressions-list=toolchain/cppcheck-suppressions --cppcheck-build-dir=build/lint/cppcheck \
	    $(DEFINES) -I. $(CHECKED)

TIDY := $(patsubst %.c,build/lint/%.tidy,$(CHECKED))
$(filter build/lint/tests/bench/%,$(TIDY)): | build/.have-bench
lint-tidy: $(TIDY)
build/lint/%.tidy: %.c .clang-tidy | build/.have-lint
	@mkdir -p $(@D)
	@echo "LINT  $<"
	@clang-tidy --quiet $< -- $(LANGUAGE) >$@.log 2>&1 || { cat $@.log; exit 1; }
	@clang $(LANGUAGE) -MM -MP -MT $@ -MF $@.d $<
	@touch $@
-include $(TIDY:=.d)

example: all ## write config/wardgate.yaml anew, from the tables that read it
	@$(OUT)/wardgate help --yaml >$(OUT)/wardgate.yaml
	@cp $(OUT)/wardgate.yaml config/wardgate.yaml

format: build/.have-lint ## rewrite the C files in the house format
	@clang-format -i $(CHECKED) $(HEADERS)

#### Installation and packages

# What is installed, and what packages are made of: the one list of it.
SHARE  = $(DESTDIR)$(PREFIX)/share/wardgate
DOC    = $(DESTDIR)$(PREFIX)/share/doc/wardgate
STRIP  =

install: all ## install under DESTDIR and PREFIX (the board if `make board` was run); /etc/wardgate/wardgate.yaml only if there is none
	install -D -m 755 $(STRIP) $(OUT)/wardgate $(DESTDIR)$(PREFIX)/bin/wardgate
	install -D -m 644 -t $(SHARE)/profiles $(wildcard config/profiles/*.yaml)
	install -D -m 644 -t $(SHARE)/rules $(wildcard config/rules/*.yaml)
	install -D -m 644 -t $(SHARE)/models $(wildcard config/models/*.yaml)
	install -D -m 644 -t $(SHARE)/schemas $(wildcard config/schemas/*)
	install -D -m 644 -t $(SHARE)/service config/service/needs.conf config/service/syslog.conf
	install -D -m 644 -t $(SHARE)/broker $(addprefix config/broker/,mosquitto.conf nginx.conf acl README.md)
	install -D -m 755 -t $(SHARE)/broker config/broker/make-certificates
	install -D -m 644 -t $(SHARE)/node-red $(addprefix config/node-red/,flow.json README.md)
	install -D -m 644 -t $(SHARE)/telegraf config/telegraf/wardgate.conf
	install -D -m 644 -t $(SHARE)/grafana $(wildcard config/grafana/*.json) config/grafana/README.md
	install -D -m 644 -t $(SHARE)/grafana/provisioning/datasources config/grafana/provisioning/datasources/wardgate.yaml
	install -D -m 644 -t $(SHARE)/grafana/provisioning/dashboards config/grafana/provisioning/dashboards/wardgate.yaml
	$(if $(wildcard build/board/board.js),install -D -m 644 -t $(SHARE)/dashboard $(wildcard build/board/*))
	install -D -m 644 -t $(DOC) README.md CHANGELOG.md SECURITY.md DESIGN.md config/package/copyright
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system config/wardgate.service config/wardgate-restore.service \
	    config/wardgate-farewell.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/udev/rules.d config/60-wardgate.rules
	install -D -m 644 config/wardgate.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/wardgate.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/wardgate/wardgate.yaml || \
	    install -D -m 644 -t $(DESTDIR)$(SYSCONFDIR)/wardgate config/wardgate.yaml

# Packages: all targets, or the one that is given. The time in them is the commit's, so that the same commit makes the same bytes.
DIST    = build/dist
STAGE   = $(OUT)/stage
SBOM    = $(STAGE)/usr/share/doc/wardgate/wardgate.cdx.json
ASKED   = $(or $(TARGET),$(TARGETS))
dist: build/.have-dist ## a tarball, a Debian package and an SBOM of each target in build/dist (TARGET=aarch64: of that alone)
	$(LIVE)@$(MAKE) --no-print-directory board || { echo 'wardgate: the board cannot be built (see above), and no package goes without it' >&2; exit 1; }
	$(LIVE)@for target in $(ASKED); do $(MAKE) --no-print-directory TARGET=$$target dist-one || exit 1; done
	@cd $(DIST) && LC_ALL=C sha256sum $$(ls | grep -vFx SHA256SUMS) >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS
dist-one: stage
	@echo "DIST  $(TARGET)"
	@toolchain/make-package $(TARGET) $(VERSION) $(STAGE) $(DIST)
	@cp $(SBOM) $(DIST)/wardgate-$(VERSION)-$(TARGET).cdx.json

# `make image` makes one of the image, too.
sbom: build/.have-dist ## what the program and the board are made of, with versions and licences: CycloneDX JSON in build/dist (TARGET=)
	$(LIVE)@for target in $(ASKED); do $(MAKE) --no-print-directory TARGET=$$target sbom-one || exit 1; done
sbom-one: stage
	@echo "SBOM  $(TARGET)"
	@mkdir -p $(DIST)
	@cp $(SBOM) $(DIST)/wardgate-$(VERSION)-$(TARGET).cdx.json

# What a package holds, as it will lie in the root of a box.
stage dist-one image-one: export SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
stage: all
	@rm -rf $(STAGE)
	@umask 022 && $(MAKE) --no-print-directory --silent PREFIX=/usr SYSCONFDIR=/etc DESTDIR='$(CURDIR)/$(STAGE)' \
	    STRIP='-s --strip-program=$(TRIPLE)-strip' install
	@umask 022 && toolchain/make-sbom program $(STAGE)/usr/bin/wardgate $(or $(SYSROOT),/) $(TARGET) $(VERSION) config/dashboard/package-lock.json >$(SBOM)

# Of the last commit, in two clones.
reproducible: ## build the packages of TARGET= (this machine's) twice in different folders: the same bytes
	$(LIVE)@toolchain/check-reproducible $(or $(TARGET),$(MACHINE)) build/reproducible

# In a container with a systemd of its own; an older version is this one by another number.
build/package/root/etc/hosts: tests/package/make-root | build/.have-package
	@echo "ROOT  build/package/root"
	@tests/package/make-root build/package/root
test-package: aids build/package/root/etc/hosts ## install, upgrade, downgrade, remove and purge the package beside a simulated ward, in a container
	@tests/package/check-unit 20 config/wardgate.service
	@tests/package/check-depends
	@tests/package/check-unit 32 config/wardgate.service config/box/wardgate.service.d/box.conf
	@rm -rf build/package/older build/package/newer
	$(LIVE)@$(MAKE) --no-print-directory board
	$(LIVE)@$(MAKE) --no-print-directory TARGET=$(MACHINE) VERSION=0.0.9 DIST=build/package/older dist-one
	$(LIVE)@$(MAKE) --no-print-directory TARGET=$(MACHINE) DIST=build/package/newer dist-one
	$(LIVE)@tests/package/run build/package/newer build/package/older build/package/root $(OUT)/tests/ward $(OUT)/tests/ask

# The box: what is installed goes into a root of Debian's packages, that into a disk (DESIGN.md, The image).
IMAGE  = build/image/$(or $(TARGET),x86_64)
ESP    = $(IMAGE)/esp
image: export SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
image: build/.have-image build/.have-dist ## a disk to flash: build/image/x86_64/wardgate.img and .zst (TARGET=aarch64; UPDATE_CERT=update-ca.pem: whose updates it takes)
	$(LIVE)@$(MAKE) --no-print-directory board || echo 'wardgate: the board cannot be built (see above), the image goes on without it' >&2
	$(LIVE)@$(MAKE) --no-print-directory TARGET=$(or $(TARGET),x86_64) image-one
image-root: stage
	@echo "ROOT  $(IMAGE)/root.squashfs"
	$(LIVE)@toolchain/image/make-root $(TARGET) $(STAGE) $(IMAGE)
image-one: image-root
	@rm -rf $(ESP)
	@echo "IMAGE $(IMAGE)/wardgate.img"
	@install -D -m 644 -t $(ESP) config/box/network.yaml config/box/README.txt
	@sed 's|^#   device: /dev/watchdog  |  device: /dev/watchdog-box|' config/wardgate.yaml >$(ESP)/wardgate.yaml
	@grep -q '^  device: /dev/watchdog-box' $(ESP)/wardgate.yaml
	$(if $(UPDATE_CERT),@install -D -m 644 '$(UPDATE_CERT)' $(ESP)/update-ca.pem)
	$(LIVE)@toolchain/image/make-image $(TARGET) $(IMAGE) $(ESP)
	@toolchain/make-sbom image $(IMAGE) wardgate-image $(VERSION) $(SBOM) >$(IMAGE)/wardgate-image-$(VERSION)-$(TARGET).cdx.json

# The image in an emulated box, wired to the simulated ward (DESIGN.md, The image in QEMU). Consoles are kept in IMAGE/test-logs.
# One that is older than what it is made of is made anew.
IMAGE_FROM = app drivers hal config toolchain/image toolchain/make-sbom Makefile
test-image: build/.have-image build/.have-test ## the image in QEMU, wired to the simulated ward: IMAGE_TESTS=boot,update (help lists them), IMAGE_CUTS=20
	$(LIVE)@newer=$$([ ! -e $(IMAGE)/wardgate.img ] || find $(IMAGE_FROM) -name node_modules -prune -o -type f -newer $(IMAGE)/wardgate.img -print -quit); \
	if [ ! -e $(IMAGE)/wardgate.img ] || [ -n "$$newer" ]; then \
	    [ -z "$$newer" ] || echo "wardgate: the image is made anew, as $$newer is newer than it"; \
	    $(MAKE) --no-print-directory TARGET=$(or $(TARGET),x86_64) image; \
	fi
	$(LIVE)@$(MAKE) --no-print-directory TARGET= all build/tests/ward
	$(LIVE)@TARGET=$(or $(TARGET),x86_64) BUILD='$(CURDIR)/build' WARDGATE='$(CURDIR)/build/wardgate' WARD='$(CURDIR)/build/tests/ward' VERSION='$(VERSION)' \
	    IMAGE_TESTS='$(IMAGE_TESTS)' IMAGE_CUTS='$(IMAGE_CUTS)' IMAGE_SEED='$(IMAGE_SEED)' python3 -B tests/image/image.py

image-reproducible: export SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
image-reproducible: image ## make the image twice: the same bytes (TARGET=aarch64)
	$(LIVE)@toolchain/image/check-reproducible $(or $(TARGET),x86_64) build/$(or $(TARGET),x86_64)/stage $(IMAGE)

# Signed by the hospital (config/box/make-update-keys): KEY=update.key CERT=update.pem. ROOT=FILE takes a root that is there already.
ROOT = $(IMAGE)/root.squashfs
bundle: export SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
bundle: build/.have-image build/.have-dist ## a signed update for boxes: KEY=update.key CERT=update.pem (TARGET=aarch64)
	$(if $(and $(KEY),$(CERT)),,$(error wardgate: a bundle is signed, say KEY= and CERT= (config/box/make-update-keys makes both)))
	$(if $(filter file,$(origin ROOT)),$(LIVE)@$(MAKE) --no-print-directory board || echo 'wardgate: the board cannot be built (see above): the update goes on without it' >&2)
	$(if $(filter file,$(origin ROOT)),$(LIVE)@$(MAKE) --no-print-directory TARGET=$(or $(TARGET),x86_64) image-root)
	$(LIVE)@toolchain/image/make-bundle $(or $(TARGET),x86_64) '$(VERSION)' '$(ROOT)' '$(KEY)' '$(CERT)' '$(IMAGE)/wardgate-$(VERSION).raucb'

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: all tests test unit scenario e2e aids aids-here test-powerloss test-sim test-sim-mutations test-kill test-soak sanitize fuzz fuzzers corpus model contracts test-node-red board test-board test-browser screenshots coverage branches identical demo bench count count-rules size lint lint-all lint-format lint-house lint-shell lint-board lint-cppcheck lint-tidy \
        example format install dist dist-one stage sbom sbom-one reproducible test-package image image-root image-one image-reproducible test-image bundle clean help FORCE
