/* What someone who took a session over would try. */
#ifndef VDTGW_TESTS_SYSTEM_ATTACKER_ATTACKS_H
#define VDTGW_TESTS_SYSTEM_ATTACKER_ATTACKS_H

/* As system calls do: a negative result with errno set is a failure. The arguments are as many as
 * the attack takes. */
struct attack {
	const char *name;
	int (*run)(char **arguments);
};

/* Ended by one without a name. */
extern const struct attack attacks[];

#endif
