/*
 * The process in which libnftables runs. Over its socket (SOCK_SEQPACKET) come scripts in the
 * language of nft(8), one a message; each is answered by NFTABLES_DONE, or by NFTABLES_FAILED and
 * the reason.
 */
#ifndef VDTGW_SUPERVISOR_BANS_NFTABLES_CHILD_H
#define VDTGW_SUPERVISOR_BANS_NFTABLES_CHILD_H

enum {
	NFTABLES_SCRIPT_MAX = 131072, /* bytes */
	NFTABLES_ANSWER_MAX = 512,
	NFTABLES_DONE = '+',
	NFTABLES_FAILED = '-',
};

/* Runs until the socket is closed. Never returns; for a process that was just forked. */
_Noreturn void nftables_child_run(int descriptor);

#endif
