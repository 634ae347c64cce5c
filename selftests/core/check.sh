#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run the programs given, gather their tests into one TAP stream with one end.
# A program that dies counts as one failed test.

passed=0
failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

for program; do
	case $program in
	*/fuzz)	./fuzz.sh "$program" "${FUZZ_SECONDS:-5}" >"$out" 2>&1 ;;
	*)	"$program" >"$out" 2>&1 ;;
	esac
	status=$?
	good=$(grep -c '^ok ' "$out")
	bad=$(grep -c '^not ok ' "$out")
	if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
		echo "not ok - ${program##*/} ended with status $status" >>"$out"
		bad=1
	fi
	# numbered anew; plans and sums of the parts are left out
	awk -v n=$((passed + failed)) '
		/^(not )?ok / { sub(/ok [0-9]*( - )?/, "ok " ++n " - ") }
		/^1\.\.[0-9]+$/ || /^# [0-9]+ passed, / { next }
		{ print }' "$out"
	passed=$((passed + good))
	failed=$((failed + bad))
done
echo "1..$((passed + failed))"
echo "# $passed passed, $failed failed"
[ "$failed" -eq 0 ]
