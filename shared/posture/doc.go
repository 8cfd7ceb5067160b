// Package posture judges what the tenant has, and not what happens: credentials that are not needed, privileges that are
// not used, addresses that somebody else can claim, applications of strangers with much power, owners nobody declared.
//
// It makes words of the checklist precise. More than required: a credential that is valid and was not used for 60 days,
// or more than one of a type. Necessary: a role whose power was used within 60 days; not necessary: the principal
// got no token for the role's resource in that time; anything else is unknown. Unknown is never told as unused: a log
// that does not arrive and a principal that sleeps look alike, so "not used" needs a sign-in log without gaps (see Flow).
//
// What is found is no intrusion. Levels are low, and medium where a stranger only has to take what lies there.
package posture
