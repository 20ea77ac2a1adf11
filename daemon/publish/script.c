/* SPDX-License-Identifier: Apache-2.0
 *
 * The script that every change of the stream goes through, as Redis gets it. Redis runs a script as a
 * whole, nothing comes between its commands: so a look at what is there and the change that depends
 * on it are one. What must stay true: no call changes anything unless the stream ends exactly at the
 * entry that the caller expects, the journal in charge is the caller's, and nobody with a higher term
 * has taken over. So no hole can form, a repeat is refused, and a process that was replaced finds out
 * at its next call.
 *
 * Where the stream ends costs as much to ask as an entry to add. An append therefore goes by `last` in
 * meta, which this script alone writes, as long as the stream has entries; all other modes ask, and
 * put it right. What somebody else adds to the stream is seen when its id is in the way, or by the
 * next heart-beat that finds it at the end.
 *
 * KEYS  stream, active, meta, alive, and for `active` the new hash
 * ARGV  mode, journal, term, run, epoch for a new meta, expected last id, expiry of alive in ms, now in
 *       ms, oldest id to keep, ceiling of entries, retention in ms, heart-beat in ms, then
 *         append  the entries in MessagePack, one after another: for each its id, its value in the
 *                 active hash or "", all fields
 *         active  id and n that the new hash is as of
 *         beat    the set in use, since when in ms, by whom, by which way, why
 * gives {status, last id of the stream, id that the active hash is as of or "", epoch, detail}
 *         OK       done
 *         GAP      nothing done: the stream ends elsewhere, or there is no active hash (always for look)
 *         FENCED   nothing done: detail is the higher term
 *         FOREIGN  nothing done: another journal's (or another process with our journal and term);
 *                  detail is 1 while it lives, else 0
 */
#include "publish_priv.h"

static const char text_checks[] =
    "local stream, active, meta, alive = KEYS[1], KEYS[2], KEYS[3], KEYS[4]\n"
    "local mode, journal, term, run, epoch = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]\n"
    "local expect = ARGV[6]\n"
    "local last, tag\n"
    "local function answer(status, detail)\n"
    "  return {status, last, tag or '', epoch, detail or ''}\n"
    "end\n"
    "local function last_id()\n"
    "  if redis.call('EXISTS', stream) == 0 then return '0-0' end\n"
    "  local info = redis.call('XINFO', 'STREAM', stream)\n"
    "  for i = 1, #info, 2 do\n"
    "    if info[i] == 'last-generated-id' then return info[i + 1] end\n"
    "  end\n"
    "end\n"
    /* Both parts stay far below 2^53, where Lua's numbers are exact. */
    "local function after(a, b)\n"
    "  local am, ak = string.match(a, '^(%d+)-(%d+)$')\n"
    "  local bm, bk = string.match(b, '^(%d+)-(%d+)$')\n"
    "  if am ~= bm then return tonumber(am) > tonumber(bm) end\n"
    "  return tonumber(ak) > tonumber(bk)\n"
    "end\n"
    "local function beat()\n"
    "  redis.call('SET', alive, journal .. ' ' .. term .. ' ' .. run .. ' ' .. ARGV[8],\n"
    "             'PX', ARGV[7])\n"
    "end\n"
    "local function claim()\n"
    "  redis.call('HSET', meta, 'major', '1', 'journal', journal, 'term', term, 'epoch', epoch,\n"
    "             'heartbeat_ms', ARGV[12], 'retention_ms', ARGV[11], 'maxlen', ARGV[10])\n"
    "end\n"
    "\n"
    "local m = redis.call('HMGET', meta, 'journal', 'term', 'epoch', 'last')\n"
    "last, tag, epoch = m[4], redis.call('HGET', active, '@id'), m[3] or epoch\n"
    "if mode ~= 'append' or not last or redis.call('XLEN', stream) == 0 then\n"
    "  last = last_id()\n"
    "end\n"
    "local holder = redis.call('GET', alive)\n"
    "local its, its_term, its_run\n"
    "if holder then its, its_term, its_run = string.match(holder, '^(%S+) (%S+) (%S+)') end\n"
    "if m[1] == journal and tonumber(m[2] or 0) > tonumber(term) then\n"
    "  return answer('FENCED', m[2])\n"
    "end\n"
    "if its and (its ~= journal or (its_term == term and its_run ~= run)) then\n"
    "  return answer('FOREIGN', '1')\n"
    "end\n"
    "if mode == 'aside' then\n"
    "  if last ~= expect then return answer('GAP') end\n"
    "  if redis.call('EXISTS', stream) == 1 then\n"
    "    redis.call('RENAME', stream, stream .. ':' .. epoch)\n"
    "    redis.call('PEXPIRE', stream .. ':' .. epoch, ARGV[11])\n"
    "  end\n"
    "  redis.call('DEL', active)\n"
    "  redis.call('HDEL', meta, 'last')\n"
    "  last, tag, epoch = '0-0', nil, string.format('%.0f', tonumber(epoch) + 1)\n"
    "  claim()\n"
    "  beat()\n"
    "  return answer('OK')\n"
    "end\n"
    "if m[1] and m[1] ~= journal then return answer('FOREIGN', '0') end\n"
    "if not m[1] or m[2] ~= term then claim() end\n"
    "if mode == 'look' or mode == 'beat' then\n"
    "  beat()\n"
    "  if last ~= m[4] then redis.call('HSET', meta, 'last', last) end\n"
    "end\n"
    "if mode == 'look' or last ~= expect then return answer('GAP') end\n"
    "\n"
    "if mode == 'active' then\n"
    "  redis.call('HSET', KEYS[5], '@id', ARGV[13], '@n', ARGV[14])\n"
    "  redis.call('PERSIST', KEYS[5])\n"
    "  redis.call('RENAME', KEYS[5], active)\n"
    "  tag = ARGV[13]\n"
    "  return answer('OK')\n"
    "end\n"
    "if not tag then return answer('GAP') end\n"
    "if mode == 'beat' then\n"
    "  claim()\n"
    "  redis.call('HSET', meta, 'set', ARGV[13], 'set_t', ARGV[14], 'set_by', ARGV[15],\n"
    "             'set_via', ARGV[16], 'set_reason', ARGV[17])\n"
    "  redis.call('XTRIM', stream, 'MINID', '~', ARGV[9])\n"
    "  return answer('OK')\n"
    "end\n";

/* The entries are all in one argument (see append.c), from which one at a time is taken to locals, without
 * a table. That, and the XADD with every name in it, is written out: a loop over the fields would cost as
 * much as the XADD itself. */
static const char text_append[] =
    "\n"
    "local packed, at, n, call, take = ARGV[13], 0, '', redis.call, cmsgpack.unpack_limit\n"
    "local values, all = {}, tag == expect or not after(tag, expect)\n"
    "while at >= 0 do\n";

static const char text_end[] =
    "  if all or after(id, tag) then\n"
    "    values[f%d] = value\n"
    "    tag, n, all = id, f%d, true\n"
    "  end\n"
    "  at, last = rest, id\n"
    "end\n"
    "if n ~= '' then\n"
    "  local set, gone = {'HSET', active, '@id', tag, '@n', n}, {'HDEL', active}\n"
    "  for cond, value in pairs(values) do\n"
    "    if value == '' then\n"
    "      gone[#gone + 1] = cond\n"
    "    else\n"
    "      set[#set + 1], set[#set + 2] = cond, value\n"
    "    end\n"
    "  end\n"
    "  call(unpack(set))\n"
    "  if #gone > 2 then call(unpack(gone)) end\n"
    "end\n"
    "call('XTRIM', stream, 'MAXLEN', '~', ARGV[10])\n"
    "call('HSET', meta, 'last', last)\n"
    "return answer('OK')\n";

_Static_assert(3 * HZ_FIELD_COUNT < 220, "a Lua function has 250 registers, and 200 locals");

void publish__script(struct hz_text *to)
{
    hz_text_puts(to, text_checks);
    hz_text_puts(to, text_append);
    hz_text_puts(to, "  local rest, id, value");
    for (int field = 0; field < HZ_FIELD_COUNT; field++)
        hz_text_format(to, ",f%d", field);
    hz_text_format(to, " = take(packed, %d, at)\n  call('XADD', stream, id", HZ_FIELD_COUNT + 2);
    for (int field = 0; field < HZ_FIELD_COUNT; field++)
        hz_text_format(to, ",'%s',f%d", hz_entry_field_names[field], field);
    hz_text_puts(to, ")\n");
    hz_text_format(to, text_end, HZ_FIELD_COND, HZ_FIELD_N);
}
