/*
 * two_tasks.h: the frame of every file in this folder: writer() and reader() at once, then print() of the outcome.
 *
 * A comment at each file's top gives the same program as word-sized steps, from which a reference enumerates every
 * interleaving. A step is `to=from`, `to=from+number` or `to=from|number`; `;` joins what is indivisible; names are
 * words that begin as 0, or as `begin` says. `reader-gcc` is how one compiler does it otherwise. `outcome` lists the
 * words that print() shows. `blind` names compilers that leave the access without hooks, and a line that ends in
 * `audited` is one that the audit must then name. What is shared is not static: a compiler that sees every value stored
 * would shrink it.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *as_writer(void *unused) {
    writer();
    return unused;
}

static void *as_reader(void *unused) {
    reader();
    return unused;
}

int main(void) {
    pthread_t one, other;
    pthread_create(&one, NULL, as_writer, NULL);
    pthread_create(&other, NULL, as_reader, NULL);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    print();
}
