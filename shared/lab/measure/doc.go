// Package measure turns a detector's verdicts over simulated runs into figures.
//
// What is counted. An alert is a principal and a UTC day; its score is the highest verdict on a benign record of that
// day. From the day an episode begins its principals' days count no more: whatever is said about them then may be
// said for good reason. Days before the window do not count either. A day without a verdict is a day without an alert.
//
// The budget decides the threshold, in the same run: for b false alerts per 1,000 principals a day it is the lowest
// benign day's score that no more than b of every 1,000 benign days exceed. An alert exceeds the threshold, so days of
// one score alert together or not at all, and where ties make a budget unreachable fewer alerts are counted, never
// more. For an episode that comes to one number, its cost: how many of 1,000 benign days score as high as its highest
// verdict or higher. It is caught at every budget that is no smaller. Costs of several runs can be put together and
// compared between detectors, which scores cannot.
//
// A shipped level is another matter: a fixed score that a product compares with, reached or exceeded, and what
// happens then.
package measure
