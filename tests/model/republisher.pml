/* The republisher: consumer of posts, producer of publications. Keeps nothing over a kill.
 *
 * It may hold two copies of a post: one of its live session upstream, and one begun under a
 * session that has ended, which is finished and reported all the same. Were there to be a
 * third, the session waits with ending until one is finished: here only. Copy = 2 * post + 0 or 1;
 * record = PUBLICATIONS * copy + publication. */

/* Upstream. */
byte b_limit;
byte b_received;
byte b_settled;  /* set of sequence numbers */
byte b_released; /* part of it */
byte number_of[2 * POSTS];
byte live;    /* copies of the live session */
byte queued;  /* copies that are not begun */
byte begun;   /* copies that are begun and not settled */
byte flagged; /* copies that came redelivered */

/* Downstream. */
byte d_limit;
byte d_sent;
byte open;   /* records that the reporter has not settled */
byte ready;  /* of them: not in flight */
byte resent; /* of them: to be sent redelivered */
chan flying = [PUBLICATION_WINDOW + 1] of { byte }; /* the others, in order of sending */

bool leaving;    /* was asked to end */
bool drained_up; /* the ingestor has given back what credit it had */

byte ever_begun; /* posts, by anybody, ever */

#define RECORDS_OF(copy) ((BIT(PUBLICATIONS) - 1) << ((copy) * PUBLICATIONS))
#define FREE_COPY(post) ((queued | begun) & BIT(2 * (post)) -> 2 * (post) + 1 : 2 * (post))
#define FULL_POSTS (begun & (begun >> 1) & 5) /* posts of which both copies are begun */
#ifdef SETTLE_AFTER_FIRST
#define SETTLED(copy) true
#else
#define SETTLED(copy) !(open & RECORDS_OF(copy))
#endif
#if defined(RESERVE_CREDIT)
#define MAY_BEGIN (D_CREDIT >= PUBLICATIONS)
#elif defined(SETTLE_WHEN_PUBLISHED)
#define MAY_BEGIN nfull(to_ingestor)
#else
#define MAY_BEGIN true
#endif
#define ALL_SETTLED (COUNT(b_settled) == b_received)
#ifdef BYE_BEFORE_DRAINED
#define BYE_UPSTREAM ALL_SETTLED
#else
#define BYE_UPSTREAM (drained_up && ALL_SETTLED)
#endif
#define D_CREDIT (d_limit - d_sent)
#ifdef NO_GATE
#define GATE_OPEN true
#else
#define GATE_OPEN (D_CREDIT > 0)
#endif

/* While unused credit is asked back, nothing is granted. */
#ifdef LIMIT_WHILE_DRAINING
#define B_SAID b_limit
#else
#define B_SAID (leaving && !drained_up -> 0 : b_limit)
#endif
#ifdef DELTA_CREDIT
#define B_GRANT(from) (b_limit - (from))
#else
#define B_GRANT(from) B_SAID
#endif

inline tell_ingestor(granted) {
  SEND(to_ingestor, A_HAS(b_session), credit, b_session, granted, PAIR(b_settled, b_released))
}

/* Relays demand, and says what was settled if `news`. */
inline announce(news) {
  if
  :: b_session == 0 -> skip
  :: else ->
     x = COUNT(b_settled) + POST_WINDOW;
     if
     :: (GATE_OPEN && !leaving && x > b_limit) ->
        y = b_limit;
        b_limit = x;
        tell_ingestor(B_GRANT(y))
     :: else ->
        if
        :: news -> tell_ingestor(B_GRANT(b_limit))
        :: else
        fi
     fi
  fi
}

inline settle_copy(copy) {
  begun = begun & ~BIT(copy);
  open = open & ~RECORDS_OF(copy);
  if
  :: live & BIT(copy) ->
     live = live & ~BIT(copy);
     b_settled = b_settled | BIT(number_of[copy] - 1);
     number_of[copy] = 0
  :: else
  fi
}

/* What was not begun comes again; what was begun is finished. Needs FULL_POSTS == 0. */
inline close_upstream() {
  live = 0;
  queued = 0;
  flagged = 0;
  for (i : 0 .. 2 * POSTS - 1) { number_of[i] = 0 }
  b_session = 0;
  b_limit = 0;
  b_received = 0;
  b_settled = 0;
  b_released = 0;
  drained_up = false
}

inline close_downstream() {
  do
  :: nempty(flying) ->
     flying?z;
     ready = ready | BIT(z);
     resent = resent | BIT(z)
  :: empty(flying) -> break
  od;
  d_session = 0;
  d_limit = 0;
  d_sent = 0
}

inline republisher_receives_post() {
  must(I8, x == b_received + 1 || lossy);
  if
  :: x == b_received + 1 ->
     must(I1, x <= b_limit);
     b_received++;
     i = FREE_COPY(y);
     number_of[i] = x;
     live = live | BIT(i);
     queued = queued | BIT(i);
     flagged = flagged | (z << i)
  :: else /* a gap: takes nothing more, until the next heartbeat ends the session */
  fi
}

inline begin(copy) {
  must(I12, !(ever_begun & BIT(copy / 2)) || flagged & BIT(copy));
  ever_begun = ever_begun | BIT(copy / 2);
  queued = queued & ~BIT(copy);
  begun = begun | BIT(copy);
  open = open | RECORDS_OF(copy);
  ready = ready | RECORDS_OF(copy);
  if
  :: flagged & BIT(copy) -> resent = resent | RECORDS_OF(copy)
  :: else -> resent = resent & ~RECORDS_OF(copy)
  fi;
  flagged = flagged & ~BIT(copy)
#ifdef SETTLE_WHEN_PUBLISHED
  ;
  if
  :: live & BIT(copy) ->
     live = live & ~BIT(copy);
     b_settled = b_settled | BIT(number_of[copy] - 1);
     number_of[copy] = 0;
     announce(true)
  :: else
  fi
#endif
}

inline send_record_of(copy) {
  z = PUBLICATIONS * copy + LOWEST((ready & RECORDS_OF(copy)) >> (PUBLICATIONS * copy));
  ready = ready & ~BIT(z);
  d_sent++;
  flying!z;
  must(I1, d_sent <= d_limit);
  must(I2, len(flying) <= PUBLICATION_WINDOW);
  SEND(to_reporter, C_HAS(d_session), data, d_session, d_sent,
       PAIR((copy / 2) * PUBLICATIONS + z % PUBLICATIONS, (resent & BIT(z) -> 1 : 0)));
  resent = resent & ~BIT(z)
}

inline reporter_says() {
  RAISE(d_limit, x);
  x = b_settled;
  do
  :: d_sent - len(flying) < y ->
     flying?z;
     open = open & ~BIT(z);
     if
     :: SETTLED(z / PUBLICATIONS) -> settle_copy(z / PUBLICATIONS)
     :: else
     fi
  :: else -> break
  od;
  must(I2, d_limit <= d_sent - len(flying) + PUBLICATION_WINDOW);
  x = (x != b_settled);
  announce(x)
}

/* Gives back what nobody has begun. A queued copy is one of the live session. */
inline release() {
  for (i : 0 .. 2 * POSTS - 1) {
    if
    :: queued & BIT(i) ->
       b_settled = b_settled | BIT(number_of[i] - 1);
       b_released = b_released | BIT(number_of[i] - 1);
       number_of[i] = 0
    :: else
    fi
  }
  live = live & ~queued;
  flagged = flagged & ~queued;
  queued = 0;
  announce(true)
#ifdef RELEASED_ONCE
  ;
  b_released = 0
#endif
}

/* Another process takes the place of one that has ended or was killed. */
inline restart_republisher() {
  leaving = false;
  orphan_ingestor();
  orphan_reporter()
}

#define BEGIN_SEND(copy) \
  :: d_step { queued & BIT(copy) && !leaving && MAY_BEGIN -> begin(copy) } \
  :: d_step { ready & RECORDS_OF(copy) && D_CREDIT > 0 && nfull(to_reporter) -> \
       send_record_of(copy) }

proctype republisher() {
end:
  do
  :: d_step { nempty(to_republisher) ->
       to_republisher?kind, session, x, y;
       z = y >> 4;
       y = y & 15;
       if
       :: CURRENT(b_session) && kind == data -> republisher_receives_post()
       :: CURRENT(b_session) && kind == drained && x == b_received ->
          drained_up = true;
          b_limit = b_received
       :: else /* of no live session, or a gap */
       fi }
  :: d_step { nempty(from_reporter) && nfull(to_ingestor) ->
       from_reporter?kind, session, x, y;
       if
       :: CURRENT(d_session) -> reporter_says()
       :: else
       fi }
  BEGIN_SEND(0)
  BEGIN_SEND(1)
  BEGIN_SEND(2)
  BEGIN_SEND(3)
  :: d_step { leaving && queued && nfull(to_ingestor) -> release() }
  :: d_step { leaving && b_session && BYE_UPSTREAM && len(to_ingestor) + 2 <= QUEUE ->
       tell_ingestor(B_SAID);
       SEND(to_ingestor, A_HAS(b_session), bye, b_session, 0, 0);
       close_upstream() }
  :: d_step { leaving && !b_session && !begun && d_session && nfull(to_reporter) ->
       SEND(to_reporter, C_HAS(d_session), bye, d_session, 0, 0);
       close_downstream() }
  :: d_step { leaving && !b_session && !begun && !d_session -> restart_republisher() }
  od
}
