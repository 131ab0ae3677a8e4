/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The change of voters, one at a time, by VOTERS entries (docs/journal.md, "Who votes"). Ballots,
 * views and messages are as in journal.pml, which see for the names; there are no requests here:
 * VIEW and VOTERS entries are what is committed and must not be lost.
 *
 * A voter is a node with its disk: a node that comes back with another disk is another number.
 * So 0..N-1 are disks, those in the set INIT vote at first, the others are learners, and a lost
 * disk is one that takes no more steps. Learners promise, answer, install and acknowledge like
 * all others; who counts is said by the last VOTERS entry of a log, committed or not.
 *
 *	here			in docs/journal.md and daemon/core/core.h
 *	entry			ballot * 16 + set of voters (ENTRY_VOTERS), or + 0: VIEW
 *	voters			struct voters: list of a log
 *	may_change		when the sequencer may append another VOTERS entry
 *
 * Stronger than the code need be: any disk may be added, whether it has the log or not; the
 * sequencer may remove itself; a learner's log may be the best; and entry i counts as committed
 * when a majority of *some* list at or behind i has it, for nodes that know less or more of the
 * log count by different lists.
 *
 * Asserted: J1, J6. J9 is what COUNT_LEARNER breaks.
 * Bounds: -DB= ballots, -DML= entries, -DINIT= first set of voters.
 * Each of these must make an assertion fail:
 *	VIEW_BY_OWN_LIST	STATE from a majority of the proposer's list, not the chosen log's
 *	BEST_OF_OWN_LIST	the chosen log's list adds voters, whose logs nobody compares any more
 *	CHANGE_BEFORE_ACTIVE	appends VOTERS before VIEW(e) is committed
 *	TWO_CHANGES		appends VOTERS before the one before is committed
 *	CHANGE_TWO		one VOTERS entry changes two voters
 *	COUNT_LEARNER		anybody's acknowledgement counts
 */
#define N 4
#ifndef B
#define B 2
#endif
#ifndef ML
#define ML 4
#endif
#ifndef INIT
#define INIT 7
#endif

#define LOG(n, i) log[(n) * ML + (i)]
#define SEQ(e, i) L[(e) * ML + (i)]
#define ACK(e, n) ack[(e) * N + (n)]
#define BALLOT(entry) ((entry) >> 4)
#define SET(entry) ((entry) & 15)
#define BIT(n) (1 << (n))
#define IN(set, n) (((set) >> (n)) & 1)
#define COUNT(set) (IN(set, 0) + IN(set, 1) + IN(set, 2) + IN(set, 3))
#ifdef COUNT_LEARNER
#define MAJORITY(set, list) (COUNT(set) * 2 > COUNT(list))
#else
#define MAJORITY(set, list) (COUNT((set) & (list)) * 2 > COUNT(list))
#endif
#define LAST(n) (size[n] == 0 -> 0 : BALLOT(LOG(n, size[n] - 1)))

byte owner[B + 1];
byte prom[N], size[N], log[N * ML];
byte list[N]; /* by the log of n */
bit sent[B + 1];
byte got[B + 1], view[B + 1], Ln[B + 1], Llist[B + 1], L[(B + 1) * ML], ack[(B + 1) * N];
byte C[ML], Ce[ML], Cn;
hidden byte i, f, p, set, cur, may, better, known;

/* The voters' list at the end of a log. */
#define LIST_OF(GET, x, n_entries, ret) \
	ret = INIT; \
	i = 0; \
	do \
	:: i < n_entries -> ret = (SET(GET(x, i)) -> SET(GET(x, i)) : ret); i++ \
	:: else -> break \
	od

inline commit_one(e, at)
{
	assert(C[at] == 0 || C[at] == SEQ(e, at)); /* J1 */
	if
	:: C[at] == 0 || e < Ce[at] ->
		C[at] = SEQ(e, at);
		Ce[at] = e;
		Cn = (at < Cn -> Cn : at + 1);
		f = e + 1;
		do
		:: f <= B ->
			assert(!view[f] || (Ln[f] > at && SEQ(f, at) == C[at])); /* J6 */
			f++
		:: else -> break
		od
	:: else
	fi
}

#define HAVE(e, i) \
	((ACK(e, 0) > i) | ((ACK(e, 1) > i) << 1) | ((ACK(e, 2) > i) << 2) | ((ACK(e, 3) > i) << 3))

inline commit_all(e)
{
	cur = INIT;
	p = 1;
	do
	:: p <= Ln[e] ->
		cur = (SET(SEQ(e, p - 1)) -> SET(SEQ(e, p - 1)) : cur);
		i = 0;
		do
		:: view[e] <= p && i < p ->
			set = HAVE(e, i);
			if
			:: MAJORITY(set, cur) -> commit_one(e, i)
			:: else -> break
			fi;
			i++
		:: else -> break
		od;
		p++
	:: else -> break
	od
}

/* A proposer that promised more forgets what it has gathered. */
inline give_up(n, below)
{
	f = 1;
	do
	:: f < below ->
		if
		:: owner[f] == n && sent[f] && !view[f] ->
			got[f] = 0;
			Ln[f] = 0;
			Llist[f] = 0;
			i = 0;
			do
			:: i < ML -> SEQ(f, i) = 0; i++
			:: else -> break
			od
		:: else
		fi;
		f++
	:: else -> break
	od
}

inline promise(n, e, heard)
{
	prom[n] = e;
	give_up(n, e);
	if
	:: owner[e] == n -> sent[e] = 1
	:: else
	fi;
	f = (Ln[e] == 0 -> 0 : BALLOT(SEQ(e, Ln[e] - 1)));
	if
	:: heard && !view[e] && prom[owner[e]] == e ->
		got[e] = got[e] | BIT(n);
		better = LAST(n) > f || (LAST(n) == f && size[n] > Ln[e]);
#ifdef BEST_OF_OWN_LIST
		better = better && IN(list[owner[e]], n);
#endif
		if
		:: better ->
			Ln[e] = size[n];
			Llist[e] = list[n];
			i = 0;
			do
			:: i < ML -> SEQ(e, i) = LOG(n, i); i++
			:: else -> break
			od
		:: got[e] == BIT(n) -> Llist[e] = list[n]
		:: else
		fi
	:: else
	fi
}

inline view_decide(e)
{
	got[e] = 0;
	SEQ(e, Ln[e]) = e * 16;
	Ln[e]++;
	view[e] = Ln[e];
	i = 0;
	do
	:: i < Cn ->
		assert(Ce[i] >= e || (Ln[e] > i && SEQ(e, i) == C[i])); /* J6 */
		i++
	:: else -> break
	od
}

inline install(n, e)
{
	prom[n] = e;
	give_up(n, e);
	size[n] = view[e];
	i = 0;
	do
	:: i < ML ->
		LOG(n, i) = (i < view[e] -> SEQ(e, i) : 0);
		i++
	:: else -> break
	od;
	LIST_OF(LOG, n, size[n], list[n]);
	ACK(e, n) = size[n];
	commit_all(e)
}

inline append(n, e)
{
	LOG(n, size[n]) = SEQ(e, size[n]);
	list[n] = (SET(SEQ(e, size[n])) -> SET(SEQ(e, size[n])) : list[n]);
	size[n]++;
	ACK(e, n) = size[n];
	commit_all(e)
}

/*
 * The sequencer knows VIEW(e), and what it appended since, to be acknowledged by a majority of
 * the list that is in force.
 */
inline may_change(e)
{
#ifdef CHANGE_BEFORE_ACTIVE
	known = (Ln[e] == view[e]);
#else
	known = 0;
#endif
	set = HAVE(e, Ln[e] - 1);
#ifdef TWO_CHANGES
	set = HAVE(e, view[e] - 1);
#endif
	known = known || MAJORITY(set, Llist[e])
}

inline change(e, bits)
{
	may_change(e);
	cur = Llist[e] ^ (bits);
	if
	:: known && cur ->
		Llist[e] = cur;
		SEQ(e, Ln[e]) = e * 16 + cur;
		Ln[e]++
	:: else
	fi
}

#ifdef VIEW_BY_OWN_LIST
#define VIEW_LIST(e) list[owner[e]]
#else
#define VIEW_LIST(e) Llist[e]
#endif
#define LEADS(e) (sent[e] && prom[owner[e]] == e)

#define STEPS(n, e) \
	:: d_step { owner[e] == n && prom[n] < e && IN(list[n], n) -> promise(n, e, true); skip } \
	:: d_step { owner[e] != n && sent[e] && prom[n] < e -> promise(n, e, true); skip } \
	:: d_step { owner[e] != n && sent[e] && prom[n] < e -> promise(n, e, false); skip } \
	:: d_step { view[e] && prom[n] <= e && LAST(n) < e -> install(n, e); skip } \
	:: d_step { prom[n] == e && LAST(n) == e && size[n] < Ln[e] -> append(n, e); skip }

#define MAY_APPEND(e) (LEADS(e) && LAST(owner[e]) == e && Ln[e] < ML)
#define CHANGE_STEP(e, bits) :: d_step { MAY_APPEND(e) -> change(e, bits); skip }
#ifdef CHANGE_TWO
#define CHANGE_STEPS(e) CHANGE_STEP(e, 3) CHANGE_STEP(e, 5) CHANGE_STEP(e, 6) CHANGE_STEP(e, 12)
#else
#define CHANGE_STEPS(e) CHANGE_STEP(e, 1) CHANGE_STEP(e, 2) CHANGE_STEP(e, 4) CHANGE_STEP(e, 8)
#endif

#define LEADER_STEPS(e) \
	:: d_step { LEADS(e) && !view[e] && Ln[e] < ML && MAJORITY(got[e], VIEW_LIST(e)) -> \
		view_decide(e); skip } \
	CHANGE_STEPS(e)

#define VOTERS_STEPS(e) STEPS(0, e) STEPS(1, e) STEPS(2, e) STEPS(3, e)

active proctype cluster()
{
	d_step {
		list[0] = INIT;
		list[1] = INIT;
		list[2] = INIT;
		list[3] = INIT;
		owner[1] = 0
	};
	if
	:: owner[2] = 0
	:: owner[2] = 1
	:: !IN(INIT, 3) -> owner[2] = 3
	fi;
#if B >= 3
	if
	:: owner[3] = 0
	:: owner[3] = 1
	:: owner[2] == 1 || !IN(INIT, 3) -> owner[3] = 2
	:: !IN(INIT, 3) -> owner[3] = 3
	fi;
#endif
end:
	do
	VOTERS_STEPS(1)
	VOTERS_STEPS(2)
	LEADER_STEPS(1)
	LEADER_STEPS(2)
#if B >= 3
	VOTERS_STEPS(3)
	LEADER_STEPS(3)
#endif
	od
}
