/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two nodes: commits need both, one goes on alone after the other was fenced, the other comes back
 * as a learner and is made a voter again (docs/journal.md, "Two nodes, and the operator").
 * Ballots, views, lists and messages are as in journal.pml and voters.pml, which see for the names.
 * A partition is that no message arrives. It begins with both active in ballot 1.
 *
 *	here			in docs/journal.md and daemon/core/core.h
 *	up[n]			lunmaskd runs on n
 *	act[n]			the last ballot in which n knew itself active with the other, since it was
 *				started: both acknowledged VIEW, and the VOTERS entry that names both
 *	since[n]		what it had promised when it was started: act is a later ballot
 *	report[n]		Pacemaker told n since then that the other was fenced
 *	solo()			core_on_solo(SOLO_FENCED): VOTERS (itself), VIEW of a new ballot
 *	join()			VOTERS (both) by the one that was alone
 *	cold start		stop(), and up again: act and report are gone
 *	cut[n]			-DMASK: the array has n fenced
 *	let_in[n]		n was unfenced, and this is what it had promised then; 0 again when it is
 *				active with the other in a later ballot. lunmaskd asks for less and for
 *				more: 15 s in one group with the other
 *
 * A fenced node is cut off at once, and may start again at any time. What it had sent may still
 * arrive. The other's FAILED is, for this, a fencing after which it does not start again, and asks
 * for the same: a lone cold start must not go on for it. wait_for_all and the operator's force-solo
 * are not here.
 *
 * With -DMASK fencing is by LUN mask: the fenced node goes on, and may be unfenced at any time. The
 * array lets nobody fence who is fenced himself (docs/decisions/0007-array-as-arbiter.md).
 *
 * Asserted: J1, J6, J10 (no two logs that name each its own node alone).
 * Bounds: -DB= ballots, -DML= entries, -DMC= crashes, -DMF= fencings.
 * Each of these must make an assertion fail:
 *	SOLO_WITHOUT_FENCE	the other is lost: that is enough
 *	SOLO_AFTER_RESTART	a lone cold start goes on when the other is fenced
 *	STALE_FENCE		a fencing before they were last active together counts
 *	SOLO_OLD_VIEW		it was active in some ballot, and has taken in a later VIEW since
 *	SOLO_LATE_ACKS		restarted, it takes late ACKs of its last ballot for being active again
 *	SOLO_UNCOMMITTED_LIST	it does not know whether the other has the VOTERS entry naming both
 *	BOTH_FENCE		-DMASK: the array lets a fenced node fence
 *	LET_IN_COUNTS		-DMASK: who was unfenced goes on alone after its own fencing
 *	LET_IN_EARLY		-DMASK: to be active in a ballot from before is to be together since
 *	JOIN_NO_SYNC		a learner acknowledges without having what is before
 */
#define N 2
#ifndef B
#define B 4
#endif
#ifndef ML
#define ML 6
#endif
#ifndef MC
#define MC 1
#endif
#ifndef MF
#define MF 2
#endif

#define LOG(n, i) log[(n) * ML + (i)]
#define SEQ(e, i) L[(e) * ML + (i)]
#define ACK(e, n) ack[(e) * N + (n)]
#define BALLOT(entry) ((entry) >> 2)
#define SET(entry) ((entry) & 3)
#define BIT(n) (1 << (n))
#define IN(set, n) (((set) >> (n)) & 1)
#define ALL_OF(set, list) (((set) & (list)) == (list)) /* the majority of one, and of two */
#define LAST(n) (size[n] == 0 -> 0 : BALLOT(LOG(n, size[n] - 1)))
#define NOBODY 2

byte owner[B + 1];
byte prom[N], size[N], log[N * ML], list[N], act[N], since[N];
bit up[N], report[N], cut[N];
byte let_in[N];
byte got[B + 1], view[B + 1], Ln[B + 1], Llist[B + 1], L[(B + 1) * ML], ack[(B + 1) * N];
byte C[ML], Ce[ML], Cn;
byte crashes, fences;
hidden byte i, f, p, set, cur, better;

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

inline commit_all(e)
{
	cur = 3;
	p = 1;
	do
	:: p <= Ln[e] ->
		cur = (SET(SEQ(e, p - 1)) -> SET(SEQ(e, p - 1)) : cur);
		i = 0;
		do
		:: view[e] <= p && i < p ->
			set = (ACK(e, 0) > i) | ((ACK(e, 1) > i) << 1);
			if
			:: ALL_OF(set, cur) -> commit_one(e, i)
			:: else -> break
			fi;
			i++
		:: else -> break
		od;
		p++
	:: else -> break
	od
}

/* Its sequencer or proposer has restarted, or promised more. What was sent stays. */
inline give_up(n, below)
{
	f = 1;
	do
	:: f < below ->
		if
		:: owner[f] == n ->
			owner[f] = NOBODY;
			if
			:: !view[f] ->
				got[f] = 0;
				Ln[f] = 0;
				Llist[f] = 0;
				i = 0;
				do
				:: i < ML -> SEQ(f, i) = 0; i++
				:: else -> break
				od
			:: else
			fi
		:: else
		fi;
		f++
	:: else -> break
	od
}

inline state_take(n, e)
{
	f = (Ln[e] == 0 -> 0 : BALLOT(SEQ(e, Ln[e] - 1)));
	better = got[e] == 0 || LAST(n) > f || (LAST(n) == f && size[n] > Ln[e]);
	got[e] = got[e] | BIT(n);
	if
	:: better ->
		Ln[e] = size[n];
		Llist[e] = list[n];
		i = 0;
		do
		:: i < ML -> SEQ(e, i) = LOG(n, i); i++
		:: else -> break
		od
	:: else
	fi
}

/* Ballot e was not used before. */
inline propose(n, e)
{
	give_up(n, e);
	prom[n] = e;
	owner[e] = n;
	state_take(n, e)
}

inline promise(n, e, heard)
{
	give_up(n, e);
	prom[n] = e;
	if
	:: heard && owner[e] == 1 - n && !view[e] -> state_take(n, e)
	:: else
	fi
}

inline view_check(e)
{
	i = 0;
	do
	:: i < Cn ->
		assert(Ce[i] >= e || (Ln[e] > i && SEQ(e, i) == C[i])); /* J6 */
		i++
	:: else -> break
	od
}

inline view_decide(e)
{
	got[e] = 0;
	SEQ(e, Ln[e]) = e * 4;
	Ln[e]++;
	view[e] = Ln[e];
	view_check(e)
}

inline lists_check()
{
	assert(!(list[0] == 1 && list[1] == 2)) /* J10 */
}

inline list_find(n)
{
	list[n] = 3;
	i = 0;
	do
	:: i < size[n] -> list[n] = (SET(LOG(n, i)) -> SET(LOG(n, i)) : list[n]); i++
	:: else -> break
	od;
	lists_check()
}

inline install(n, e)
{
	give_up(n, e);
	prom[n] = e;
	i = 0;
	do
	:: i < ML ->
#ifdef JOIN_NO_SYNC
		LOG(n, i) = (i < size[n] && LOG(n, i) -> LOG(n, i) : (i == view[e] - 1 -> SEQ(e, i) : 0));
#else
		LOG(n, i) = (i < view[e] -> SEQ(e, i) : 0);
#endif
		i++
	:: else -> break
	od;
	size[n] = view[e];
	list_find(n);
	ACK(e, n) = size[n];
	commit_all(e)
}

inline append(n, e)
{
	LOG(n, size[n]) = SEQ(e, size[n]);
	size[n]++;
	list_find(n);
	ACK(e, n) = size[n];
	commit_all(e)
}

inline join(e)
{
	Llist[e] = 3;
	SEQ(e, Ln[e]) = e * 4 + 3;
	Ln[e]++
}

/* VOTERS (itself) and VIEW(e), in one transaction. */
inline solo(n, e)
{
	give_up(n, e);
	prom[n] = e;
	owner[e] = n;
	LOG(n, size[n]) = e * 4 + BIT(n);
	LOG(n, size[n] + 1) = e * 4;
	size[n] = size[n] + 2;
	i = 0;
	do
	:: i < ML -> SEQ(e, i) = LOG(n, i); i++
	:: else -> break
	od;
	Ln[e] = size[n];
	view[e] = size[n];
	Llist[e] = BIT(n);
	list_find(n);
	view_check(e);
	ACK(e, n) = size[n];
	commit_all(e)
}

inline stop(n)
{
	up[n] = 0;
	act[n] = 0;
	report[n] = 0;
	give_up(n, B + 1)
}

/* The voters of e that have all of n's log, as n heard. */
#define HAVE(n, e) ((ACK(e, 0) >= size[n]) | ((ACK(e, 1) >= size[n]) << 1))
#ifdef SOLO_UNCOMMITTED_LIST
#define KNOWN(n, e) (ACK(e, 0) >= view[e] && ACK(e, 1) >= view[e])
#else
#define KNOWN(n, e) (HAVE(n, e) == 3)
#endif
#ifdef SOLO_LATE_ACKS
#define SINCE(n) 0
#else
#define SINCE(n) prom[n]
#endif
#define ACTIVE(n, e) (since[n] < e && prom[n] == e && LAST(n) == e && list[n] == 3 && KNOWN(n, e))

#if defined(SOLO_WITHOUT_FENCE)
#define FENCED(n) true
#elif defined(LET_IN_COUNTS)
#define FENCED(n) report[n]
#else
#define FENCED(n) (report[n] && !let_in[n])
#endif
#if defined(SOLO_AFTER_RESTART)
#define WAS_ACTIVE(n) true
#elif defined(SOLO_OLD_VIEW)
#define WAS_ACTIVE(n) (act[n] > 0)
#else
#define WAS_ACTIVE(n) (act[n] > 0 && LAST(n) == act[n])
#endif
#ifdef STALE_FENCE
#define REPORT_KEPT(n) report[n]
#else
#define REPORT_KEPT(n) 0
#endif

#ifdef LET_IN_EARLY
#define LET_IN(n) 0
#else
#define LET_IN(n) let_in[n]
#endif

#define UNUSED(e) (owner[e] == 3)
#define STEPS(n, e) \
	:: d_step { up[n] && UNUSED(e) && prom[n] < e && IN(list[n], n) -> propose(n, e); skip } \
	:: d_step { up[n] && !UNUSED(e) && prom[n] < e -> promise(n, e, true); skip } \
	:: d_step { up[n] && owner[e] == 1 - n && prom[n] < e -> promise(n, e, false); skip } \
	:: d_step { up[n] && view[e] && prom[n] <= e && LAST(n) < e -> install(n, e); skip } \
	:: d_step { up[n] && prom[n] == e && LAST(n) == e && size[n] < Ln[e] -> append(n, e); skip } \
	:: d_step { up[n] && ACTIVE(n, e) && act[n] < e -> \
		act[n] = e; report[n] = REPORT_KEPT(n); \
		let_in[n] = (e > LET_IN(n) -> 0 : let_in[n]); skip } \
	:: d_step { up[n] && UNUSED(e) && prom[n] < e && list[n] == 3 && WAS_ACTIVE(n) && FENCED(n) && \
		size[n] + 2 <= ML -> solo(n, e); skip }

#define LEADER_STEPS(e) \
	:: d_step { owner[e] < NOBODY && !view[e] && got[e] && Ln[e] < ML && ALL_OF(got[e], Llist[e]) -> \
		view_decide(e); skip } \
	:: d_step { owner[e] < NOBODY && view[e] && Ln[e] < ML && Llist[e] == BIT(owner[e]) && \
		ACK(e, owner[e]) == Ln[e] -> join(e); skip }

#ifdef BOTH_FENCE
#define MAY_FENCE(n) true
#else
#define MAY_FENCE(n) !cut[n]
#endif
#ifdef MASK
#define FENCE_STEPS(n) \
	:: d_step { up[n] && fences < MF && MAY_FENCE(n) -> \
		fences++; report[n] = 1; cut[1 - n] = 1; skip } \
	:: d_step { cut[n] -> cut[n] = 0; let_in[n] = prom[n] }
#else
#define FENCE_STEPS(n) \
	:: d_step { up[n] && fences < MF -> fences++; report[n] = 1; stop(1 - n); skip }
#endif

#define NODE_STEPS(n) \
	:: d_step { up[n] && crashes < MC -> crashes++; stop(n); skip } \
	FENCE_STEPS(n) \
	:: d_step { !up[n] -> up[n] = 1; since[n] = SINCE(n) }

active proctype cluster()
{
	d_step {
		i = 0;
		do
		:: i < N ->
			up[i] = 1; prom[i] = 1; size[i] = 1; LOG(i, 0) = 4; list[i] = 3; act[i] = 1;
			ACK(1, i) = 1; i++
		:: else -> break
		od;
		SEQ(1, 0) = 4; Ln[1] = 1; view[1] = 1; Llist[1] = 3; C[0] = 4; Ce[0] = 1; Cn = 1;
		i = 2;
		do
		:: i <= B -> owner[i] = 3; i++
		:: else -> break
		od
	};
end:
	do
	STEPS(0, 1) STEPS(1, 1)
	STEPS(0, 2) STEPS(1, 2)
	STEPS(0, 3) STEPS(1, 3)
#if B >= 4
	STEPS(0, 4) STEPS(1, 4)
#endif
#if B >= 5
	STEPS(0, 5) STEPS(1, 5)
#endif
	LEADER_STEPS(1)
	LEADER_STEPS(2)
	LEADER_STEPS(3)
#if B >= 4
	LEADER_STEPS(4)
#endif
#if B >= 5
	LEADER_STEPS(5)
#endif
	NODE_STEPS(0)
	NODE_STEPS(1)
	od
}
