/* digest_driver.c: the digest of the bytes on each line (hexadecimal), from seed 0, as two hexadecimal words. */
#include "../digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(const char *hex, size_t length)
{
    uint8_t *bytes = malloc(length + !length); /* no byte more, so that a sanitizer sees every read beyond them */
    for (size_t i = 0; bytes && i < length; i++)
        sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
    struct digest digest = digest_bytes((struct digest){0, 0}, bytes, length);
    printf("%016" PRIx64 " %016" PRIx64 "\n.\n", digest.a, digest.b);
    fflush(stdout);
    free(bytes);
}

int main(void)
{
    static char line[4096];
    while (fgets(line, sizeof line, stdin))
        answer(line, strcspn(line, "\n") / 2);
    return 0;
}
