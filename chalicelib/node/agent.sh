#!/bin/sh
# The node agent: ends this machine at its deadline, whoever else is still alive, and reports once a minute.
#
#   agent.sh start   arm the timer in the background, return when it is armed
#   agent.sh run     the same in the foreground
#
# It needs a POSIX sh (dash, busybox ash, bash); curl, wget or python3 to talk; sha256sum, openssl or python3 to check
# what the service answers. Whatever is missing costs a feature, never the timer. What it may do: docs/agent.md.
set -u
umask 077
trap '' HUP

DIR=${SHOPPER_AGENT_DIR:-/var/lib/gpu-shopper}
PROC=${SHOPPER_AGENT_PROC:-/proc}
# shellcheck source=/dev/null
[ ! -r "$DIR/agent.env" ] || . "$DIR/agent.env"

SESSION=${SHOPPER_SESSION:-}
MARKET=${SHOPPER_MARKET:-}
URL=${SHOPPER_URL:-}
SECRET=${SHOPPER_SECRET:-}

# --- small things

have() { command -v "$1" >/dev/null 2>&1; }

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"; }

# whole WORD DEFAULT: a whole number, whatever the word is.
whole() {
  case $1 in '' | *[!0-9]* | ?????????????*) echo "$2" ;; *) echo "$1" ;; esac
}

# shorter WORD DEFAULT: a length that tests may make shorter, and nobody longer.
shorter() {
  set -- "$(whole "$1" "$2")" "$2"
  if [ "$1" -ge 1 ] && [ "$1" -le "$2" ]; then echo "$1"; else echo "$2"; fi
}

# put FILE TEXT: the whole of it or nothing.
put() { { echo "$2" >"$DIR/$1.$$" && mv -f "$DIR/$1.$$" "$DIR/$1"; } 2>/dev/null; }

TICK=$(shorter "${SHOPPER_AGENT_TICK:-}" 15)
REPEAT=$(shorter "${SHOPPER_AGENT_REPEAT:-}" 300)
SMI_PATIENCE=$(shorter "${SHOPPER_AGENT_SMI_PATIENCE:-}" 10)
BEAT=$(whole "${SHOPPER_BEAT:-}" 60)
SILENCE=$(whole "${SHOPPER_SILENCE:-}" 0)

# --- time: seconds since boot, which no clock can change; counted by our own naps where the kernel does not tell

uptime_now() {
  up=
  { read -r up _ <"$PROC/uptime"; } 2>/dev/null
  whole "${up%%.*}" "$((${last:-0} + TICK))"
}

# --- the network: request METHOD URL TOKEN BODY prints the body of a 2xx answer, by the first tool that gets one

TOOLS=
for tool in curl wget python3; do
  if have $tool; then TOOLS="$TOOLS $tool"; fi
done

# For what sends a byte now and then, which those tools wait for.
LIMIT=
if have timeout; then LIMIT="timeout 30"; fi

request() {
  for tool in $TOOLS; do
    if "by_$tool" "$@"; then return 0; fi
  done
  return 1
}

by_curl() {
  printf 'header = "Authorization: Bearer %s"\n' "$3" |
    curl -K - -fsS --max-time 15 -X "$1" -H 'Content-Type: application/json' --data-binary "$4" "$2" 2>/dev/null
}

by_wget() {
  if wget --help 2>&1 | grep -q -e --method; then
    $LIMIT wget -q -O - -T 15 -t 1 --max-redirect=0 --method="$1" --body-data="$4" \
      --header="Authorization: Bearer $3" --header='Content-Type: application/json' "$2" 2>/dev/null
  elif [ "$1" = POST ] && [ -n "$LIMIT" ]; then # busybox knows no other method, and not always a limit
    $LIMIT wget -q -O - --post-data="$4" \
      --header="Authorization: Bearer $3" --header='Content-Type: application/json' "$2" 2>/dev/null
  else
    return 1
  fi
}

by_python3() {
  BEARER=$3 $LIMIT python3 -c '
import os, sys, urllib.request as u
class Stay(u.HTTPRedirectHandler):
    def redirect_request(self, *a): return None
h = {"Authorization": "Bearer " + os.environ["BEARER"], "Content-Type": "application/json"}
r = u.Request(sys.argv[2], sys.argv[3].encode(), h, method=sys.argv[1])
print(u.build_opener(Stay).open(r, timeout=15).read(65536).decode())' "$1" "$2" "$4" 2>/dev/null
}

# --- what the service answers is believed only with a proof that takes the session's secret

sha() {
  if have sha256sum; then
    sha256sum
  elif have openssl; then
    openssl dgst -sha256 -r
  elif have python3; then
    python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
  fi 2>/dev/null | cut -c 1-64
}

CAN_CHECK=
if [ -n "$(printf x | sha)" ]; then CAN_CHECK=yes; fi

proven() {
  [ -n "$CAN_CHECK" ] && [ "$2" = "$(printf %s "$SECRET:$(printf %s "$SECRET:$SESSION $1" | sha)" | sha)" ]
}

# --- what a heartbeat tells

# One value of nvidia-smi as JSON: "97", " 40536", "[N/A]", "[Not Supported]".
value() {
  set -- "${1# }"
  case $1 in '' | *[!0-9]*) printf null ;; *) printf %s "$1" ;; esac
}

# A process that was killed and that nobody waits for can still be signalled; it only runs no program any more.
guard_lives() { kill -0 "$GUARD" 2>/dev/null && { [ -e "/proc/$GUARD/exe" ] || [ ! -e /proc/self/exe ]; }; }

# Sets `gpus`, `util` and `mem`. A broken driver can hold nvidia-smi for ever, beyond any signal: it is never waited for,
# and while one hangs no other is started.
look_at_gpus() {
  gpus=none util='' mem=''
  have nvidia-smi || return 0
  if [ ! -e "$DIR/gpus" ] || grep -q '^exit' "$DIR/gpus"; then
    {
      nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits &
      echo "pid $!"
      wait $!
      echo "exit $?"
    } >"$DIR/gpus" 2>/dev/null </dev/null &
  fi
  waited=0
  until grep -q '^exit' "$DIR/gpus" 2>/dev/null; do
    if [ $waited -ge "$SMI_PATIENCE" ]; then
      kill -9 "$(sed -n 's/^pid //p' "$DIR/gpus")" 2>/dev/null
      gpus=timeout
      return 0
    fi
    sleep 1
    waited=$((waited + 1))
  done
  if ! grep -q '^exit 0' "$DIR/gpus"; then
    gpus=error
    return 0
  fi
  while IFS=, read -r one two; do
    case $two in '') continue ;; esac
    gpus=ok util="$util,$(value "$one")" mem="$mem,$(value "$two")"
  done <"$DIR/gpus"
}

# Logins, not connections: sshd names the process of each one "sshd: user@pts/0".
ssh_sessions() {
  found=0
  for file in "$PROC"/[0-9]*/cmdline; do
    line=
    { IFS= read -r line <"$file"; } 2>/dev/null
    case $line in sshd*": "*@*) found=$((found + 1)) ;; esac
  done
  echo $found
}

# beat [WHY-IT-ENDS]: report, and leave for the timer what a proven answer says. Fails when there was no answer.
beat() {
  number=$(($(whole "$(cat "$DIR/beat" 2>/dev/null)" 0) + 1))
  clock=$(whole "$(date +%s)" 0)
  if [ "$clock" -gt $number ]; then number=$clock; fi # higher than before even when the file was lost
  put beat "$number"
  look_at_gpus
  load=
  { read -r load _ <"$PROC/loadavg"; } 2>/dev/null
  case $load in '' | *[!0-9.]*) load=null ;; esac
  timer=off
  if guard_lives; then timer=armed; fi
  body=$(printf '{"beat":%s,"gpu_util":[%s],"gpu_mem_used_mb":[%s],"gpus":"%s","ssh_sessions":%s' \
    "$number" "${util#,}" "${mem#,}" "$gpus" "$(ssh_sessions)")
  body=$(printf '%s,"uptime_seconds":%s,"load":%s,"timer":"%s"' "$body" "$(uptime_now)" "$load" $timer)
  if [ -n "${1:-}" ]; then body="$body,\"dying\":\"$1\""; fi
  answer=$(request POST "$URL/agent/heartbeat" "${SHOPPER_TOKEN:-}" "$body}") || return 1
  words=$(printf %s "$answer" | sed -n 's/.*"lease": *"\([0-9 ]*\)".*/\1/p')
  proof=$(printf %s "$answer" | sed -n 's/.*"proof": *"\([0-9a-f]*\)".*/\1/p')
  case $words in "$number "*) ;; *) return 1 ;; esac # not an answer to this
  if proven "$words" "$proof"; then
    # shellcheck disable=SC2086 # five words
    set -- $words
    put grant "$2 $3 $4"
    if [ "$5" = 1 ]; then put destroy ''; fi
  elif [ -n "$CAN_CHECK" ]; then
    return 1
  fi
  put contact ''
}

beat_for_ever() {
  well=
  while guard_lives; do
    if beat; then now=yes; else now=no; fi
    if [ $now != "$well" ]; then say "heartbeats arrive: $now"; fi
    well=$now
    sleep $((BEAT + number % (BEAT / 10 + 1)))
  done
  exec sh "$0" run # the timer was killed: become a new one
}

# --- the end

# own NAME: a variable that the market gave this container; a login or a service does not inherit it.
own() {
  eval "given=\${$1:-}"
  if [ -z "$given" ]; then
    given=$({ tr '\0' '\n' <"$PROC/1/environ" | sed -n "s/^$1=//p" | head -n 1; } 2>/dev/null)
  fi
  echo "$given"
}

# With the key of this one instance; the account's key is not on the machine. Fails unless the market took it.
delete_self() {
  [ "$MARKET" = vastai ] || return 1
  id=$(own CONTAINER_ID)
  if [ -z "$id" ]; then id=$(own VAST_CONTAINERLABEL) id=${id#C.}; fi
  case $id in '' | *[!0-9]*) return 1 ;; esac
  request DELETE "$SHOPPER_MARKET_URL/api/v0/instances/$id/" "$(own CONTAINER_API_KEY)" '{}' |
    grep -q '"success": *true'
}

power_off() {
  if [ "$1" -eq 1 ]; then
    poweroff || shutdown -h now || systemctl poweroff
    return
  fi
  poweroff -f || systemctl poweroff --force --force
  if [ "$MARKET" != vastai ]; then echo o >"$PROC/sysrq-trigger"; fi # in a container that would be the host's
} >/dev/null 2>&1

# Never returns. Where the market must be asked it is asked twice before the power goes: a machine that is off still
# costs its disk, and can ask no more.
end_machine() {
  say "ending this machine: $1"
  if [ -n "$beater" ]; then kill "$beater" 2>/dev/null; fi
  round=0
  while :; do
    round=$((round + 1))
    gone=no
    if delete_self; then gone=yes; fi
    say "round $round: deleted by the market: $gone"
    if [ -n "$URL" ]; then beat "$1"; fi
    if [ $gone = yes ] || [ "$MARKET" != vastai ] || [ -z "$TOOLS" ] || [ $round -ge 3 ]; then power_off $round; fi
    sleep "$REPEAT"
  done
}

# --- the timer

# After a restart of the machine the deadline is the absolute one, and the countdown goes on from what was left.
arm() {
  deadline=$(whole "${SHOPPER_DEADLINE:-}" 0)
  left=$(whole "${SHOPPER_COUNTDOWN:-}" 0)
  limit=$(whole "${SHOPPER_LIMIT:-}" 0)
  if [ "$deadline" -eq 0 ]; then
    say "no deadline given: not armed"
    exit 2
  fi
  whose=
  { read -r whose was_deadline was_left was_limit <"$DIR/state"; } 2>/dev/null
  if [ "$whose" = "$SESSION" ]; then
    deadline=$(whole "$was_deadline" "$deadline")
    left=$(whole "$was_left" 0)
    limit=$(whole "$was_limit" "$limit")
  else # nothing here is ours: a fresh machine, or the image of an earlier one
    rm -f "$DIR/grant" "$DIR/destroy" "$DIR/beat"
  fi
  rm -f "$DIR/gpus" "$DIR/contact"
  last=$(uptime_now)
  silent=0
  ME="$GUARD $last"
  put guard "$ME"
  say "armed: $left s left"
}

# An answer moves the deadline later only, and never past the limit, which only an operator's override moves.
take_grant() {
  { read -r to to_left to_limit <"$DIR/grant"; } 2>/dev/null || return 0
  rm -f "$DIR/grant"
  if [ "$to_limit" -gt "$limit" ]; then limit=$to_limit; fi
  if [ "$to" -gt "$deadline" ] && [ "$to" -le "$limit" ]; then
    deadline=$to left=$to_left
    say "extended: $left s left"
  fi
}

run() {
  GUARD=$$ beater='' last=0
  mkdir -p "$DIR" 2>/dev/null
  if [ ! -w "$DIR" ]; then DIR=$(mktemp -d); fi
  arm
  while :; do
    up=$(uptime_now)
    passed=$((up - last))
    if [ $passed -lt 0 ]; then passed=0; fi # the host was restarted beneath us
    last=$up left=$((left - passed)) silent=$((silent + passed))
    take_grant
    if [ -e "$DIR/contact" ]; then
      rm -f "$DIR/contact"
      silent=0
    fi
    if [ "$left" -lt 0 ]; then left=0; fi
    put state "$SESSION $deadline $left $limit"
    if [ "$left" -eq 0 ] || [ "$(whole "$(date +%s)" 0)" -ge "$deadline" ]; then end_machine deadline; fi
    if [ -e "$DIR/destroy" ]; then end_machine "told to"; fi
    if [ -n "$URL" ] && [ -n "$TOOLS" ]; then
      if [ "$SILENCE" -gt 0 ] && [ $silent -ge "$SILENCE" ]; then end_machine "cut off from the service"; fi
      if [ -z "$beater" ] || ! kill -0 "$beater" 2>/dev/null; then
        beat_for_ever &
        beater=$!
      fi
    fi
    if [ "$(cat "$DIR/guard" 2>/dev/null || echo "$ME")" != "$ME" ]; then # a newer one has taken over
      if [ -n "$beater" ]; then kill "$beater" 2>/dev/null; fi
      exit 0
    fi
    sleep "$TICK"
  done
}

case ${1:-} in
  run) run ;;
  start)
    mkdir -p "$DIR" 2>/dev/null
    before=$(cat "$DIR/guard" 2>/dev/null)
    detach=
    if have setsid; then detach=setsid; fi
    $detach sh "$0" run >>"$DIR/agent.log" 2>&1 </dev/null &
    for _ in 1 2 3 4 5; do
      if [ "$(cat "$DIR/guard" 2>/dev/null)" != "$before" ]; then break; fi
      sleep 1
    done
    ;;
  *)
    echo "usage: agent.sh start|run" >&2
    exit 2
    ;;
esac
