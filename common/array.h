/* Arrays whose size the compiler knows. */
#ifndef VDTGW_COMMON_ARRAY_H
#define VDTGW_COMMON_ARRAY_H

/* How many elements an array has: never of a pointer. */
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
