/**
 * The Lua scripts of hour buckets. All entries of a call come in one packed argument, so that a batch costs a few commands instead of
 * one per bucket:
 *
 *     u16 key · u8 number of other keys · u16 each other key · 8 bytes hash · u8 length · value
 *
 * Keys are indexes into KEYS, from 0. On a cluster all keys of a call share a hash slot, so an entry is claimed atomically there too.
 */
import type { RedisScript } from '../ports.ts'

const eachEntry = (body: string) => `
local blob, at, n, out = ARGV[1], 1, 0, {}
local byte, sub, call = string.byte, string.sub, redis.call
while at <= #blob do
  n = n + 1
  local high, low, others = byte(blob, at, at + 2)
  local key, from = KEYS[high * 256 + low + 1], at + 3 + 2 * others
  local hash, size = sub(blob, from, from + 7), byte(blob, from + 8)
  local value = sub(blob, from + 9, from + 8 + size)
  ${body}
  at = from + 9 + size
end`

const expire = `
for key in pairs(written) do call('EXPIRE', key, ARGV[2]) end`

/** Returns the entries with another holder: index (from 1), value, index, value … */
export const claimScript: RedisScript = {
  name: 'claim',
  source: `
local written = {}
${eachEntry(`
  local holder = false
  for other = at + 3, from - 1, 2 do
    local a, b = byte(blob, other, other + 1)
    holder = call('HGET', KEYS[a * 256 + b + 1], hash)
    if holder then break end
  end
  if not holder then
    written[key] = true
    if call('HSETNX', key, hash, value) == 0 then holder = call('HGET', key, hash) end
  end
  if holder and holder ~= value then
    out[#out + 1] = n
    out[#out + 1] = holder
  end`)}
${expire}
return out`,
}

/** Returns the entries that exist: index (from 1), value, index, value … */
export const readScript: RedisScript = {
  name: 'read',
  source: `
${eachEntry(`
  local found = call('HGET', key, hash)
  if found then
    out[#out + 1] = n
    out[#out + 1] = found
  end`)}
return out`,
}

export const writeScript: RedisScript = {
  name: 'write',
  source: `
local written = {}
${eachEntry(`
  call('HSET', key, hash, value)
  written[key] = true`)}
${expire}
return out`,
}

/**
 * Removes buckets whose keys begin with KEYS[1], a part at a time: a key space of millions would else block Redis for seconds.
 * @param ARGV[1] the cursor, `0` at first. Returns the next cursor, `0` at the end, and how many entries are gone
 */
export const clearScript: RedisScript = {
  name: 'clear-buckets',
  source: `
local found = redis.call('SCAN', ARGV[1], 'MATCH', KEYS[1] .. '*', 'COUNT', 1000)
local entries = 0
for _, key in ipairs(found[2]) do
  entries = entries + redis.call('HLEN', key)
  redis.call('DEL', key)
end
return {found[1], entries}`,
}
