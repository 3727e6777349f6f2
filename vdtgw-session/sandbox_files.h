/* The files that a session can still open once its doors are shut. */
#ifndef VDTGW_SESSION_SANDBOX_FILES_H
#define VDTGW_SESSION_SANDBOX_FILES_H

/* Where the kernel can (Landlock, Linux 5.13; the more the newer it is), also shuts it off from the
 * abstract sockets and the signals of others, and from ports of its own. Needs PR_SET_NO_NEW_PRIVS.
 * Returns 0; -ENOSYS or -EOPNOTSUPP where there is no Landlock; or -errno. */
int sandbox_files_close(void);

#endif
