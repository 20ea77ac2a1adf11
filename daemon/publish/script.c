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
 * next heart-beat that finds it at the end. An append that meets anything unexpected says GAP and no
 * more: the look that follows finds out why.
 *
 * KEYS  stream, active, meta; but for append: alive; for active: the new hash
 * ARGV  mode, journal, term, epoch for a new meta, expected last id, ceiling of entries, then
 *         append  the entries in MessagePack, one after another: for each its id, its value in the
 *                 active hash or "", all fields
 *         others  run, expiry of alive in ms, now in ms, oldest id to keep, retention in ms, heart-beat
 *                 in ms, then
 *           active  id and n that the new hash is as of, the set by which it was written
 *           beat    the set in use, since when in ms, by whom, by which way, why
 * gives {status, last id of the stream, id that the active hash is as of or "", epoch, detail}
 *         OK       done
 *         GAP      nothing done: the stream ends elsewhere, or there is no active hash, or for append any
 *                  of those below (always for look)
 *         FENCED   nothing done: detail is the higher term
 *         FOREIGN  nothing done: another journal's (or another process with our journal and term);
 *                  detail is 1 while it lives, else 0
 */
#include "publish_priv.h"

/* Sets `last` to the id that Redis itself knows. */
#define LAST_ID                                                                                    \
    "last = '0-0'\n"                                                                               \
    "if call('EXISTS', stream) == 1 then\n"                                                        \
    "  local info = call('XINFO', 'STREAM', stream)\n"                                             \
    "  for i = 1, #info, 2 do\n"                                                                   \
    "    if info[i] == 'last-generated-id' then last = info[i + 1] end\n"                          \
    "  end\n"                                                                                      \
    "end\n"

/* What every call needs. An alert waits for an append, which has its part first and takes nothing from the
 * others: with cold caches a function that is made or a command that is called costs some microseconds. */
static const char text_begin[] =
    "local stream, active, meta = KEYS[1], KEYS[2], KEYS[3]\n"
    "local mode, journal, term, epoch, expect = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]\n"
    "local call = redis.call\n"
    "local m = call('HMGET', meta, 'journal', 'term', 'epoch', 'last')\n"
    "local last, tag = m[4], call('HGET', active, '@id')\n"
    "epoch = m[3] or epoch\n";

/* The entries are all in one argument (see append.c), from which one at a time is taken to locals, without
 * a table. That, and the XADD with every name in it, is written out: a loop over the fields would cost as
 * much as the XADD itself. The part of both id's numbers stays far below 2^53, where Lua's are exact. */
static const char text_append[] =
    "if mode == 'append' then\n"
    "local length = call('XLEN', stream)\n"
    "if not last or length == 0 then\n" LAST_ID "end\n"
    "if m[1] ~= journal or m[2] ~= term or last ~= expect or not tag then\n"
    "  return {'GAP', last, tag or '', epoch, ''}\n"
    "end\n"
    "local packed, at, n, take = ARGV[7], 0, '', cmsgpack.unpack_limit\n"
    "local values, all, after = {}, tag == expect, nil\n"
    "if not all then\n"
    "  after = function(a, b)\n"
    "    local am, ak = string.match(a, '^(%d+)-(%d+)$')\n"
    "    local bm, bk = string.match(b, '^(%d+)-(%d+)$')\n"
    "    if am ~= bm then return tonumber(am) > tonumber(bm) end\n"
    "    return tonumber(ak) > tonumber(bk)\n"
    "  end\n"
    "  all = not after(tag, expect)\n"
    "end\n"
    "while at >= 0 do\n";

static const char text_append_end[] =
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
    "if length >= tonumber(ARGV[6]) then call('XTRIM', stream, 'MAXLEN', '~', ARGV[6]) end\n"
    "call('HSET', meta, 'last', last)\n"
    "return {'OK', last, tag, epoch, ''}\n"
    "end\n";

static const char text_others[] =
    "local alive, run = KEYS[4], ARGV[7]\n"
    "local function answer(status, detail)\n"
    "  return {status, last, tag or '', epoch, detail or ''}\n"
    "end\n"
    "local function beat()\n"
    "  call('SET', alive, journal .. ' ' .. term .. ' ' .. run .. ' ' .. ARGV[9], 'PX', ARGV[8])\n"
    "end\n"
    "local function claim()\n"
    "  call('HSET', meta, 'major', '1', 'journal', journal, 'term', term, 'epoch', epoch,\n"
    "       'heartbeat_ms', ARGV[12], 'retention_ms', ARGV[11], 'maxlen', ARGV[6])\n"
    "end\n"
    "\n" LAST_ID "local holder = call('GET', alive)\n"
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
    "  if call('EXISTS', stream) == 1 then\n"
    "    call('RENAME', stream, stream .. ':' .. epoch)\n"
    "    call('PEXPIRE', stream .. ':' .. epoch, ARGV[11])\n"
    "  end\n"
    "  call('DEL', active)\n"
    "  call('HDEL', meta, 'last')\n"
    "  last, tag, epoch = '0-0', nil, string.format('%.0f', tonumber(epoch) + 1)\n"
    "  claim()\n"
    "  beat()\n"
    "  return answer('OK')\n"
    "end\n"
    "if m[1] and m[1] ~= journal then return answer('FOREIGN', '0') end\n"
    "if not m[1] or m[2] ~= term then claim() end\n"
    "if mode ~= 'active' then\n"
    "  beat()\n"
    "  if last ~= m[4] then call('HSET', meta, 'last', last) end\n"
    "end\n"
    "if mode == 'look' or last ~= expect then return answer('GAP') end\n"
    "\n"
    "if mode == 'active' then\n"
    "  call('HSET', KEYS[5], '@id', ARGV[13], '@n', ARGV[14])\n"
    "  call('PERSIST', KEYS[5])\n"
    "  call('RENAME', KEYS[5], active)\n"
    "  call('HSET', meta, 'members', ARGV[15])\n"
    "  tag = ARGV[13]\n"
    "  return answer('OK')\n"
    "end\n"
    "if not tag then return answer('GAP') end\n"
    "claim()\n"
    "call('HSET', meta, 'set', ARGV[13], 'set_t', ARGV[14], 'set_by', ARGV[15], 'set_via', "
    "ARGV[16],\n"
    "     'set_reason', ARGV[17])\n"
    "call('XTRIM', stream, 'MINID', '~', ARGV[10])\n"
    "return answer('OK')\n";

_Static_assert(3 * HZ_FIELD_COUNT < 220, "a Lua function has 250 registers, and 200 locals");

void publish__script(struct hz_text *to)
{
    hz_text_puts(to, text_begin);
    hz_text_puts(to, text_append);
    hz_text_puts(to, "  local rest, id, value");
    for (int field = 0; field < HZ_FIELD_COUNT; field++)
        hz_text_format(to, ",f%d", field);
    hz_text_format(to, " = take(packed, %d, at)\n  call('XADD', stream, id", HZ_FIELD_COUNT + 2);
    for (int field = 0; field < HZ_FIELD_COUNT; field++)
        hz_text_format(to, ",'%s',f%d", hz_entry_field_names[field], field);
    hz_text_puts(to, ")\n");
    hz_text_format(to, text_append_end, HZ_FIELD_COND, HZ_FIELD_N);
    hz_text_puts(to, text_others);
}
