#ifndef BASE_EXIT_H
#define BASE_EXIT_H

/*
 * Exit codes, the same in every program (contract/cli.txt; the numbers from 64 on are sysexits.h).
 */
enum exit_status {
    EXIT_OK = 0,
    EXIT_NO = 1,       /* the answer is no: differs, unbalanced, check failed */
    EXIT_PARTIAL = 2,  /* done, some lines refused */
    EXIT_STOP = 3,     /* safety stop: limits, wrong account */
    EXIT_USAGE = 64,   /* bad command line */
    EXIT_INPUT = 65,   /* input is not our stream */
    EXIT_REFUSED = 69, /* a system refuses us for good; a needed package is missing */
    EXIT_BUG = 70,
    EXIT_IO = 74,
    EXIT_LATER = 75, /* try later, nothing lost */
    EXIT_CONFIG = 78 /* config or state */
};

#endif
