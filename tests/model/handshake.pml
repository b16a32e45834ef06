/* The handshake: one connector, one binder, and connections that overtake each other.
 *
 * Every hello goes over a new connection. Of one that the connector has closed, what it sent may
 * still arrive, at any time or never; what was sent to it is lost. Either side may be killed,
 * hellos be repeated, connections be cut, sessions be given up, at any moment.
 *
 * What it leaves out:
 *   - Credit and events: pipeline.pml has them; a session is an id here.
 *   - Refusals for other reasons than an older number: they end in another try, too.
 *   - More than CONNECTIONS at once: the next try waits until one of them has come to rest.
 *   - A binder forgets no instance (the real one may, when it has known very many).
 *   - Time: a welcome that does not come, and silence, are steps that happen sometime.
 */
#ifndef KILLS
#define KILLS 2
#endif
#ifndef DOUBTS /* the connector begins anew, though nothing is wrong; or a connection is cut */
#define DOUBTS 2
#endif
#ifndef REPEATS /* the same hello once more, on the same connection */
#define REPEATS 1
#endif
#define CONNECTIONS 3
#define INSTANCES 3 /* at least KILLS + 1 */
#define MOST_HELLOS 2
#define QUEUE 2

/* Never true: they give what the verifier prints the property's name. */
hidden byte newer, agree, L1;
#define must(property, condition) assert(property || (condition))

mtype = { hello, welcome, refused, frame, unknown };
/* hello: instance, number; welcome: session, number; refused: number; else: session. */
chan to_binder[CONNECTIONS] = [QUEUE] of { mtype, byte, byte };
chan to_connector[CONNECTIONS] = [QUEUE] of { mtype, byte, byte };

byte kills, doubts, repeats; /* to come */

/* Connector. */
mtype = { resting, greeting, live };
mtype stage = resting;
byte instance;
byte number;     /* of its last hello */
byte connection; /* of its last hello */
byte session;    /* 0: none */
byte hellos;     /* since the last fault */

/* Binder: at most one session of an instance (I13). 0: none. */
byte b_session[INSTANCES];
byte b_number[INSTANCES];
byte b_route[INSTANCES];
byte b_newest[INSTANCES]; /* highest number known */
byte sessions;            /* ever opened: the next one's id */
#define GONE CONNECTIONS

/* Variables of one step. */
hidden mtype kind;
hidden byte x, y, i;

inline empty_channel(channel) {
  do
  :: nempty(channel) -> channel?kind, x, y
  :: empty(channel) -> break
  od
}

/* What was sent to the socket that closes is lost. */
inline rest() {
  empty_channel(to_connector[connection]);
  stage = resting;
  session = 0
}

/* Who has closed the connection hears nothing. */
#define ANSWER(to, what, first, second) \
  if \
  :: stage != resting && (to) == connection && len(to_connector[to]) < QUEUE -> \
     to_connector[to]!what, first, second \
  :: else \
  fi

#define IS_AT_BINDER (b_session[instance] == session && b_route[instance] == connection)
#define ROUTED(to) \
  (b_session[0] && b_route[0] == (to) || b_session[1] && b_route[1] == (to) || \
   b_session[2] && b_route[2] == (to))
#define AT_REST(on) (len(to_binder[on]) + len(to_connector[on]) == 0 && !ROUTED(on))

inline connect(on) {
  connection = on;
#ifdef NUMBER_NOT_COUNTED
  number = 1;
#else
  number++;
#endif
  stage = greeting;
  hellos++;
  must(L1, hellos <= MOST_HELLOS);
  to_binder[on]!hello, instance, number
}

inline connector_hears() {
  if
  :: stage == greeting && kind == welcome && y == number ->
     stage = live;
     session = x;
     must(agree, b_session[instance] != session || b_number[instance] == number)
  :: stage == greeting && kind == refused && x == number -> rest()
  :: stage == live && kind == unknown && x == session -> rest()
  :: else
  fi
}

proctype connector() {
end:
  do
  :: d_step { stage == resting && AT_REST(0) -> connect(0) }
  :: d_step { stage == resting && !AT_REST(0) && AT_REST(1) -> connect(1) }
  :: d_step { stage == resting && !AT_REST(0) && !AT_REST(1) && AT_REST(2) -> connect(2) }
  :: d_step { nempty(to_connector[connection]) ->
       to_connector[connection]?kind, x, y;
       connector_hears() }
  /* No answer comes. */
  :: d_step { stage == greeting && empty(to_binder[connection]) &&
              empty(to_connector[connection]) -> rest() }
  /* A heartbeat, where it changes something. */
  :: d_step { stage == live && !IS_AT_BINDER && empty(to_binder[connection]) &&
              empty(to_connector[connection]) -> to_binder[connection]!frame, session, 0 }
  od
}

#ifdef OLDER_HELLO_REPLACES
#define OLD(who, n) false
#else
#define OLD(who, n) ((n) <= b_newest[who])
#endif

inline end_at_binder(who) {
  b_session[who] = 0;
  b_number[who] = 0;
  b_route[who] = 0
}

/* x instance, y number. */
inline binder_is_greeted(from) {
  if
  :: b_session[x] && b_number[x] == y && b_route[x] == from ->
     ANSWER(from, welcome, b_session[x], y) /* the same hello again */
  :: else ->
     if
     :: OLD(x, y) -> ANSWER(from, refused, y, 0)
     :: else ->
        must(newer, !b_session[x] || y > b_number[x]);
        sessions++;
        b_session[x] = sessions;
        b_number[x] = y;
        b_route[x] = from;
        b_newest[x] = y;
        ANSWER(from, welcome, sessions, y)
     fi
  fi
}

#define LIVE_ON(who, from) (b_session[who] == x && b_route[who] == (from))

#define BINDER_HEARS(from) \
  :: d_step { nempty(to_binder[from]) -> \
       to_binder[from]?kind, x, y; \
       if \
       :: kind == hello -> binder_is_greeted(from) \
       :: kind == frame && !LIVE_ON(0, from) && !LIVE_ON(1, from) && !LIVE_ON(2, from) -> \
          ANSWER(from, unknown, x, 0) \
       :: else \
       fi }

#define BINDER_DOUBTS(who) \
  /* Silence. */ \
  :: d_step { b_session[who] && \
              (who != instance || b_route[who] != connection || stage == resting) -> \
       end_at_binder(who) } \
  :: d_step { doubts && b_session[who] && who == instance -> fault(doubts); end_at_binder(who) }

inline fault(budget) {
  budget--;
  hellos = 0
}

proctype binder() {
end:
  do
  BINDER_HEARS(0)
  BINDER_HEARS(1)
  BINDER_HEARS(2)
  BINDER_DOUBTS(0)
  BINDER_DOUBTS(1)
  BINDER_DOUBTS(2)
  od
}

inline kill_connector() {
  fault(kills);
  rest();
  instance++;
  number = 0
}

inline kill_binder() {
  fault(kills);
  for (i : 0 .. CONNECTIONS - 1) {
    empty_channel(to_binder[i]);
    empty_channel(to_connector[i])
  }
  for (i : 0 .. INSTANCES - 1) {
    end_at_binder(i);
    b_newest[i] = 0
  }
  skip
}

/* The socket connects again by itself, to another route of the binder. */
inline cut() {
  fault(doubts);
  empty_channel(to_binder[connection]);
  empty_channel(to_connector[connection]);
  for (i : 0 .. INSTANCES - 1) {
    if
    :: b_session[i] && b_route[i] == connection -> b_route[i] = GONE
    :: else
    fi
  }
  skip
}

/* Everything left of a closed connection is lost. */
#define LOSS(on) \
  :: d_step { (on != connection || stage == resting) && nempty(to_binder[on]) -> \
       empty_channel(to_binder[on]); \
       x = 0 }

/* Both ends have the same session, and there is no other. */
inline at_rest() {
  must(L1, stage == live && IS_AT_BINDER);
  must(L1, instance == 0 || !b_session[0]);
  must(L1, instance == 1 || !b_session[1]);
  must(L1, instance == 2 || !b_session[2])
}

proctype faults() {
end:
  do
  :: d_step { kills -> kill_connector() }
  :: d_step { kills -> kill_binder() }
  :: d_step { doubts && stage != resting -> fault(doubts); rest() }
  :: d_step { doubts && stage != resting -> cut() }
  :: d_step { repeats && stage != resting && nfull(to_binder[connection]) ->
       repeats--;
       to_binder[connection]!hello, instance, number }
  :: d_step { repeats && stage == live && nfull(to_binder[connection]) ->
       repeats--;
       to_binder[connection]!frame, session, 0 }
  LOSS(0)
  LOSS(1)
  LOSS(2)
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
    run connector();
    run binder();
    run faults()
  }
}
