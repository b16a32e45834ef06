/* What the world does to them, handshakes, and what must hold when it stops. */

/* The lowest id that nothing of the link remembers: real ones are random. */
#define IN_FRAMES(channel) channel??[kind, eval(session), x, y]
#define KNOWN_UPSTREAM \
  (session == a_session[0] || session == a_session[1] || IN_FRAMES(to_republisher) || \
   IN_FRAMES(to_ingestor))
#define KNOWN_DOWNSTREAM \
  (session == c_session[0] || session == c_session[1] || IN_FRAMES(to_reporter) || \
   IN_FRAMES(from_reporter) || inbox??[eval(session), y])
#define DRAW_SESSION(known) \
  session = 1; \
  do \
  :: known -> session++ \
  :: else -> break \
  od

inline handshake_upstream() {
  close_ingestor(0); /* replaced */
  DRAW_SESSION(KNOWN_UPSTREAM);
  a_session[0] = session;
  b_session = session;
  announce(false)
}

inline handshake_downstream() {
  close_reporter(0); /* replaced */
  DRAW_SESSION(KNOWN_DOWNSTREAM);
  c_session[0] = session;
  d_session = session;
  ever_asked = true;
  reporter_raises(0);
  tell_republisher(0, c_limit[0])
}

inline empty_channel(channel) {
  do
  :: nempty(channel) -> channel?kind, session, x, y
  :: empty(channel) -> break
  od
}

inline kill_republisher() {
  kills--;
  do
  :: nempty(flying) -> flying?z
  :: empty(flying) -> break
  od;
  close_upstream();
  close_downstream();
  begun = 0;
  open = 0;
  ready = 0;
  resent = 0;
  restart_republisher()
}

inline kill_reporter() {
  kills--;
  do
  :: nempty(inbox) -> inbox?session, y
  :: empty(inbox) -> break
  od;
  close_reporter(0);
  close_reporter(1)
}

/* A session that one end gives up; or a cut connection that loses what is not yet read: since
 * that may be at any moment, any tail. */
#define DOUBT(live_there, close, there, back) \
  :: d_step { doubts && (live_there) -> doubts--; close } \
  :: d_step { doubts && (live_there) && (nempty(there) || nempty(back)) -> \
       doubts--; empty_channel(there); empty_channel(back); close }

#define SLOT_FAULTS(slot) \
  :: d_step { a_session[slot] && a_session[slot] != b_session -> close_ingestor(slot) } \
  :: d_step { c_session[slot] && c_session[slot] != d_session -> close_reporter(slot) } \
  DOUBT(a_session[slot] && a_session[slot] == b_session, close_ingestor(slot), \
        to_republisher, to_ingestor) \
  DOUBT(c_session[slot] && c_session[slot] == d_session, close_reporter(slot), \
        to_reporter, from_reporter) \
  /* A heartbeat: the producer has sent what did not arrive. */ \
  :: d_step { lossy && a_session[slot] && a_session[slot] == b_session && \
              empty(to_republisher) && a_sent[slot] > b_received && !FULL_POSTS -> \
       close_upstream() } \
  :: d_step { lossy && c_session[slot] && c_session[slot] == d_session && \
              empty(to_reporter) && d_sent > c_received[slot] -> close_reporter(slot) } \
  /* A heartbeat: the consumer's state is not what the producer knows. */ \
  :: d_step { lossy && a_session[slot] && a_session[slot] == b_session && empty(to_ingestor) && \
              (a_limit[slot] < B_SAID || \
               a_sent[slot] - COUNT(a_flight[slot]) < COUNT(b_settled)) -> \
       tell_ingestor(B_SAID) } \
  :: d_step { lossy && c_session[slot] && c_session[slot] == d_session && \
              empty(from_reporter) && \
              (d_limit < c_limit[slot] || d_sent - len(flying) < c_settled[slot]) -> \
       tell_republisher(slot, c_limit[slot]) } \
  :: d_step { repeats && c_session[slot] && nfull(from_reporter) -> \
       repeats--; tell_republisher(slot, C_GRANT(slot)) }

/* Everything is stored and settled, nobody holds anything, all credit is back. */
inline at_rest() {
  must(L1, stored == ALL_ROWS && cursor == POSTS);
  must(L1, !leaving && !begun && !queued && !open);
  must(L1, b_session && a_session[0] == b_session);
  must(L1, a_limit[0] - a_sent[0] == POST_WINDOW);
  must(L1, d_session && c_session[0] == d_session);
  must(L1, d_limit - d_sent == PUBLICATION_WINDOW)
}

inline repeat_to_ingestor() {
#ifdef DELTA_CREDIT
  tell_ingestor(1)
#else
  tell_ingestor(B_SAID)
#endif
}

#define LOSS(channel, what) \
  :: d_step { losses && channel?[what, x, y, z] -> \
       losses--; lossy = true; channel?kind, session, x, y }

proctype faults() {
end:
  do
  :: d_step { kills -> kills--; restart_ingestor() }
  :: d_step { kills -> kill_republisher() }
  :: d_step { kills -> kill_reporter() }
  :: d_step { drains && !leaving && nfull(to_ingestor) ->
       drains--;
       leaving = true;
       if
       :: A_HAS(b_session) && b_session -> to_ingestor!drain, b_session, 0, 0
       :: else
       fi }
  :: d_step { !b_session && !leaving && nfull(to_ingestor) -> handshake_upstream() }
  :: d_step { !d_session && !(leaving && !b_session && !begun) && nfull(from_reporter) ->
       handshake_downstream() }
  :: d_step { b_session && b_session != a_session[0] && b_session != a_session[1] &&
              !FULL_POSTS -> close_upstream() }
  :: d_step { d_session && d_session != c_session[0] && d_session != c_session[1] ->
       close_downstream() }
  SLOT_FAULTS(0)
  SLOT_FAULTS(1)
  DOUBT(b_session && !FULL_POSTS && (b_session == a_session[0] || b_session == a_session[1]),
        close_upstream(), to_republisher, to_ingestor)
  DOUBT(d_session && (d_session == c_session[0] || d_session == c_session[1]),
        close_downstream(), to_reporter, from_reporter)
  :: d_step { repeats && b_session && nfull(to_ingestor) -> repeats--; repeat_to_ingestor() }
  LOSS(to_republisher, data)
  LOSS(to_reporter, data)
  LOSS(to_ingestor, credit)
  LOSS(from_reporter, credit)
  :: atomic { timeout -> at_rest(); break }
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
    up_to(kills, KILLS);
    up_to(doubts, DOUBTS);
    up_to(repeats, REPEATS);
    up_to(losses, LOSSES);
    up_to(drains, DRAINS);
    run ingestor();
    run republisher();
    run reporter();
    run faults()
  }
}
