/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's ballots, views and commits, for a fixed list of three voters (docs/journal.md).
 *
 * Messages are sets that only grow: whatever was sent may arrive now, later, twice or never, in
 * any order. A commit is noted as soon as enough acknowledgements exist, as if somebody had just
 * heard of all of them and told a client.
 *
 *	here			in docs/journal.md and daemon/core/core.h
 *	1..B			the ballots that are ever used, in their order. Which voter owns which is
 *				chosen at the start, up to renaming of the voters
 *	prom[n]			`promised` of voter n
 *	log[n], size[n]		its log. An entry is ballot * 4 + what; what: 0 VIEW, else a request id
 *	dur[n]			how much of it is on disk (core_on_persisted())
 *	sent[e]			PREPARE(e) was sent
 *	got[e]			voters whose STATE(e) the proposer heard of
 *	L[e], Ln[e]		until VIEW(e): the best log among them; then: the log of e's sequencer
 *	decided[e], view[e]	VIEW(e) is in it, and where
 *	over[e]			its owner restarted: it proposes and appends no more in e
 *	ack[e], of n		the most that n acknowledged in e
 *	C[i], Cn		what some client was told is committed; Ce[i]: first in which ballot
 *
 * Writing and its becoming durable are one step, for nobody can see what is between them; with
 * -DSPLIT they are two, and a crash loses what is not on disk. -DREADS adds one linearizable read.
 *
 * Asserted: J1, J2, J6 and, with READS, J11. J8 is J1 of what a client was told. By construction
 * here, and so not examined: J3, J7 (one L a ballot). In voters.pml: J9. In solo.pml: J10.
 *
 * Bounds: -DB= ballots, -DK= requests, -DML= entries, -DMC= crashes.
 * Each of these must make an assertion fail:
 *	ACK_BEFORE_FSYNC	acknowledges what is not on disk (with SPLIT)
 *	PROMISE_BEFORE_FSYNC	answers STATE before its promise is on disk
 *	NO_PROMISE		keeps no promise
 *	INSTALL_NO_PROMISE	VIEW(e) is taken in without promising e
 *	LONGEST_LOG_WINS	compares logs by their length
 *	COMMIT_ON_SELF		the sequencer's own disk is enough
 *	COMMIT_OLD_BALLOT	no VIEW: entries of earlier ballots are committed by counting
 *	TRUNCATE_ALWAYS		a late APPEND drops what is behind it, though it agrees
 *	NO_DEDUP		appends a request that is in the log
 *	AMNESIA			a voter whose disk was lost comes back as the same voter
 *	READ_NO_PROMISE		answers BARRIER(e) after it has promised more than e
 *	READ_ALONE		takes one ECHO for enough
 */
#define N 3
#ifndef B
#define B 3
#endif
#ifndef K
#define K 2
#endif
#ifndef ML
#define ML (B + K)
#endif
#ifndef MC
#define MC 1
#endif
#if defined(ACK_BEFORE_FSYNC) && !defined(SPLIT)
#define SPLIT
#endif
#if (defined(READ_NO_PROMISE) || defined(READ_ALONE)) && !defined(READS)
#define READS
#endif

#define LOG(n, i) log[(n) * ML + (i)]
#define SEQ(e, i) L[(e) * ML + (i)]
#define ACK(e, n) ack[(e) * N + (n)]
#define BALLOT(entry) ((entry) >> 2)
#define WHAT(entry) ((entry) & 3)
#define BIT(n) (1 << (n))
#define IN(set, n) (((set) >> (n)) & 1)
#define COUNT(set) (IN(set, 0) + IN(set, 1) + IN(set, 2))
#define MAJORITY(set) (COUNT(set) * 2 > N)
#define LAST(n) (size[n] == 0 -> 0 : BALLOT(LOG(n, size[n] - 1)))

byte owner[B + 1];
byte prom[N], size[N], log[N * ML];
#ifdef SPLIT
byte dur[N];
#endif
bit sent[B + 1], over[B + 1], decided[B + 1];
byte got[B + 1], view[B + 1], Ln[B + 1], L[(B + 1) * ML], ack[(B + 1) * N];
byte has[B + 1]; /* who installed VIEW(e) */
byte C[ML], Ce[ML], Cn;
byte crashes;
#ifdef READS
byte read_e, read_need, read_max, read_by;
#endif
hidden byte i, f, set, better;

#ifdef NO_PROMISE
#define MAY_PROMISE(n, e) (!IN(got[e], n) && LAST(n) < e)
#define KEEPS(n, e) true
#else
#define MAY_PROMISE(n, e) (prom[n] < e)
#define KEEPS(n, e) (prom[n] <= e)
#endif
#ifdef COMMIT_ON_SELF
#define ENOUGH(e, set) IN(set, owner[e])
#else
#define ENOUGH(e, set) MAJORITY(set)
#endif
#define LEADS(e) (sent[e] && !over[e] && KEEPS(owner[e], e))

/* Entry at of e is committed, in e. */
inline commit_one(e, at)
{
	assert(C[at] == 0 || C[at] == SEQ(e, at)); /* J1 */
	if
	:: C[at] == 0 || e < Ce[at] ->
		C[at] = SEQ(e, at);
		Ce[at] = e;
		Cn = (at < Cn -> Cn : at + 1);
		f = 0;
		do
		:: f < at ->
			assert(WHAT(C[at]) == 0 || WHAT(C[f]) != WHAT(C[at])); /* J2 */
			f++
		:: else -> break
		od;
		f = e + 1;
		do
		:: f <= B ->
			assert(!decided[f] || (Ln[f] > at && SEQ(f, at) == C[at])); /* J6 */
			f++
		:: else -> break
		od
	:: else
	fi
}

inline commit_all(e)
{
	i = 0;
	do
	:: i < Ln[e] ->
		set = (ACK(e, 0) > i) | ((ACK(e, 1) > i) << 1) | ((ACK(e, 2) > i) << 2);
		if
		:: ENOUGH(e, set) -> commit_one(e, i)
		:: else -> break
		fi;
		i++
	:: else -> break
	od
}

/* All that was written is on disk. */
inline sync(n)
{
#ifdef SPLIT
	dur[n] = size[n]
#else
	skip
#endif
}

/* STATE(e) of n comes to the proposer. */
inline state_take(n, e)
{
#ifdef LONGEST_LOG_WINS
	better = size[n] > Ln[e];
#else
	i = (Ln[e] == 0 -> 0 : BALLOT(SEQ(e, Ln[e] - 1)));
	better = LAST(n) > i || (LAST(n) == i && size[n] > Ln[e]);
#endif
	if
	:: better ->
		Ln[e] = size[n];
		i = 0;
		do
		:: i < ML -> SEQ(e, i) = LOG(n, i); i++
		:: else -> break
		od
	:: else
	fi;
	got[e] = got[e] | BIT(n)
}

/* A proposer that promised more, or restarted, forgets what it has gathered. */
inline give_up(n, below)
{
	f = 1;
	do
	:: f < below ->
		if
		:: owner[f] == n && sent[f] && !decided[f] ->
			over[f] = 1;
			got[f] = 0;
			Ln[f] = 0;
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
	sync(n);
	prom[n] = e;
#ifndef NO_PROMISE
	give_up(n, e);
#endif
	if
	:: owner[e] == n -> sent[e] = 1
	:: else
	fi;
	if
	:: heard && !decided[e] && !over[e] -> state_take(n, e)
	:: else
	fi
}

inline view_decide(e)
{
	got[e] = 7;
#ifndef COMMIT_OLD_BALLOT
	SEQ(e, Ln[e]) = e * 4;
	Ln[e]++;
#endif
	view[e] = Ln[e];
	decided[e] = 1;
	i = 0;
	do
	:: i < Cn ->
		assert(Ce[i] >= e || (Ln[e] > i && SEQ(e, i) == C[i])); /* J6 */
		i++
	:: else -> break
	od
}

/* The base and VIEW(e), in one transaction. */
inline install(n, e)
{
#ifndef INSTALL_NO_PROMISE
	prom[n] = e;
#endif
#ifndef NO_PROMISE
	give_up(n, e);
#endif
	i = 0;
	do
	:: i < ML ->
		LOG(n, i) = (i < view[e] -> SEQ(e, i) : 0);
		i++
	:: else -> break
	od;
	size[n] = view[e];
	has[e] = has[e] | BIT(n);
	sync(n);
	ACK(e, n) = size[n];
	commit_all(e)
}

inline append(n, e)
{
	LOG(n, size[n]) = SEQ(e, size[n]);
	size[n]++;
#if !defined(SPLIT) || defined(ACK_BEFORE_FSYNC)
	ACK(e, n) = size[n];
	commit_all(e)
#endif
}

inline request(e, k)
{
	SEQ(e, Ln[e]) = e * 4 + k;
	Ln[e]++
}

inline crash(n)
{
	crashes++;
	f = 1;
	do
	:: f <= B ->
		if
		:: owner[f] == n && sent[f] -> over[f] = 1
		:: else
		fi;
		f++
	:: else -> break
	od;
	give_up(n, B + 1);
#ifdef SPLIT
	size[n] = dur[n];
#endif
#ifdef AMNESIA
	size[n] = 0;
	prom[n] = 0;
#endif
#ifdef PROMISE_BEFORE_FSYNC
	prom[n] = LAST(n);
#endif
	i = 0;
	do
	:: i < ML ->
		if
		:: i >= size[n] -> LOG(n, i) = 0
		:: else
		fi;
		i++
	:: else -> break
	od
}

/* Request k is not in the log of e's sequencer. */
#define ABSENT(e, k, i) (i >= Ln[e] || WHAT(SEQ(e, i)) != k)
#ifdef NO_DEDUP
#define NEW(e, k) true
#else
#define NEW(e, k) \
	(ABSENT(e, k, 0) && ABSENT(e, k, 1) && ABSENT(e, k, 2) && ABSENT(e, k, 3) && \
	 ABSENT(e, k, 4) && ABSENT(e, k, 5))
#endif
#if ML > 6
#error ABSENT looks at six entries
#endif

/* The last view that n installed is that of e. */
#ifdef COMMIT_OLD_BALLOT
#define IS_IN(n, e) (IN(has[e], n) && prom[n] == e)
#else
#define IS_IN(n, e) (LAST(n) == e)
#endif

#ifdef SPLIT
#define UNSYNCED(n) (dur[n] < size[n])
#define SPLIT_STEPS(n, e) \
	:: d_step { IS_IN(n, e) && UNSYNCED(n) -> sync(n); ACK(e, n) = size[n]; commit_all(e); skip }
#else
#define UNSYNCED(n) false
#define SPLIT_STEPS(n, e)
#endif

#ifdef TRUNCATE_ALWAYS
#define TRUNCATE_STEPS(n, e) \
	:: d_step { IS_IN(n, e) && KEEPS(n, e) && size[n] > view[e] -> \
		size[n]--; LOG(n, size[n]) = 0; skip }
#else
#define TRUNCATE_STEPS(n, e)
#endif

#ifdef READS
#ifdef READ_NO_PROMISE
#define ECHOES(n) IN(has[read_e], n)
#else
#define ECHOES(n) (prom[n] == read_e && LAST(n) == read_e)
#endif
#define READ_STEPS(n, e) \
	:: d_step { read_e == 0 && LAST(n) == e && MAJORITY(has[e]) -> read_e = e; read_need = Cn; skip } \
	:: d_step { read_e == e && !IN(read_by, n) && ECHOES(n) -> read_echo(n); skip }

inline read_echo(n)
{
	read_by = read_by | BIT(n);
	i = 0;
	do
	:: i < size[n] && i < Ln[read_e] && LOG(n, i) == SEQ(read_e, i) -> i++
	:: else -> break
	od;
	read_max = (i > read_max -> i : read_max);
	if
#ifdef READ_ALONE
	:: true ->
#else
	:: MAJORITY(read_by) ->
#endif
		i = 0;
		do
		:: i < read_need ->
			assert(i < read_max && SEQ(read_e, i) == C[i]); /* J11 */
			i++
		:: else -> break
		od
	:: else
	fi
}
#else
#define READ_STEPS(n, e)
#endif

#ifdef INSTALL_NO_PROMISE
#define NEWER(n, e) true
#else
#define NEWER(n, e) (LAST(n) < e)
#endif
/* What each voter can do in each ballot. */
#define STEPS(n, e) \
	:: d_step { (owner[e] == n || sent[e]) && MAY_PROMISE(n, e) -> promise(n, e, true); skip } \
	:: d_step { owner[e] != n && sent[e] && MAY_PROMISE(n, e) -> promise(n, e, false); skip } \
	:: d_step { decided[e] && KEEPS(n, e) && !IN(has[e], n) && NEWER(n, e) -> install(n, e); skip } \
	:: d_step { KEEPS(n, e) && IS_IN(n, e) && size[n] < Ln[e] -> append(n, e); skip } \
	SPLIT_STEPS(n, e) TRUNCATE_STEPS(n, e) READ_STEPS(n, e)

/* What a sequencer can do in its ballot. */
#define LEADER_STEPS(e) \
	:: d_step { LEADS(e) && !decided[e] && MAJORITY(got[e]) && Ln[e] < ML -> view_decide(e); skip } \
	:: d_step { LEADS(e) && IN(has[e], owner[e]) && Ln[e] < ML && NEW(e, 1) -> request(e, 1); skip } \
	:: d_step { K > 1 && LEADS(e) && IN(has[e], owner[e]) && Ln[e] < ML && NEW(e, 2) -> \
		request(e, 2); skip }

#ifdef AMNESIA
#define LOSES(n) (prom[n] > 0)
#else
#define LOSES(n) false
#endif
#define OPEN(n, e) (owner[e] == n && sent[e] && !over[e] && prom[n] == e)
#if B >= 4
#define OPENS(n) (OPEN(n, 1) || OPEN(n, 2) || OPEN(n, 3) || OPEN(n, 4))
#elif B == 3
#define OPENS(n) (OPEN(n, 1) || OPEN(n, 2) || OPEN(n, 3))
#else
#define OPENS(n) (OPEN(n, 1) || OPEN(n, 2))
#endif
#if defined(PROMISE_BEFORE_FSYNC)
#undef OPENS
#define OPENS(n) (prom[n] > LAST(n))
#endif
/* Only where a crash changes something. */
#define CRASH_STEPS(n) \
	:: d_step { crashes < MC && (OPENS(n) || UNSYNCED(n) || LOSES(n)) -> crash(n); skip }

#define VOTERS_STEPS(e) STEPS(0, e) STEPS(1, e) STEPS(2, e)

active proctype cluster()
{
	/* Voters are alike: who owns the first ballot is called 0, the next new one 1. */
	owner[1] = 0;
	if
	:: owner[2] = 0
	:: owner[2] = 1
	fi;
#if B >= 3
	if
	:: owner[3] = 0
	:: owner[3] = 1
	:: owner[2] == 1 -> owner[3] = 2
	fi;
#endif
#if B >= 4
	if
	:: owner[4] = 0
	:: owner[4] = 1
	:: owner[2] == 1 || owner[3] == 1 -> owner[4] = 2
	fi;
#endif
end:
	do
	VOTERS_STEPS(1)
	VOTERS_STEPS(2)
#if B >= 3
	VOTERS_STEPS(3)
#endif
#if B >= 4
	VOTERS_STEPS(4)
#endif
	LEADER_STEPS(1)
	LEADER_STEPS(2)
#if B >= 3
	LEADER_STEPS(3)
#endif
#if B >= 4
	LEADER_STEPS(4)
#endif
	CRASH_STEPS(0)
	CRASH_STEPS(1)
	CRASH_STEPS(2)
	od
}
