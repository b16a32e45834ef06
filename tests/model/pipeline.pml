/* The protocol from end to end: one ingestor, one republisher, one reporter.
 *
 * Every step of a stage is one turn of its loop; between any two of them a stage may be
 * killed, a session be given up by one end, a connection be cut, a message be lost or
 * repeated, a republisher be drained. How many of each: the macros below. A run draws at its
 * start how many of them will happen, so that every end state is one in which faults stopped.
 *
 * What it leaves out:
 *   - Handshakes are one step here; handshake.pml has them in full.
 *   - Frames of all sessions of a link share one channel each way, which outlives them. The real
 *     ones have a connection each; a shared one is worse, since frames of dead sessions arrive
 *     among those of the live one.
 *   - Channels hold QUEUE frames; who cannot send waits. The real ones are bounded by credit.
 *   - One event a message, and a stage may serve its events in any order where the real one has
 *     an order: publications of a post excepted, which are alike until one is sent.
 *   - Time: silence is a session given up by one end at any moment, while the other may live on.
 *   - Who has ended a session tells nobody: the other end finds out later (but surely).
 *   - A state is announced with what changed it; a release is repeated as long as its session
 *     lives, where the real one stops once a heartbeat has confirmed it. Drain, drained and bye
 *     are not lost while their session lives: in budget.pml they are.
 *   - Attempts, posts that travel alone, several republishers (budget.pml has two), a drained
 *     ingestor or reporter: simulation and pipeline tests have them.
 */
#define POSTS 2        /* numbered from 0 */
#define PUBLICATIONS 2 /* of each post */
#ifndef POST_WINDOW
#define POST_WINDOW 2
#endif
#ifndef PUBLICATION_WINDOW
#define PUBLICATION_WINDOW 1
#endif
#ifndef KILLS
#define KILLS 2
#endif
#ifndef DOUBTS /* a live session is given up by one end, or its connection is cut */
#define DOUBTS 1
#endif
#ifndef REPEATS /* a heartbeat repeats the consumer's state though nothing was lost */
#define REPEATS 1
#endif
#ifndef LOSSES /* one data or credit vanishes, and its session lives on */
#define LOSSES 0
#endif
#ifndef DRAINS /* a republisher is asked to end */
#define DRAINS 0
#endif
#define QUEUE 2

#define BIT(i) (1 << (i))
#define ALL_POSTS (BIT(POSTS) - 1)
#define ALL_ROWS (BIT(POSTS * PUBLICATIONS) - 1)
#define ROWS_OF(post) ((BIT(PUBLICATIONS) - 1) << ((post) * PUBLICATIONS))
#define COUNT(set) (((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1) + ((set) >> 3 & 1))
#define LOWEST(set) ((set) & 1 -> 0 : ((set) & 2 -> 1 : ((set) & 4 -> 2 : 3)))
#define MIN(a, b) ((a) < (b) -> (a) : (b))
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* Never true: they give what the verifier prints the property's name. */
hidden byte I1, I2, I4, I5, I7, I8, I11, I12, gate, farewell, L1;
#define must(property, condition) assert(property || (condition))

mtype = { data, credit, drain, drained, bye };
/* Kind, session, and two more. data: number, PAIR(event, redelivered); credit: limit,
 * PAIR(settled, released); drained: last. Sets of posts go by number: bit 0 is number 1. */
#define PAIR(a, b) ((a) | (b) << 4)
chan to_republisher = [QUEUE] of { mtype, byte, byte, byte };
chan to_ingestor = [QUEUE] of { mtype, byte, byte, byte };
chan to_reporter = [QUEUE] of { mtype, byte, byte, byte };
chan from_reporter = [QUEUE] of { mtype, byte, byte, byte };

/* Sessions as each end has them, 0: none. A binder's second one is that of a dead republisher,
 * which lives, and is sent posts or has its records committed, until it is found out. */
byte a_session[2]; /* ingestor, of posts */
byte b_session;    /* republisher, of posts */
byte d_session;    /* republisher, of publications */
byte c_session[2]; /* reporter, of publications */

/* What is sent to an end that has already ended its session is lost at once. */
#define SEND(channel, alive, ...) \
  if \
  :: (alive) -> channel!__VA_ARGS__ \
  :: else \
  fi
#define A_HAS(id) (a_session[0] == (id) || a_session[1] == (id))
#define C_HAS(id) (c_session[0] == (id) || c_session[1] == (id))

byte kills, doubts, repeats, losses, drains; /* to come */
bool lossy; /* a message was lost in a live session: gaps may be seen */

/* Variables of one step. */
hidden mtype kind;
hidden byte session, x, y, z, i;

#ifdef NO_SESSION_CHECK
#define CURRENT(id) ((id) != 0)
#else
#define CURRENT(id) ((id) != 0 && session == (id))
#endif
#ifdef DELTA_CREDIT
#define RAISE(limit, by) limit = limit + (by)
#else
#define RAISE(limit, to) limit = MAX(limit, to)
#endif

#include "reporter.pml"
#include "ingestor.pml"
#include "republisher.pml"
#include "faults.pml"
