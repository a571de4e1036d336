/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders. */
#include "reading.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/netpol-files-XXXXXX";

static void in_root(char path[256], const char *name)
{
    snprintf(path, 256, "%s/%s", root, name);
}

static void write_file(const char *name, const char *text, size_t size)
{
    char path[256];
    in_root(path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int make_files(void **state)
{
    static const char *const folders[] = {"b", "a", "a/x", "outside"};
    static const char *const files[] = {
        "z.yaml", "b/2.yml",  "b/10.json", "b/1.yaml", "a/x/n.yaml", "c.txt",         "yaml",
        ".yaml",  "a/d.YAML", "a/.h.yaml", "e.json",   "f.yaml.x",   "outside/o.yaml"};
    char path[256], target[256];
    (void)state;
    if (!mkdtemp(root)) {
        return -1;
    }
    for (size_t i = 0; i < LENGTH(folders); i++) {
        in_root(path, folders[i]);
        if (mkdir(path, 0700) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < LENGTH(files); i++) {
        write_file(files[i], "a: 1\n", 5);
    }
    in_root(target, "outside");
    in_root(path, "b/link.yaml"); /* a link to a folder is not followed */
    int failed = symlink(target, path);
    in_root(target, "outside/o.yaml");
    in_root(path, "b/file-link.yaml"); /* one to a file is */
    failed |= symlink(target, path);
    in_root(path, "b/pipe.yaml"); /* would block for ever */
    failed |= mkfifo(path, 0600);
    return failed;
}

static int remove_files(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return system(command);
}

static int collect_name(void *user, const char *file)
{
    struct reading *r = user;
    const char *name = strncmp(file, root, sizeof root - 1) == 0 ? file + sizeof root : file;
    np_text_addf(&r->out, "%s%s", r->out.len ? " " : "", name);
    r->documents++;
    return r->documents == r->stop_at ? r->stop_with : NETPOL_OK;
}

static int count_name_only(void *user, const char *file)
{
    (void)file;
    ((struct reading *)user)->documents++;
    return NETPOL_OK;
}

static void a_folder_is_listed_in_order(void **state)
{
    (void)state;
    struct reading r;
    char path[256];
    reading_open(&r, NULL);
    assert_int_equal(np_file_list(r.ctx, root, r.diags, collect_name, &r), NETPOL_OK);
    assert_string_equal(r.out.ptr, "a/.h.yaml a/x/n.yaml b/1.yaml b/10.json b/2.yml "
                                   "b/file-link.yaml e.json outside/o.yaml z.yaml");
    assert_int_equal(netpol_diags_count(r.diags), 0);
    np_text_free(&r.out);
    in_root(path, "c.txt"); /* a file that is named is read, whatever its name */
    assert_int_equal(np_file_list(r.ctx, path, r.diags, collect_name, &r), NETPOL_OK);
    assert_int_equal(np_file_list(r.ctx, "-", r.diags, collect_name, &r), NETPOL_OK);
    assert_string_equal(r.out.ptr, "c.txt -");
    r.documents = 0;
    r.stop_at = 3;
    r.stop_with = NETPOL_ERR_STATE;
    assert_int_equal(np_file_list(r.ctx, root, r.diags, collect_name, &r), NETPOL_ERR_STATE);
    assert_int_equal(r.documents, 3);
    reading_close(&r);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    struct reading r;
    char path[256], *bytes = NULL;
    size_t size = 0;
    reading_open(&r, NULL);
    in_root(path, "missing.yaml");
    assert_int_equal(np_file_list(r.ctx, path, r.diags, collect_name, &r), NETPOL_ERR_IO);
    assert_int_equal(np_file_read(r.ctx, path, r.diags, &bytes, &size), NETPOL_ERR_IO);
    assert_int_equal(np_file_read(r.ctx, root, r.diags, &bytes, &size), NETPOL_ERR_IO);
    assert_null(bytes);
    assert_int_equal(netpol_diags_count(r.diags), 3);
    const struct netpol_diag *d = netpol_diags_at(r.diags, 1);
    assert_string_equal(d->code, "NP1001");
    assert_string_equal(d->source, path);
    assert_non_null(strstr(d->message, "No such file"));
    in_root(path, "b/dangling.yaml");
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    assert_int_equal(np_file_list(r.ctx, root, r.diags, collect_name, &r), NETPOL_ERR_IO);
    assert_int_equal(unlink(path), 0);
    reading_close(&r);
}

static void files_are_read_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 300000};
    char path[256];
    in_root(path, "sized.bin");
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct reading r;
        char *text = malloc(sizes[i] + 1), *bytes = NULL;
        size_t size = 1;
        for (size_t j = 0; j < sizes[i]; j++) {
            text[j] = (char)(j * 31 + i);
        }
        write_file("sized.bin", text, sizes[i]);
        reading_open(&r, NULL);
        assert_int_equal(np_file_read(r.ctx, path, r.diags, &bytes, &size), NETPOL_OK);
        assert_int_equal(size, sizes[i]);
        if (size) {
            assert_memory_equal(bytes, text, size);
        }
        assert_int_equal(bytes[size], 0);
        np_free(r.ctx, bytes, size + 1);
        reading_close(&r);
        free(text);
    }
    assert_int_equal(unlink(path), 0);
}

static void the_size_limit_holds(void **state)
{
    (void)state;
    struct netpol_limits limits = {.size = sizeof limits, .input_bytes = 5};
    struct reading r;
    char path[256], *bytes = NULL;
    size_t size;
    reading_open(&r, &limits);
    in_root(path, "z.yaml");
    assert_int_equal(np_file_read(r.ctx, path, r.diags, &bytes, &size), NETPOL_OK);
    np_free(r.ctx, bytes, size + 1);
    r.ctx->limits.input_bytes = 4;
    assert_int_equal(np_file_read(r.ctx, path, r.diags, &bytes, &size), NETPOL_ERR_LIMIT);
    assert_string_equal(netpol_diags_at(r.diags, 0)->code, "NP1401");
    reading_close(&r);
}

static void standard_input_is_read_to_its_end(void **state)
{
    (void)state;
    struct reading r;
    char *bytes, path[256];
    size_t size;
    in_root(path, "z.yaml");
    int saved = dup(STDIN_FILENO), file = open(path, O_RDONLY);
    assert_true(saved >= 0 && file >= 0);
    assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
    reading_open(&r, NULL);
    assert_int_equal(np_file_read(r.ctx, "-", r.diags, &bytes, &size), NETPOL_OK);
    assert_int_equal(size, 5);
    assert_string_equal(bytes, "a: 1\n");
    np_free(r.ctx, bytes, size + 1);
    reading_close(&r);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
    close(file);
}

static void every_failed_allocation_is_a_status(void **state)
{
    (void)state;
    bool finished = false;
    for (size_t n = 1; !finished; n++) {
        struct reading r;
        char path[256], *bytes = NULL;
        size_t size = 0;
        in_root(path, "z.yaml");
        reading_open(&r, NULL);
        r.memory.fail_at = r.memory.calls + n;
        int list = np_file_list(r.ctx, root, NULL, count_name_only, &r);
        int read = np_file_read(r.ctx, path, NULL, &bytes, &size);
        finished = r.memory.calls < r.memory.fail_at;
        assert_true(list == NETPOL_OK || list == NETPOL_ERR_MEMORY);
        assert_true(read == NETPOL_OK || read == NETPOL_ERR_MEMORY);
        assert_int_equal(finished, list == NETPOL_OK && read == NETPOL_OK);
        if (read == NETPOL_OK) {
            np_free(r.ctx, bytes, size + 1);
        }
        reading_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_listed_in_order),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(files_are_read_whole),
        cmocka_unit_test(the_size_limit_holds),
        cmocka_unit_test(standard_input_is_read_to_its_end),
        cmocka_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
