/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damage that a checksum does not show. Every byte of an image is changed, one at a time, and every
 * length is tried; the checksum is made right each time. What is not refused is used in every way.
 */
#include "np_cmocka.h"

#include "image_probe.h"
#include "image_seed.h"

struct world {
    struct counting *counting;
    struct netpol_ctx *ctx;
    struct seed seed;
    unsigned char *bytes; /* 64-aligned, of exactly this size */
    size_t size;
};

static void set_up(struct world *w, struct counting *c)
{
    void *bytes = NULL, *block = NULL;
    w->counting = c;
    w->ctx = counting_ctx(c, NULL);
    assert_true(seed_make(w->ctx, &w->seed));
    assert_int_equal(np_image_write(&w->seed.writer, &bytes, &w->size), NETPOL_OK);
    assert_int_equal(posix_memalign(&block, NP_IMAGE_ALIGN, w->size), 0);
    memcpy(block, bytes, w->size);
    w->bytes = block;
    np_image_free(w->ctx, bytes, w->size);
}

static void tear_down(struct world *w)
{
    free(w->bytes);
    seed_free(w->ctx, &w->seed);
    netpol_ctx_destroy(w->ctx);
    assert_int_equal(w->counting->blocks, 0);
}

static void sum(unsigned char *bytes, size_t size)
{
    struct np_image_header *header = (struct np_image_header *)(void *)bytes;
    header->checksum = np_image_checksum(bytes, size);
}

static void a_changed_byte_is_refused_or_harmless(void **state)
{
    (void)state;
    static const unsigned char changes[] = {0x01, 0x80, 0xff};
    struct counting c = {0};
    struct world w;
    struct probe probe;
    set_up(&w, &c);
    size_t refused = 0, used = 0;
    for (size_t i = 0; i < w.size; i++) {
        unsigned char change = changes[i % sizeof changes];
        w.bytes[i] ^= change;
        sum(w.bytes, w.size);
        if (probe_image(&probe, w.bytes, w.size)) {
            assert_int_equal(probe.wrong, 0);
            if (i % 32 == 0) {
                assert_int_equal(probe_public(w.ctx, w.bytes, w.size, i / 32 % 32), 0);
            }
            used++;
        } else {
            refused++;
        }
        w.bytes[i] ^= change;
    }
    sum(w.bytes, w.size);
    assert_true(probe_image(&probe, w.bytes, w.size));
    assert_int_equal(probe.wrong, 0);
    assert_true(probe.read > 0);
    assert_int_equal(probe_public(w.ctx, w.bytes, w.size, NETPOL_DUMP_TEXT), 0);
    assert_true(refused > 1000 && used > 1000);
    tear_down(&w);
}

static void a_shorter_image_is_refused(void **state)
{
    (void)state;
    struct counting c = {0};
    struct world w;
    set_up(&w, &c);
    for (size_t size = sizeof(struct np_image_header); size < w.size; size++) {
        struct probe probe;
        struct np_image_header *header = (struct np_image_header *)(void *)w.bytes;
        header->bytes = size;
        sum(w.bytes, size);
        assert_false(probe_image(&probe, w.bytes, size));
    }
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_byte_is_refused_or_harmless),
        cmocka_unit_test(a_shorter_image_is_refused),
    };
    return cmocka_run_group_tests_name("flips", tests, NULL, NULL);
}
