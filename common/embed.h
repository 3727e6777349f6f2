/*
 * A file of the source tree as a constant of the program. The path is relative to the top folder,
 * where the compiler runs, or to where the assembler looks; a zero follows the last byte.
 */
#ifndef VDTGW_COMMON_EMBED_H
#define VDTGW_COMMON_EMBED_H

#include <stddef.h>

#if __SIZEOF_SIZE_T__ == 8
#define EMBED_SIZE ".quad"
#else
#define EMBED_SIZE ".long"
#endif

/* Defines `const char symbol[]` and `const size_t symbol_length`. */
#define EMBED(symbol, path)                                                                        \
	__asm__(".pushsection .rodata\n.balign 8\n"                                                \
		".global " #symbol "\n" #symbol ":\n"                                              \
		".incbin \"" path "\"\n"                                                           \
		".Lend_" #symbol ":\n"                                                             \
		".byte 0\n"                                                                        \
		".balign 8\n"                                                                      \
		".global " #symbol "_length\n" #symbol "_length:\n" EMBED_SIZE " .Lend_" #symbol   \
		" - " #symbol "\n"                                                                 \
		".popsection\n")

#endif
