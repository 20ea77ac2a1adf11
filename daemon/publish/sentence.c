/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentences for people: message, SMS and advice, from the rule's templates or, where a rule has none
 * and for what no rule's template can mean (invalid, stale, system), from the tables below. What must
 * stay true: a sentence says what happened (a cleared alarm never reads like a raised one, a drill
 * never like the real thing), and an SMS has at most PUBLISH_SHORT_CHARS characters.
 */
#include "publish_priv.h"

#define NAME_LEAST 8u /* characters that a name keeps in an SMS */

enum language { ZH, EN, LANGUAGES };

struct sentence {
    const char *message, *brief, *advice;
};

/* By enum hz_kind; SYSTEM is by condition, below. {feed} is known here only. */
static const struct sentence by_kind[LANGUAGES][HZ_KIND_END] = {
    [ZH] =
        {
            [HZ_KIND_LIMIT] = {"{enterprise} {hazard} {point} {value}{unit}，{level}（限值 "
                               "{limit}{unit}），已持续 {for}",
                               "{hazard} {point} {value}{unit} {level}",
                               "核对现场情况，按应急预案处置。"},
            [HZ_KIND_INVALID] = {"{enterprise} {hazard} {point} 数据无效，已持续 {for}",
                                 "{hazard} {point} 数据无效",
                                 "检查仪表和线路；恢复前以现场巡检代替并记录。"},
            [HZ_KIND_STALE] = {"{enterprise} {hazard} {point} 无数据，已持续 {for}",
                               "{hazard} {point} 无数据",
                               "检查仪表、网关和网络；恢复前以现场巡检代替并记录。"},
            [HZ_KIND_GATEWAY] = {"{enterprise} 网关 {gateway} 离线，已持续 {for}，其下测点无法监测",
                                 "{enterprise} 网关 {gateway} 离线",
                                 "检查网关电源和网络；恢复前安排人工巡检并记录。"},
        },
    [EN] =
        {
            [HZ_KIND_LIMIT] =
                {"{enterprise} {hazard} {point} {value} {unit}: {level} (limit {limit} "
                 "{unit}) for {for}",
                 "{hazard} {point} {value} {unit} {level}",
                 "Check on site and follow the emergency plan."},
            [HZ_KIND_INVALID] =
                {"{enterprise} {hazard} {point}: no valid data for {for}",
                 "{hazard} {point}: no valid data",
                 "Check instrument and wiring; until then patrol and record by hand."},
            [HZ_KIND_STALE] =
                {"{enterprise} {hazard} {point}: silent for {for}", "{hazard} {point}: silent",
                 "Check instrument, gateway and network; until then patrol and record by "
                 "hand."},
            [HZ_KIND_GATEWAY] =
                {"{enterprise} gateway {gateway} is silent for {for}: its points are "
                 "not watched",
                 "{enterprise} gateway {gateway} silent",
                 "Check the gateway's power and network; until then patrol and record "
                 "by hand."},
        },
};

/* X(NAME, zh, zh advice, en, en advice): what the daemon sees of itself, as in HZ_OBSERVED. */
#define SYSTEM_SENTENCES(X)                                                                        \
    X(DISK_STALLED, "监测系统：日志磁盘无响应，报警未落盘即发布", "检查磁盘和系统日志。",          \
      "hazardd: the journal's disk does not answer, alerts go out before they are on disk",        \
      "Check disk and system log.")                                                                \
    X(JOURNAL_HOLE, "监测系统：部分数据未能写入日志", "检查磁盘；缺失范围见日志记录。",            \
      "hazardd: readings could not be written to the journal",                                     \
      "Check the disk; the journal says which are missing.")                                       \
    X(CLOCK_STEP, "监测系统：系统时钟跳变", "检查时间同步（NTP）。",                               \
      "hazardd: the system's clock was stepped", "Check time synchronisation (NTP).")              \
    X(RING_FULL, "监测系统：处理能力不足，暂停接收", "检查处理器负荷。",                           \
      "hazardd: no room left, receiving pauses", "Check the processor's load.")                    \
    X(REDIS_LOST, "监测系统：Redis 无法访问，报警暂存于本机", "检查 Redis 服务和网络。",           \
      "hazardd: Redis can't be reached, alerts wait in the alarms log",                            \
      "Check Redis and the network.")                                                              \
    X(FEED_LOST, "监测系统：数据源 {feed} 断开", "检查消息服务器和网络。",                         \
      "hazardd: feed {feed} is lost", "Check broker and network.")                                 \
    X(DROPPED, "监测系统：数据源 {feed} 有数据被丢弃", "检查负荷；丢弃数量见计数。",               \
      "hazardd: readings of feed {feed} were dropped",                                             \
      "Check the load; the counters say how many.")                                                \
    X(UNREAD, "监测系统：数据源 {feed} 未及时读取，QoS 0 数据可能已在服务器丢失",                  \
      "检查处理器负荷。",                                                                          \
      "hazardd: feed {feed} was not read in time, QoS 0 data may be lost at the broker",           \
      "Check the processor's load.")                                                               \
    X(CONFIG_FAULTY, "监测系统：配置有误，沿用上一次有效配置", "运行 hazardctl check 并更正。",    \
      "hazardd: the configuration is faulty, the last good one is in force",                       \
      "Run hazardctl check and correct it.")                                                       \
    X(FENCED, "监测系统：另一实例已接管，本实例停止发布", "确认只运行一个实例。",                  \
      "hazardd: another instance has taken over, this one publishes no more",                      \
      "See to it that one instance runs.")                                                         \
    X(QOS2, "监测系统：数据源 {feed} 收到 QoS 2 消息，已拒绝", "将发布端改为 QoS 1。",             \
      "hazardd: feed {feed} sent QoS 2, which is refused", "Let the publishers use QoS 1.")        \
    X(JOURNAL_TORN, "监测系统：上次停机时日志末尾不完整，已截断",                                  \
      "无需处理；属断电后的正常恢复。", "hazardd: the journal's end was torn and has been cut",    \
      "None: usual after a loss of power.")                                                        \
    X(GAP, "监测系统：曾中断监测", "核对中断期间的现场记录。",                                     \
      "hazardd: there was a time without watching", "Check the site's own records of that time.")  \
    X(FOREIGN, "监测系统：Redis 属于另一套系统，本系统不发布", "检查 redis.address 配置。",        \
      "hazardd: Redis holds another system's stream, nothing is published",                        \
      "Check redis.address.")                                                                      \
    X(WRONG_CLOCK, "监测系统：数据源 {feed} 有设备时钟错误", "校准设备时钟。",                     \
      "hazardd: feed {feed} has devices with a wrong clock", "Set the devices' clocks.")

static const struct sentence by_system[LANGUAGES][HZ_OBSERVED_END] = {
#define X(name, zh, zh_advice, en, en_advice) [HZ_OBSERVED_##name] = {zh, zh, zh_advice},
    [ZH] = {SYSTEM_SENTENCES(X)},
#undef X
#define X(name, zh, zh_advice, en, en_advice) [HZ_OBSERVED_##name] = {en, en, en_advice},
    [EN] = {SYSTEM_SENTENCES(X)},
#undef X
};

/* Stands in front of a sentence, since the sentence itself speaks of the condition. */
static const char *const by_event[LANGUAGES][HZ_EVENT_END] = {
    [ZH] = {[HZ_EVENT_ESCALATE] = "【升级】",
            [HZ_EVENT_DEESCALATE] = "【降级】",
            [HZ_EVENT_CLEAR] = "【恢复】",
            [HZ_EVENT_ACK] = "【已确认】",
            [HZ_EVENT_REALARM] = "【再次提醒】",
            [HZ_EVENT_SHELVE] = "【已搁置】",
            [HZ_EVENT_UNSHELVE] = "【结束搁置】",
            [HZ_EVENT_SUPPRESS] = "【已抑制】",
            [HZ_EVENT_UNSUPPRESS] = "【结束抑制】",
            [HZ_EVENT_OOS] = "【停用】",
            [HZ_EVENT_RETURN] = "【恢复投用】",
            [HZ_EVENT_RESET] = "【已复位】",
            [HZ_EVENT_REMOVE] = "【规则取消】",
            [HZ_EVENT_DISPOSE] = "【处置】",
            [HZ_EVENT_RESYNC] = "【重新同步】"},
    [EN] = {[HZ_EVENT_ESCALATE] = "[worse] ",
            [HZ_EVENT_DEESCALATE] = "[better] ",
            [HZ_EVENT_CLEAR] = "[over] ",
            [HZ_EVENT_ACK] = "[acknowledged] ",
            [HZ_EVENT_REALARM] = "[again] ",
            [HZ_EVENT_SHELVE] = "[shelved] ",
            [HZ_EVENT_UNSHELVE] = "[no longer shelved] ",
            [HZ_EVENT_SUPPRESS] = "[suppressed] ",
            [HZ_EVENT_UNSUPPRESS] = "[no longer suppressed] ",
            [HZ_EVENT_OOS] = "[out of service] ",
            [HZ_EVENT_RETURN] = "[back in service] ",
            [HZ_EVENT_RESET] = "[reset] ",
            [HZ_EVENT_REMOVE] = "[rule removed] ",
            [HZ_EVENT_DISPOSE] = "[handled] ",
            [HZ_EVENT_RESYNC] = "[resync] "},
};

static const char *const by_mode[LANGUAGES][HZ_MODE_END] = {
    [ZH] = {[HZ_MODE_TRIAL] = "【试运行】", [HZ_MODE_DRILL] = "【演练】"},
    [EN] = {[HZ_MODE_TRIAL] = "[trial] ", [HZ_MODE_DRILL] = "[drill] "},
};

static const char *const by_level[LANGUAGES][HZ_LEVEL_END] = {
    [ZH] = {"", "低低限", "低限", "高限", "高高限"},
    [EN] = {"", "low-low", "low", "high", "high-high"},
};

static enum language language_of(const struct hz_set *set)
{
    return set->config->language && strcmp(set->config->language, "en") == 0 ? EN : ZH;
}

/* "0.5秒", "45 s", "12 min", "3 h 5 min", "2 d 3 h": two units at most. */
static void add_duration(struct hz_text *to, int64_t ns, enum language language)
{
    static const char *const units[LANGUAGES][4] = {{"秒", "分钟", "小时", "天"},
                                                    {" s", " min", " h", " d"}};
    static const int64_t seconds[4] = {1, 60, 3600, 86400};
    int64_t s = ns / HZ_NS_PER_S;
    int unit = 3;

    if (s < 10) {
        hz_text_decimal(to, (double)(ns / (HZ_NS_PER_S / 10)) / 10);
        hz_text_puts(to, units[language][0]);
        return;
    }
    while (s < seconds[unit])
        unit--;
    hz_text_int(to, s / seconds[unit]);
    hz_text_puts(to, units[language][unit]);
    int64_t rest = unit > 0 ? s % seconds[unit] / seconds[unit - 1] : 0;
    if (rest > 0) {
        hz_text_puts(to, language == EN ? " " : "");
        hz_text_int(to, rest);
        hz_text_puts(to, units[language][unit - 1]);
    }
}

static struct hz_slice rule_name(const struct hz_set *set, const struct hz_transition *transition,
                                 const struct publish_words *words, enum language language)
{
    const struct hz_rule_config *rule = hz_set_rule(set, transition->rule);

    if (!rule)
        return words->rule;
    return hz_slice(language == EN ? rule->name_en : rule->name_zh);
}

static void add_word(struct hz_text *to, struct hz_slice name, const struct hz_set *set,
                     const struct hz_transition *transition, const struct publish_words *words,
                     enum language language)
{
    const struct {
        const char *name;
        struct hz_slice text;
    } known[] = {
        {"enterprise", words->enterprise},
        {"hazard", words->hazard},
        {"point", words->point},
        {"gateway", words->gateway},
        {"feed", words->feed},
        {"value", words->value},
        {"unit", words->unit},
        {"limit", words->limit},
        {"level", hz_slice(by_level[language][transition->level])},
        {"rule", rule_name(set, transition, words, language)},
    };

    if (hz_slice_is(name, "for"))
        add_duration(to, transition->for_ns, language);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (hz_slice_is(name, known[i].name) && known[i].text.length > 0)
            hz_text_slice(to, known[i].text);
    }
}

/* Placeholders were checked with the configuration: what is not known becomes nothing. */
static void expand(struct hz_text *to, const char *template, const struct hz_set *set,
                   const struct hz_transition *transition, const struct publish_words *words)
{
    enum language language = language_of(set);

    while (*template) {
        size_t plain = strcspn(template, "{");
        hz_text_add(to, template, plain);
        template += plain;
        const char *close = *template ? strchr(template, '}') : NULL;
        if (!close)
            break;
        struct hz_slice name = {template + 1, (size_t)(close - template) - 1};
        add_word(to, name, set, transition, words, language);
        template = close + 1;
    }
}

/* Words that were empty leave double blanks and blanks at the ends. Works in place. */
static void tidy(struct hz_text *text)
{
    size_t kept = 0;

    for (size_t i = 0; i < text->length; i++) {
        if (text->at[i] == ' ' && (kept == 0 || text->at[kept - 1] == ' '))
            continue;
        text->at[kept++] = text->at[i];
    }
    while (kept > 0 && text->at[kept - 1] == ' ')
        kept--;
    text->length = kept;
    text->at[kept] = '\0';
}

/* A rule's own texts speak of its limits, or of its gateways. */
static const struct hz_rule_config *speaking_rule(const struct hz_set *set,
                                                  const struct hz_transition *transition)
{
    if (transition->kind != HZ_KIND_LIMIT && transition->kind != HZ_KIND_GATEWAY)
        return NULL;
    return hz_set_rule(set, transition->rule);
}

static const struct sentence *default_sentence(const struct hz_transition *transition,
                                               enum language language)
{
    if (transition->kind == HZ_KIND_SYSTEM)
        return &by_system[language][transition->system < HZ_OBSERVED_END ? transition->system : 0];
    return &by_kind[language][transition->kind < HZ_KIND_END ? transition->kind : 0];
}

/* The text in the set's language, else in the other one, else the default. */
static const char *choose(enum language language, const char *zh, const char *en,
                          const char *otherwise)
{
    const char *own = language == EN ? en : zh, *other = language == EN ? zh : en;

    if (own)
        return own;
    if (other)
        return other;
    return otherwise ? otherwise : "";
}

static void put_marks(struct hz_text *to, const struct hz_transition *transition,
                      enum language language)
{
    const char *mode = by_mode[language][transition->mode];
    const char *event = by_event[language][transition->event];

    hz_text_puts(to, mode ? mode : "");
    hz_text_puts(to, event ? event : "");
}

void publish__message(const struct hz_set *set, const struct hz_transition *transition,
                      const struct publish_words *words, struct hz_text *to)
{
    enum language language = language_of(set);
    const struct hz_rule_config *rule = speaking_rule(set, transition);
    char buffer[PUBLISH_MESSAGE_BYTES];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));

    put_marks(&text, transition, language);
    expand(&text,
           choose(language, rule ? rule->message_zh : NULL, rule ? rule->message_en : NULL,
                  default_sentence(transition, language)->message),
           set, transition, words);
    tidy(&text);
    hz_text_add(to, text.at, text.length);
}

static size_t count_characters(struct hz_slice text)
{
    size_t count = 0;

    for (size_t at = 0; at < text.length; count++) {
        size_t bytes = hz_utf8_character(text.at + at, text.length - at);
        at += bytes > 0 ? bytes : 1;
    }
    return count;
}

/* Length of the first `most` characters. */
static size_t first_characters(struct hz_slice text, size_t most)
{
    size_t at = 0;

    for (size_t i = 0; i < most && at < text.length; i++) {
        size_t bytes = hz_utf8_character(text.at + at, text.length - at);
        at += bytes > 0 ? bytes : 1;
    }
    return at;
}

/* Takes up to `excess` characters out of a name, leaving NAME_LEAST; returns what is still too much. */
static size_t shorten(struct hz_slice *name, char to[HZ_NAME_BYTES_MAX + 4], size_t excess)
{
    size_t length = count_characters(*name);
    size_t taken = length > NAME_LEAST ? length - NAME_LEAST : 0;

    if (taken > excess)
        taken = excess;
    if (taken == 0)
        return excess;
    struct hz_text text = hz_text_in(to, HZ_NAME_BYTES_MAX + 4);
    hz_text_add(&text, name->at, first_characters(*name, length - taken - 1));
    hz_text_puts(&text, "…");
    *name = (struct hz_slice){text.at, text.length};
    return excess - taken;
}

static struct hz_slice short_text(const struct hz_set *set, const struct hz_transition *transition,
                                  const struct publish_words *words, struct hz_text *text)
{
    enum language language = language_of(set);
    const struct hz_rule_config *rule = speaking_rule(set, transition);

    put_marks(text, transition, language);
    expand(text,
           choose(language, rule ? rule->short_zh : NULL, rule ? rule->short_en : NULL,
                  default_sentence(transition, language)->brief),
           set, transition, words);
    tidy(text);
    return (struct hz_slice){text->at, text->length};
}

/* Names give way before value and level do; what is then still too long is cut. */
void publish__short(const struct hz_set *set, const struct hz_transition *transition,
                    const struct publish_words *words, struct hz_text *to)
{
    char buffer[PUBLISH_MESSAGE_BYTES], names[3][HZ_NAME_BYTES_MAX + 4];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));
    struct hz_slice all = short_text(set, transition, words, &text);
    size_t length = count_characters(all);

    if (length > PUBLISH_SHORT_CHARS) {
        struct publish_words fewer = *words;
        size_t excess = length - PUBLISH_SHORT_CHARS;
        excess = shorten(&fewer.enterprise, names[0], excess);
        excess = shorten(&fewer.point, names[1], excess);
        (void)shorten(&fewer.hazard, names[2], excess);
        text = hz_text_in(buffer, sizeof(buffer));
        all = short_text(set, transition, &fewer, &text);
        length = count_characters(all);
    }
    if (length <= PUBLISH_SHORT_CHARS) {
        hz_text_slice(to, all);
        return;
    }
    hz_text_add(to, all.at, first_characters(all, PUBLISH_SHORT_CHARS - 1));
    hz_text_puts(to, "…");
}

void publish__advice(const struct hz_set *set, const struct hz_transition *transition,
                     const struct publish_words *words, struct hz_text *to)
{
    enum language language = language_of(set);
    const struct hz_rule_config *rule = speaking_rule(set, transition);
    char buffer[PUBLISH_ADVICE_BYTES];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));

    expand(&text,
           choose(language, rule ? rule->advice_zh : NULL, rule ? rule->advice_en : NULL,
                  default_sentence(transition, language)->advice),
           set, transition, words);
    tidy(&text);
    hz_text_add(to, text.at, text.length);
}
