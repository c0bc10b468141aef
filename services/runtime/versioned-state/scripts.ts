/** The Lua scripts that write states. A key is replaced only if its version allows it. */
import type { RedisScript } from '../ports.ts'
import { format, formatMask, versionAt } from './format.ts'

/** Version of packed bytes; nil for no value, or one of another format, which is treated as absent. */
const versionOf = `
local function versionOf(bytes)
  local first, high, low = string.byte(bytes, 1), string.byte(bytes, ${versionAt + 1}, ${versionAt + 2})
  if not low or first - first % ${256 - formatMask} ~= ${format} then return nil end
  return high * 256 + low
end`

/** ARGV: time to live, then for each key the expected version and the new value. Returns how many keys had another version. */
export const saveScript: RedisScript = {
  name: 'saveStates',
  source: `
${versionOf}
local call, ttl, kept = redis.call, ARGV[1], 0
for i, key in ipairs(KEYS) do
  local version = versionOf(call('GETRANGE', key, 0, ${versionAt + 1}))
  if version and version ~= tonumber(ARGV[2 * i]) then kept = kept + 1
  else call('SET', key, ARGV[2 * i + 1], 'EX', ttl) end
end
return kept`,
}

/** ARGV: for each key its version. A newer stored version stays. Returns how many were deleted. */
export const eraseScript: RedisScript = {
  name: 'eraseStates',
  source: `
${versionOf}
local call, erased = redis.call, 0
for i, key in ipairs(KEYS) do
  local stored = versionOf(call('GETRANGE', key, 0, ${versionAt + 1}))
  if stored and stored <= tonumber(ARGV[i]) then erased = erased + call('DEL', key) end
end
return erased`,
}

/** ARGV: for each key a value and its time to live. A newer stored version stays; an empty value deletes, as its tombstone did. */
export const restoreScript: RedisScript = {
  name: 'restoreStates',
  source: `
${versionOf}
local call = redis.call
for i, key in ipairs(KEYS) do
  local stored = versionOf(call('GETRANGE', key, 0, ${versionAt + 1}))
  if ARGV[2 * i - 1] == '' then call('DEL', key)
  elseif not stored or stored <= versionOf(ARGV[2 * i - 1]) then call('SET', key, ARGV[2 * i - 1], 'EX', ARGV[2 * i]) end
end`,
}
