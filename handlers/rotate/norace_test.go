//go:build !race

package rotate_test

// seeds is how many schedules of faults are tried.
const seeds = 4
