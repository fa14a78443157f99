#include "base/io.h"
#include "base/memory.h"
#include "base/seal_internal.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define KDF_CONTEXT "replinet"
#define MAGIC       "replinet-sealed-1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define HEADER      crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define EXTRA       crypto_secretstream_xchacha20poly1305_ABYTES
#define KEY         crypto_secretstream_xchacha20poly1305_KEYBYTES
#define KEY_DIGITS  64

int seal_derive(const char *digits, size_t length, enum seal_purpose purpose, unsigned char key[SEAL_KEY],
                struct error *e) {
    unsigned char master[crypto_kdf_KEYBYTES];
    size_t bytes = 0;
    if (length != KEY_DIGITS || sodium_hex2bin(master, sizeof master, digits, length, NULL, &bytes, NULL) ||
        bytes != sizeof master)
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "SECRET_KEY is not 64 hexadecimal digits");
    crypto_kdf_derive_from_key(key, SEAL_KEY, purpose, KDF_CONTEXT, master);
    sodium_memzero(master, sizeof master);
    return 0;
}

static const unsigned char *bytes_of(const char *text) {
    return (const unsigned char *)text;
}

int seal_begin(struct seal_writer *writer, int fd, const char *secret_key, enum seal_purpose purpose,
               const char *context, struct error *e) {
    unsigned char key[KEY], header[HEADER];
    int r = seal_derive(secret_key, strcspn(secret_key, ","), purpose, key, e);
    if (r < 0)
        return r;
    writer->fd = fd;
    writer->context = context;
    writer->length = 0;
    crypto_secretstream_xchacha20poly1305_init_push(&writer->state, header, key);
    sodium_memzero(key, sizeof key);
    r = io_write_full(fd, MAGIC, MAGIC_BYTES);
    if (!r)
        r = io_write_full(fd, header, sizeof header);
    return r < 0 ? error_errno(e, -r, ERROR_STORAGE, "cannot write a sealed file") : 0;
}

static int push(struct seal_writer *writer, unsigned char tag) {
    unsigned char sealed[SEAL_PIECE + EXTRA];
    unsigned long long length;
    crypto_secretstream_xchacha20poly1305_push(&writer->state, sealed, &length, writer->piece, writer->length,
                                               bytes_of(writer->context), strlen(writer->context), tag);
    writer->length = 0;
    return io_write_full(writer->fd, sealed, (size_t)length);
}

int seal_write(struct seal_writer *writer, const void *data, size_t length) {
    int r = 0;
    while (!r && length) {
        size_t room = SEAL_PIECE - writer->length, part = length < room ? length : room;
        memcpy(writer->piece + writer->length, data, part);
        writer->length += part;
        data = (const char *)data + part;
        length -= part;
        if (writer->length == SEAL_PIECE)
            r = push(writer, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    }
    return r;
}

int seal_end(struct seal_writer *writer) {
    int r = push(writer, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    sodium_memzero(writer, sizeof *writer);
    return r;
}

static int refuse(struct error *e, const char *why) {
    error_set(e, EBADMSG, ERROR_STORAGE, "a sealed file is refused: %s", why);
    return -EBADMSG;
}

/* Every piece, up to the one marked as last, which must be the file's end. */
static int pull_all(crypto_secretstream_xchacha20poly1305_state *state, int fd, int out, const char *context,
                    struct error *e) {
    unsigned char sealed[SEAL_PIECE + EXTRA], piece[SEAL_PIECE], tag = 0;
    unsigned long long length = 0;
    char more;
    while (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        ssize_t n = io_read_full(fd, sealed, sizeof sealed);
        if (n < 0)
            return error_errno(e, (int)-n, ERROR_STORAGE, "cannot read a sealed file");
        if ((size_t)n < EXTRA)
            return refuse(e, "it was cut off");
        if (crypto_secretstream_xchacha20poly1305_pull(state, piece, &length, &tag, sealed, (size_t)n,
                                                       bytes_of(context), strlen(context)))
            return refuse(e, "it was changed, or sealed with another key or for something else");
        int r = io_write_full(out, piece, (size_t)length);
        if (r < 0)
            return error_errno(e, -r, ERROR_STORAGE, "cannot unseal a file");
    }
    return io_read_full(fd, &more, 1) ? refuse(e, "something follows its end") : 0;
}

static int open_with(int fd, int out, const unsigned char key[KEY], const char *context, struct error *e) {
    crypto_secretstream_xchacha20poly1305_state state;
    unsigned char head[MAGIC_BYTES + HEADER];
    if (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(out, 0) || lseek(out, 0, SEEK_SET) < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot unseal a file");
    if (io_read_full(fd, head, sizeof head) != (ssize_t)sizeof head || memcmp(head, MAGIC, MAGIC_BYTES) ||
        crypto_secretstream_xchacha20poly1305_init_pull(&state, head + MAGIC_BYTES, key))
        return refuse(e, "it is none, or its head is gone");
    int r = pull_all(&state, fd, out, context, e);
    sodium_memzero(&state, sizeof state);
    return r;
}

int seal_open(int fd, int out, const char *secret_key, enum seal_purpose purpose, const char *context,
              struct error *e) {
    unsigned char key[KEY];
    int r = -EBADMSG;
    for (const char *at = secret_key; r == -EBADMSG && *at; at += *at == ',') {
        size_t length = strcspn(at, ",");
        r = seal_derive(at, length, purpose, key, e);
        if (!r)
            r = open_with(fd, out, key, context, e);
        sodium_memzero(key, sizeof key);
        at += length;
    }
    return r;
}
