/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentences in Chinese: those of hazardctl, and those with which the daemon refuses. They are looked up
 * when they are finished: a pattern stands for what it was made of, {} for each value, in the same order
 * in both languages. What must stay true: a sentence of no pattern is shown as it is, in English; no value
 * is lost. Help texts and --json are not translated.
 */
#include "ctl.h"

#include <stdlib.h>

#define VALUES_MAX 6u
#define DEPTH_MOST 2u /* a value may be a sentence, too */

/* The first that fits counts: the special before the general. */
static const struct ctl_sentence sentences[] = {
    /* the daemon, from here */
    {"hazardd is not reachable at {}: {}", "连接不上 {} 处的 hazardd：{}"},
    {"hazardd at {} has not answered for {} s (--timeout)",
     "{} 处的 hazardd 在 {} 秒内没有应答（--timeout）"},
    {"hazardd at {} closed the connection before its answer had ended",
     "{} 处的 hazardd 在应答结束之前关闭了连接"},
    {"no permission for {}: be root, or a member of group hazard",
     "没有访问 {} 的权限：请用 root，或加入 hazard 组"},
    {"no permission for {}: be root, or the user of hazardd",
     "没有访问 {} 的权限：请用 root 或 hazardd 的用户"},
    {"is it running?   systemctl status hazardd", "是否在运行？   systemctl status hazardd"},
    {"start it         systemctl start hazardd", "启动           systemctl start hazardd"},
    {"another socket   hazardctl --socket PATH, or $HAZARDD_SOCKET",
     "换一个套接字   hazardctl --socket 路径，或 $HAZARDD_SOCKET"},
    {"a line of the answer is too long", "应答中有一行过长"},
    {"a line of the answer is not a JSON object", "应答中有一行不是 JSON 对象"},
    {"{}: the arguments are longer than {} bytes", "{}：参数超过 {} 字节"},
    /* the daemon's refusals */
    {"there is no point '{}' in the set in force: an id is enterprise/hazard/code, or write a "
     "pattern: '*/LT101'",
     "生效配置中没有测点 '{}'：编号写作 企业/重大危险源/代码，或写成模式 '*/LT101'"},
    {"there is no hazard source '{}' in the set in force: an id is enterprise/code",
     "生效配置中没有重大危险源 '{}'：编号写作 企业/代码"},
    {"there is no enterprise '{}' in the set in force", "生效配置中没有企业 '{}'"},
    {"there is no alarm {} that waits for anything", "没有等待处理的报警 {}"},
    {"alarm {} is not waiting for an acknowledgement", "报警 {} 不需要确认"},
    {"'{}' is not permitted: it needs root or {}", "没有执行 '{}' 的权限：需要 root 或 {}"},
    {"group hazard or hazard-admin", "hazard 组或 hazard-admin 组"},
    {"group hazard-admin", "hazard-admin 组"},
    {"too many commands are under way, try again", "正在执行的命令太多，请稍后再试"},
    {"the engine is busy, try again", "规则引擎忙，请稍后再试"},
    {"the disk is busy, try again", "磁盘忙，请稍后再试"},
    {"the alarms log has no such entry", "报警日志中没有这条记录"},
    {"{} others are reading the alarms log already", "已有 {} 处正在读报警日志"},
    {"no memory for the answer", "内存不足，无法应答"},
    {"hazardd is stopping", "hazardd 正在停止"},
    {"there is no command '{}'", "没有命令 '{}'"},
    {"'{}' has no argument '{}'", "'{}' 没有参数 '{}'"},
    {"'{}' needs the argument '{}'", "'{}' 缺少参数 '{}'"},
    {"{}: '{}' is not a whole number from {} to {}", "{}：'{}' 不是 {} 到 {} 的整数"},
    /* the command line */
    {"there is no command '{}'; did you mean {}?", "没有命令 '{}'；是否指 {}？"},
    {"there is no command '{}'; see hazardctl help", "没有命令 '{}'；见 hazardctl help"},
    {"{}: {} '{}'; did you mean {}?", "{}：{} '{}'；是否指 {}？"},
    {"{}: {} '{}'; see hazardctl help {}", "{}：{} '{}'；见 hazardctl help {}"},
    {"there is no option", "没有选项"},
    {"a value is missing behind", "缺少值："},
    {"no value is taken by", "不带值："},
    {"too much:", "多余的"},
    {"{} needs {}; see hazardctl help {}", "{} 需要 {}；见 hazardctl help {}"},
    {"{}: --timeout takes seconds, 1 to {}, not '{}'",
     "{}：--timeout 为秒数，1 到 {}，不能是 '{}'"},
    {"{}: --color takes auto, always or never, not '{}'",
     "{}：--color 为 auto、always 或 never，不能是 '{}'"},
    {"{}: --{} '{}': {}", "{}：--{} '{}'：{}"},
    {"is none of red, orange, yellow, blue", "应为 red、orange、yellow、blue 之一"},
    {"is none of hazard, enterprise, park", "应为 hazard、enterprise、park 之一"},
    {"is not a whole number of seconds, {} to {}", "不是 {} 到 {} 的整秒数"},
    {"is not a whole number from {} to {}", "不是 {} 到 {} 的整数"},
    {"is not a whole number, {} to {}", "不是 {} 到 {} 的整数"},
    {"is neither a number nor a stream id (1763903047123-0)",
     "既不是序号，也不是流编号（1763903047123-0）"},
    {"is no moment: write 2026-11-24, \"2026-11-24 12:30\", 12:30, 2h (ago), or ms since 1970",
     "不是时刻：请写 2026-11-24、\"2026-11-24 12:30\"、12:30、2h（之前）或 1970 年以来的毫秒数"},
    /* history, explain, check, config, top */
    {"the journal knows no point '{}'; did you mean {}?", "日志中没有测点 '{}'；是否指 {}？"},
    {"the journal knows no point '{}': an id is enterprise/hazard/code",
     "日志中没有测点 '{}'：编号写作 企业/重大危险源/代码"},
    {"{} at {}: damaged; the rest of this segment is passed over",
     "{} 在 {} 处损坏，跳过该段的其余部分"},
    {"there is no alarm, condition or point '{}'", "没有报警、条件或测点 '{}'"},
    {"{} can't be read: as root, or as the user of hazardd, this shows also the whole episode and "
     "the "
     "readings",
     "无法读取 {}：以 root 或 hazardd 的用户运行时，还会显示整个报警过程和读数"},
    {"the configuration in {} can't be used: hazardctl check says why",
     "{} 中的配置不可用，原因见 hazardctl check"},
    {"the limits are those of the files in {}, which are not the set in force ({})",
     "所列限值来自 {} 中的文件，并不是生效的配置（{}）"},
    {"the rule has been changed since the last entry: its revision was {}, in the files it is {}",
     "最后一条记录之后规则有改动：当时版本 {}，文件中为 {}"},
    {"config: there is no {}: these are the defaults", "config：没有 {}，以下为默认值"},
    {"no memory", "内存不足"},
    {"the output could not be written: {}", "输出无法写入：{}"},
    {"the output could not be written", "输出无法写入"},
    /* reasons */
    {"No such file or directory", "没有那个文件或目录"},
    {"Connection refused", "连接被拒绝"},
    {"Permission denied", "权限不够"},
    {"No space left on device", "磁盘空间已满"},
    {"File name too long", "文件名过长"},
    {"stored data is damaged", "存储的数据已损坏"},
    {"the format version is not known to this release", "本版本不识别该格式版本"},
    {"refused", "被拒绝"},
};

const struct ctl_sentence *ctl_sentences(size_t *ret_count)
{
    *ret_count = sizeof(sentences) / sizeof(sentences[0]);
    return sentences;
}

/* Does the sentence fit? The values lie in it. */
static bool fits(const char *pattern, const char *sentence, struct hz_slice values[VALUES_MAX])
{
    const char *hole = strstr(pattern, "{}");
    size_t fixed = hole ? (size_t)(hole - pattern) : strlen(pattern);

    if (strncmp(pattern, sentence, fixed) != 0)
        return false;
    sentence += fixed;
    for (unsigned i = 0; hole; i++) {
        const char *behind = hole + 2, *next = strstr(behind, "{}"), *end = NULL;
        char piece[256];
        size_t length = next ? (size_t)(next - behind) : strlen(behind);

        if (i == VALUES_MAX || length >= sizeof(piece))
            return false;
        memcpy(piece, behind, length);
        piece[length] = '\0';
        if (next) {
            end = strstr(sentence, piece);
        } else if (strlen(sentence) >= length) { /* the last piece ends the sentence */
            end = sentence + strlen(sentence) - length;
            end = strcmp(end, piece) == 0 ? end : NULL;
        }
        if (!end)
            return false;
        values[i] = (struct hz_slice){sentence, (size_t)(end - sentence)};
        sentence = end + length;
        hole = next;
    }
    return *sentence == '\0';
}

static void translate(const char *sentence, size_t length, unsigned depth, struct hz_text *to);

static void fill_in(const char *pattern, const struct hz_slice values[VALUES_MAX], unsigned depth,
                    struct hz_text *to)
{
    for (const char *hole; (hole = strstr(pattern, "{}")); pattern = hole + 2, values++) {
        hz_text_add(to, pattern, (size_t)(hole - pattern));
        translate(values->at, values->length, depth + 1, to);
    }
    hz_text_puts(to, pattern);
}

static void translate(const char *sentence, size_t length, unsigned depth, struct hz_text *to)
{
    struct hz_slice values[VALUES_MAX] = {{0}};
    char *copy = depth < DEPTH_MOST ? strndup(sentence, length) : NULL;

    for (size_t i = 0; copy && i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (!fits(sentences[i].en, copy, values))
            continue;
        fill_in(sentences[i].zh, values, depth, to);
        free(copy);
        return;
    }
    hz_text_add(to, sentence, length);
    free(copy);
}

void ctl_in_chinese(const char *sentence, struct hz_text *to)
{
    translate(sentence, strlen(sentence), 0, to);
}
