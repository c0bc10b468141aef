/**
 * What hour buckets do inside Redis. All entries of a call come in one packed argument, so that a batch costs a handful of
 * commands instead of one for each bucket:
 *
 *     u16 key · u8 number of other keys · u16 each other key · 8 bytes mark · u8 length · value
 *
 * Keys are indexes into KEYS, from 0. Everything a call touches shares a hash slot, so one call is one step on a cluster too.
 */
import type { RedisScript } from '../ports.ts'

const eachEntry = (body: string) => `
local blob, at, n, out = ARGV[1], 1, 0, {}
local byte, sub, call = string.byte, string.sub, redis.call
while at <= #blob do
  n = n + 1
  local high, low, others = byte(blob, at, at + 2)
  local key, from = KEYS[high * 256 + low + 1], at + 3 + 2 * others
  local mark, size = sub(blob, from, from + 7), byte(blob, from + 8)
  local value = sub(blob, from + 9, from + 8 + size)
  ${body}
  at = from + 9 + size
end`

const expire = `
for key in pairs(written) do call('EXPIRE', key, ARGV[2]) end`

/** Answers only what somebody else holds: place (from 1), value, place, value … */
export const claimScript: RedisScript = {
  name: 'claim',
  source: `
local written = {}
${eachEntry(`
  local held = false
  for place = at + 3, from - 1, 2 do
    local a, b = byte(blob, place, place + 1)
    held = call('HGET', KEYS[a * 256 + b + 1], mark)
    if held then break end
  end
  if not held then
    written[key] = true
    if call('HSETNX', key, mark, value) == 0 then held = call('HGET', key, mark) end
  end
  if held and held ~= value then
    out[#out + 1] = n
    out[#out + 1] = held
  end`)}
${expire}
return out`,
}

/** Answers what is there: place (from 1), value, place, value … */
export const readScript: RedisScript = {
  name: 'read',
  source: `
${eachEntry(`
  local held = call('HGET', key, mark)
  if held then
    out[#out + 1] = n
    out[#out + 1] = held
  end`)}
return out`,
}

export const writeScript: RedisScript = {
  name: 'write',
  source: `
local written = {}
${eachEntry(`
  call('HSET', key, mark, value)
  written[key] = true`)}
${expire}
return out`,
}
