// Package score says how much likelier a sign-in is an intruder's than the principal's own, in bits.
//
// The model is a novelty hazard ratio. For each property the principal's own rate of novelty per active day, shrunk
// to the fleet's, gives the probability that an honest sign-in shows something new; what an intruder would show is
// set against it. A known value adds nothing, an absent field adds nothing, and the sum of the named contributions is
// the score. A score is a pure function of the event, the profile masked to the days before the event's, and a fleet
// snapshot of an earlier day: the same whatever the order or number of deliveries.
package score
