/* What the programs of the bench share. They are kept small and fast, so that what is measured is
 * what stands between them; an error that a bench should not meet ends the program. */
#ifndef VDTGW_BENCH_H
#define VDTGW_BENCH_H

#include <stdint.h>

enum {
	BENCH_FIRST_BYTE = 0x02, /* the first byte that a service sends */
	BENCH_PACED = 'P',       /* asks it for BENCH_PACED_CHARACTERS */
	BENCH_BULK = 'B',        /* asks it for as many as it was told on its command line */
	BENCH_FILLER = 'x',      /* what it then sends; nothing else that passes counts */
	BENCH_PACED_CHARACTERS = 1200,
};

/* Prints what failed, with errno, and exits. */
_Noreturn void bench_fail(const char *what);
/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t bench_now(void);
/* A listening socket on 127.0.0.1; its port is *ret_port. */
int bench_listen(uint16_t *ret_port);
/* A thousand callers need more than the usual 1024 descriptors. */
void bench_raise_descriptor_limit(void);
void bench_set_nonblocking(int descriptor);

#endif
