# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scenarios share: two network namespaces A and B with a link between them, a user
# at each end, the ladder of what they exchange, and its comparison with the RFC's figure.
#
#   A 10.0.0.1 [eth0]------[eth0] 10.0.0.2 B
#
# Little here starts a program: in a machine without KVM each start takes its time.

set -euo pipefail
shopt -s extglob

scenario=${0##*/}
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
a=10.0.0.1 b=10.0.0.2
dir=$(mktemp -d)
ladder=
declare -A net=([A]=peer-a [B]=peer-b) users=() to=() from=() passed=()
# Numbers of system calls.
if [ "$HOSTTYPE" = x86_64 ]; then
	declare -A calls=([accept]=43 [sendto]=44 [recvfrom]=45)
else
	declare -A calls=([accept]=202 [sendto]=206 [recvfrom]=207)
fi

fail() {
	echo "$scenario: $*" >&2
	exit 1
}

leave() {
	kill "${users[@]}" $ladder 2>/dev/null || true
	[ -z "${out-}" ] || exec {out}>&-
	wait
	printf 'netns delete %s\n' "${net[@]}" | ip -force -b - 2>/dev/null || true
	rm -rf "$dir"
}

# find_program NAME MAKE-TARGET...: where it was built, or installed.
find_program() {
	local path
	for path in "${HSTP_BUILD:-}/$1" "$here/build/$1" "$here/../hstp/build/$1"; do
		[ ! -x "$path" ] || { echo "$path"; return; }
	done
	type -P "$1" || fail "the program $1 is missing: \"make hstp\" builds it"
}

# at A|B COMMAND...: run it there.
at() {
	nsenter --net="/run/netns/${net[$1]}" "${@:2}"
}

# start NAME A|B COMMAND...: run it there beside the rest, up to the scenario's end.
start() {
	nsenter --net="/run/netns/${net[$2]}" "${@:3}" &
	users[$1]=$!
}

# hstp A|B ARGUMENT...: the command, there.
hstp() {
	"$hstp" -N "${net[$1]}" "${@:2}"
}

# The settings are such that nothing is sent again before a second has passed, and that
# TIME-WAIT lasts 600 ms. Neither end has to ask for the other's address.
namespaces() {
	printf '%s\n' "netns add peer-a" "netns add peer-b" \
		"link add eth0 netns peer-a address 02:00:00:00:00:0a type veth \
			peer name eth0 netns peer-b address 02:00:00:00:00:0b" |
		ip -b - ||
		fail "namespaces peer-a and peer-b may be there: \"ip netns delete\" removes them"
	printf '%s\n' "link set lo up" "address add $a/24 dev eth0" >"$dir/A.ip"
	printf '%s\n' "link set lo up" "address add $b/24 dev eth0" >"$dir/B.ip"
	up A $b 02:00:00:00:00:0b
	up B $a 02:00:00:00:00:0a
	hstp A set msl_ms 300 rto_min_ms 1000
	hstp B set msl_ms 300 rto_min_ms 1000
}

# up A|B ADDRESS MAC: the link, to a peer who has those.
up() {
	printf '%s\n' "link set eth0 up" \
		"neighbour replace $2 dev eth0 lladdr $3 nud permanent" >>"$dir/$1.ip"
	ip -n "${net[$1]}" -b "$dir/$1.ip"
	: >"$dir/$1.ip"
}

# user NAME A|B: begin one there. The two that every scenario has are called A and B.
user() {
	# Pipes without a name.
	exec {to[$1]}<> <(:) {from[$1]}<> <(:)
	"$user" "${net[$2]}" <&"${to[$1]}" >&"${from[$1]}" &
	users[$1]=$!
}

# tell USER CALL...: what to do; the answer is for hear().
tell() {
	echo "${@:2}" >&"${to[$1]}"
}

# hear USER ANSWER...: it must answer that.
hear() {
	local line
	read -rt 60 line <&"${from[$1]}" || fail "user $1 does not answer; \"${*:2}\" is due"
	[ "$line" = "${*:2}" ] || fail "user $1 answers \"$line\", not \"${*:2}\""
}

# call USER CALL... = ANSWER...
call() {
	local user=$1 call=()
	shift
	while [ "$1" != = ]; do
		call+=("$1")
		shift
	done
	shift
	tell "$user" "${call[@]}"
	hear "$user" "$@"
}

# pause SECONDS
pause() {
	read -rt "$1" -u "$silence" || true
}

# until_true COMMAND...: wait for it, a minute at most.
until_true() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $*"
		pause 0.05
	done
}

# has A|B FILTER...: is there a connection that it matches?
has() {
	# A line below the head.
	[[ $(hstp "$1" -o show "${@:2}") == *$'\n'* ]]
}

# gone A|B FILTER...: or none?
gone() {
	! has "$@"
}

# probes A|B: is the peer's window full, and nothing on its way?
probes() {
	# Timer 4, as in /proc/net/tcp
	grep -q ' 04:' "/proc/${users[$1]}/net/hstp"
}

# acked A|B: has the peer acknowledged all that was sent?
acked() {
	local queue
	# The column tx_queue, below the head
	while read -r _ _ _ _ queue _; do
		[[ $queue = tx_queue* || $queue = 00000000:* ]] || return 1
	done <"/proc/${users[$1]}/net/hstp"
}

# blocked A|B CALL: does the user there sleep in this system call?
blocked() {
	local number
	# "running", or the call's number
	read -r number _ <"/proc/${users[$1]}/syscall"
	[ "$number" = "${calls[$2]}" ]
}

# state A|B STATE: wait until the connection there has come to it; closed: until it has gone.
state() {
	if [ "$2" = closed ]; then
		until_true gone "$1" exclude listen
	else
		until_true has "$1" state "$2"
	fi
}

# counter A|B COUNTER...: its line in /proc/net/hstp_stat there
counter() {
	grep "^${*:2} [0-9]*$" "/proc/${users[$1]}/net/hstp_stat" || echo "${*:2} 0"
}

# counts A|B COUNTER... NUMBER: is it so?
counts() {
	[ "$(counter "${@:1:$#-1}")" = "${*:2}" ]
}

# counted A|B COUNTER... NUMBER: it must be so.
counted() {
	counts "$@" || fail "at $1: \"$(counter "${@:1:$#-1}")\", not \"${*:2}\""
}

# holds A|B NUMBER: do so many segments wait there to be let go?
holds() {
	local line count=0
	while read -r line; do
		[[ $line != +([0-9]):\ * ]] || count=$((count + 1))
	done < <(hstp "$1" step show)
	[ $count = "$2" ]
}

# on_the_way A|B NUMBER: wait until it is so.
on_the_way() {
	until_true holds "$@"
}

# fault A|B ...: a rule for segments there, from now on.
fault() {
	hstp "$1" fault add "${@:2}" >"$dir/rule"
}

# let_go A|B next|go: segments that are held there.
let_go() {
	hstp "$1" step "${@:2}" >"$dir/gone"
}

# spoil NETEM...: the network does that to what either end sends.
spoil() {
	local side
	for side in A B; do
		tc -n "${net[$side]}" qdisc replace dev eth0 root netem delay 2ms "$@"
		# Nobody gives up, for all that is lost, and nobody waits for long.
		hstp $side set rto_min_ms 50 rto_initial_ms 200 rto_max_ms 1000 msl_ms 1000 \
			syn_retries 60 synack_retries 60 retries 60 orphan_retries 60
	done
}

# if_full THIS THAT: with HSTP_FULL=1 the former
if_full() {
	if [ "${HSTP_FULL-}" ]; then echo "$1"; else echo "$2"; fi
}

# serve PORT: at B, a program that knows nothing of HSTP sends back what it gets.
serve() {
	start server B "$hstp" run python3 "$here/carry.py" serve "$1"
	until_true has B state listen
}

# carry COUNT KIB [FROM]: from A, so many connections move so much there and back, unharmed.
carry() {
	hstp A run python3 "$here/carry.py" carry $b 80 "$@" || fail "it did not arrive"
	state B closed
	state A closed
}

# covered KIB: in the ladder's first connection, so much text came to each end, whatever was
# lost.
covered() {
	awk -v bytes=$(($1 * 1024)) '
	function number(name) {
		match($3, "<" name "=[0-9]+")
		return substr($3, RSTART + length(name) + 2, RLENGTH) + 0
	}
	NF == 2 && $2 == "LISTEN" && begun++ { exit }
	{ side = $(NF - 1) == "-->" ? "B" : $2 == "<--" ? "A" : "" }
	side && /DATA=/ { n++; at[n] = side; from[n] = number("SEQ"); len[n] = number("DATA") }
	END {
		has["A"] = 301
		has["B"] = 101
		do {
			more = 0
			for (i = 1; i <= n; i++)
				if (from[i] <= has[at[i]] && from[i] + len[i] > has[at[i]])
					more = has[at[i]] = from[i] + len[i]
		} while (more)
		exit !(has["A"] == 301 + bytes && has["B"] == 101 + bytes)
	}' "$dir/drawn" || fail "the ladder lacks text that arrived"
}

# ended: the ladder's last line has both in CLOSED, after 2 MSL or, if A had no TIME-WAIT any more
# to answer B's FIN with, after the reset that it was answered with.
ended() {
	local last
	last=$(tail -n 1 "$dir/drawn")
	[[ $last == "CLOSED CLOSED" || $last == CLOSED\ *CTL=RST*\ CLOSED ]] ||
		fail "the last line is not the end of both: $last"
}

# all_alike: each connection that A opened took its way through both ends (RFC 9293 figure 5),
# once, for all that was lost and came twice. The last ACK and a FIN may be lost so often that
# TIME-WAIT, two seconds, is over before a FIN comes once more: it is answered with a reset.
all_alike() {
	local opened arrow acked reset
	opened=$(counter A transition CLOSED SYN-SENT open-active)
	opened=${opened##* }
	for arrow in "A SYN-SENT ESTABLISHED syn-ack" "A ESTABLISHED FIN-WAIT-1 close" \
		"A TIME-WAIT CLOSED time-wait" "B SYN-RECEIVED ESTABLISHED ack" \
		"B ESTABLISHED CLOSE-WAIT fin" "B CLOSE-WAIT LAST-ACK close"; do
		# shellcheck disable=SC2086 # words
		counted ${arrow%% *} transition ${arrow#* } "$opened"
	done
	acked=$(counter B transition LAST-ACK CLOSED fin-acked)
	reset=$(counter B transition LAST-ACK CLOSED rst)
	[ $((${acked##* } + ${reset##* })) = "$opened" ] ||
		fail "at B: \"$acked\" and \"$reset\", not $opened in all"
}

# crash A|B: it forgets everything and nobody is told; its user begins anew.
crash() {
	ip -n "${net[$1]}" link set eth0 down
	# Nothing may be left by now.
	hstp "$1" abort state all >/dev/null 2>&1 || true
	kill "${users[$1]}"
	wait "${users[$1]}" 2>/dev/null || true
	until_true gone "$1" state all
	user "$1" "$1"
	if [ "$1" = A ]; then up A $b 02:00:00:00:00:0b; else up B $a 02:00:00:00:00:0a; fi
}

watched() {
	[[ $(hstp "$1" get segment_events) =~ ^segment_events\ +1 ]]
}

# watch [ARGUMENT of monitor...]: begin to draw. Sequence numbers are the figures'.
watch() {
	exec {out}> >(exec tee "$dir/ladder")
	drawer=$!
	"$hstp" $colour -N peer-a monitor --ladder --iss 100,300 --peer peer-b \
		${HSTP_SVG:+--svg "$HSTP_SVG"} "$@" >&"$out" &
	ladder=$!
	# The last thing that it does before it listens.
	until_true watched B
	# With a filter not all is drawn.
	whole=$((!$#))
	count_segments
}

# count_segments: what went out and came in at each end, and is not drawn
count_segments() {
	local side way line
	for side in A B; do
		for way in out in; do
			line=$(counter $side segments $way)
			passed[$side$way]=${line##* }
		done
	done
}

# all_drawn: the ladder shows as many segments as the counters of both ends.
all_drawn() {
	local side way drawn
	local -A before=([Aout]=${passed[Aout]} [Ain]=${passed[Ain]}
			 [Bout]=${passed[Bout]} [Bin]=${passed[Bin]})
	count_segments
	drawn=$(awk '
	/<SEQ=/ {
		left = $2
		right = $(NF - 1)
		n["Aout"] += left == "-->"
		n["Ain"] += left == "<--"
		n["Bout"] += right == "<--"
		n["Bin"] += right == "-->"
	}
	END { print n["Aout"] + 0, n["Ain"] + 0, n["Bout"] + 0, n["Bin"] + 0 }' "$dir/drawn")
	for side in A B; do
		for way in out in; do
			[ "${drawn%% *}" = $((passed[$side$way] - before[$side$way])) ] ||
				fail "at $side $((passed[$side$way] - before[$side$way])) segments went $way," \
					"${drawn%% *} are drawn"
			drawn=${drawn#* }
		done
	done
}

# put_down: the ladder is complete. What it shows is then in $dir/drawn, without times and
# colours, one blank between words; with times in $dir/timed.
put_down() {
	local words tries
	# An ACK may still wait, 40 ms, or longer on a machine that stands still for a while; but what
	# nobody answers is not waited for.
	for ((tries = 0; tries < 40; tries++)); do
		! acked A || ! acked B || break
		pause 0.05
	done
	pause 0.25
	kill -INT $ladder
	wait $ladder || fail "the ladder could not be drawn"
	ladder=
	exec {out}>&-
	out=
	wait $drawer || true
	sed 's/\x1b\[[0-9;]*m//g' "$dir/ladder" | while read -ra words; do
		# Only lines of the ladder begin with a time.
		[[ ${words[0]-} != +([0-9]).+([0-9]) ]] || echo "${words[*]}"
	done >"$dir/timed"
	cut -d ' ' -f 2- "$dir/timed" >"$dir/drawn"
	[ $whole = 0 ] || all_drawn
}

# figure: the ladder must be that of the standard input; lines beginning with # are the
# reader's, ends and times are left out.
figure() {
	local words
	put_down
	while read -ra words; do
		[[ ${words[*]} == '#'* ]] || echo "${words[*]}"
	done | diff -u --label figure --label exchange - "$dir/drawn" >&2 ||
		fail "this is not the figure's exchange"
}

# doubles RTO EVENT: in the ladder, the time from one line with EVENT (a part of it) to the next,
# and from the last one to the timeout that gives up, is RTO milliseconds and then twice as
# long each time (RFC 6298 section 5.5).
doubles() {
	awk -v due="$1" -v event="$2" '
	index($0, event) || $2 == "(timeout)" {
		ms = $1 * 1000
		# Some ticks early, since the clock of timers is coarse, and late on a machine that
		# stands still for a while; what comes next counts from then.
		if (n++) {
			took = ms - last
			if (took < due - 150 || took > due + 2500) {
				printf "%d ms, not about %d, before: %s\n", took, due, $0
				exit bad = 1
			}
			due *= 2
		}
		last = ms
	}
	$2 == "(timeout)" { ended = 1 }
	END { exit bad || !ended || n < 3 }' "$dir/timed" >&2 ||
		fail "the times between retransmissions do not double from $1 ms on"
}

# done_well: the last line of each scenario.
done_well() {
	echo
	echo "$scenario: ok"
}

[ "$EUID" = 0 ] || fail "needs root, for network namespaces: scripts/vm -- $0"
hstp=$(find_program hstp)
user=$(find_program user)
[ -d /sys/module/hstp ] || "$hstp" get msl_ms >/dev/null || exit 1
colour=
[ ! -t 1 ] || colour=-c
trap leave EXIT
exec {silence}<> <(:)	# a pipe in which nothing ever comes
# The scenario's first comment.
{
	read -r; read -r
	while read -r line && [[ $line == '# '* ]]; do
		echo "${line#\# }"
	done
} <"$0"
namespaces
user A A
user B B
