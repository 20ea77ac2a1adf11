/* SPDX-License-Identifier: Apache-2.0
 *
 * docs/registry.md says of every column what the code says, in its order, and of no other.
 */
#include "registry_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static char *docs;

static int read_docs(void **state)
{
    FILE *from = fopen(HZ_TEST_DOCS "/registry.md", "r");
    size_t size = 0;

    (void)state;
    if (!from || getdelim(&docs, &size, '\0', from) <= 0)
        return -1;
    fclose(from);
    return 0;
}

static int forget_docs(void **state)
{
    (void)state;
    free(docs);
    return 0;
}

/* The text between a heading and the next, with its table's rows. */
static void expect_section(const struct registry_table *table, char *to, size_t size)
{
    struct hz_text text = hz_text_in(to, size);

    hz_text_puts(&text, "| column | | what |\n|---|---|---|\n");
    for (size_t i = 0; i < table->count; i++)
        hz_text_format(&text, "| `%s` | %s | %s |\n", table->columns[i].name,
                       table->columns[i].required ? "required" : "", table->columns[i].help);
    assert_false(text.overflow);
}

static void docs_and_code_have_the_same_columns(void **state)
{
    static const struct registry_table *const tables[] = {&registry__parks, &registry__enterprises,
                                                          &registry__hazards, &registry__gateways,
                                                          &registry__points};

    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char heading[64], wanted[8192];
        const char *section, *end;

        snprintf(heading, sizeof(heading), "\n### %s", tables[i]->file);
        section = strstr(docs, heading);
        assert_non_null(section);
        section = strstr(section, "\n\n");
        assert_non_null(section);
        section += 2;
        end = strstr(section, "\n\n");
        assert_non_null(end);
        expect_section(tables[i], wanted, sizeof(wanted));
        assert_int_equal((size_t)(end + 1 - section), strlen(wanted));
        assert_memory_equal(section, wanted, strlen(wanted));
    }
}

/* What the reader relies on. */
static void columns_are_named_once_and_fit_their_row(void **state)
{
    static const struct registry_table *const tables[] = {&registry__parks, &registry__enterprises,
                                                          &registry__hazards, &registry__gateways,
                                                          &registry__points};
    static const size_t bytes[REGISTRY_TYPES] = {
        [REGISTRY_CODE] = sizeof(struct hz_slice),  [REGISTRY_KEY] = sizeof(struct hz_slice),
        [REGISTRY_TEXT] = sizeof(struct hz_slice),  [REGISTRY_WORD] = sizeof(struct hz_slice),
        [REGISTRY_WORDS] = sizeof(struct hz_slice), [REGISTRY_DATE] = sizeof(struct hz_slice),
        [REGISTRY_CAS] = sizeof(struct hz_slice),   [REGISTRY_NUMBER] = sizeof(double),
        [REGISTRY_DURATION] = sizeof(int64_t),      [REGISTRY_CHOICE] = 1};

    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (size_t a = 0; a < tables[i]->count; a++)
            for (size_t b = 0; b < tables[i]->count; b++) {
                const struct registry_column *one = &tables[i]->columns[a];
                const struct registry_column *other = &tables[i]->columns[b];

                assert_true(one->offset + bytes[one->type] <= tables[i]->bytes);
                assert_true((one->type == REGISTRY_CHOICE) == (one->words != NULL));
                if (a == b)
                    continue;
                assert_string_not_equal(one->name, other->name);
                assert_true(one->offset + bytes[one->type] <= other->offset ||
                            other->offset + bytes[other->type] <= one->offset);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docs_and_code_have_the_same_columns),
        cmocka_unit_test(columns_are_named_once_and_fit_their_row),
    };

    return cmocka_run_group_tests(tests, read_docs, forget_docs);
}
