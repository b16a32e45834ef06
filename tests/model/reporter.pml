/* The reporter: commits, then settles, in the order of arrival. As binder it may have two
 * sessions with one republisher: that of a dead process lives until it is found out. */

/* Durable. */
byte stored;         /* rows */
byte stored_flagged; /* of them: received redelivered at least once */

chan inbox = [QUEUE] of { byte, byte }; /* received: session, PAIR(row, redelivered) */
byte c_limit[2];
byte c_received[2];
byte c_committed[2];
byte c_settled[2];
byte c_granted;  /* and not settled, both sessions together */
bool ever_asked; /* a reporter has ever granted anything */

#define C_GRANTED(slot) (c_limit[slot] - c_settled[slot])
#define C_SHARE \
  (c_session[0] && c_session[1] -> MAX(1, PUBLICATION_WINDOW / 2) : PUBLICATION_WINDOW)
#define C_FREE (PUBLICATION_WINDOW - c_granted)
#ifdef DELTA_CREDIT
#define C_GRANT(slot) 1
#else
#define C_GRANT(slot) c_limit[slot]
#endif

inline close_reporter(slot) {
#ifndef LEAKED_CREDIT
  c_granted = c_granted - C_GRANTED(slot);
#endif
  c_session[slot] = 0;
  c_limit[slot] = 0;
  c_received[slot] = 0;
  c_committed[slot] = 0;
  c_settled[slot] = 0
}

/* The republisher is dead, and its session lives on. One of an earlier process ends now. */
inline orphan_reporter() {
  close_reporter(1);
  c_session[1] = c_session[0];
  c_limit[1] = c_limit[0];
  c_received[1] = c_received[0];
  c_committed[1] = c_committed[0];
  c_settled[1] = c_settled[0];
  c_limit[0] = c_settled[0]; /* not closed: it keeps what it was granted */
  close_reporter(0)
}

/* As far as the budget reaches. Whoever holds more than its share is asked for it: a dead one
 * does not answer, and is found out; a living one: budget.pml. */
inline reporter_raises(slot) {
  if
  :: C_GRANTED(slot) < C_SHARE ->
     z = MIN(C_SHARE - C_GRANTED(slot), C_FREE);
     c_limit[slot] = c_limit[slot] + z;
     c_granted = c_granted + z;
     must(I7, C_GRANTED(0) + C_GRANTED(1) <= PUBLICATION_WINDOW)
  :: else
  fi
}

inline tell_republisher(slot, granted) {
  SEND(from_reporter, c_session[slot] == d_session, credit, c_session[slot], granted,
       c_settled[slot])
}

inline reporter_settles(slot) {
  c_granted = c_granted - (c_committed[slot] - c_settled[slot]);
  c_settled[slot] = c_committed[slot];
  reporter_raises(slot);
  tell_republisher(slot, C_GRANT(slot))
}

inline reporter_receives(slot) {
  must(I8, x == c_received[slot] + 1 || lossy);
  if
  :: x != c_received[slot] + 1 -> close_reporter(slot)
  :: else ->
     must(I1, x <= c_limit[slot]);
     c_received[slot]++;
     inbox!session, y;
#ifdef SETTLE_BEFORE_COMMIT
     c_committed[slot]++;
     reporter_settles(slot)
#endif
#ifdef CREDIT_ON_RECEIPT
     from_reporter!credit, session, c_received[slot] + PUBLICATION_WINDOW, c_settled[slot]
#endif
  fi
}

proctype reporter() {
end:
  do
  :: d_step { nempty(to_reporter) && nfull(inbox) && nfull(from_reporter) ->
       to_reporter?kind, session, x, y;
       if
       :: CURRENT(c_session[0]) && kind == data -> reporter_receives(0)
       :: CURRENT(c_session[1]) && kind == data && !CURRENT(c_session[0]) -> reporter_receives(1)
       :: CURRENT(c_session[0]) && kind == bye -> close_reporter(0)
       :: CURRENT(c_session[1]) && kind == bye && !CURRENT(c_session[0]) -> close_reporter(1)
       :: else
       fi }
  :: d_step { nempty(inbox) -> /* a transaction ends */
       inbox?session, y;
       z = y >> 4;
       y = y & 15;
       must(I12, !(stored & BIT(y)) || z || stored_flagged & BIT(y));
       stored = stored | BIT(y);
       stored_flagged = stored_flagged | (z << y);
#ifndef SETTLE_BEFORE_COMMIT
       if
       :: c_session[0] == session -> c_committed[0]++
       :: c_session[1] == session -> c_committed[1]++
       :: else
       fi
#endif
     }
  :: d_step { c_session[0] && C_GRANTED(0) < C_SHARE && C_FREE > 0 && nfull(from_reporter) ->
       reporter_raises(0);
       tell_republisher(0, C_GRANT(0)) }
  :: d_step { c_committed[0] > c_settled[0] && nfull(from_reporter) -> reporter_settles(0) }
  :: d_step { c_committed[1] > c_settled[1] && nfull(from_reporter) -> reporter_settles(1) }
  od
}
