#!/usr/bin/env bash
# Runs HAProxy with the configuration and the word that the service `switch` hands out, and takes over a new
# configuration by a reload, which keeps connections. Fetched, because the engine would start a container anew for a
# configuration that it mounts.
set -u
folder=/run/proxy
live=$folder/haproxy.cfg

ask() { # ask PATH: print what `switch` answers; fails unless it answers with 200
  timeout 3 bash -c '
    exec 3<>/dev/tcp/switch/8407 || exit 1
    printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&3
    IFS= read -r status <&3
    [[ $status == "HTTP/"*" 200 "* ]] || exit 1
    while IFS= read -r line && [[ $line != $'"'\r'"' ]]; do :; done <&3
    exec cat <&3' ask "$1" 2>/dev/null
}

fetch() { # fetch: have the newest configuration and word, the configuration found right by HAProxy itself
  local version word
  version=$(ask /version) && ask /config >"$folder/next.cfg" || return 1
  word=$(ask /word) && echo "live $word" >"$folder/word.map" || return 1
  haproxy -c -q -f "$folder/next.cfg" || return 1
  mv "$folder/next.cfg" "$live" && taken=$version
}

remember() { # keep what is known of the replicas for the one that takes over
  timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9999 || exit 1
    printf "show servers state\n" >&3
    exec cat <&3' >"$folder/servers.next" 2>/dev/null && mv "$folder/servers.next" "$folder/servers"
}

taken=none
: >"$folder/servers"
until fetch; do sleep 0.2; done
haproxy -W -db -f "$live" &
haproxy=$!
stop() { # let requests in flight end, as `grace` and `hard-stop-after` say
  kill -USR1 "$haproxy" 2>/dev/null
}
trap stop USR1 TERM INT

while kill -0 "$haproxy" 2>/dev/null; do
  sleep 2 &
  wait -n "$haproxy" $! # a signal, or HAProxy's end, is not waited for
  version=$(ask /version) && [ "$version" != "$taken" ] || continue
  if fetch; then
    echo "configuration $taken taken over"
    remember
    kill -USR2 "$haproxy"
  else
    echo "configuration $version not taken over" && taken=$version
  fi
done
wait "$haproxy"
