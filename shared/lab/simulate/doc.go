// Package simulate makes up a Microsoft Entra tenant whose log records prove a detection: thousands of workload
// identities with their habits, the benign drift of a real estate, and intrusions of which every record is known.
//
// Words used here, besides those of package lab. A site is one network in one region: its autonomous system, its
// country, its ranges. A stay is a time in which a principal calls from a site. An act is one log record before it is
// written down. A script is one intrusion written out as acts.
//
// What is like reality: the shape of the records, byte for byte, as public records have it, with the share of
// principals whose records lack the user agent, the key id, the credential type, and the intruder's have the same
// shape as his victim's; export minutes after the event, delivery out of order and sometimes twice; clouds, build
// services, offices and gateways shared by many principals; failures, retries, trips, calls that leave by another
// address than the sign-in; and the drift, listed in Changes, most of it in office hours and some of it announced by an
// audit record. Other oddities are honest, too, and no list has them: a run by hand at another hour, somebody who
// debugs a job from the office with a tool, a resource needed once, a month of silence, a spare key, a key added by
// somebody whose work it is not, a forgotten machine that goes on failing with the old key.
//
// What is not: addresses are of reserved ranges and every network is made up; a principal's habits are regular and do
// not depend on another's; resources do not fail in waves; nobody answers an intrusion, so a stolen key stays valid;
// the follow-up activity is a sample, a call or none where a real token makes hundreds; users do not sign in; no private
// endpoints; and intrusions are more frequent than in life, by far. The kinds of attack are the author's reading of
// public reports and how often a benign oddity happens is his guess: neither is a measured mix.
//
// Two things to know when judging. Of spraying only what concerns the later victims belongs to an episode; the rest is
// the noise of the internet. And a change shows from its first record on, which may be days after its Begin, or never
// for a principal that has fallen silent.
//
// Everything follows from the seed. Numbers come from PCG streams named after what they are for, and arithmetic that
// decides anything is done in integers, so that a run is the same on every machine.
package simulate
