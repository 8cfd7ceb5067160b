//go:build !linux

package stack

import "os/exec"

// dieWithParent does nothing where the kernel has no such signal: a killed local stack leaves the child behind.
func dieWithParent(*exec.Cmd) {}
