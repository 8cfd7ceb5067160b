package functions

import (
	"os/exec"
	"syscall"
)

// tie makes the handler die with the host. The real host leaves an orphan when it is killed, which on a developer's
// machine would keep its port and its work.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
