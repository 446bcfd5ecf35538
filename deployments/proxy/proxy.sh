#!/usr/bin/env bash
# Runs HAProxy with the configuration and the word that the service `switch` hands out, and takes over a new
# configuration by a reload, which keeps connections. Fetched, because the engine would start a container again for a
# configuration that it mounts.
set -u
folder=/run/proxy
live=$folder/haproxy.cfg
haproxy=
stopping=

stop() { # `/healthz` says so first, so that no new requests come; then those in flight end, as `hard-stop-after` says
  stopping=yes
  [ -n "$haproxy" ] || exit 0
  tell "add map $folder/word.map stopping yes"
  sleep 5
  kill -USR1 "$haproxy" 2>/dev/null
}
trap stop USR1 TERM INT

tell() { # tell COMMAND: print what HAProxy's runtime API, which listens in this container alone, says to it
  timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9999 || exit 1
    printf "%s\n" "$1" >&3
    exec cat <&3' tell "$1" 2>/dev/null
}

ask() { # ask PATH [PORT HOST]: print what `switch` answers; fails unless it answers with 200
  timeout 3 bash -c '
    exec 3<>"/dev/tcp/$3/$2" || exit 1
    printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&3
    IFS= read -r status <&3
    [[ $status == "HTTP/"*" 200 "* ]] || exit 1
    while IFS= read -r line && [[ $line != $'"'\r'"' ]]; do :; done <&3
    exec cat <&3' ask "$1" "${2:-8407}" "${3:-switch}" 2>/dev/null
}

fetch() { # fetch VERSION: have that configuration, whole, and the word; sets `refused` where HAProxy finds it wrong
  local word
  ask /config >"$folder/next.cfg" && word=$(ask /word) || return 1
  [ "$(sha256sum "$folder/next.cfg" | cut -c1-12)" = "$1" ] || return 1
  echo "live $word" >"$folder/word.map"
  haproxy -c -q -f "$folder/next.cfg" || { refused=$1; return 1; }
  mv "$folder/next.cfg" "$live" && taken=$1
}

part() { # part COLOUR: close the WebSockets of a colour that has lost the traffic; their clients connect again
  local commands=
  for number in {1..20}; do commands+="shutdown sessions server socket_$1/bot$number;"; done
  tell "$commands" >/dev/null
}

taken=none
refused=none
heard=
left=
: >"$folder/servers"
until version=$(ask /version) && fetch "$version"; do sleep 0.2; done
haproxy -W -db -f "$live" &
haproxy=$!

while kill -0 "$haproxy" 2>/dev/null; do
  sleep 2 &
  wait -n "$haproxy" $! # a signal, or HAProxy's end, is not waited for
  [ -z "$stopping" ] || continue
  ask /healthz 8080 127.0.0.1 >/dev/null # a proxy that no one asks hears the word, too
  if word=$(ask /word) && [ -n "$word" ] && [ "$word" != "$heard" ]; then
    left=$heard since=$SECONDS heard=$word
  elif [ -n "$left" ] && [ $((SECONDS - since)) -ge 4 ]; then # what was on its way has been answered
    part "$left"
    left=
  fi
  version=$(ask /version) && [ "$version" != "$taken" ] && [ "$version" != "$refused" ] || continue
  if fetch "$version"; then
    echo "configuration $version taken over"
    # What is known of the replicas, for the process that takes over.
    tell "show servers state" >"$folder/servers.next" && mv "$folder/servers.next" "$folder/servers"
    [ -n "$stopping" ] || kill -USR2 "$haproxy"
  elif [ "$refused" = "$version" ]; then
    echo "configuration $version is refused by HAProxy, and not taken over"
  fi
done
wait "$haproxy"
