// Package pattern finds what no single record shows: several changes that belong together, changes beside sign-ins, and
// who makes a kind of change for the first time. It looks at everything that is known of one principal, so that its rules
// are pure functions of Facts, whatever the order in which the records came.
//
// Who acted moves a level as in package rule: a declared deployer lowers it by one step, an actor that is in a case raises
// it. Every finding cites the records it is made of, and its day is the day of the last of them.
package pattern
