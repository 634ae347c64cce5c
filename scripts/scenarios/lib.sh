# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scenarios share: two network namespaces A and B with a link between them, a user
# at each end, the ladder of what they exchange, and its comparison with the RFC's figure.
#
#   A 10.0.0.1 [eth0]------[eth0] 10.0.0.2 B

set -euo pipefail

scenario=${0##*/}
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
a=10.0.0.1 b=10.0.0.2
dir=$(mktemp -d)
ladder=
declare -A net=([A]=peer-a [B]=peer-b) users=() to=() from=()

fail() {
	echo "$scenario: $*" >&2
	exit 1
}

leave() {
	local pid
	for pid in "${users[@]}" $ladder; do
		kill "$pid" 2>/dev/null || true
	done
	[ -z "${out-}" ] || exec {out}>&-
	wait
	ip netns delete peer-a 2>/dev/null || true
	ip netns delete peer-b 2>/dev/null || true
	rm -rf "$dir"
}

# find_program NAME MAKE-TARGET...: where it was built, or installed.
find_program() {
	local path
	for path in "${HSTP_BUILD:-}/$1" "$here/build/$1" "$here/../hstp/build/$1"; do
		[ ! -x "$path" ] || { echo "$path"; return; }
	done
	command -v "$1" || fail "the program $1 is missing: \"make hstp\" builds it"
}

# at A|B COMMAND...: run it there.
at() {
	nsenter --net="/run/netns/${net[$1]}" "${@:2}"
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
	rm -f "$dir/$1.to" "$dir/$1.from"
	mkfifo "$dir/$1.to" "$dir/$1.from"
	nsenter --net="/run/netns/${net[$2]}" "$user" <>"$dir/$1.to" >"$dir/$1.from" &
	users[$1]=$!
	exec {to[$1]}>"$dir/$1.to" {from[$1]}<>"$dir/$1.from"
}

# tell USER CALL...: what to do; the answer is for hear().
tell() {
	echo "${@:2}" >&"${to[$1]}"
}

# hear USER ANSWER...: it must answer that.
hear() {
	local line
	read -rt 20 line <&"${from[$1]}" || fail "user $1 does not answer; \"${*:2}\" is due"
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

# until_true COMMAND...: wait for it, 20 s at most.
until_true() {
	local end=$((SECONDS + 20))
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $*"
		sleep 0.05
	done
}

# has A|B FILTER...: is there a connection that it matches?
has() {
	[ "$(hstp "$1" -o show "${@:2}" | wc -l)" -gt 1 ]
}

# gone A|B FILTER...: or none?
gone() {
	! has "$@"
}

# state A|B STATE: wait until the connection there has come to it; closed: until it has gone.
state() {
	if [ "$2" = closed ]; then
		until_true gone "$1" exclude listen
	else
		until_true has "$1" state "$2"
	fi
}

# counted A|B COUNTER... NUMBER: in /proc/net/hstp_stat
counted() {
	local line
	line=$(at "$1" grep "^${*:2:$#-2} " /proc/net/hstp_stat) || line="${*:2:$#-2} 0"
	[ "$line" = "${*:2}" ] || fail "at $1: \"$line\", not \"${*:2}\""
}

# holds A|B NUMBER: so many segments wait there to be let go.
holds() {
	[ "$(hstp "$1" step show | grep -c '^[0-9]*: ')" = "$2" ]
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

# counts A|B COUNTER... NUMBER: is it so?
counts() {
	at "$1" grep -qx "${*:2}" /proc/net/hstp_stat
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
	[ "$(at "$1" cat /proc/sys/net/hstp/segment_events)" = 1 ]
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
}

# plain FILE: without times, one blank between words.
plain() {
	sed -E 's/^ *[0-9]+\.[0-9]{6} +//; s/ +/ /g; s/^ //; s/ $//; /^$/d' "$1"
}

# figure: the ladder must be that of the standard input; lines beginning with # are the
# reader's, ends and times are left out.
figure() {
	# An ACK may still wait, 40 ms.
	sleep 0.25
	kill -INT $ladder
	wait $ladder || fail "the ladder could not be drawn"
	ladder=
	exec {out}>&-
	out=
	wait $drawer || true
	grep -v '^#' >"$dir/figure"
	plain "$dir/figure" >"$dir/want"
	# Only lines of the ladder begin with a time.
	sed -E 's/\x1b\[[0-9;]*m//g' "$dir/ladder" | grep -E '^ *[0-9]+\.[0-9]{6} ' >"$dir/drawn" ||
		true
	plain "$dir/drawn" >"$dir/got"
	diff -u --label figure --label exchange "$dir/want" "$dir/got" >&2 ||
		fail "this is not the figure's exchange"
}

# done: the last line of each scenario.
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
sed -n '3,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"
namespaces
user A A
user B B
