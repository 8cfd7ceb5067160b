//go:build race

package rotate_test

// seeds is how many schedules of faults are tried. With the race detector each takes a multiple of the time: every other one.
const seeds = 2
