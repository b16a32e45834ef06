/* One budget, two producers that live, and credit that is asked back: drain and drained.
 *
 * The reporter's side of two links. Sessions are given up by either end at any moment and begin
 * again, credits are repeated, messages are lost; each producer has EVENTS to send, and keeps the
 * credit that is left: the other must get its share all the same.
 *
 * What it leaves out:
 *   - What an event is, and that it comes again: pipeline.pml has that. What was sent counts.
 *   - Two sessions at once with one producer. Frames of dead sessions are ignored, unread.
 *   - min_demand: a state is told when something has changed, sooner or later.
 */
#define PRODUCERS 2
#define BUDGET 3
#ifndef EVENTS
#define EVENTS 2
#endif
#ifndef DOUBTS /* a live session is given up by one end */
#define DOUBTS 2
#endif
#ifndef REPEATS /* a heartbeat repeats the consumer's state though nothing was lost */
#define REPEATS 1
#endif
#ifndef LOSSES /* one message vanishes, and its session lives on */
#define LOSSES 1
#endif
#define QUEUE 3

#define MIN(a, b) ((a) < (b) -> (a) : (b))
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* Never true: they give what the verifier prints the property's name. */
hidden byte I1, I2, I7, I8, L1;
#define must(property, condition) assert(property || (condition))

mtype = { data, credit, drain, drained };
/* data, drained: number; credit: limit, settled; drain: nothing. */
chan to_consumer[PRODUCERS] = [QUEUE] of { mtype, byte };
chan to_producer[PRODUCERS] = [QUEUE] of { mtype, byte, byte };

byte doubts, repeats, losses; /* to come */
bool lossy;

/* Producers. */
bool p_open[PRODUCERS];
byte p_left[PRODUCERS] = EVENTS; /* to be sent */
byte p_limit[PRODUCERS];
byte p_sent[PRODUCERS];
byte p_settled[PRODUCERS];

/* Consumer. */
bool c_open[PRODUCERS];
byte c_limit[PRODUCERS];
byte c_received[PRODUCERS];
byte c_settled[PRODUCERS];
bool c_draining[PRODUCERS]; /* unused credit is asked back */
bool c_ask[PRODUCERS];      /* is to be asked for it */
bool c_dirty[PRODUCERS];    /* has something to be told */
bool c_short;               /* the budget kept someone below its share */

hidden mtype kind;
hidden byte x, y;

#define GRANTED(p) (c_limit[p] - c_settled[p])
#define SHARE (c_open[0] && c_open[1] -> BUDGET / 2 : BUDGET)
#define FREE (BUDGET - GRANTED(0) - GRANTED(1))
#define SAID(p) (c_draining[p] -> 0 : c_limit[p])

inline raise(p) {
  if
  :: c_open[p] && !c_draining[p] && GRANTED(p) < SHARE ->
     x = SHARE - GRANTED(p);
     if
     :: FREE < x -> c_short = true
     :: else
     fi;
#ifndef SHARE_AT_ONCE
     x = MIN(x, FREE);
#endif
     if
     :: x > 0 -> c_limit[p] = c_limit[p] + x; c_dirty[p] = true
     :: else
     fi;
     must(I7, GRANTED(0) + GRANTED(1) <= BUDGET)
  :: else
  fi
}

inline ask_back(p) {
#ifdef NEVER_ASKS_BACK
  skip
#else
  if
  :: c_short && c_open[p] && GRANTED(p) > SHARE && c_limit[p] > c_received[p] &&
     !c_draining[p] ->
     c_draining[p] = true;
     c_ask[p] = true
  :: else
  fi
#endif
}

inline raise_all() {
  c_short = false;
  raise(0);
  raise(1);
  ask_back(0);
  ask_back(1)
}

inline close_consumer(p) {
  c_open[p] = false;
  c_limit[p] = 0;
  c_received[p] = 0;
  c_settled[p] = 0;
  c_draining[p] = false;
  c_ask[p] = false;
  c_dirty[p] = false;
  do
  :: len(to_consumer[p]) > 0 -> to_consumer[p]?kind, x
  :: else -> break
  od;
  raise_all()
}

inline close_producer(p) {
  p_open[p] = false;
  p_limit[p] = 0;
  p_sent[p] = 0;
  p_settled[p] = 0;
  do
  :: len(to_producer[p]) > 0 -> to_producer[p]?kind, x, y
  :: else -> break
  od;
  x = 0
}

inline producer_hears(p) {
  if
  :: kind == credit ->
     p_settled[p] = MAX(p_settled[p], y);
     p_limit[p] = MAX(p_limit[p], x);
     must(I2, p_limit[p] <= p_settled[p] + BUDGET)
  :: kind == drain ->
     p_limit[p] = p_sent[p];
     if
     :: c_open[p] -> to_consumer[p]!drained, p_sent[p]
     :: else
     fi
  fi
}

proctype producer(byte p) {
end:
  do
  :: d_step { p_open[p] && p_left[p] && p_sent[p] < p_limit[p] && nfull(to_consumer[p]) ->
       p_left[p]--;
       p_sent[p]++;
       if
       :: c_open[p] -> to_consumer[p]!data, p_sent[p]
       :: else
       fi }
  :: d_step { nempty(to_producer[p]) && nfull(to_consumer[p]) ->
       to_producer[p]?kind, x, y;
       producer_hears(p) }
  od
}

/* A gap ends the session, here as soon as a heartbeat shows it. */
inline consumer_hears(p) {
  if
  :: kind == data ->
     must(I8, x == c_received[p] + 1 || lossy);
     if
     :: x == c_received[p] + 1 ->
        must(I1, x <= c_limit[p]);
        c_received[p] = x
     :: else
     fi
  :: kind == drained ->
     if
     :: x == c_received[p] && c_draining[p] ->
        c_draining[p] = false;
        c_limit[p] = c_received[p];
        c_dirty[p] = true;
        raise_all()
     :: else
     fi
  fi
}

inline tell(p) {
  if
  :: c_dirty[p] && p_open[p] -> to_producer[p]!credit, SAID(p), c_settled[p]
  :: else
  fi;
  if
  :: c_ask[p] && p_open[p] -> to_producer[p]!drain, 0, 0
  :: else
  fi;
  c_dirty[p] = false;
  c_ask[p] = false
}

#define CONSUMER_OF(p) \
  :: d_step { nempty(to_consumer[p]) -> to_consumer[p]?kind, x; consumer_hears(p); x = 0 } \
  :: d_step { c_received[p] > c_settled[p] -> \
       c_settled[p]++; c_dirty[p] = true; raise(p); \
       if \
       :: c_short -> raise_all() \
       :: else \
       fi; \
       x = 0 } \
  :: d_step { (c_dirty[p] || c_ask[p]) && len(to_producer[p]) + 2 <= QUEUE -> tell(p); x = 0 }

proctype consumer() {
end:
  do
  CONSUMER_OF(0)
  CONSUMER_OF(1)
  od
}

#define QUIET(p) (len(to_consumer[p]) + len(to_producer[p]) == 0 && !c_dirty[p] && !c_ask[p])

#define FAULTS_OF(p) \
  :: d_step { !p_open[p] && !c_open[p] -> \
       p_open[p] = true; c_open[p] = true; raise_all(); x = 0 } \
  /* Late but sure; also for who does not answer a drain, and for a gap. */ \
  :: d_step { p_open[p] && !c_open[p] -> close_producer(p) } \
  :: d_step { c_open[p] && !p_open[p] -> close_consumer(p); x = 0 } \
  :: d_step { lossy && c_open[p] && p_open[p] && QUIET(p) && \
              (c_draining[p] || p_sent[p] > c_received[p]) -> close_consumer(p); x = 0 } \
  /* A heartbeat, after a loss and at any time. */ \
  :: d_step { lossy && c_open[p] && p_open[p] && QUIET(p) && \
              (p_limit[p] < SAID(p) || p_settled[p] < c_settled[p]) -> c_dirty[p] = true } \
  :: d_step { repeats && c_open[p] && !c_dirty[p] -> repeats--; c_dirty[p] = true } \
  :: d_step { doubts && p_open[p] && c_open[p] -> doubts--; close_producer(p) } \
  :: d_step { doubts && p_open[p] && c_open[p] -> doubts--; close_consumer(p); x = 0 } \
  :: d_step { losses && p_open[p] && nempty(to_producer[p]) -> \
       losses--; lossy = true; to_producer[p]?kind, x, y } \
  :: d_step { losses && c_open[p] && nempty(to_consumer[p]) -> \
       losses--; lossy = true; to_consumer[p]?kind, x }

/* Both can send, and know what they were granted. */
inline at_rest(p) {
  must(L1, p_open[p] && c_open[p] && !p_left[p] && !c_draining[p]);
  must(L1, c_received[p] == c_settled[p] && p_limit[p] == c_limit[p]);
  must(L1, p_limit[p] - p_sent[p] >= BUDGET / 2)
}

proctype faults() {
end:
  do
  FAULTS_OF(0)
  FAULTS_OF(1)
  :: atomic { timeout -> at_rest(0); at_rest(1); break }
  od
}

inline up_to(budget, most) {
  do
  :: budget < most -> budget++
  :: break
  od
}

init {
  atomic {
    up_to(doubts, DOUBTS);
    up_to(repeats, REPEATS);
    up_to(losses, LOSSES);
    run producer(0);
    run producer(1);
    run consumer();
    run faults()
  }
}
