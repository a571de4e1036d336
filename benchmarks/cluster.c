/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the cluster. One description of every object (a small event writer with maps, lists and
 * scalars) and two printers, so that the YAML and the JSON say the same.
 */
#include "cluster.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16 };
struct writer {
    char *bytes;
    size_t size, capacity;
    bool json, failed;
    int depth;            /* open collections */
    bool list[MAX_DEPTH]; /* of each: a list? */
    bool any[MAX_DEPTH];  /* of each: has an element? */
    bool dash;            /* YAML: the next key goes on the line of a '-' */
};

static void put(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writer *w, const char *format, ...)
{
    va_list args;
    if (w->capacity - w->size < 512) {
        size_t capacity = w->capacity ? w->capacity * 2 : 1 << 20;
        char *bytes = realloc(w->bytes, capacity);
        if (!bytes) {
            w->failed = true;
            return;
        }
        w->bytes = bytes;
        w->capacity = capacity;
    }
    va_start(args, format);
    int n = vsnprintf(w->bytes + w->size, w->capacity - w->size, format, args);
    va_end(args);
    if (n > 0)
        w->size += (size_t)n < w->capacity - w->size ? (size_t)n : w->capacity - w->size - 1;
}

/* Begins an element: comma, line, indentation, key. */
static void element(struct writer *w, const char *key)
{
    if (w->json) {
        put(w, "%s\n%*s", w->any[w->depth] ? "," : "", 4 * w->depth, "");
        if (key)
            put(w, "\"%s\": ", key);
    } else {
        if (!w->dash)
            put(w, "%*s", 2 * (w->depth - 1), "");
        w->dash = false;
        if (key)
            put(w, "%s:", key);
        else
            put(w, "-");
    }
    w->any[w->depth] = true;
}

static void open_collection(struct writer *w, const char *key, bool list)
{
    if (w->depth > 0 || w->json)
        element(w, key);
    if (w->json)
        put(w, "%s", list ? "[" : "{");
    else if (w->depth > 0 && key)
        put(w, "\n");
    else if (w->depth > 0) {
        put(w, " ");
        w->dash = true;
    }
    w->depth++;
    w->list[w->depth] = list;
    w->any[w->depth] = false;
}

static void map(struct writer *w, const char *key)
{
    open_collection(w, key, false);
}

static void list(struct writer *w, const char *key)
{
    open_collection(w, key, true);
}

static void end(struct writer *w)
{
    bool is_list = w->list[w->depth];
    w->depth--;
    if (w->json)
        put(w, "\n%*s%s", 4 * w->depth, "", is_list ? "]" : "}");
}

static void text(struct writer *w, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void text(struct writer *w, const char *key, const char *format, ...)
{
    char value[200];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    element(w, key);
    /* kubectl quotes what YAML 1.1 would read as another type */
    bool quote = w->json || strspn(value, "0123456789.") == strlen(value) || strchr(value, ' ') ||
                 strcmp(value, "True") == 0;
    put(w, w->json ? "\"%s\"" : quote ? " \"%s\"\n" : " %s\n", value);
}

static void number(struct writer *w, const char *key, unsigned value)
{
    element(w, key);
    put(w, w->json ? "%u" : " %u\n", value);
}

static void truth(struct writer *w, const char *key, bool value)
{
    element(w, key);
    put(w, w->json ? "%s" : " %s\n", value ? "true" : "false");
}

static void begin_object(struct writer *w, const char *api, const char *kind)
{
    if (!w->json)
        put(w, "---\n");
    map(w, NULL);
    text(w, "apiVersion", "%s", api);
    text(w, "kind", "%s", kind);
}

static void write_namespace(struct writer *w, unsigned i)
{
    begin_object(w, "v1", "Namespace");
    map(w, "metadata");
    text(w, "name", "team-%u", i);
    map(w, "labels");
    text(w, "kubernetes.io/metadata.name", "team-%u", i);
    text(w, "team", "t%u", i % 5);
    end(w);
    end(w);
    end(w);
}

static void write_pod_metadata(struct writer *w, const struct bench_cluster *c, unsigned i)
{
    unsigned set = i / c->replicas % c->label_sets;
    unsigned owner = i / c->replicas;
    map(w, "metadata");
    text(w, "creationTimestamp", "2026-01-01T00:00:00Z");
    text(w, "generateName", "app-%u-%08x-", set, owner * 2654435761u);
    map(w, "labels");
    text(w, "app", "app-%u", set);
    text(w, "app.kubernetes.io/part-of", "product-%u", set % 20);
    text(w, "pod-template-hash", "x%08x", owner * 2654435761u);
    if (i % 10 == 0)
        text(w, "statefulset.kubernetes.io/pod-name", "app-%u-%u", set, i);
    text(w, "tier", "%s", set % 3 == 0 ? "web" : set % 3 == 1 ? "api" : "data");
    end(w);
    text(w, "name", "app-%u-%08x-%u", set, owner * 2654435761u, i);
    text(w, "namespace", "team-%u", set % 20);
    list(w, "ownerReferences");
    map(w, NULL);
    text(w, "apiVersion", "apps/v1");
    truth(w, "blockOwnerDeletion", true);
    truth(w, "controller", true);
    text(w, "kind", "ReplicaSet");
    text(w, "name", "app-%u-%08x", set, owner * 2654435761u);
    text(w, "uid", "%08x-0000-4000-8000-%012x", owner, owner);
    end(w);
    end(w);
    text(w, "resourceVersion", "%u", 1000000 + i);
    text(w, "uid", "%08x-1111-4000-8000-%012x", i, i);
    end(w);
}

static void write_container(struct writer *w, unsigned set)
{
    list(w, "containers");
    map(w, NULL);
    list(w, "env");
    for (unsigned e = 0; e < 4; e++) {
        map(w, NULL);
        text(w, "name", "SETTING_%u", e);
        text(w, "value", "value of setting %u", e);
        end(w);
    }
    end(w);
    text(w, "image", "registry.example/app-%u:1.%u", set, set % 7);
    text(w, "imagePullPolicy", "IfNotPresent");
    text(w, "name", "main");
    list(w, "ports");
    map(w, NULL);
    number(w, "containerPort", 8080);
    text(w, "name", "http");
    text(w, "protocol", "TCP");
    end(w);
    map(w, NULL);
    number(w, "containerPort", 9000 + set % 100);
    text(w, "name", "metrics");
    text(w, "protocol", "TCP");
    end(w);
    end(w);
    map(w, "resources");
    map(w, "requests");
    text(w, "cpu", "100m");
    text(w, "memory", "128Mi");
    end(w);
    end(w);
    text(w, "terminationMessagePath", "/dev/termination-log");
    text(w, "terminationMessagePolicy", "File");
    end(w);
    end(w);
}

static void write_pod_status(struct writer *w, unsigned i)
{
    static const char *const conditions[] = {"Initialized", "Ready", "ContainersReady",
                                             "PodScheduled"};
    map(w, "status");
    list(w, "conditions");
    for (size_t c = 0; c < sizeof conditions / sizeof *conditions; c++) {
        map(w, NULL);
        text(w, "lastTransitionTime", "2026-01-01T00:00:00Z");
        text(w, "status", "True");
        text(w, "type", "%s", conditions[c]);
        end(w);
    }
    end(w);
    text(w, "hostIP", "192.168.%u.%u", i % 50, 10);
    text(w, "phase", "Running");
    text(w, "podIP", "10.%u.%u.%u", 100 + (i >> 16), i >> 8 & 255, i & 255);
    list(w, "podIPs");
    map(w, NULL);
    text(w, "ip", "10.%u.%u.%u", 100 + (i >> 16), i >> 8 & 255, i & 255);
    end(w);
    end(w);
    text(w, "qosClass", "Burstable");
    text(w, "startTime", "2026-01-01T00:00:00Z");
    end(w);
}

static void write_pod(struct writer *w, const struct bench_cluster *c, unsigned i)
{
    unsigned set = i / c->replicas % c->label_sets;
    begin_object(w, "v1", "Pod");
    write_pod_metadata(w, c, i);
    map(w, "spec");
    write_container(w, set);
    text(w, "dnsPolicy", "ClusterFirst");
    truth(w, "enableServiceLinks", true);
    text(w, "nodeName", "node-%u", i % 50);
    text(w, "restartPolicy", "Always");
    text(w, "schedulerName", "default-scheduler");
    text(w, "serviceAccountName", "app-%u", set);
    number(w, "terminationGracePeriodSeconds", 30);
    end(w);
    write_pod_status(w, i);
    end(w);
}

static void write_port(struct writer *w, unsigned port)
{
    list(w, "ports");
    map(w, NULL);
    number(w, "port", port);
    text(w, "protocol", "TCP");
    end(w);
    end(w);
}

static void write_labels_peer(struct writer *w, const char *selector, const char *key,
                              const char *format, unsigned value)
{
    char label[32];
    snprintf(label, sizeof label, "%s%u", format, value);
    map(w, NULL);
    map(w, selector);
    map(w, "matchLabels");
    text(w, key, "%s", label);
    end(w);
    end(w);
    end(w);
}

static void write_policy(struct writer *w, const struct bench_cluster *c, unsigned i)
{
    unsigned set = i % c->label_sets;
    begin_object(w, "networking.k8s.io/v1", "NetworkPolicy");
    map(w, "metadata");
    text(w, "name", "policy-%u", i);
    text(w, "namespace", "team-%u", set % 20);
    end(w);
    map(w, "spec");
    list(w, "ingress");
    map(w, NULL);
    list(w, "from");
    write_labels_peer(w, "podSelector", "app", "app-", (set + 20 * (i % 7)) % c->label_sets);
    write_labels_peer(w, "namespaceSelector", "team", "t", i % 5);
    end(w);
    write_port(w, 8080);
    end(w);
    map(w, NULL);
    list(w, "from");
    map(w, NULL);
    map(w, "ipBlock");
    text(w, "cidr", "172.%u.0.0/16", 16 + i % 16);
    end(w);
    end(w);
    end(w);
    write_port(w, 9000 + i % 100);
    end(w);
    end(w);
    map(w, "podSelector");
    map(w, "matchLabels");
    text(w, "app", "app-%u", set);
    end(w);
    end(w);
    list(w, "policyTypes");
    text(w, NULL, "Ingress");
    end(w);
    end(w);
    end(w);
}

static void write_all(struct writer *w, const struct bench_cluster *c)
{
    for (unsigned i = 0; i < 20; i++)
        write_namespace(w, i);
    for (unsigned i = 0; i < c->pods; i++)
        write_pod(w, c, i);
    for (unsigned i = 0; i < c->policies; i++)
        write_policy(w, c, i);
}

static char *finish(struct writer *w, size_t *size)
{
    if (w->failed) {
        free(w->bytes);
        return NULL;
    }
    *size = w->size;
    return w->bytes;
}

char *bench_cluster_yaml(const struct bench_cluster *cluster, size_t *size)
{
    struct writer w = {0};
    write_all(&w, cluster);
    return finish(&w, size);
}

char *bench_cluster_json(const struct bench_cluster *cluster, size_t *size)
{
    struct writer w = {.json = true};
    put(&w, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
    w.depth = 2; /* inside the object and its list of items */
    w.list[2] = true;
    write_all(&w, cluster);
    put(&w,
        "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\"resourceVersion\": \"\"}\n}\n");
    return finish(&w, size);
}
