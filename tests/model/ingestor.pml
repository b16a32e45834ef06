/* The ingestor: reads posts when there is credit, keeps them until they are settled, and stores
 * how far it is. As binder it may have two sessions with one republisher: that of a dead process
 * lives, and gets posts, until it is found out.
 *
 * I11 and that a post is settled once hold by construction: a post is in one set at a time. */

/* Durable: written in one transaction. */
byte cursor; /* every post below it is settled */
byte seen;   /* settled posts */

byte a_settled; /* posts */
byte a_flagged; /* posts that are sent redelivered */
byte a_number[POSTS];
byte a_flight[2];  /* posts in flight */
byte a_limit[2];
byte a_sent[2];

#define WAITING (ALL_POSTS & ~(a_settled | a_flight[0] | a_flight[1]))
#define DURABLE(post) ((stored & ROWS_OF(post)) == ROWS_OF(post))

inline close_ingestor(slot) {
#ifndef UNFLAGGED_AFTER_DEATH
  a_flagged = a_flagged | a_flight[slot];
#endif
  for (i : 0 .. POSTS - 1) {
    if
    :: a_flight[slot] & BIT(i) -> a_number[i] = 0
    :: else
    fi
  }
  a_flight[slot] = 0;
  a_session[slot] = 0;
  a_limit[slot] = 0;
  a_sent[slot] = 0
}

/* The republisher is dead, and its session lives on. One of an earlier process ends now. */
inline orphan_ingestor() {
  close_ingestor(1);
  a_session[1] = a_session[0];
  a_flight[1] = a_flight[0];
  a_limit[1] = a_limit[0];
  a_sent[1] = a_sent[0];
  a_flight[0] = 0; /* not closed: they keep their numbers */
  close_ingestor(0)
}

inline send_post(slot) {
  i = LOWEST(WAITING);
  a_sent[slot]++;
  a_number[i] = a_sent[slot];
  a_flight[slot] = a_flight[slot] | BIT(i);
  SEND(to_republisher, a_session[slot] == b_session, data, a_session[slot], a_sent[slot],
       PAIR(i, (a_flagged & BIT(i) -> 1 : 0)));
  must(I1, a_sent[slot] <= a_limit[slot]);
  must(I2, COUNT(a_flight[slot]) <= POST_WINDOW);
  must(I11, !(a_flight[0] & a_flight[1]));
  must(gate, ever_asked)
}

/* x limit, y settled, z released. */
inline republisher_says(slot) {
  for (i : 0 .. POSTS - 1) {
    if
    :: a_flight[slot] & BIT(i) && y & BIT(a_number[i] - 1) ->
       a_flight[slot] = a_flight[slot] & ~BIT(i);
       if
       :: z & BIT(a_number[i] - 1)
       :: else ->
          must(I4, DURABLE(i));
          a_settled = a_settled | BIT(i)
       fi;
       a_number[i] = 0
    :: else
    fi
  }
  RAISE(a_limit[slot], x);
  must(I2, a_limit[slot] <= a_sent[slot] - COUNT(a_flight[slot]) + POST_WINDOW)
}

inline ingestor_hears(slot) {
  if
  :: kind == credit -> republisher_says(slot)
  :: kind == drain ->
     a_limit[slot] = a_sent[slot];
     SEND(to_republisher, a_session[slot] == b_session, drained, a_session[slot], a_sent[slot], 0)
  :: kind == bye ->
     must(farewell, !a_flight[slot] || lossy);
     close_ingestor(slot)
  fi
}

#ifdef SEEN_WHEN_READ
#define SEEN (ALL_POSTS & ~WAITING)
#else
#define SEEN a_settled
#endif

inline save() {
#ifdef CURSOR_AT_HIGHEST
  for (i : 0 .. POSTS - 1) {
    if
    :: a_settled & BIT(i) -> cursor = i + 1
    :: else
    fi
  }
#else
  do
  :: cursor < POSTS && a_settled & BIT(cursor) -> cursor++
  :: else -> break
  od;
#endif
  seen = SEEN;
  for (i : 0 .. POSTS - 1) { must(I5, (i >= cursor && !(seen & BIT(i))) || DURABLE(i)) }
  skip
}

inline restart_ingestor() {
  close_ingestor(0);
  close_ingestor(1);
  a_settled = seen;
  for (i : 0 .. POSTS - 1) {
    if
    :: i < cursor -> a_settled = a_settled | BIT(i)
    :: else
    fi
  }
#ifdef UNFLAGGED_AFTER_RESTART
  a_flagged = 0
#else
  a_flagged = ALL_POSTS & ~a_settled /* no memory of what was sent */
#endif
}

#define SEND_POST(slot) \
  :: d_step { a_session[slot] && a_sent[slot] < a_limit[slot] && WAITING && \
              nfull(to_republisher) -> send_post(slot) }

proctype ingestor() {
end:
  do
  SEND_POST(0)
  SEND_POST(1)
  :: d_step { nempty(to_ingestor) && nfull(to_republisher) ->
       to_ingestor?kind, session, x, y;
       z = y >> 4;
       y = y & 15;
       if
       :: CURRENT(a_session[0]) -> ingestor_hears(0)
       :: CURRENT(a_session[1]) && !CURRENT(a_session[0]) -> ingestor_hears(1)
       :: else
       fi }
  :: d_step { seen != SEEN || (cursor < POSTS && a_settled & BIT(cursor)) -> save() }
  od
}
