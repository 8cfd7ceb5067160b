package functions

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// host is the test binary as a host of its own: it prints the handler's process id and waits to be killed.
func host(root string) {
	h, err := New(Config{Root: root, Settings: map[string]string{role: "serve"}})
	if err != nil {
		panic(err)
	}
	go func() {
		for !h.process.isReady() {
			pause(context.Background(), probePause)
		}
		fmt.Println(h.HandlerPID())
	}()
	panic(h.Run(context.Background()))
}

func TestTheHandlerDiesWithAHostThatIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // elsewhere nothing ties them: see tie
	}
	a := newApp(t, "", nil)
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // the test binary
	cmd.Env = append(os.Environ(), role+"=host", "FUNCTIONS_TEST_ROOT="+a.config.Root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(line[:len(line)-1])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the handler %d is not running: %v", pid, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it says
	eventually(t, "the handler's death", func() bool { return dead(pid) })
}

// dead reports whether a process is gone, or only waits for somebody to notice.
func dead(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	var id int
	var name, state string
	_, err = fmt.Sscan(string(b), &id, &name, &state)
	return err == nil && state == "Z"
}
