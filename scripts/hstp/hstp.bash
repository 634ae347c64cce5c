# SPDX-License-Identifier: GPL-2.0
# Completion of hstp(8) for bash.

# The object on the command line, and where it stands; in which namespace.
_hstp_object() {
	local i
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-N | --net | --netns) there=(-N "${words[++i]}") ;;
		--net=* | --netns=*) there=(-N "${words[i]#*=}") ;;
		-N*) there=(-N "${words[i]#-N}") ;;
		-*) ;;
		*)
			object=${words[i]} at=$i
			return
			;;
		esac
	done
}

# What the command says in the namespace that is meant.
_hstp_ask() {
	hstp ${there[@]+"${there[@]}"} "$@" 2>/dev/null
}

# _hstp_addresses COLUMN: of those that have connections, without ports
_hstp_addresses() {
	_hstp_ask -n -o show |
		awk -v "column=$1" 'NR > 1 { sub(/:[^:]*$/, "", $column); print $column }' | sort -u
}

# _hstp_filter connections|events|segments: what a filter of them can have
_hstp_filter() {
	local conditions="src dst sport dport and or not"
	[ "$1" = segments ] || conditions+=" state exclude"
	[ "$1" != connections ] ||
		conditions+=" uid inode cookie fwmark dev cgroup autobound passive orphan unaccepted"
	local states="closed listen syn-sent syn-received established fin-wait-1 fin-wait-2
		close-wait closing last-ack time-wait all connected synchronized bucket big"
	case $prev in
	state | exclude) echo "$states" ;;
	src) _hstp_addresses 4 ;;
	dst) _hstp_addresses 5 ;;
	sport | dport) echo "= != < <= > >=" ;;
	dev) ls /sys/class/net ;;
	*) echo "$conditions" ;;
	esac
}

_hstp_fault() {
	if [ "$cword" -eq $((at + 1)) ]; then
		echo "add show del flush help"
		return
	fi
	case ${words[at + 1]} in
	sh* | d*) _hstp_ask fault show | cut -d: -f1 ;;
	a*)
		case $prev in
		state | src | dst) _hstp_filter events ;;
		flags) echo "fin syn rst psh ack urg ece cwr !fin !syn !rst !psh !ack !urg !ece !cwr" ;;
		change) echo "seq ack window flags urgent option tsval tsecr sack-left
			sack-right" ;;
		sport | dport | nth | every | count | probability | seed | delay) ;;
		*) echo "in out src dst sport dport state flags text no-text nth every count
			probability seed drop duplicate delay hold reorder change corrupt" ;;
		esac
		;;
	esac
}

_hstp_step() {
	if [ "$cword" -eq $((at + 1)) ]; then
		echo "on off show next go drop help"
		return
	fi
	case ${words[at + 1]} in
	g* | d*)
		if [ "$prev" = rule ]; then
			_hstp_ask fault show | cut -d: -f1
			return
		fi
		echo "all rule $(_hstp_ask step show | awk -F: 'NR > 1 { print $1 }')"
		;&
	n* | sh*) echo "wait $(_hstp_filter segments)" ;;
	esac
}

_hstp() {
	local cur prev words cword object='' at=0 names='' there=()
	if declare -F _init_completion >/dev/null; then
		_init_completion -n =: || return
	else
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
		cur=${words[cword]} prev=${words[cword - 1]}
	fi
	_hstp_object
	case $prev in
	-N | --net | --netns | --peer)
		names=$(ls /run/netns 2>/dev/null)
		mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
		return
		;;
	--svg)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	case $object in
	'') names="show stat monitor abort close get set export diagram fault step run help --json --pretty
		--numeric --oneline --ipv4 --ipv6 --net --color --version --help" ;;
	fa*) names=$(_hstp_fault) ;;
	ste*) names=$(_hstp_step) ;;
	sh* | abort | close)
		names=$(_hstp_filter connections)
		[ "$cword" -ne $((at + 1)) ] || names+=" help"
		;;
	stat) names="--watch reset help" ;;
	mon*)
		case " ${words[*]} " in
		*" segments "* | *" all "* | *" --ladder "*) names=$(_hstp_filter segments) ;;
		*) names=$(_hstp_filter events) ;;
		esac
		case $prev in
		state | exclude | src | dst | sport | dport | dev) ;;
		*) names+=" --ladder --svg --iss --peer --count --for --buffer" ;;
		esac
		[ "$cword" -ne $((at + 1)) ] || names+=" events segments all help"
		;;
	get | set) names="help $(_hstp_ask get | awk '{ print $1 }')" ;;
	export)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	diagram)
		mapfile -t COMPREPLY < <(compgen -W "dot svg help" -- "$cur"; compgen -f -- "$cur")
		return
		;;
	run)
		if [ "$cword" -eq $((at + 1)) ]; then
			mapfile -t COMPREPLY < <(compgen -c -W "--protocol help" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
}

complete -F _hstp hstp
