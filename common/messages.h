/*
 * The kinds of events in the journal, by MESSAGE_ID: units/vdtgw.catalog explains each of them to
 * who asks (journalctl -x). A kind keeps its number for good.
 */
#ifndef VDTGW_COMMON_MESSAGES_H
#define VDTGW_COMMON_MESSAGES_H

/* a call has begun */
#define MESSAGE_CALL_STARTED           "2db57e3bba7047c0ae12a5436a0e0b16"
/* a call is over */
#define MESSAGE_CALL_ENDED             "e1c2a0a7b0f84d0fb0a6c1b2f7d94e35"
/* a session ended without a word */
#define MESSAGE_CALL_CRASHED           "69d922037d9e4a7e8e6c384f7e6ca1f8"
/* a caller found no room */
#define MESSAGE_CALL_REFUSED           "ced97dd8207c40f78283fa18fc90e062"
/* an administrator ended a call */
#define MESSAGE_CALL_KICKED            "0c9062a9b45e44e6947c835c508d4f56"
/* an administrator wrote to callers */
#define MESSAGE_CALL_MESSAGE           "13a5f6da010643c2a15c4b7fadc108c4"
/* an administrator sent a caller back to the home service */
#define MESSAGE_CALL_SENT_HOME         "1a0df1920c5f4cb1b2c6bd92b7af24f4"
/* the home service cannot be reached, or was lost */
#define MESSAGE_HOME_UNREACHABLE       "d9a16d23b408453db194d242a9b231c6"
/* a caller is to be redirected */
#define MESSAGE_REDIRECTION_ORDERED    "297536f40f154bb5a5a580993e61d3e6"
/* … is with the remote service */
#define MESSAGE_REDIRECTION_CONNECTED  "fddb4acdf0b448229cb4f6d83fbe6356"
/* … is with the home service again */
#define MESSAGE_REDIRECTION_ENDED      "f3fbc7583607417398effd9e49e57103"
/* a session is without a supervisor */
#define MESSAGE_SUPERVISOR_AWAY        "1225769fa31c4bc0b66b3b23c5e4e5f7"
/* the supervisor has started */
#define MESSAGE_SUPERVISOR_READY       "fa3190f200314da5be6938c2f98d300a"
/* … is ending */
#define MESSAGE_SUPERVISOR_STOPPING    "088516810bf84125934e3beadf5a1e95"
/* a ban was made */
#define MESSAGE_ADDRESS_BANNED         "184536e7db044992b55f5a5f9b050af0"
/* a ban has ended */
#define MESSAGE_ADDRESS_UNBANNED       "f7e8fa4d505d4f91b49fe339440061cf"
/* somebody was added to those who are never banned, or taken away */
#define MESSAGE_NEVER_BANNED_CHANGED   "09dd33d1e3c24744b6b42d561283da50"
/* bans of another gateway were taken over */
#define MESSAGE_BANS_IMPORTED          "ca122092c5774e9f8bb2a1b2928be07a"
/* the command channel is up */
#define MESSAGE_CHANNEL_UP             "6487b1920240461985a664f723302cb8"
/* … is down */
#define MESSAGE_CHANNEL_DOWN           "1a43178408514ce5b73b59c84a2beb1c"
/* the Teletel server ordered what cannot be done */
#define MESSAGE_COMMAND_REFUSED        "586e51b4e2c340989a1335103b1b5e3a"
/* somebody orders the Teletel server to start or stop */
#define MESSAGE_TELETEL_ORDERED        "1a7e02a63f864e36a75102547bee6ef5"
/* the Teletel server was started */
#define MESSAGE_TELETEL_STARTED        "f6dc5443ae1e4b8ab4188a99f22434a8"
/* … was stopped */
#define MESSAGE_TELETEL_STOPPED        "94d0ae46ef784117aa0d47c7125d034e"
/* … died, or could not be started or stopped */
#define MESSAGE_TELETEL_FAILED         "683ad12b4a9a463184ebec6bf35aaa10"
/* the configuration was read again */
#define MESSAGE_CONFIGURATION_RELOADED "1cfa4c931baa41c9a191922d496d6583"
/* … has a fault */
#define MESSAGE_CONFIGURATION_REFUSED  "e6c5d4037d9241c1a1e0b029ff6d5b7b"
/* the database cannot be used */
#define MESSAGE_STATE_UNSAVED          "cc879071934041f6ae6bfe96f64aec6f"

#endif
