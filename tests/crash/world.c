#include <config.h>

#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/mem.h"

#define EPOCH "2026-01-01T00:00:00.000Z"

void
world_fail(const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "Bail out! ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    _exit(99);
}

char *
world_path(const struct world *w, const char *name)
{
    return mem_printf("%s/%s", w->folder, name);
}

static void
read_file(const char *path, struct buf *out)
{
    char part[65536];
    FILE *in = fopen(path, "re");
    size_t n;

    buf_clear(out);
    if (in == NULL)
        return;
    while ((n = fread(part, 1, sizeof part, in)) > 0)
        buf_add(out, part, n);
    fclose(in);
}

static void
write_file(const char *path, const struct buf *text)
{
    FILE *out = fopen(path, "we");

    if (out == NULL || fwrite(buf_get(text), 1, text->len, out) != text->len || fclose(out) != 0)
        world_fail("%s: %s", path, strerror(errno));
}

/* ---- the systems ---- */

static void
exec_simulator(int system, const char *ready, const char *log)
{
    static const char *const seeds[] = {"1", "2"}, *const kinds[] = {"int", "text"};
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execlp("sync-sim", "sync-sim", "--now", EPOCH, "--seed", seeds[system], "--id", kinds[system],
           "--oauth-client", "app", "--oauth-refresh", "first", "--ready-file", ready, "--collection", collections[0], "--collection", collections[1],
           (char *)NULL);
    world_fail("sync-sim: %s", strerror(errno));
}

static void
start(struct world *w, int system)
{
    const struct timespec nap = {.tv_nsec = 2000000};
    CLEANUP_FREE char *ready = mem_printf("%s/%c.ready", w->folder, 'a' + system);
    CLEANUP_FREE char *log = world_path(w, "sim.log");
    CLEANUP_BUF struct buf text = BUF_INIT;
    struct simulator *sim = &w->sim[system];
    json_t *line;

    sim->pid = fork();
    if (sim->pid == 0)
        exec_simulator(system, ready, log);
    while (text.len == 0) {
        if (waitpid(sim->pid, NULL, WNOHANG) != 0)
            world_fail("sync-sim did not start, see %s", log);
        nanosleep(&nap, NULL);
        read_file(ready, &text);
    }
    line = json_loads(buf_get(&text), 0, NULL);
    sim->url = mem_text(json_string_value(json_object_get(line, "url")));
    json_decref(line);
}

struct world *
world_new(const char *folder, long haste)
{
    struct world *w = mem_alloc(sizeof *w);
    CLEANUP_FREE char *work = NULL;

    w->folder = mem_text(folder);
    w->haste = haste;
    work = world_path(w, "work");
    if (mkdir(folder, 0700) < 0 || mkdir(work, 0700) < 0)
        world_fail("%s: %s", work, strerror(errno));
    for (int i = 0; i < SYSTEMS; i++)
        start(w, i);
    clock_parse(EPOCH, &w->now, NULL);
    return w;
}

void
world_free(struct world *w)
{
    for (int i = 0; i < SYSTEMS; i++) {
        kill(w->sim[i].pid, SIGTERM);
        waitpid(w->sim[i].pid, NULL, 0);
        free(w->sim[i].url);
    }
    if (w->curl != NULL)
        curl_easy_cleanup(w->curl);
    buf_release(&w->mark.state);
    names_release(&w->known);
    free(w->folder);
    free(w);
}

static size_t
take_body(char *bytes, size_t size, size_t n, void *user)
{
    buf_add(user, bytes, size * n);
    return n;
}

json_t *
world_call(struct world *w, int system, const char *method, const char *path, const char *body)
{
    CLEANUP_FREE char *url = mem_printf("%s%s", w->sim[system].url, path);
    CLEANUP_BUF struct buf answer = BUF_INIT;
    CURLcode rc;
    long status;

    if (w->curl == NULL)
        w->curl = curl_easy_init();
    curl_easy_reset(w->curl);
    curl_easy_setopt(w->curl, CURLOPT_URL, url);
    curl_easy_setopt(w->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0)
        curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, body != NULL ? body : "");
    curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &answer);
    rc = curl_easy_perform(w->curl);
    if (rc != CURLE_OK)
        world_fail("%s %s: %s", method, url, curl_easy_strerror(rc));
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2)
        world_fail("%s %s %s: %ld %s", method, url, body != NULL ? body : "", status,
                   buf_get(&answer));
    return json_loadb(buf_get(&answer), answer.len, 0, NULL);
}

json_t *
world_dump(struct world *w, int system, const char *collection)
{
    CLEANUP_FREE char *path = mem_printf("/_sim/dump/%s", collection);

    return world_call(w, system, "GET", path, NULL);
}

void
world_names(struct world *w, struct names *names)
{
    for (int i = 0; i < SYSTEMS; i++) {
        for (int k = 0; k < COLLECTIONS; k++) {
            json_t *all = world_dump(w, i, collections[k]);

            for (size_t n = 0; n < json_array_size(all); n++)
                names_add(names, i, collections[k], json_array_get(all, n));
            json_decref(all);
        }
    }
}

void
world_pass(struct world *w, int64_t ms)
{
    CLEANUP_FREE char *body = mem_printf("{\"advance\":\"%llds\"}", (long long)ms / 1000);

    w->now += ms;
    for (int i = 0; i < SYSTEMS; i++)
        json_decref(world_call(w, i, "POST", "/_sim/clock", body));
}

/* ---- the folder ---- */

/* VALUE of NAME as the last step before UNTIL set it, NULL if none did. */
static const char *
setting(const struct scenario *s, size_t until, const char *name, size_t len)
{
    const char *value = NULL;

    for (size_t i = 0; i < until; i++)
        if (s->steps[i].kind == STEP_SET && strlen(s->steps[i].name) == len &&
            strncmp(s->steps[i].name, name, len) == 0)
            value = s->steps[i].value;
    return value;
}

/* @NAME=DEFAULT@ in TEXT, by the steps; @URL_A@ by the system. */
static void
expand(const struct world *w, const struct scenario *s, size_t until, const char *text,
       struct buf *out)
{
    const char *at, *end;

    while ((at = strchr(text, '@')) != NULL && (end = strchr(at + 1, '@')) != NULL) {
        size_t len = strcspn(at + 1, "=@");
        const char *value = setting(s, until, at + 1, len);

        buf_add(out, text, (size_t)(at - text));
        if (strncmp(at, "@URL_", 5) == 0)
            buf_text(out, w->sim[at[5] - 'A'].url);
        else if (value != NULL)
            buf_text(out, value);
        else
            buf_add(out, at + len + 2, (size_t)(end - at) - len - 2);
        text = end + 1;
    }
    buf_text(out, text);
}

void
world_configure(struct world *w, const struct scenario *s, size_t until)
{
    static const char *const files[] = {"loopless.yaml", "system.yaml"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        CLEANUP_FREE char *from = mem_printf("%s/tests/crash/%s", getenv("top_srcdir"), files[i]);
        CLEANUP_FREE char *to = mem_printf("%s/work/%s", w->folder, files[i]);
        CLEANUP_BUF struct buf in = BUF_INIT, out = BUF_INIT;

        read_file(from, &in);
        if (in.len == 0)
            world_fail("%s cannot be read", from);
        expand(w, s, until, buf_get(&in), &out);
        write_file(to, &out);
    }
}

static bool
is_config(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL && strcmp(dot, ".yaml") == 0;
}

static void
sweep(struct world *w)
{
    CLEANUP_FREE char *work = world_path(w, "work");
    DIR *dir = opendir(work);
    struct dirent *e;

    if (dir == NULL)
        world_fail("%s: %s", work, strerror(errno));
    while ((e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.' && !is_config(e->d_name))
            unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
}

void
world_mark(struct world *w)
{
    CLEANUP_FREE char *state = world_path(w, "work/state.db");

    for (int i = 0; i < SYSTEMS; i++) {
        json_decref(world_call(w, i, "POST", "/_sim/reset-counters", NULL));
        json_decref(world_call(w, i, "POST", "/_sim/mark", NULL));
    }
    world_names(w, &w->known);
    read_file(state, &w->mark.state);
    w->mark.now = w->now;
}

void
world_restore(struct world *w)
{
    CLEANUP_FREE char *state = world_path(w, "work/state.db");

    for (int i = 0; i < SYSTEMS; i++)
        json_decref(world_call(w, i, "POST", "/_sim/restore", NULL));
    w->now = w->mark.now;
    sweep(w);
    if (w->mark.state.len > 0) {
        write_file(state, &w->mark.state);
        chmod(state, 0600);
    }
}

static void
is_dead(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    sqlite3_result_int(context, kill((pid_t)sqlite3_value_int(values[0]), 0) < 0);
}

static int
count_row(void *found, int n, char **values, char **names)
{
    (void)n;
    (void)values;
    (void)names;
    *(bool *)found = true;
    return 0;
}

/* A command that makes the state may be at it: then there is nobody to bury. */
void
world_bury(struct world *w)
{
    CLEANUP_FREE char *state = world_path(w, "work/state.db");
    sqlite3 *db = NULL;
    bool made = false;

    if (access(state, F_OK) != 0)
        return;
    if (sqlite3_open_v2(state, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 1000) != SQLITE_OK ||
        sqlite3_create_function(db, "is_dead", 1, SQLITE_UTF8, NULL, is_dead, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(db, "SELECT 1 FROM sqlite_schema WHERE name = 'sync_leases'", count_row, &made,
                     NULL) != SQLITE_OK ||
        (made && sqlite3_exec(db, "UPDATE sync_leases SET expires_ms = 0 WHERE is_dead(pid)", NULL,
                              NULL, NULL) != SQLITE_OK))
        world_fail("%s: %s", state, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- commands ---- */

static void
exec_command(const struct world *w, const char *command, const char *crash_at, const char *trace)
{
    CLEANUP_FREE char *work = world_path(w, "work");
    CLEANUP_FREE char *log = world_path(w, "log");
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int null = open("/dev/null", O_RDWR);
    char start[CLOCK_TEXT], now[CLOCK_TEXT + 64];

    setpgid(0, 0);
    snprintf(now, sizeof now, "%s@%lld*%ld", clock_format(w->now, start), (long long)clock_boot(),
             w->haste);
    setenv("LOOPLESS_NOW", now, 1);
    if (crash_at != NULL)
        setenv("LOOPLESS_CRASH_AT", crash_at, 1);
    if (trace != NULL)
        setenv("LOOPLESS_CRASH_TRACE", trace, 1);
    dprintf(fd, "+ %s%s%s\n", command, crash_at != NULL ? " # stopped at " : "",
            crash_at != NULL ? crash_at : "");
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (chdir(work) == 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(99);
}

static void
on_alarm(int sig)
{
    (void)sig;
}

/* All children, and what they left behind; the status of MAIN. */
static int
wait_for_all(pid_t main)
{
    int status = 0, result = 0;
    pid_t pid;

    alarm(RUN_SECONDS);
    while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR) {
        if (pid < 0) {
            kill(-main, SIGKILL);
            return STATUS_HUNG;
        }
        if (pid == main)
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return result;
}

/* Orphans of the command are ours too: it is over when they are. */
static void __attribute__((noreturn))
keep(const struct world *w, const char *command, const char *crash_at, const char *trace)
{
    const struct sigaction ring = {.sa_handler = on_alarm};
    pid_t pid;

    sigaction(SIGALRM, &ring, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid = fork();
    if (pid == 0)
        exec_command(w, command, crash_at, trace);
    _exit(pid < 0 ? 99 : wait_for_all(pid));
}

int
world_run(struct world *w, const char *command, const char *crash_at, const char *trace)
{
    const struct sigaction ring = {.sa_handler = on_alarm};
    const struct timeval tick = {.tv_usec = BURY_MS * 1000};
    int status;
    pid_t pid;

    world_pass(w, BETWEEN_MS);
    pid = fork();
    if (pid == 0)
        keep(w, command, crash_at, trace);
    if (pid < 0)
        world_fail("fork: %s", strerror(errno));
    sigaction(SIGALRM, &ring, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){tick, tick}, NULL);
    while (waitpid(pid, &status, 0) < 0)
        world_bury(w);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0}}, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
