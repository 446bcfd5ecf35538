"""The scripts with which a replica changes a conversation's queue in Redis in one step; `locks` says why."""

from __future__ import annotations

READ = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local number = tonumber(ARGV[2])
local stored = redis.call('GET', KEYS[1])
local texts, mine, expires = {}, nil, 0
for _, text in ipairs(stored and cjson.decode(stored).tickets or {}) do
  local ticket = cjson.decode(text)
  if ticket.expires >= now then
    table.insert(texts, text)
    if ticket.number == number then mine, expires = #texts, ticket.expires end
  end
end
local function write()
  if #texts == 0 then return redis.call('DEL', KEYS[1]) end
  local text, seconds = cjson.encode({conversation_id = ARGV[1], tickets = texts}), tonumber(ARGV[4])
  if seconds > 0 then return redis.call('SET', KEYS[1], text, 'EX', seconds) end
  redis.call('SET', KEYS[1], text)
end
"""
"""Reads the tickets that have not expired, by Redis's clock.

KEYS: the list; ARGV: conversation, own number, lifetime of a ticket, seconds that the list is kept (0: without end).
"""
ASK = (
    READ
    + """
local lifetime = tonumber(ARGV[3])
local fresh = not mine
if fresh or expires - now < lifetime * 2 / 3 then
  mine = mine or #texts + 1
  texts[mine] = string.format('{"number": %s, "expires": %.6f}', ARGV[2], now + lifetime)
  write()
end
return {fresh and 1 or 0, mine - 1}
"""
)
"""Takes a ticket, or renews it; returns whether it was not there before, and how many are before it."""
GIVE_BACK = (
    READ
    + """
if not mine then return 0 end
table.remove(texts, mine)
write()
return 1
"""
)
"""Removes the own ticket, whatever the others are; returns whether it was still there."""
