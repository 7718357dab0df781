/*
 * ring.pml: app/flow/ring.c as a model for spin: one producer, one consumer, every interleaving, weak memory.
 *
 * What the model knows of memory: a store stays in its thread's buffer until it reaches memory, and may be overtaken by
 * younger ones to other places; a RELEASE store waits for all older ones. A load may be made early, before older loads
 * of its thread; not before an ACQUIRE load. So a slot may be written after the new tail is seen, or read before the tail
 * that covers it was, wherever the orders in ring.c do not forbid it.
 *
 * A slot has two halves, so that a half-written element shows. Elements are the numbers 0 to 6 in turn, which the
 * consumer expects in turn: as the ring is smaller, one lost, repeated, old or torn is an assertion that fails. Positions
 * wrap at 8 as those in C wrap at 2^32.
 *
 * Each MUTANT_* is one fault of ring.c that must be found: `check-ring` runs them all.
 */
#define SLOTS  2
#define WRAP   8
#define VALUES 7

#define DISTANCE(to, from) ((WRAP + (to) - (from)) % WRAP)

byte slot_a[SLOTS], slot_b[SLOTS]; /* memory */
byte tail, head;

#ifdef MUTANT_CAPACITY
#define ROOM(distance) (SLOTS + 1 - (distance))
#else
#define ROOM(distance) (SLOTS - (distance))
#endif

#define NONE_PENDING (!a_pending[0] && !b_pending[0] && !a_pending[1] && !b_pending[1])

/* ring_push, and ring_push_batch of SLOTS elements, again and again */
active proctype producer()
{
    byte own_tail, head_cached, value, room, most, count;
    bool a_pending[SLOTS], b_pending[SLOTS];
    bool tail_pending, early;

    do
    ::  if
        :: most = 1
        :: most = SLOTS
        fi;
        /* look at the cached head, then at the real one */
        early = false;
#ifdef MUTANT_HEAD_LOAD_RELAXED
        /* nothing keeps the stores into the slot behind the load that allowed them */
        if
        :: early = true
        :: skip
        fi;
#endif
        if
        :: early ->
            slot_a[own_tail % SLOTS] = value;
            slot_b[own_tail % SLOTS] = value
        :: else
        fi;
        room = ROOM(DISTANCE(own_tail, head_cached));
        if
        :: room < most -> head_cached = head; room = ROOM(DISTANCE(own_tail, head_cached))
        :: else
        fi;
#ifdef MUTANT_PUSH_UNBOUNDED
        count = most;
#else
        count = (most < room -> most : room);
#endif
        if
        :: count == 0 -> skip /* full */
        :: else ->
            a_pending[0] = !early;
            b_pending[0] = !early;
            a_pending[1] = count > 1;
            b_pending[1] = count > 1;
            tail_pending = true;
            do
            :: a_pending[0] -> slot_a[own_tail % SLOTS] = value; a_pending[0] = false
            :: b_pending[0] -> slot_b[own_tail % SLOTS] = value; b_pending[0] = false
            :: a_pending[1] -> slot_a[(own_tail + 1) % SLOTS] = (value + 1) % VALUES; a_pending[1] = false
            :: b_pending[1] -> slot_b[(own_tail + 1) % SLOTS] = (value + 1) % VALUES; b_pending[1] = false
#ifdef MUTANT_TAIL_STORE_RELAXED
            :: tail_pending -> tail = (own_tail + count) % WRAP; tail_pending = false
#else
            :: tail_pending && NONE_PENDING -> tail = (own_tail + count) % WRAP; tail_pending = false
#endif
            :: NONE_PENDING && !tail_pending -> break
            od;
            own_tail = (own_tail + count) % WRAP;
            value = (value + count) % VALUES
        fi
    od
}

/* ring_pop of at most one or at most SLOTS elements, again and again */
active proctype consumer()
{
    byte own_head, tail_cached, expected, most, count, i, at;
    byte early_a[SLOTS], early_b[SLOTS];
    byte a[SLOTS], b[SLOTS];
    bool is_early, head_pending;

    do
    ::  if
        :: most = 1
        :: most = SLOTS
        fi;
        is_early = false;
#ifdef MUTANT_TAIL_LOAD_RELAXED
        /* nothing keeps the loads of the slots behind the load of the tail that covers them */
        if
        :: is_early = true;
           i = 0;
           do
           :: i < SLOTS -> early_a[i] = slot_a[i]; early_b[i] = slot_b[i]; i++
           :: else -> break
           od
        :: skip
        fi;
#endif
        if
        :: DISTANCE(tail_cached, own_head) < most -> tail_cached = tail
        :: else
        fi;
        count = DISTANCE(tail_cached, own_head);
#ifdef MUTANT_COUNT_UNBOUNDED
        skip;
#else
        count = (count < most -> count : most);
#endif
        assert(count <= most);
        if
        :: count > 0 ->
            head_pending = true;
            i = 0;
            do
#ifdef MUTANT_HEAD_STORE_RELAXED
            /* the slots are given back while they are still being read */
            :: head_pending -> head = (own_head + count) % WRAP; head_pending = false
#endif
            :: i < count ->
                at = (own_head + i) % SLOTS;
                if
                :: is_early -> a[i] = early_a[at]; b[i] = early_b[at]
                :: else -> a[i] = slot_a[at]; b[i] = slot_b[at]
                fi;
                i++
            :: i == count -> break
            od;
            if
            :: head_pending -> head = (own_head + count) % WRAP
            :: else
            fi;
            own_head = (own_head + count) % WRAP;
            i = 0;
            do
            :: i < count ->
                assert(a[i] == b[i]);      /* whole */
                assert(a[i] == expected);  /* the next one: none lost, none twice */
                expected = (expected + 1) % VALUES;
                i++
            :: else -> break
            od
        :: else
        fi
    od
}
