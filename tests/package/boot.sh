#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The packages as an operator has them: installed under a booted systemd, configured, fed, reloaded, killed, stopped
# by its watchdog, upgraded well and badly, removed, purged. Wants a machine of its own, which it leaves changed: it
# refuses to run outside a container.
#
#   boot.sh prepare    builds the packages and installs broker, Redis and what the packages need (network)
#   boot.sh            the checks (no network)
#
# Each check prints a line. Ends with `N passed, N failed`; the exit status is 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

packages=/root/packages
etc=/etc/hazardd
condition=tank-level.high@E1/H1/LT1

prepare() {
  set -e
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends build-essential devscripts equivs mosquitto mosquitto-clients \
    redis-server redis-tools jq >/dev/null
  mk-build-deps -i -r -t 'apt-get -y -qq --no-install-recommends' debian/control >/dev/null 2>&1
  rm -f hazardd-build-deps*
  mkdir -p $packages /root/build
  cp -a . /root/build/hazardd
  (cd /root/build/hazardd && DEB_BUILD_OPTIONS="parallel=2 noautodbgsym" dpkg-buildpackage -us -uc -b >/root/build/log 2>&1) ||
    { tail -n 40 /root/build/log; return 1; }
  mv /root/build/*.deb $packages/
  dpkg -P hazardd-build-deps >/dev/null
}

# --- counting ---

passed=0 failed=0

# check NAME COMMAND...: counts, and shows what the command said when it failed
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    tail -n 20 <<<"$said" | sed 's/^/        /'
  fi
}

# until_true SECONDS COMMAND...: a condition with a dead-line
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { "$@"; return 1; }
    sleep 0.1
  done
}

not() { ! "$@"; }
same() { [ "$1" = "$2" ] || { echo "$1 is not $2"; return 1; }; }

# --- looking ---

property() { systemctl show -P "$1" hazardd; }
is_active() { systemctl is-active hazardd; }
restarted_since() { [ "$(property NRestarts)" -gt "$1" ] && is_active && ctl status; }
new_process() { [ "$(property MainPID)" != "$1" ] && is_active && ctl status; }
ctl() { hazardctl "$@"; }
as() { runuser -u "$1" -- "${@:2}"; }
active_alarms() { ctl alarms --all --json | jq -r 'select(.cond) | "\(.cond) \(.alarm)"' | grep -v '^system\.' | sort; }
not_active() { ctl alarms --json | jq -es "all(.cond != \"$1\")"; }
has_alarm() { active_alarms | grep -F "$condition"; }
redis() { redis-cli -a secret-of-redis --no-auth-warning "$@"; }
in_redis() { redis HKEYS 'hz:1:{all}:active' | grep -F "$condition"; }
# Both, by what programs read.
connected() {
  ctl status --json | jq -es 'any(.what == "redis" and .up)' &&
    ctl feeds --json | jq -es 'any(.connected_now)'
}
version_of() { dpkg-query -W -f='${Version}' hazardd; }
left() {
  find / -xdev \( -path /root -o -path /proc -o -path /sys -o -path /var/cache -o -path /var/log -o -path /tmp \) -prune \
    -o -iname '*hazard*' -print
}
in_force() { ctl status --json | jq -r 'select(.set).set'; }
has_value() { ctl points "$1" --json | jq -es "any(.value == $2)"; }
same_alarms() { same "$(active_alarms)" "$1"; }
says_status() { property StatusText | grep 'watching 1 points'; }
nothing_left() { [ -z "$(left)" ] || { left; return 1; }; }

# --- doing ---

# The packages once more, with another version: dpkg takes it for an upgrade.
repack() {
  local file folder=/root/repack
  mkdir -p "$packages/$1"
  for file in "$packages"/hazardd_*.deb "$packages"/hazardctl_*.deb; do
    rm -rf $folder
    dpkg-deb -R "$file" $folder
    sed -i -E "s/^Version: .*/Version: $1/; s/hazardctl \(= [^)]*\)/hazardctl (= $1)/" $folder/DEBIAN/control
    dpkg-deb -b $folder "$packages/$1/$(basename "${file%%_*}").deb" >/dev/null
  done
}

# write_points COUNT LIMIT: the points of the tank farm, each with that limit
write_points() {
  printf 'enterprise,hazard,code,kind,unit,range_low,range_high,H,tags\n' >$etc/points.csv
  seq -f "E1,H1,LT%g,level,%%,0,100,$2,tank" "$1" >>$etc/points.csv
}

configure() {
  printf 'code,name\nE1,Works one\n' >$etc/enterprises.csv
  printf 'enterprise,code,name\nE1,H1,Tank farm\n' >$etc/hazards.csv
  write_points 1 85
  printf 'schema: 1\nrules:\n- id: tank-level\n  select: {tag: tank}\n  limits:\n    H: {severity: orange}\n' \
    >$etc/rules.d/tank-level.yaml
  sed -i 's/^  #password_file: redis-password/  password_file: secret_redis/' $etc/hazardd.yaml
  printf 'secret-of-redis\n' >$etc/secret/redis
  chmod 600 $etc/secret/redis
  redis-cli CONFIG SET requirepass secret-of-redis
}

publish() { mosquitto_pub -q 1 -t hz/E1/H1/LT1 -m "$1"; }

# Milliseconds that a command takes.
time_of() {
  local begin=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1
  echo $(((${EPOCHREALTIME/./} - begin) / 1000))
}

below() { [ "$1" -lt "$2" ] || { echo "$1 is not below $2"; return 1; }; }

# --- the checks ---

check_install() {
  useradd -m op
  useradd -m stranger
  check "install" dpkg -i $packages/*.deb
  check "not started by the installation" not is_active
  check "not enabled by the installation" not systemctl is-enabled hazardd
  check "user, groups" getent group hazard hazard-admin
  check "the daemon's group is hazard" same "$(id -gn hazardd)" hazard
  check "secrets are root's alone" same "$(stat -c '%U:%a' $etc/secret)" root:700
  check "the shipped configuration is good" ctl check
  check "manual pages" test -e /usr/share/man/man8/hazardd.8.gz -a -e /usr/share/man/man5/hazardd.yaml.5.gz
  check "conffiles" same "$(dpkg-query -W -f='${Conffiles}' hazardd | grep -c /etc/hazardd)" 5
}

check_start() {
  usermod -aG hazard op
  configure >/dev/null
  check "the configuration is good" ctl check
  check "enable --now" systemctl enable --now hazardd
  check "ready" is_active
  check "it says how it is" until_true 5 says_status
  echo "        $(property StatusText)"
  check "status as a member of hazard" as op hazardctl status
  check "refused as a stranger" sh -c "runuser -u stranger -- hazardctl status 2>&1 | grep 'no permission for'"
  check "the socket is hazard's" same "$(stat -c '%U:%G:%a' /run/hazardd/hazardd.sock)" hazardd:hazard:660
  check "the journal is the daemon's" same "$(stat -c '%U:%a' /var/lib/hazardd)" hazardd:700
  check "broker and Redis are connected" until_true 20 connected
  check "the password of Redis came by a credential" until_true 10 redis EXISTS 'hz:1:{all}:meta'
  check "nothing refused by the filters of the unit" not grep -iE 'operation not permitted|permission denied|SIGSYS' \
    <<<"$(journalctl -u hazardd -o cat)"
}

check_feed() {
  check "publish a value" publish 90
  check "the alarm" until_true 10 has_alarm
  check "the alarm in Redis" until_true 10 in_redis
  check "one alert in the stream" sh -c "redis-cli -a secret-of-redis --no-auth-warning XRANGE 'hz:1:{all}:stream' - + | grep -cF $condition"
  check "acknowledge as a member of hazard" as op hazardctl ack "$condition" --reason seen
  check "the completion finds it" bash -c "source /usr/share/bash-completion/completions/hazardctl
    COMP_LINE='hazardctl ack t' COMP_POINT=15 COMP_WORDS=(hazardctl ack t) COMP_CWORD=2; _hazardctl
    [ \"\${COMPREPLY[0]}\" = $condition ]"
  check "hazard-load sends" hazard-load --messages 1000 --rate 0
  check "hazard-city writes a configuration" hazard-city --write-config /root/city --rules $etc/rules.d
  check "which is good" ctl check --config /root/city
  check "hazard-bench measures the installed daemon" sh -c "cd / && runuser -u op -- hazard-bench --json capacity | tail -n 1 |
    jq -e '.redis and .messages_per_s > 0 and .points_most > 0'"
}

# What did not change goes on; what is refused changes nothing, and is told.
check_reload() {
  local pid before set number began
  pid=$(property MainPID)
  before=$(active_alarms)
  set=$(in_force)
  write_points 26 85
  check "diff shows what would change" grep 'points: 25 added' <<<"$(ctl diff)"
  check "and changes nothing" same "$(in_force)" "$set"
  check "reload" systemctl reload hazardd
  check "nothing refused by the filters of the unit" not grep -iE 'operation not permitted|permission denied|SIGSYS' \
    <<<"$(journalctl -u hazardd -o cat)"
  check "active again" same "$(property ActiveState) $(property SubState)" "active running"
  check "another set is in force" not same "$(in_force)" "$set"
  check "the same process" same "$(property MainPID)" "$pid"
  check "the same active alarms" same "$(active_alarms)" "$before"
  check "who and why is in the log" grep 'reload by hazardd (hazardctl): .*systemctl reload' \
    <<<"$(journalctl -u hazardd -g 'reload by')"
  for number in $(seq 2 26); do mosquitto_pub -q 1 -t "hz/E1/H1/LT$number" -m 70; done
  check "a new point is watched" until_true 10 has_value E1/H1/LT26 70

  set=$(in_force)
  sed -i 's/orange/purple/' $etc/rules.d/tank-level.yaml
  began=$(date +%T)
  check "a faulty reload fails" not systemctl reload hazardd
  check "with the place of the fault" until_true 5 sh -c "journalctl -u hazardd -o cat --since $began |
    grep -E 'tank-level.yaml:[0-9]+:[0-9]+: error'"
  check "and changes nothing" same "$(in_force) $(property MainPID) $(property ActiveState)" "$set $pid active"
  sed -i 's/purple/orange/' $etc/rules.d/tank-level.yaml

  write_points 26 60
  began=$(date +%T)
  check "a reload that would raise many fails" not systemctl reload hazardd
  check "and says how many" until_true 5 sh -c "journalctl -u hazardd -o cat --since $began |
    grep '25 alarms would be raised, more than 20'"
  check "and changes nothing" same "$(in_force) $(property MainPID) $(property ActiveState)" "$set $pid active"
  check "the same active alarms" same "$(active_alarms)" "$before"
  check "not for members of hazard" not as op hazardctl reload --reason mine --max-new-alarms 25
  check "let through by the operator" ctl reload --reason agreed --max-new-alarms 25
  check "the new limit is in force" until_true 10 sh -c "hazardctl alarms --json | grep -F tank-level.high@E1/H1/LT26"

  write_points 1 85
  check "reload" systemctl reload hazardd
  check "points that left take their alarms along" until_true 10 same_alarms "$before"
  check "by a signal" systemctl kill -s HUP --kill-whom=main hazardd
  check "which the log tells" until_true 10 sh -c "journalctl -u hazardd -g 'reload by SIGHUP'"
  check "the same process" same "$(property MainPID)" "$pid"
}

check_crashes() {
  local before count began
  before=$(active_alarms)
  count=$(property NRestarts)
  began=$SECONDS
  kill -9 "$(property MainPID)"
  check "kill -9: back" until_true 30 restarted_since "$count"
  echo "        in $((SECONDS - began)) s"
  check "the same active alarms" same "$(active_alarms)" "$before"
  count=$(property NRestarts)
  began=$SECONDS
  kill -STOP "$(property MainPID)"
  check "the watchdog ends a stopped daemon, and it is back" until_true 120 restarted_since "$count"
  echo "        after $((SECONDS - began)) s (WatchdogSec=$(property WatchdogUSec))"
  check "by the watchdog" grep -i 'watchdog timeout' <<<"$(journalctl -u hazardd -o cat)"
  check "the same active alarms" same "$(active_alarms)" "$before"
}

check_stop() {
  local taken
  taken=$(time_of systemctl stop hazardd)
  check "stop under 5 s" below "$taken" 5000
  echo "        in $taken ms"
  check "a clean stop" same "$(property Result) $(property ExecMainStatus)" "success 0"
  check "start" systemctl start hazardd
  check "the alarm is still there" until_true 10 has_alarm
}

# As docs/operations.md says.
check_backup() {
  local before
  before=$(active_alarms)
  check "backup" sh -c "systemctl stop hazardd && tar -C / -czf /root/hazardd.tar.gz etc/hazardd var/lib/hazardd &&
    systemctl start hazardd"
  check "restore" sh -c "systemctl stop hazardd && rm -rf /var/lib/hazardd && tar -C / -xzf /root/hazardd.tar.gz &&
    chown -R hazardd:hazard /var/lib/hazardd && systemctl start hazardd"
  check "the same active alarms" same "$(active_alarms)" "$before"
  check "published again" until_true 30 in_redis
}

# As docs/operations.md says, "By symptom".
check_symptoms() {
  check "one process for a state folder" not runuser -u hazardd -- timeout 10 hazardd
  systemctl stop hazardd
  mv $etc/secret /root/secret
  check "no folder of secrets: not started" not systemctl start hazardd
  check "and said so by the status" same "$(property ExecMainStatus)" 243
  systemctl stop hazardd
  check "the folder is made again" systemd-tmpfiles --create hazardd.conf
  systemctl start hazardd
  check "no password: told by its path" until_true 10 sh -c "hazardctl status | grep 'password_file secret_redis can not be read'"
  cp -a /root/secret/redis $etc/secret/
  check "a restart takes the secret" systemctl restart hazardd
  check "broker and Redis are connected" until_true 20 connected
  publish 90
  mosquitto_pub -q 1 -t hz/E1/H1/NONE -m 1
  check "a point that is not there is counted" until_true 10 sh -c "hazardctl feeds --json | grep unknown-point"
  check "and shown by its name" sh -c "hazardctl unknown | grep E1/H1/NONE"
  check "top in a pipe, as a member of hazard" sh -c "runuser -u op -- hazardctl top --once | grep '^FEED'"
  check "history out of the state directory" sh -c "hazardctl history E1/H1/LT1 | grep reading"
  check "which is not for members of hazard" sh -c "runuser -u op -- hazardctl history E1/H1/LT1 2>&1 | grep 'no permission'"
  check "explained, as a member of hazard" sh -c "runuser -u op -- hazardctl explain E1/H1/LT1 | grep 'points.csv:2'"
  check "points by a pattern" sh -c "hazardctl points 'E1/H1/*' | grep LT1"
  check "how often restarted" systemctl show -P NRestarts hazardd
}

check_private_network() {
  mkdir -p /etc/systemd/system/hazardd.service.d /run/broker
  printf 'listener 0 /run/broker/mqtt.sock\nallow_anonymous true\nuser root\n' >/run/broker/conf
  systemd-run -q --unit=broker mosquitto -c /run/broker/conf
  until_true 10 test -S /run/broker/mqtt.sock
  chmod 666 /run/broker/mqtt.sock
  redis CONFIG SET unixsocketperm 777 >/dev/null
  sed 's,^# *unixsocket ,unixsocket ,; s,^unixsocketperm.*,unixsocketperm 777,' -i /etc/redis/redis.conf
  grep -q '^unixsocket ' /etc/redis/redis.conf || printf 'unixsocket /run/redis/redis-server.sock\n' >>/etc/redis/redis.conf
  printf 'unixsocketperm 777\nrequirepass secret-of-redis\n' >>/etc/redis/redis.conf
  systemctl restart redis-server
  cp $etc/hazardd.yaml /root/hazardd.yaml
  sed -i "s,^  #address: 127.0.0.1:6379,  address: unix:$(sed -n 's/^unixsocket //p' /etc/redis/redis.conf | tail -n 1)," $etc/hazardd.yaml
  sed -i 's,^  address: 127.0.0.1:1883,  address: unix:/run/broker/mqtt.sock,' $etc/hazardd.yaml
  cp /usr/share/hazardd/private-network.conf /etc/systemd/system/hazardd.service.d/
  systemctl daemon-reload
  check "private-network: start" systemctl restart hazardd
  check "private-network: broker and Redis by unix sockets" until_true 20 connected
  check "private-network: no interface but lo" same "$(grep -c : "/proc/$(property MainPID)/net/dev")" 1
  check "private-network: the alarm is still there" until_true 10 has_alarm
  systemd-analyze security --no-pager hazardd | tail -n 1 | sed 's/^[^O]*/        /'
  rm -r /etc/systemd/system/hazardd.service.d
  cp /root/hazardd.yaml $etc/hazardd.yaml
  systemctl daemon-reload
  systemctl restart hazardd
  systemctl stop broker
  systemd-analyze security --no-pager hazardd | tail -n 1 | sed 's/^[^O]*/        /'
}

check_upgrade() {
  local before pid said
  until_true 10 has_alarm
  before=$(active_alarms)
  repack 0.1.0+1
  repack 0.1.0+2
  pid=$(property MainPID)
  check "upgrade" dpkg -i $packages/0.1.0+1/*.deb
  check "upgraded" same "$(version_of)" 0.1.0+1
  check "restarted by the upgrade" until_true 20 new_process "$pid"
  check "the same active alarms" same "$(active_alarms)" "$before"

  echo 'bogus: 1' >>$etc/hazardd.yaml
  pid=$(property MainPID)
  said=$(dpkg -i $packages/0.1.0+2/*.deb 2>&1)
  check "an upgrade is refused with a faulty configuration" test $? -ne 0
  check "with the place of the fault" grep -E 'hazardd.yaml:[0-9]+:[0-9]+: error' <<<"$said"
  check "and what to do" grep 'dpkg --configure -a' <<<"$said"
  check "the old daemon watches on" same "$(property MainPID) $(is_active)" "$pid active"
  sed -i '/^bogus: 1/d' $etc/hazardd.yaml
  check "mended: the upgrade is finished" dpkg --configure -a
  check "and the daemon restarted" until_true 20 new_process "$pid"
  check "the same active alarms" same "$(active_alarms)" "$before"

  systemctl stop hazardd
  dpkg -i $packages/0.1.0+1/*.deb >/dev/null 2>&1
  check "a stopped service stays stopped in an upgrade" not is_active
  systemctl start hazardd
}

# Neither now nor earlier a good configuration: told once.
check_faulty_start() {
  systemctl stop hazardd
  mv /var/lib/hazardd /root/kept
  echo 'bogus: 1' >>$etc/hazardd.yaml
  check "no good configuration at all: not started" not systemctl start hazardd
  sleep 3 # long enough for a restart, were there one
  check "exit status 78, and no loop" same "$(property ActiveState) $(property ExecMainStatus) $(property NRestarts)" "failed 78 0"
  sed -i '/^bogus: 1/d' $etc/hazardd.yaml
  rm -rf /var/lib/hazardd
  mv /root/kept /var/lib/hazardd
  check "mended: started" systemctl start hazardd
  echo 'bogus: 1' >>$etc/hazardd.yaml
  systemctl restart hazardd
  check "faulty, but an earlier one was good: it watches" is_active
  check "with an alarm" until_true 10 sh -c "hazardctl alarms --json | grep system.config-faulty"
  sed -i '/^bogus: 1/d' $etc/hazardd.yaml
  check "mended: reloaded" systemctl reload hazardd
  check "and the alarm is over" until_true 10 not_active system.config-faulty
}

check_removal() {
  check "remove" dpkg -r hazardd
  check "stopped" not is_active
  check "removed: configuration and journal stay" test -e $etc/points.csv -a -d /var/lib/hazardd
  check "purge asks nothing" dpkg -P hazardd hazardctl hazard-bench
  check "purge leaves nothing" nothing_left
  check "but user and groups" getent passwd hazardd
}

if [ "${1:-}" = prepare ]; then
  prepare
  exit
fi
if [ "$(id -u)" != 0 ] || ! systemd-detect-virt -q --container || [ ! -d $packages ]; then
  echo "boot.sh: needs a container of its own, booted and prepared: it installs, kills and purges" >&2
  exit 2
fi
until_true 60 redis-cli PING
check_install
check_start
check_feed
check_reload
check_crashes
check_stop
check_backup
check_symptoms
check_private_network
check_upgrade
check_faulty_start
check_removal
[ $failed -eq 0 ] || journalctl -u hazardd -o short-precise --no-pager 2>/dev/null | tail -n 40
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
