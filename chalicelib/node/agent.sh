#!/bin/sh
# The node agent: ends this machine at its deadline, whoever else is still alive, and reports once a minute.
# `start` returns when the timer is armed, `run` stays. For dash, busybox ash and bash; a tool that is missing costs a
# feature, never the timer: docs/agent.md.
# Two processes, the timer and one that reports: whichever finds the other dead starts it again.
umask 077
trap '' HUP
# A shell that can start no process gives up: the timer begins anew.
case $1 in run | again) trap 'exec sh "$0" again 3>&- 4>&- 5>&- 6>&-' EXIT ;; esac

DIR=${SHOPPER_AGENT_DIR:-/var/lib/gpu-shopper}
PROC=${SHOPPER_AGENT_PROC:-/proc}
# shellcheck source=/dev/null
[ ! -r "$DIR/agent.env" ] || . "$DIR/agent.env"

SESSION=$SHOPPER_SESSION
MARKET=$SHOPPER_MARKET
URL=$SHOPPER_URL
SECRET=$SHOPPER_SECRET

have() { command -v "$1" >/dev/null 2>&1; }

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*"; }

# whole WORD DEFAULT: a whole number in any case.
whole() {
  case $1 in '' | *[!0-9]* | ?????????????*) echo "$2" ;; *) echo "$1" ;; esac
}

# put FILE TEXT: all of it or nothing. mark FILE: empty, so that a full disk has room for it.
put() { { echo "$2" >"$1.$$" && mv -f "$1.$$" "$1"; } 2>/dev/null; }
mark() { { true >"$1"; } 2>/dev/null; }

TICK=15 REPEAT=300 PATIENCE=10
BEAT=$(whole "$SHOPPER_BEAT" 60)
SILENCE=$(whole "$SHOPPER_SILENCE" 0)

# --- time: seconds since boot, which no clock can change, or else our own naps

uptime_now() {
  up=
  { read -r up _ <"$PROC/uptime"; } 2>/dev/null
  whole "${up%%.*}" "$((last + TICK))"
}

# --- the network: request METHOD URL TOKEN BODY prints the answer, by the first tool that gets a good one

TOOLS=
for tool in curl wget python3; do
  have $tool && TOOLS="$TOOLS $tool"
done
TALKS=
[ -n "$URL" ] && [ -n "$TOOLS" ] && TALKS=yes

# For answers that drip, which those tools wait for. Old busybox has an option for the time.
LIMIT=
for limit in "timeout -t" timeout; do
  $limit 9 sleep 0 2>/dev/null && LIMIT="$limit 30"
done

request() {
  for tool in $TOOLS; do
    if "by_$tool" "$@" 2>/dev/null; then return 0; fi
  done
  return 1
}

by_curl() {
  printf 'header = "Authorization: Bearer %s"\n' "$3" |
    $LIMIT curl -q -K - -fsS --max-time 15 -X "$1" -H 'Content-Type: application/json' --data-binary "$4" "$2"
}

by_wget() {
  if wget --help 2>&1 | grep -q -e --method; then
    put "$RUN/$1" "header = Authorization: Bearer $3" # a command line is no place for it
    $LIMIT wget --config="$RUN/$1" -q -O - -T 15 -t 1 --max-redirect=0 --method="$1" --body-data="$4" \
      --header='Content-Type: application/json' "$2"
  else # busybox knows no other method, and not always a limit
    [ "$1" = POST ] && [ -n "$LIMIT" ] && $LIMIT wget -q -O - --post-data="$4" \
      --header="Authorization: Bearer $3" --header='Content-Type: application/json' "$2"
  fi
}

by_python3() {
  BEARER=$3 $LIMIT python3 -I -c '
import os, sys, urllib.request as u
class Stay(u.HTTPRedirectHandler):
    def redirect_request(self, *a): return None
h = {"Authorization": "Bearer " + os.environ["BEARER"], "Content-Type": "application/json"}
r = u.Request(sys.argv[2], sys.argv[3].encode(), h, method=sys.argv[1])
print(u.build_opener(Stay).open(r, timeout=15).read(9999).decode())' "$1" "$2" "$4"
}

# --- an answer is believed only with a proof that takes the session's secret

sha() {
  if have sha256sum; then
    sha256sum
  elif have openssl; then
    openssl dgst -sha256 -r
  elif have python3; then
    python3 -I -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
  fi 2>/dev/null | cut -c 1-64
}

CAN_CHECK=
[ -n "$(printf x | sha)" ] && CAN_CHECK=yes

proven() {
  [ -n "$CAN_CHECK" ] && [ "$2" = "$(printf %s "$SECRET:$(printf %s "$SECRET:$SESSION $1" | sha)" | sha)" ]
}

# --- what a heartbeat tells

# value WORD MOST: one value of nvidia-smi as JSON; null for "[N/A]".
value() {
  set -- "$(whole "${1# }" x)" "$2"
  if [ "$1" -le "$2" ]; then printf %s "$1"; else printf null; fi 2>/dev/null
}

# A killed process that nobody waited for can be signalled; it runs no program.
guard_lives() { kill -0 "$GUARD" 2>/dev/null && { [ -e "/proc/$GUARD/exe" ] || [ ! -e /proc/self/exe ]; }; }

# Sets gpus, util, mem, logins. A broken driver can hold nvidia-smi and whoever reads about it, beyond any signal: they
# are not waited for, and while one hangs no other is started.
look() {
  gpus=none util='' mem='' logins=0
  if [ ! -e "$RUN/look" ] || grep -q '^exit' "$RUN/look"; then
    { true >"$RUN/look"; } 2>/dev/null # no older look
    {
      if have nvidia-smi; then
        nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits &
        echo "pid $!"
        wait $!
      fi
      set -- $?
      echo "logins $(ssh_sessions)"
      echo "exit $1"
    } >>"$RUN/look" 2>/dev/null </dev/null &
  fi
  waited=0
  until grep -q '^exit' "$RUN/look" 2>/dev/null; do
    if [ $waited -ge "$PATIENCE" ]; then
      [ -z "$hung" ] && kill -9 "$(sed -n 's/^pid //p' "$RUN/look")" 2>/dev/null # once: ids come again
      gpus=timeout hung=yes
      return
    fi
    sleep 1
    waited=$((waited + 1))
  done
  hung=
  logins=$(whole "$(sed -n 's/^logins //p' "$RUN/look")" 0)
  grep -q '^exit 0' "$RUN/look" || gpus=error
  while IFS=, read -r one two; do
    case $gpus,$two in error,* | *,) continue ;; esac
    gpus=ok util="$util,$(value "$one" 100)" mem="$mem,$(value "$two" 999999999)"
  done <"$RUN/look"
}

# Logins, not connections: for each there is a process "sshd: user@pts/0".
ssh_sessions() {
  found=0
  for file in "$PROC"/[0-9]*/cmdline; do
    line=
    { IFS= read -r line <"$file"; } 2>/dev/null
    case $line in sshd*": "*@*) found=$((found + 1)) ;; esac
  done
  echo $found
}

# beat WHY-IT-ENDS: report, and leave for the timer what a proven answer says.
beat() {
  number=$(($(whole "$(cat "$DIR/beat" 2>/dev/null)" 0) + 1))
  clock=$(whole "$(date +%s)" 0)
  [ "$clock" -gt $number ] && number=$clock # higher than before, even with the file lost
  put "$DIR/beat" "$number"
  look
  load='' ends=''
  { read -r load _ <"$PROC/loadavg"; } 2>/dev/null
  case $load in '' | *[!0-9.]*) load=null ;; esac
  { read -r _ ends _ <"$DIR/state"; } 2>/dev/null
  timer=off
  guard_lives && timer=armed
  body=$(printf '{"beat":%s,"gpu_util":[%s],"gpu_mem_used_mb":[%s],"gpus":"%s","ssh_sessions":%s' \
    "$number" "${util#,}" "${mem#,}" "$gpus" "$logins")
  body=$(printf '%s,"uptime_seconds":%s,"load":%s,"timer":"%s","ends_at":%s' \
    "$body" "$(uptime_now)" "$load" $timer "$(whole "$ends" null)")
  [ -n "$1" ] && body="$body,\"dying\":\"$1\""
  answer=$(request POST "$URL/agent/heartbeat" "$SHOPPER_TOKEN" "$body}" | head -c 9999)
  words=$(printf %s "$answer" | sed -n 's/.*"lease": *"\([0-9 ]*\)".*/\1/p')
  proof=$(printf %s "$answer" | sed -n 's/.*"proof": *"\([0-9a-f]*\)".*/\1/p')
  case $words in "$number "*) ;; *) return 1 ;; esac # no answer to this
  if proven "$words" "$proof"; then
    # shellcheck disable=SC2086 # five words
    set -- $words
    put "$RUN/grant" "$2 $3 $4"
    [ "$5" = 1 ] && mark "$RUN/destroy"
  elif [ -n "$CAN_CHECK" ]; then
    return 1
  fi
  mark "$RUN/contact"
}

# Without a service it watches over the timer.
beat_for_ever() {
  well='' number=0
  while guard_lives; do
    if [ -n "$TALKS" ]; then
      if beat ''; then now=yes; else now=no; fi
      [ $now != "$well" ] && say "heartbeats arrive: $now"
      well=$now
    fi
    sleep $((BEAT + number % (BEAT / 10 + 1)))
  done
  exec sh "$0" run
}

# --- the end

# own NAME: a variable that the market gave this container; not everything here inherits it.
own() {
  eval "given=\$$1"
  if [ -z "$given" ]; then
    given=$({ tr '\0' '\n' <"$PROC/1/environ" | sed -n "s/^$1=//p" | head -n 1; } 2>/dev/null)
  fi
  echo "$given"
}

# With the key of this one instance. Fails unless the market took it.
delete_self() {
  [ "$MARKET" = vastai ] || return 1
  id=$(own CONTAINER_ID)
  [ -n "$id" ] || id=$(own VAST_CONTAINERLABEL)
  id=${id#C.}
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
  [ "$MARKET" != vastai ] && echo o >"$PROC/sysrq-trigger" # in a container that would be the host's
} >/dev/null 2>&1

# Never returns. The market is asked three times before the power goes: what is off costs its disk.
end_machine() {
  say "ending this machine: $1"
  [ -n "$beater" ] && kill "$beater" 2>/dev/null
  round=0
  while :; do
    round=$((round + 1))
    gone=no
    delete_self && gone=yes
    say "round $round: deleted by the market: $gone"
    [ -n "$TALKS" ] && beat "$1"
    if [ $gone = yes ] || [ "$MARKET" != vastai ] || [ -z "$TOOLS" ] || [ $round -ge 3 ]; then power_off $round; fi
    sleep "$REPEAT"
  done
}

# --- the timer

# After a restart the deadline stands, and the countdown goes on.
arm() {
  deadline=$(whole "$SHOPPER_DEADLINE" 0)
  left=$(whole "$SHOPPER_COUNTDOWN" 0)
  limit=$(whole "$SHOPPER_LIMIT" 0)
  if [ "$deadline" -eq 0 ]; then
    say "no deadline given: not armed"
    trap - EXIT
    exit 2
  fi
  whose=
  { read -r whose was_deadline was_left was_limit <"$DIR/state"; } 2>/dev/null
  if [ "$whose" = "$SESSION" ]; then
    deadline=$(whole "$was_deadline" "$deadline")
    left=$(whole "$was_left" 0)
    limit=$(whole "$was_limit" "$limit")
  else # nothing here is ours: a fresh machine, or the image of an earlier one
    rm -f "$DIR/beat"
  fi
  last=$(uptime_now)
  silent=0
  ME="$GUARD $last"
  put "$DIR/guard" "$ME" || ME=$(cat "$DIR/guard" 2>/dev/null)
  say "armed: $left s left"
}

# Later only, and never past the limit, which only an operator's override moves.
take_grant() {
  { read -r to to_left to_limit <"$RUN/grant"; } 2>/dev/null || return 0
  rm -f "$RUN/grant"
  [ "$to_limit" -gt "$limit" ] && limit=$to_limit
  if [ "$to" -gt "$deadline" ] && [ "$to" -le "$limit" ]; then
    deadline=$to left=$to_left
    say "extended: $left s left"
  fi
}

run() {
  GUARD=$$ beater='' hung='' last=0
  { echo -900 >/proc/self/oom_score_adj; } 2>/dev/null # small, and the last to go
  mkdir -p "$DIR" 2>/dev/null
  [ ! -w "$DIR" ] && DIR=$(mktemp -d)
  RUN=$(mktemp -d "${SHOPPER_AGENT_SHM:-/dev/shm}/XXXXXX" 2>/dev/null) || RUN=$DIR # a disk may be full
  rm -f "$RUN/grant" "$RUN/destroy" "$RUN/look" "$RUN/contact"
  arm
  while :; do
    up=$(uptime_now)
    passed=$((up - last))
    [ $passed -lt 0 ] && passed=0 # the host was restarted beneath us
    last=$up left=$((left - passed)) silent=$((silent + passed))
    take_grant
    if [ -e "$RUN/contact" ]; then
      rm -f "$RUN/contact"
      silent=0
    fi
    [ "$left" -lt 0 ] && left=0
    put "$DIR/state" "$SESSION $deadline $left $limit"
    if [ "$left" -eq 0 ] || [ "$(whole "$(date +%s)" 0)" -ge "$deadline" ]; then end_machine deadline; fi
    [ -e "$RUN/destroy" ] && end_machine "told to"
    if [ -n "$TALKS" ] && [ "$SILENCE" -gt 0 ] && [ $silent -ge "$SILENCE" ]; then
      end_machine "cut off from the service"
    fi
    if [ -z "$beater" ] || ! kill -0 "$beater" 2>/dev/null; then
      beat_for_ever &
      beater=$!
    fi
    there=
    { read -r there <"$DIR/guard"; } 2>/dev/null
    if [ "${there:-$ME}" != "$ME" ]; then # a newer one has taken over
      kill "$beater" 2>/dev/null
      trap - EXIT
      exit
    fi
    sleep "$TICK"
  done
}

case $1 in
  run) run ;;
  again) sleep "$TICK" && run ;;
  start)
    mkdir -p "$DIR" 2>/dev/null
    before=$(cat "$DIR/guard" 2>/dev/null)
    log=$DIR/agent.log
    { true >>"$log"; } 2>/dev/null || log=/dev/null
    detach=
    have setsid && detach=setsid
    $detach sh "$0" run >>"$log" 2>&1 </dev/null &
    for _ in 1 2 3 4 5; do
      [ "$(cat "$DIR/guard" 2>/dev/null)" != "$before" ] && break
      sleep 1
    done
    ;;
  *) exit 2 ;;
esac
