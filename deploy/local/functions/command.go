package functions

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// command is how the handler is started.
type command struct {
	path string
	args []string
	dir  string
	env  []string
}

// newCommand reads the description as the real host does: %NAME% is taken from the environment, an executable that
// exists in the worker directory is meant, any other is looked up on the PATH, and arguments are split at spaces,
// because the real host does not quote them.
func newCommand(root string, d description, env []string) (command, error) {
	expand := expander(env)
	path := expand(d.DefaultExecutablePath)
	if local := filepath.Join(below(root, d.WorkerDirectory), path); !filepath.IsAbs(path) && exists(local) {
		path = local
	}
	path, err := exec.LookPath(path)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return command{}, fmt.Errorf("finding the handler: %w: stage the executable beside host.json", err)
	}
	var args []string
	for _, a := range d.Arguments {
		args = append(args, strings.Fields(expand(a))...)
	}
	if d.DefaultWorkerPath != "" {
		args = append(args, expand(d.DefaultWorkerPath))
	}
	for _, a := range d.WorkerArguments {
		args = append(args, strings.Fields(expand(a))...)
	}
	return command{path: path, args: args, dir: below(root, d.WorkingDirectory), env: env}, nil
}

// environment is the host's own, then the app settings, then what the host tells every handler.
func environment(root string, port int, set settings) []string {
	env := os.Environ()
	for k, v := range set {
		env = append(env, k+"="+v)
	}
	id, p := uuid.NewString(), strconv.Itoa(port)
	return append(env, "FUNCTIONS_CUSTOMHANDLER_PORT="+p, "FUNCTIONS_HTTPWORKER_PORT="+p,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id, "FUNCTIONS_HTTPWORKER_ID="+id, "FUNCTIONS_APP_ROOT_PATH="+root)
}

// expander replaces %NAME% by the environment's value; an unset one is removed.
func expander(env []string) func(string) string {
	known := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		known[name] = value
	}
	return func(s string) string {
		return percent.ReplaceAllStringFunc(s, func(m string) string { return known[strings.Trim(m, "%")] })
	}
}

// below is a path relative to the root, the root when empty, or itself when absolute.
func below(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// freePort finds a port that nobody listens on. The handler keeps it across restarts.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed before anybody can wait for it
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
