#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# coverage.sh CORE BUILD: which lines of CORE do the traces and the matrix reach, and
# which branches of fsm.c? Fails under 95% of lines, or when a branch of fsm.c is
# never taken. Nothing is left out.

core=$1
build=$2
here=$PWD

rm -rf "$build"
mkdir -p "$build"
objects=
for file in "$core"/*.c; do
	# the tests have a table of their own
	case $file in */algorithms.c) continue ;; esac
	name=$(basename "$file" .c)
	gcc -std=gnu11 -O0 -g --coverage -Wall -I"$core" -c "$here/$file" \
		-o "$build/$name.o" || exit 1
	objects="$objects $build/$name.o"
done
tests=
mkdir "$build/tests"
for file in *.c; do
	case $file in fuzz*|explore*|channel*) continue ;; esac
	gcc -std=gnu11 -O1 -I"$core" -c "$file" -o "$build/tests/${file%.c}.o" || exit 1
	tests="$tests $build/tests/${file%.c}.o"
done
# shellcheck disable=SC2086 # lists of files
gcc --coverage $tests $objects -o "$build/traces" || exit 1
"$build/traces" >"$build/tap" || { grep -B3 '^not ok' "$build/tap"; exit 1; }

cd "$build" || exit 1
gcov -b -c -- *.gcda >gcov.log 2>&1 || { cat gcov.log; exit 1; }

echo "coverage of module/core by traces and matrix:"
for file in *.c.gcov; do
	awk -F: -v name="${file%.gcov}" '
		/^ *[0-9]+\*?:/ { hit++ }
		/^ *(#####|=====)\*?:/ { missed++; print name ":" $2 + 0 ": not reached:" $3 > "/dev/stderr" }
		END { printf "%s %d %d\n", name, hit, hit + missed }' "$file"
done 2>missed | awk '
	{ printf "  %-12s %4d of %4d lines  %5.1f%%\n", $1, $2, $3, 100 * $2 / $3
	  hit += $2; all += $3 }
	END { printf "  %-12s %4d of %4d lines  %5.1f%%\n", "all", hit, all, 100 * hit / all
	      exit !(all && hit * 100 >= all * 95) }'
enough=$?
cat missed

# a branch line belongs to the source line before it
awk '
	/^ *([0-9]+\*?|#####|=====|-):/ { split($0, f, ":"); line = f[2] + 0; text = f[3]; for (i = 4; i in f; i++) text = text ":" f[i] }
	/^branch / { all++; if (/never executed|taken 0( |$)/) { not++; print "fsm.c:" line ": a branch is not taken:" text } }
	END { printf "  fsm.c: %d of %d branches taken\n", all - not, all; exit !(all && !not) }' fsm.c.gcov
branches=$?

verdict() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1 - coverage: $3"
	else
		echo "not ok $1 - coverage: $3"
	fi
}

verdict 1 $enough "at least 95% of the lines of module/core"
verdict 2 $branches "every branch of fsm.c"
[ $enough -eq 0 ] && [ $branches -eq 0 ]
