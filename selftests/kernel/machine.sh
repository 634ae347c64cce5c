#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Does scripts/vm notice? Each kind of report in a kernel's log, and how a command can end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scripts=$here/../../scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# result STATUS NAME
result() {
	local not=
	[ "$1" -eq 0 ] || not='not '
	number=$((number + 1))
	echo "${not}ok $number $2"
}

# A log as scripts/vm leaves it: LINE comes while a test runs.
log_with() {
	printf '[    1.0] %s\n' 'SLUB: HWalign=64, Order=0-3' 'WARNING: before the machine was up' \
		'vm: up' 'vm: test some_program' "$1" 'hstp: protocol 253' 'vm: exit status 0'
}

# reported NAME LINE
reported() {
	local text status=0
	log_with "$2" >"$work/log"
	text=$("$scripts/vm-reports" "$work/log") || status=$?
	[ "$status" -eq 1 ] && [[ $text == *"$2"* && $text == *'(during some_program)'* &&
		$text != *'before the machine'* ]] || {
		echo "# status $status: $text"
		result 1 "reported.$1"
		return
	}
	result 0 "reported.$1"
}

# quiet NAME LINE
quiet() {
	local text status=0
	log_with "$2" >"$work/log"
	text=$("$scripts/vm-reports" "$work/log") || status=$?
	[ -z "$text" ] || echo "# $text"
	result $((status)) "quiet.$1"
}

# The lines are those of Linux 6.1's own printk()s.
reports() {
	reported warning 'WARNING: CPU: 1 PID: 70 at net/core/sock.c:1 sk_free+0x0/0x10 [hstp]'
	reported bug 'kernel BUG: at mm/usercopy.c:101'
	reported null 'BUG: kernel NULL pointer dereference, address: 0000000000000010'
	reported oops 'Oops: 0002 [#1] PREEMPT SMP NOPTI'
	reported protection 'general protection fault, probably for non-canonical address 0x6b6b'
	reported panic 'Kernel panic - not syncing: Fatal exception in interrupt'
	reported slub_object 'BUG hstp_mini (Tainted: G           O      ): Redzone overwritten'
	reported slub_repair 'FIX hstp_conn: Object at 0xffff88800 not freed'
	reported slub_rest 'BUG hstp_conn (Not tainted): Objects remaining in hstp_conn on kill'
	reported cache 'kmem_cache_destroy hstp_conn: Slab cache still has objects when called from x'
	reported kasan 'BUG: KASAN: use-after-free in hstp_input+0x1/0x2 [hstp]'
	reported ubsan 'UBSAN: shift-out-of-bounds in module/core/rtt.c:1:2'
	reported lockdep 'WARNING: possible circular locking dependency detected'
	reported lock_recursion 'WARNING: possible recursive locking detected'
	reported irq_lock 'WARNING: possible irq lock inversion dependency detected'
	reported lock_state 'WARNING: inconsistent lock state'
	reported rcu_use 'WARNING: suspicious RCU usage'
	reported key 'INFO: trying to register non-static key.'
	reported held 'WARNING: lock held when returning to user space!'
	reported sleep 'BUG: sleeping function called from invalid context at net/core/sock.c:3423'
	reported atomic 'BUG: scheduling while atomic: ksoftirqd/1/21/0x00000100'
	reported rcu_stall 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'
	reported self_stall 'rcu: INFO: rcu_preempt self-detected stall on CPU'
	reported soft_lockup 'watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kworker/0:1:9]'
	reported hung 'INFO: task rmmod:93 blocked for more than 120 seconds.'
	reported workqueue 'BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!'
	reported object 'ODEBUG: free active (active state 0) object type: timer_list'
	reported refcount 'refcount_t: underflow; use-after-free.'
	reported list 'list_del corruption. prev->next should be ffff8880, but was dead0000'
	reported device 'unregister_netdevice: waiting for va to become free. Usage count = 2'
	reported tracker 'ref_tracker: net notrefcnt@ffff8880 has 1/2 users at'
	reported leak 'kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'
	reported leak_off 'kmemleak: Kernel memory leak detector disabled'
	reported leak_blind 'kmemleak: Cannot allocate a kmemleak_object structure'
	reported tcp_state 'IPv4: Attempt to release TCP socket in state 1 0000000012345678'
	reported socket 'IPv4: Attempt to release alive inet socket 0000000012345678'
	reported memory 'interop_bulk invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0'
	reported ours 'vm: report: rmmod hstp failed'
	quiet test 'vm: test bad_memory'
	quiet module 'hstp: loading out-of-tree module taints kernel.'
	quiet failslab 'SLUB: Unable to allocate memory on node -1, gfp=0x820(GFP_ATOMIC)'
	quiet netlink 'netlink: 4 bytes leftover after parsing attributes in process netlink_fuzz.'
}

# ends STATUS NAME OPTIONS... -- COMMAND...: in a machine, several at a time
ends() {
	local want=$1 name=$2 status=0
	shift 2
	{
		"$scripts/vm" --no-module "$@" >"$work/$name" 2>&1 || status=$?
		[ "$status" -eq "$want" ] ||
			sed 's/^/# /' "$work/$name" >"$work/$name.why"
		echo "$status" >"$work/$name.status"
	} &
}

ended() {
	local want=$1 name=$2
	[ ! -e "$work/$name.why" ] || cat "$work/$name.why"
	result $(($(cat "$work/$name.status") != want)) "ends.$name"
}

echo TAP version 13
reports
ends 0 well -- true
ends 7 status -- sh -c 'exit 7'
wait
ends 120 report -- sh -c 'echo "<4>WARNING: not to be overlooked" >/dev/kmsg'
ends 121 panic -- sh -c 'echo c >/proc/sysrq-trigger; sleep 100'
wait
ends 124 timeout --timeout 20 -- sleep 100
wait
ended 0 well
ended 7 status
ended 120 report
ended 121 panic
ended 124 timeout
echo "1..$number"
